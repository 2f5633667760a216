"""A whole study's stored passes, drawn from a seed and written by the real writers of records and verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
from speceyes.analysis.answers import AnswerTables
from speceyes.judging.questions import Judged, distinct
from speceyes.judging.scorers import AskJudge
from speceyes.judging.verdicts import SCORERS, Verdict, Verdicts, write_verdicts
from speceyes.method.confidence import METRICS, headline, write_confidences
from speceyes.method.gate import accepts
from speceyes.method.grid import Grid
from speceyes.method.replay import Passes
from speceyes.records.passes import COMMON, Pass, PassStage
from speceyes.records.samples import Sample, read_samples, write_samples
from speceyes.records.selection import SomeImages
from speceyes.records.tables import read_table, write_table
from speceyes.records.types import (
    AgentRecord,
    DraftRecord,
    LiveRecord,
    LoadRecord,
    ScreenRecord,
    Timed,
    TimingRecord,
)
from speceyes.study.layout import Layout
from synthetic_records import DrawnSplit

Splits = dict[tuple[str, str], int]
SPLITS: Splits = {
    ("vstar", "direct_attributes"): 60,
    ("vstar", "relative_position"): 40,
    ("hrbench", "4k"): 80,
    ("pope", "random"): 90,
}
POINT = 0.97
BATCH = 6  # at which answers are computed; times are measured at others as well
# Few settings in which every value moves: for tests that ask of the samples, not of the grid.
FEW_SETTINGS: dict[str, Any] = {"top_ks": (8, 16), "thresholds": (0.99, POINT, 0.9)}
GATE = {"metric": "min", "top_k": 16, "threshold": POINT, "batch": BATCH}


@dataclass(frozen=True)
class SyntheticStudy:
    """Paths of a written study; ``splits`` gives the number of samples of each."""

    root: Path
    splits: Splits = field(default_factory=lambda: SPLITS)
    agents: tuple[str, ...] = ("deepeyes", "thyme")
    batches: tuple[int, ...] = (1, 6)
    error_share: float = 0.03
    error_seconds: float = 2.0
    metrics: tuple[str, ...] = METRICS
    top_ks: tuple[int, ...] = (8, 16, 32)
    thresholds: tuple[float, ...] = (0.995, 0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.9, 0.8, 0.7)
    variants: tuple[str, ...] = ("published",)
    runs_live: bool = True
    own_words: tuple[str, ...] = ()
    timed_images: int | None = None

    @property
    def layout(self) -> Layout:
        return Layout(str(self.root))

    @property
    def wordings(self) -> tuple[str, ...]:
        return (COMMON, *self.own_words)

    def wording(self, agent: str) -> str:
        return agent if agent in self.own_words else COMMON

    def worded(self, stage: PassStage) -> list[Path]:
        """The tables of drafts or confidences, wording after wording."""
        return [self._path(stage, *where, wording=w, batch=BATCH) for w in self.wordings for where in self.splits]

    def samples(self, benchmark: str, split: str) -> Path:
        return Path(self.layout.samples(benchmark, split))

    def table(self, stage: PassStage, benchmark: str, split: str, **names: object) -> tuple[Path, dict[str, Any]]:
        """Where a pass lies, and what its table says that it holds."""
        holds = Pass.model_validate({"stage": stage, "benchmark": benchmark, "split": split} | names)
        table = Path(self.layout.table_of(holds, "1-of-1"))
        table.parent.mkdir(parents=True, exist_ok=True)
        return table, holds.stamp()

    def _path(self, stage: PassStage, *where: str, **names: object) -> Path:
        return self.table(stage, *where, **names)[0]

    @property
    def cells(self) -> list[tuple[str, str, str]]:
        return [(agent, *split) for agent in self.agents for split in self.splits]

    def grid(self, benchmark: str) -> Grid:
        return Grid(
            metrics=self.metrics,
            top_ks=self.top_ks,
            thresholds=self.thresholds,
            batch_sizes=self.batches,
            operating_points=dict.fromkeys(self.metrics, POINT),
            main_top_k=16,
            main_batch_size=BATCH,
        )

    def passes(self, agent: str, benchmark: str, split: str) -> Passes:
        where = (benchmark, split)
        return Passes(
            samples=self.samples(*where),
            drafts=[self._path("draft", *where, wording=self.wording(agent), batch=BATCH)],
            confidences=self._path("confidence", *where, wording=self.wording(agent), batch=BATCH),
            alone=[self._path("draft", *where, wording=COMMON, batch=BATCH)],
            screens=[self._path("screen", *where, agent=agent, batch=BATCH)],
            agents=[self._path("agent", *where, agent=agent)],
            specreason={v: [self._path("specreason", *where, agent=agent, variant=v)] for v in self.variants},
            timing=self._path("timing", *where, agent=agent),
        )

    @property
    def _gate(self) -> dict[str, object]:
        return GATE | {"metric": headline(self.metrics)}

    def live(self, agent: str, benchmark: str, split: str) -> Path:
        return self._path("live", benchmark, split, agent=agent, **self._gate)

    def load(self, agent: str) -> Path:
        table = Path(self.layout.load(agent))
        table.parent.mkdir(parents=True, exist_ok=True)
        return table

    def answer_tables(self) -> AnswerTables:
        passes = [self.passes(*cell) for cell in self.cells]
        shared = passes[: len(self.splits)]  # every agent's passes name the same drafts
        return AnswerTables.of(
            corrected=[],
            corrected_specreason=[],
            samples=[one.samples for one in shared],
            drafts=self.worded("draft"),
            agents=[table for one in passes for table in one.agents],
            specreason=[table for one in passes for tables in one.specreason.values() for table in tables],
            timing=[one.timing for one in passes],
            verdicts=Path(self.layout.verdicts),
        )

    def write(self, seed: int = 0) -> SyntheticStudy:
        """Draw and write everything."""
        self.root.mkdir(parents=True, exist_ok=True)
        generator = np.random.default_rng(seed)
        answers: set[tuple[str, str]] = set()
        samples: dict[str, Sample] = {}
        for (benchmark, split), count in self.splits.items():
            drawn = DrawnSplit(benchmark, split, count, (self.error_share, self.error_seconds), generator)
            samples |= {sample.sample_id: sample for sample in drawn.samples}
            self.samples(benchmark, split).parent.mkdir(parents=True, exist_ok=True)
            write_samples(self.samples(benchmark, split), drawn.samples)
            answers |= self._write_passes(drawn)
        for agent in self.agents:
            write_table(self.load(agent), LoadRecord, self._under_load(agent), {})
        Path(self.layout.verdicts).parent.mkdir(exist_ok=True)
        write_verdicts(Path(self.layout.verdicts), _judged(samples, answers, generator), {})
        return self

    def _write_passes(self, drawn: DrawnSplit) -> set[tuple[str, str]]:
        where = (drawn.benchmark, drawn.split)
        answers: set[tuple[str, str]] = set()
        for wording in self.wordings:
            drafts = drawn.drafts(BATCH, wording)
            table, stamp = self.table("draft", *where, wording=wording, batch=BATCH)
            write_table(table, DraftRecord, drafts, stamp)
            confidences, stamp = self.table("confidence", *where, wording=wording, batch=BATCH)
            write_confidences(confidences, [table], self.metrics, sorted({*self.top_ks, 16}), stamp)
            answers |= {(record.sample_id, record.text) for record in drafts}
        for agent in self.agents:
            table, stamp = self.table("screen", *where, agent=agent, batch=BATCH)
            write_table(table, ScreenRecord, drawn.screens(agent, BATCH), stamp)
            for stage, slower, names in (
                ("agent", 1.0, {}),
                *(("specreason", 2.1, {"variant": variant}) for variant in self.variants),
            ):
                episodes = drawn.episodes(agent, slower)
                table, stamp = self.table(stage, *where, agent=agent, **names)
                write_table(table, AgentRecord, episodes, stamp)
                answers |= {(record.sample_id, record.answer) for record in episodes}
            self._write_times(agent, drawn)
            if self.runs_live:
                self._write_live(agent, *where)
        return answers

    def _under_load(self, agent: str) -> Iterator[LoadRecord]:
        """The first questions of the first split, one at a time and four at a time; the funnel drafts every other."""
        passes = self.passes(agent, *next(iter(self.splits)))
        drafts, episodes = read_table(passes.drafts[0], DraftRecord), read_table(passes.agents[0], AgentRecord)
        asked = list(islice(zip(drafts, episodes, strict=True), 8))
        for system, level, repeat in product(("agent", "funnel"), (1, 4), (0, 1)):
            for place, (draft, episode) in enumerate(asked):
                drafted = system == "funnel" and place % 2 == 0
                yield LoadRecord(
                    sample_id=draft.sample_id,
                    latency_s=0.5 if drafted else 1.0,
                    agent=agent,
                    system=system,
                    arrivals="closed",
                    level=level,
                    repeat=repeat,
                    answer_s=(place + 1) * (0.6 if system == "funnel" else 1.0) / level,
                    answer=draft.text if drafted else episode.answer,
                    source="draft" if drafted else "agent",
                    tool_free=drafted,
                    accepted=drafted,
                    cpu_share=0.9,
                    gpu_share=float("nan"),
                    agent_share=0.8,
                    draft_share=0.1,
                )

    def _write_times(self, agent: str, drawn: DrawnSplit) -> None:
        """Times as drawn with the records: of all samples, or of those about the first images."""
        where = (drawn.benchmark, drawn.split)
        passes = self.passes(agent, *where)
        steps: list[tuple[str, str, int, list[Any]]] = [
            *(("screen", "", batch, drawn.screens(agent, batch)) for batch in self.batches),
            *(("draft", "", batch, drawn.drafts(batch, self.wording(agent))) for batch in self.batches),
            ("agent", "", 0, list(read_table(passes.agents[0], AgentRecord))),
            *(("specreason", v, 0, list(read_table(p[0], AgentRecord))) for v, p in passes.specreason.items()),
        ]
        samples = read_samples(passes.samples)
        timed = {sample.sample_id for sample in SomeImages(self.timed_images, 0).of(samples)}
        records = []
        for place, sample in enumerate(samples):
            if sample.sample_id in timed:
                times = tuple(
                    Timed(
                        step=step,
                        variant=variant,
                        batch=batch,
                        repeat=0,
                        latency_s=records_[place].latency_s,
                        status=records_[place].status,
                        answer=getattr(records_[place], "answer", None) or getattr(records_[place], "text", ""),
                    )
                    for step, variant, batch, records_ in steps
                )
                records.append(TimingRecord(sample_id=sample.sample_id, times=times))
        table, stamp = self.table("timing", *where, agent=agent)
        write_table(table, TimingRecord, records, stamp)

    def _write_live(self, agent: str, benchmark: str, split: str) -> None:
        """What the funnel would record at the operating point, a tenth slower than the passes."""
        passes = self.passes(agent, benchmark, split)
        import pandas as pd

        scores = pd.read_parquet(passes.confidences).query("metric == @self._gate['metric'] and top_k == 16")
        confidence = dict(zip(scores["sample_id"], scores["confidence"], strict=True))
        records = []
        for screen, draft, episode in zip(
            read_table(passes.screens[0], ScreenRecord),
            read_table(passes.drafts[0], DraftRecord),
            read_table(passes.agents[0], AgentRecord),
            strict=True,
        ):
            accepted = screen.tool_free and accepts(confidence[draft.sample_id], POINT)
            kept = draft if accepted else episode
            draft_s = 1.1 * draft.latency_s if screen.tool_free else 0.0
            agent_s = 0.0 if accepted else 1.1 * episode.latency_s
            records.append(
                LiveRecord(
                    sample_id=draft.sample_id,
                    status=kept.status,
                    latency_s=1.1 * screen.latency_s + draft_s + agent_s,
                    generated_tokens=1,
                    tool_free=screen.tool_free,
                    accepted=accepted,
                    confidence=confidence[draft.sample_id] if screen.tool_free else 0.0,
                    source="draft" if accepted else "agent",
                    answer=draft.text if accepted else episode.answer,
                    screen_s=1.1 * screen.latency_s,
                    draft_s=draft_s,
                    agent_s=agent_s,
                    tool_calls=0 if accepted else episode.tool_calls,
                )
            )
        table, stamp = self.table("live", benchmark, split, agent=agent, **self._gate)
        write_table(table, LiveRecord, records, stamp)


def _judged(samples: dict[str, Sample], answers: set[tuple[str, str]], generator: np.random.Generator) -> Verdicts:
    """The real rules; a stand-in judge that looks for the gold text and sometimes says nothing."""
    verdicts: Verdicts = {}
    for question in distinct(samples, answers):
        verdicts[question] = {}
        unclear = generator.random() < 0.03
        for scorer in SCORERS:
            decision = scorer.decide(question)
            if not isinstance(decision, AskJudge):
                verdicts[question][scorer.name] = Verdict(decision, "rule")
            elif unclear:
                verdicts[question][scorer.name] = Verdict(None, "unparsed", "?")
            else:
                verdicts[question][scorer.name] = Verdict(_says_gold(question), "judge", "Judgement: ...")
    return verdicts


def _says_gold(question: Judged) -> bool:
    return question.gold in question.answer.lower()


def samples_of(study: SyntheticStudy) -> dict[str, Sample]:
    return {s.sample_id: s for where in study.splits for s in read_samples(study.samples(*where))}
