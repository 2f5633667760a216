"""A trial's records marked: what the card says, counted.

Plain targets are "easy" and tiny ones "hard" (``scenes.csv``). An answer is right when the corrected
scorer's rules say so by themselves; one that they would hand to a judge counts as wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean, median
from typing import Any

import pandas as pd
from sklearn.metrics import roc_auc_score

from speceyes.evaluation.card import DeepEyesCard, DraftCard, ThymeCard
from speceyes.evaluation.crops import covers, cut_from
from speceyes.evaluation.trial import Trial
from speceyes.images import open_image
from speceyes.judging.corrected import CorrectedScorer
from speceyes.judging.questions import judged
from speceyes.method.confidence import METRICS, confidence
from speceyes.records.types import AgentRecord, Box, ToolUse, Turn

TOP_K = 64


class Marker:
    """Marks a trial's records against its questions and scenes.

    Attributes:
        hard: ids of the questions whose target is tiny.
        targets: box of the target of each question, in the original's pixels.
    """

    def __init__(self, trial: Trial) -> None:
        self._samples = {sample.sample_id: sample for sample in trial.samples()}
        scenes = trial.scenes()
        self.hard = set(scenes.index[scenes["difficulty"] == "tiny"])
        corners = scenes[["x1", "y1", "x2", "y2"]].itertuples(name=None)
        self.targets: dict[str, Box] = {sample_id: (x1, y1, x2, y2) for sample_id, x1, y1, x2, y2 in corners}
        self._trial = trial

    def draft(self) -> DraftCard:
        """The draft's part of the card."""
        records = self._trial.drafts()
        right = {record.sample_id: self.right(record.sample_id, record.text) for record in records}
        is_right = list(right.values())
        scores = {
            f"auroc_{metric}": _auroc(is_right, [confidence(record.top_logprobs, metric, TOP_K) for record in records])
            for metric in METRICS
        }
        return DraftCard(
            **self._accuracy(right),
            **scores,
            mean_tokens=_mean(record.generated_tokens for record in records),
            median_latency_s=_rounded(median(record.latency_s for record in records)),
        )

    def deepeyes(self, draft: DraftCard) -> DeepEyesCard:
        """DeepEyes's part of the card."""
        records = self._trial.episodes("deepeyes")
        return DeepEyesCard(**self._agent("deepeyes", records, draft), tool_call_valid=_tools_that_work(records))

    def thyme(self, draft: DraftCard) -> ThymeCard:
        """Thyme's part of the card."""
        records = self._trial.episodes("thyme")
        return ThymeCard(**self._agent("thyme", records, draft), code_runs=_tools_that_work(records))

    def _agent(self, name: str, records: Sequence[AgentRecord], draft: DraftCard) -> dict[str, Any]:
        hard = [record for record in records if record.sample_id in self.hard]
        easy = [record for record in records if record.sample_id not in self.hard]
        screenings = self._trial.screenings(name)
        latency = median(record.latency_s for record in self._trial.timed_episodes(name))
        return {
            **self._accuracy({record.sample_id: self.right(record.sample_id, record.answer) for record in records}),
            **self._scores(self._trial.proposals(name)),
            "answered": _mean(record.status == "ok" for record in records),
            "target_in_crop": _mean(any(map(self._sees_target(record), record.turns)) for record in hard),
            "tool_use_easy": _mean(record.tool_calls > 0 for record in easy),
            "tool_use_hard": _mean(record.tool_calls > 0 for record in hard),
            "second_look": _mean(record.tool_calls > 1 for record in records),
            "screening_accuracy": _mean(s.tool_free != (s.sample_id in self.hard) for s in screenings),
            "mean_turns": _mean(len(record.turns) for record in records),
            "median_latency_s": _rounded(latency),
            "latency_ratio": round(latency / draft.median_latency_s, 1),
            "screening_ratio": round(latency / median(screening.latency_s for screening in screenings), 1),
        }

    def _scores(self, proposals: Sequence[AgentRecord]) -> dict[str, Any]:
        led = [self._leads_on(record) for record in proposals]
        scores = [record.turns[0].score or 0 for record in proposals]
        return {
            "score_right": _mean(score for score, good in zip(scores, led, strict=True) if good),
            "score_wrong": _mean(score for score, good in zip(scores, led, strict=True) if not good),
            "score_auroc": _auroc(led, scores),
            "n_proposals": len(proposals),
        }

    def _leads_on(self, record: AgentRecord) -> bool:
        """Whether a first step answers rightly or brings the target into view."""
        if record.status == "ok":
            return self.right(record.sample_id, record.answer)
        return self._sees_target(record)(record.turns[0])

    def _sees_target(self, record: AgentRecord) -> Callable[[Turn], bool]:
        """Whether a turn's tool use shows the whole of the record's target."""
        target = self.targets[record.sample_id]

        def sees(turn: Turn) -> bool:
            return any(covers(box, target) for box in self.boxes(record.sample_id, turn.tool))

        return sees

    def boxes(self, sample_id: str, tool: ToolUse | None) -> list[Box]:
        """What a tool use shows of the original; code says it by its pictures alone."""
        if tool is None:
            return []
        if tool.box:
            return [tool.box]
        original = open_image(self._trial.images / self._samples[sample_id].image)
        found = (cut_from(original, open_image(self._trial.media / name)) for name in tool.images)
        return [box for box in found if box is not None]

    def right(self, sample_id: str, answer: str) -> bool:
        """Whether the rules see the right answer by themselves."""
        return CorrectedScorer().decide(judged(self._samples[sample_id], answer)) is True

    def _accuracy(self, right: dict[str, bool]) -> dict[str, Any]:
        marks = pd.DataFrame({"right": right}).astype(float)
        marks["hard"] = [sample_id in self.hard for sample_id in marks.index]
        marks["benchmark"] = [self._samples[sample_id].benchmark for sample_id in marks.index]
        by_benchmark = marks.groupby("benchmark", sort=False)["right"].mean()
        return {
            "easy": _rounded(marks.loc[~marks["hard"], "right"].mean()),
            "hard": _rounded(marks.loc[marks["hard"], "right"].mean()),
            "overall": _rounded(marks["right"].mean()),
            "n": len(marks),
            "n_hard": int(marks["hard"].sum()),
            "by_benchmark": {str(name): _rounded(share) for name, share in by_benchmark.items()},
        }


def _tools_that_work(records: Sequence[AgentRecord]) -> float:
    return _mean(turn.tool.status == "ok" for record in records for turn in record.turns if turn.tool is not None)


def _auroc(right: Sequence[bool], scores: Sequence[float]) -> float:
    return _rounded(roc_auc_score(right, scores)) if 0 < sum(right) < len(right) else math.nan


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return _rounded(fmean(found)) if found else math.nan


def _rounded(value: float) -> float:
    return round(float(value), 4)
