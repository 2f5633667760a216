"""The study's plan: every pass with its tables, every table and figure, and how many jobs each rule has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from speceyes.records.passes import NAMES, Pass, PassStage
from speceyes.study.declared import declared
from speceyes.study.downloads import Downloads
from speceyes.study.layout import MODEL_JOBS, WITHIN
from speceyes.study.study import Study

REPOSITORY = Path(__file__).parents[4]
PUBLISHED = REPOSITORY / "resources" / "published"
CLAIMS = REPOSITORY / "config" / "claims.yaml"
LARGE_TABLES = ("settings", "ledger", "deferral", "pareto")  # a row per setting, or more
GIVEN = {"published": PUBLISHED, "stated_claims": CLAIMS}  # what tables read beside the study's own files

COMPARISON = "live_vs_replay"
THROUGHPUT = "throughput"  # table and figure
PAGE_SAMPLES = 9000  # a study with more gets an explorer per benchmark


class Plan:
    """What a study will make, and where it will lie."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.layout = study.layout
        self._found = cache(self._index)

    @cached_property
    def passes(self) -> list[Pass]:
        """Every pass, stage after stage."""
        return [Pass(stage=stage, **names) for stage in NAMES for names in self._varied(stage)]

    def _varied(self, stage: PassStage) -> Iterator[dict[str, Any]]:
        """What the passes of a stage vary in."""
        study, per = self.study, NAMES[stage]
        for cell in study.cells if "agent" in per else study.splits:
            names: dict[str, Any] = dict(zip(("agent", "benchmark", "split")[-len(cell) :], cell, strict=True))
            if stage == "corrected" and not study.is_also_corrected(names["agent"]):
                continue
            if stage == "corrected_specreason" and not study.has_corrected_peer(names["agent"], names["benchmark"]):
                continue
            if stage == "live":
                yield from (names | gate for gate in self._gates(names["agent"], names["benchmark"]))
            elif "variant" in per:
                yield from (
                    names | {"variant": variant} for variant in study.variants(names["agent"], names["benchmark"])
                )
            elif "wording" in per:
                batch = study.batch(names["benchmark"])
                yield from (names | {"wording": wording, "batch": batch} for wording in study.wordings)
            elif "batch" in per:
                yield names | {"batch": study.batch(names["benchmark"])}
            else:
                yield names

    def _gates(self, agent: str, benchmark: str) -> Iterator[dict[str, Any]]:
        """The main table's settings that also run live."""
        live = self.study.config.live
        for metric in live.metrics:
            gate: dict[str, Any] = {"metric": metric, "top_k": self.study.config.grid.main_top_k}
            gate["threshold"] = self.study.points(agent, benchmark)[metric]
            yield from (gate | {"batch": batch} for batch in live.batch_sizes or (self.study.batch(benchmark),))

    def select(self, stage: PassStage, **names: object) -> list[Pass]:
        """The passes of a stage, of those with the given names alone; names are compared as wildcards spell them."""
        return self._found(stage, tuple(sorted(names))).get(tuple(str(names[name]) for name in sorted(names)), [])

    def _index(self, stage: PassStage, names: tuple[str, ...]) -> dict[tuple[str, ...], list[Pass]]:
        index: dict[tuple[str, ...], list[Pass]] = {}
        for one in self.passes:
            if one.stage == stage:
                index.setdefault(tuple(one.names[name] for name in names), []).append(one)
        return index

    def shards(self, stage: PassStage) -> list[str]:
        """Names of the shards into which each of a stage's passes is cut: ``2-of-4``; one empty name if it is not."""
        count = getattr(self.study.config.shards, stage, None)
        return [f"{number}-of-{count}" for number in range(1, count + 1)] if count else [""]

    def tables_of(self, one: Pass) -> list[str]:
        """The tables of a pass, one per shard."""
        return [self.layout.table_of(one, shard) for shard in self.shards(one.stage)]

    def tables(self, stage: PassStage, **names: object) -> list[str]:
        """The tables of all selected passes (see :meth:`select`)."""
        return [table for one in self.select(stage, **names) for table in self.tables_of(one)]

    def job_names(self, stage: PassStage) -> tuple[str, ...]:
        """What tells the jobs of a stage that runs models from each other, shards apart."""
        return tuple(name for name in NAMES[stage] if f"{{{name}}}" in MODEL_JOBS[WITHIN.get(stage, stage)])

    def model_jobs(self, stage: PassStage) -> int:
        """How many jobs a stage that runs models has: however many splits there are, each loads its models once."""
        kinds = {tuple(one.names[name] for name in self.job_names(stage)) for one in self.select(stage)}
        return len(kinds) * len(self.shards(stage))

    @property
    def model_rules(self) -> list[PassStage]:
        """The stages that are rules with models, of those that the study has."""
        return [stage for stage in NAMES if stage in MODEL_JOBS and self.select(stage)]

    def written_by(self, rule: PassStage) -> list[str]:
        """The tables of all jobs of a rule that runs models."""
        stages = [stage for stage in NAMES if WITHIN.get(stage, stage) == rule]
        tables = [table for stage in stages for table in self.tables(stage)]
        return [*tables, *self.load_tables] if rule == "timing" else tables

    def model_tables(self, stage: PassStage) -> list[str]:
        """The tables of any job of a stage that runs models, with the job's wildcards."""
        wildcards = {name: f"{{{name}}}" for name in self.job_names(stage)}
        pattern = self.layout.passes(stage)
        made = (pattern.format(**one.names | wildcards, shard="{shard}") for one in self.select(stage))
        return list(dict.fromkeys(made))

    @property
    def clock_tables(self) -> list[str]:
        """The tables of any job that measures by the clock: of every step, of live runs, of answers under load."""
        load = [self.layout.load()] if self.study.config.load else []
        return [*self.model_tables("timing"), *self.model_tables("live"), *load]

    def samples(self) -> list[str]:
        """The samples table of every split."""
        return [self.layout.samples(*where) for where in self.study.splits]

    def images(self) -> list[str]:
        """The picture folder of every split."""
        return [self.layout.images(*where) for where in self.study.splits]

    @cached_property
    def explorer_pages(self) -> list[str]:
        """Benchmarks that get an explorer of their own: all, where one page cannot hold the study or may not."""
        sizes = [self.study.questions(*where) for where in self.study.splits]
        known = [size for size in sizes if size is not None]
        return [] if len(known) == len(sizes) and sum(known) <= PAGE_SAMPLES else list(self.study.config.benchmarks)

    @cached_property
    def made_tables(self) -> dict[str, tuple[str, ...]]:
        """What each table of the rule ``make_table`` reads, by name; of live runs and load only if there are any."""
        return {name: reads for name, reads in declared("tables").items() if name not in self._left_out}

    @cached_property
    def _left_out(self) -> set[str]:
        """Tables and figures of what the study does not run."""
        runs = {COMPARISON: self.select("live"), THROUGHPUT: self.load_tables}
        return {name for name, tables in runs.items() if not tables}

    @cached_property
    def load_tables(self) -> list[str]:
        """What was answered under load, one table per agent; none where no load is offered."""
        return [self.layout.load(agent) for agent in self.study.config.agents] if self.study.config.load else []

    @property
    def csv_tables(self) -> list[str]:
        """All tables for people."""
        return [self.layout.table(name) for name in ("settings", "ledger", *self.made_tables)]

    @property
    def typed_tables(self) -> list[str]:
        """The large tables once more, as Parquet."""
        return [self.layout.table(name, "parquet") for name in LARGE_TABLES]

    @property
    def live_comparison(self) -> list[str]:
        """The table of live against replay, if there is one."""
        return [self.layout.table(COMPARISON)] if COMPARISON in self.made_tables else []

    @property
    def throughput(self) -> list[str]:
        """The table of throughput under load, if there is one."""
        return [self.layout.table(THROUGHPUT)] if THROUGHPUT in self.made_tables else []

    @cached_property
    def figures(self) -> dict[str, tuple[str, ...]]:
        """What each figure reads, by its name."""
        return {name: reads for name, reads in declared("figures").items() if name not in self._left_out}

    @property
    def figures_by_benchmark(self) -> list[str]:
        """Figures that can be drawn of one benchmark alone: throughput is measured over all of them at once."""
        return [name for name in self.figures if name != THROUGHPUT]

    def source(self, name: str) -> list[str]:
        """The files that a table or figure names among what it reads: a stage's tables, or a table of the study."""
        if name in NAMES:
            return self.tables(name)
        if name == "samples":
            return self.samples()
        if name == "load":
            return self.load_tables
        single = {name: getattr(self.layout, name) for name in ("answers", "outcomes", "verdicts")}
        return [single.get(name) or (_from_here(GIVEN[name]) if name in GIVEN else self.layout.table(name))]

    def reads(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Named inputs of a table or figure."""
        return {name: self.source(name) for name in names}

    @cached_property
    def targets(self) -> dict[str, list[str]]:
        """What a complete study has, by kind."""
        layout = self.layout
        set_in_type = [layout.table("main_table", form) for form in ("md", "tex")]
        described = [layout.dictionary, layout.data_package, *self.typed_tables]
        return {
            "tables": [*self.csv_tables, *set_in_type, *described],
            "figures": [layout.figure(figure, form) for figure in self.figures for form in ("png", "pdf")],
            "pages": [layout.page, layout.html_page, layout.explorer(), *map(layout.explorer, self.explorer_pages)],
            "config": [layout.config],
        }

    def jobs(self) -> dict[str, int]:
        """How many jobs each rule has in a study of which nothing is there yet."""
        config, made = self.study.config, Counter(one.stage for one in self.passes)
        downloads = Downloads(self.study)
        counts = {
            "make_miniature_benchmarks": int(config.miniature is not None),
            "download_dataset": len(downloads.datasets),
            "download_model": len(downloads.models),
            "download_prompts": int(downloads.prompts),
            "index": len(self.study.splits),
            "check_inputs": 1,
            **{stage: self.model_jobs(stage) for stage in self.model_rules},
            **{stage: made[stage] for stage in ("confidence", "replay")},
            **dict.fromkeys(("judge", "score_answers", "measure_settings", "outcomes"), 1),
            "make_table": len(self.made_tables),
            "typeset_main_table": 1,
            "describe_tables": 1,
            "draw_figure": len(self.figures),
            **dict.fromkeys(("write_config", "write_study_page", "explorer", "all"), 1),
        }
        return {rule: count for rule, count in counts.items() if count}


def _from_here(path: Path) -> str:
    """A path as Snakemake compares it with that of the last run: a clone that was moved stays finished."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
