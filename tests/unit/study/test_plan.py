"""The plan of a study, without Snakemake: its jobs, its passes, and where everything lies."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from configurations import written
from speceyes.records.passes import NAMES, PassStage
from speceyes.study.captions import Captions
from speceyes.study.config import load_config
from speceyes.study.jobs import Jobs
from speceyes.study.layout import MODEL_JOBS, PASSES, Layout
from speceyes.study.plan import GIVEN, Plan
from speceyes.study.study import Study

ROOT = Path(__file__).parents[3]


def plan(name: str, **changes: object) -> Plan:
    return Plan(Study(load_config(written(f"{name}.yaml") | changes)))


@pytest.fixture(scope="module")
def paper() -> Plan:
    return plan("config")


@pytest.fixture(scope="module")
def miniature() -> Plan:
    return plan("miniature")


def test_the_papers_jobs_are_those_that_the_documentation_counts(paper):
    page, readme = ((ROOT / name).read_text(encoding="utf-8") for name in ("docs/stages.md", "README.md"))
    counted = {rule: int(count) for rule, count in re.findall(r"`(\w+)` (\d+)", page)}
    assert counted == {rule: count for rule, count in paper.jobs().items() if rule != "all"}
    assert f"{sum(paper.jobs().values())} jobs in all" in page
    assert f"<!-- cost -->{sum(paper.jobs().values())} jobs;" in readme


def test_the_miniatures_jobs(miniature):
    assert miniature.jobs() == {
        "make_miniature_benchmarks": 1, "index": 7, "check_inputs": 1, "draft": 1, "screen": 2, "agent": 2,
        "corrected": 2, "specreason": 1, "corrected_specreason": 1, "timing": 2, "confidence": 7,
        "replay": 14, "judge": 1,
        "score_answers": 1, "measure_settings": 1, "outcomes": 1, "make_table": 18, "typeset_main_table": 1,
        "describe_tables": 1, "draw_figure": 13, "write_config": 1, "write_study_page": 1, "explorer": 1, "all": 1,
    }  # fmt: skip


def test_a_judge_that_runs_elsewhere_is_not_downloaded():
    raw = written("config.yaml")
    away = plan("config", judge=raw["judge"] | {"url": "http://judge.example:23333/v1"})
    assert away.jobs()["download_model"] == 3
    assert (away.study.judge_folder, away.study.judge_gpus) == ([], 0)


@pytest.mark.parametrize("name", ["config", "miniature"])
def test_no_two_tables_share_a_path_and_every_path_lies_in_the_study(name):
    made = plan(name)
    tables = [table for stage in NAMES for table in made.tables(stage)]
    assert len(set(tables)) == len(tables)
    every = [*tables, *made.samples(), *made.images(), *(path for paths in made.targets.values() for path in paths)]
    assert {path for path in every if not path.startswith(f"results/{made.study.name}/")} == set()


@pytest.mark.parametrize("name", ["config", "miniature"])
def test_the_jobs_of_a_stage_write_each_of_its_tables_once(name):
    made = plan(name)
    for stage in MODEL_JOBS:
        jobs = {tuple((own, one.names[own]) for own in made.job_names(stage)) for one in made.select(stage)}
        written = [
            pattern.format(**dict(names), shard=shard)
            for names in jobs
            for shard in made.shards(stage)
            for pattern in made.model_tables(stage)
        ]
        assert sorted(written) == sorted(made.tables(stage))
        assert made.jobs().get(stage, 0) == len(jobs) * len(made.shards(stage))


def test_another_split_adds_no_job_that_loads_a_model(paper):
    raw = written("config.yaml")
    benchmarks = raw["benchmarks"]
    benchmarks["pope"]["splits"] |= {"held_out": 100}
    more = plan("config", benchmarks=benchmarks)
    assert len(more.tables("agent")) > len(paper.tables("agent"))
    kept = [{rule: count for rule, count in made.jobs().items() if rule in MODEL_JOBS} for made in (more, paper)]
    assert kept[0] == kept[1]


EXAMPLES = {
    "draft": "results/paper/draft/thyme/pope/random/b6/1-of-1.parquet",
    "screen": "results/paper/screen/thyme/vstar/relative_position/b6/1-of-1.parquet",
    "agent": "results/paper/agent/deepeyes/hrbench/8k/3-of-4.parquet",
    "corrected": "results/paper/corrected/thyme/hrbench/8k.parquet",
    "specreason": "results/paper/specreason/thyme/corrected/pope/popular/4-of-4.parquet",
    "live": "results/paper/live/deepeyes/vstar/direct_attributes/bottom20-b6.parquet",
    "confidence": "results/paper/confidence/draft/hrbench/4k/b6.parquet",
    "replay": "results/paper/replay/deepeyes/pope/adversarial.parquet",
}


@pytest.mark.parametrize("stage", EXAMPLES)
def test_a_pass_lies_where_its_rules_wildcards_say(paper, stage):
    pattern = re.escape(paper.layout.passes(stage))
    for name in re.findall(r"\\{(\w+)\\}", pattern):
        pattern = pattern.replace(rf"\{{{name}\}}", rf"(?P<{name}>[^/]+?)")
    tables = {table: one for one in paper.select(stage) for table in paper.tables_of(one)}
    assert EXAMPLES[stage] in tables
    for table, one in tables.items():
        found = re.fullmatch(pattern, table)
        assert found is not None
        assert {
            name: value for name, value in found.groupdict().items() if name != "shard"
        }.items() <= one.names.items()


def test_every_stage_of_passes_has_a_place():
    assert set(PASSES) == set(NAMES)


def test_passes_are_selected_as_wildcards_spell_them(paper):
    assert paper.tables("draft", wording="deepeyes", benchmark="vstar", split="direct_attributes", batch="6") == [
        "results/paper/draft/deepeyes/vstar/direct_attributes/b6/1-of-1.parquet"
    ]
    assert paper.tables("screen", benchmark="vstar", batch=4) == []
    assert len(paper.tables("agent", agent="thyme", benchmark="hrbench")) == 2 * 4
    assert len(paper.select("live", threshold="0.98", metric="min")) == 2 + 2 + 2
    assert paper.tables("draft", benchmark="vstar", batch=5) == []


def test_answers_are_computed_at_the_main_batch_size_and_times_at_every_ablated_one(paper):
    for stage in ("draft", "screen", "confidence"):
        assert {(one.benchmark, one.batch) for one in paper.select(stage)} == {
            ("vstar", 6), ("hrbench", 6), ("pope", 6),
        }  # fmt: skip
    timed = Jobs(paper.study).model_pass("timing", {"agent": "thyme"})["portions"]
    assert {portion["holds"]["benchmark"]: portion["batches"] for portion in timed} == {
        "vstar": [1, 2, 4, 6], "hrbench": [1, 2, 4, 6], "pope": [1, 2, 4, 6, 8, 12, 16],
    }  # fmt: skip


def test_funnels_that_word_the_drafts_question_themselves_have_drafts_and_confidences_of_their_own(paper, miniature):
    assert paper.study.wordings == ["draft", "deepeyes", "thyme"]
    for stage in ("draft", "confidence"):
        assert len(paper.select(stage)) == 3 * len(miniature.select(stage)) == 3 * 7
    assert paper.study.prompt_files("timing", "thyme")["draft_prompts"] == "resources/prompts/draft_thyme.yaml"
    assert miniature.study.prompt_files("live", "thyme")["draft_prompts"].endswith("/draft.yaml")
    portions = Jobs(paper.study).model_pass("draft", {"shard": "1-of-1"})["portions"]
    assert [portion["prompts"] for portion in portions[:3]] == [
        f"resources/prompts/draft{end}.yaml" for end in ("", "_deepeyes", "_thyme")
    ]


def test_a_study_without_live_runs_compares_none():
    quiet = plan("miniature", live={"metrics": []})
    assert quiet.tables("live") == quiet.live_comparison == []
    assert set(plan("miniature").made_tables) - set(quiet.made_tables) == {"live_vs_replay"}


def test_a_study_without_load_has_no_throughput():
    quiet = plan("miniature", load=None)
    assert quiet.load_tables == quiet.throughput == []
    assert "throughput" not in quiet.made_tables.keys() | quiet.figures.keys()


def test_the_explorer_is_one_page_for_a_study_that_fits(paper, miniature):
    assert miniature.explorer_pages == []
    assert paper.explorer_pages == ["vstar", "hrbench", "pope"]
    assert "results/paper/explorer-vstar.html" in paper.targets["pages"]


def test_what_a_table_or_figure_reads_is_made_by_the_study(paper):
    made = {path for paths in paper.targets.values() for path in paths}
    known = made | {paper.layout.answers, paper.layout.outcomes, paper.layout.verdicts}
    known |= {table for stage in NAMES for table in paper.tables(stage)} | {*paper.samples(), *paper.load_tables}
    known |= {path for name in GIVEN for path in paper.source(name)}
    for reads in (*paper.made_tables.values(), *paper.figures.values()):
        for paths in paper.reads(reads).values():
            assert set(paths) <= known


def test_what_a_table_reads_of_the_repository_is_named_from_the_folder_of_the_run_if_it_lies_there(paper, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert paper.source("published") == ["resources/published"]
    monkeypatch.chdir(ROOT / "tests")
    assert paper.source("published") == [str(ROOT / "resources" / "published")]


def test_a_study_may_lie_elsewhere(miniature):
    there = Plan(Study(miniature.study.config, Layout("/data/copy")))
    assert there.tables("replay")[0] == "/data/copy/replay/deepeyes/vstar/direct_attributes.parquet"
    assert there.layout.log("replay") == "/data/copy/logs/replay/{agent}/{benchmark}/{split}.log"


def test_agents_of_the_published_protocol_alone_run_under_the_corrected_one_too():
    raw = written("miniature.yaml")
    assert {one.agent for one in plan("miniature").select("corrected")} == {"deepeyes", "thyme"}
    assert plan("miniature", protocol="corrected").select("corrected") == []
    assert plan("miniature", corrected={"images": 0}).select("corrected") == []
    agents = raw["agents"]
    agents["thyme"]["settings"] |= {"protocol": "corrected"}
    agents["guide"] = {"type": "speceyes.agents.function_caller:FunctionCaller", "model": "served"}
    served = {"path": "served", "engine": {"type": "server", "url": "http://127.0.0.1:1/v1", "served_name": "m"}}
    mixed = plan("miniature", agents=agents, models=raw["models"] | {"served": served})
    assert {one.agent for one in mixed.select("corrected")} == {"deepeyes"}
    told = Jobs(mixed.study).model_pass("corrected", {"agent": "deepeyes"})
    assert told["settings"]["agent"]["protocol"] == "corrected"


@pytest.mark.parametrize(
    ("variants", "images", "cells"),
    [
        (["published"], 10, [("deepeyes", "direct_attributes"), ("deepeyes", "relative_position")]),
        (["published"], 0, []),
        (["published", "corrected"], 10, []),
        (["corrected"], 10, []),
    ],
)
def test_specreason_runs_corrected_on_a_sample_where_it_runs_as_published_alone(variants, images, cells):
    peer = {"agents": ["deepeyes"], "benchmarks": ["vstar"], "variants": variants}
    made = plan("miniature", specreason=peer, corrected={"images": images})
    assert [(one.agent, one.split) for one in made.select("corrected_specreason")] == cells
    told = Jobs(made.study).model_pass("corrected_specreason", {"agent": "deepeyes"})
    assert told["settings"]["agent"]["protocol"] == "corrected"
    assert {"model", "draft"} <= told["engines"].keys()


def test_a_benchmark_may_have_a_batch_size_of_its_own():
    mixed = plan("config", draft={"batch_size": {"hrbench": 2, "pope": 12}}, live={"metrics": ["min"]})
    assert [mixed.study.batch(name) for name in ("vstar", "hrbench", "pope")] == [6, 2, 12]
    assert [one.batch for one in mixed.select("live", agent="thyme", split="8k")] == [2]
    assert [one.batch for one in mixed.select("live", agent="thyme", split="random")] == [12]
    assert mixed.study.batches("hrbench") == [1, 2, 4]
    assert mixed.study.grid("thyme", "hrbench").main_batch_size == 2
    assert "batch 6 on vstar, 2 on hrbench, 12 on pope" in Captions(mixed.study).of_table("main_table")
    assert "batch 6." in Captions(plan("config").study).of_table("main_table")


def test_times_are_measured_on_each_benchmarks_own_images():
    of_some = plan("config", timing={"images": {"vstar": 100, "pope": 30}, "seed": 7}, corrected={"images": 5})

    def drawn(stage: PassStage) -> dict[str, Any]:
        portions = Jobs(of_some.study).model_pass(stage, {"agent": "thyme", "shard": "1-of-1"})["portions"]
        return {portion["holds"]["benchmark"]: portion.get("drawn") for portion in portions}

    for stage in ("timing", "live"):
        assert drawn(stage) == {
            name: {"images": images, "seed": 7} for name, images in (("vstar", 100), ("hrbench", None), ("pope", 30))
        }
    assert drawn("corrected") == {name: {"images": 5, "seed": 0} for name in ("vstar", "hrbench", "pope")}
    assert set(drawn("agent").values()) == {None}


def test_specreason_runs_on_its_benchmarks_alone():
    peer = {"agents": ["deepeyes", "thyme"], "variants": ["published"], "benchmarks": ["vstar"]}
    costly = plan("config", specreason=peer)
    assert {one.benchmark for one in costly.select("specreason")} == {"vstar"}
    portions = Jobs(costly.study).model_pass("timing", {"agent": "thyme"})["portions"]
    timed = {portion["holds"]["benchmark"]: portion["variants"] for portion in portions}
    assert timed == {"vstar": ["published"], "hrbench": [], "pope": []}
    assert costly.model_jobs("specreason") == plan("config", specreason=peer | {"benchmarks": None}).model_jobs(
        "specreason"
    )
