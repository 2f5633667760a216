"""The live funnel with scripted engines: who answers, who is asked, what it costs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scripted import SECONDS, ScriptedEngine, said, sample, store_picture, sure
from speceyes.agents.deepeyes import DeepEyes
from speceyes.images import Pictures
from speceyes.method.confidence import METRICS, confidence, write_confidences
from speceyes.method.draft import Drafter, DraftSettings
from speceyes.method.funnel import Funnel, Gate
from speceyes.method.phases import Phases
from speceyes.prompts import PromptFile
from speceyes.records.tables import write_table
from speceyes.records.types import DraftRecord, LiveRecord

PROMPTS = {
    "question": "Q: {question}\n",
    "question_with_options": "Q: {question} {options}",
    "roles": {name: {"user": f"{name}?"} for name in ("answer", "screening", "agent", "verify")},
}
CALL = '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 56, 28]}}</tool_call>'
ANSWER = "<answer>B. blue</answer>"
SURE, UNSURE = 9.0, 0.1
TAU = 0.9


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deepeyes.yaml").write_text(PromptFile.model_validate(PROMPTS).model_dump_json())
    store_picture(tmp_path / "images")
    return tmp_path


class Trial:
    """A funnel whose three models follow their scripts to the end."""

    def __init__(
        self, folder: Path, screening: list[object], drafts: list[object], agent: list[object], threshold: float = TAU
    ) -> None:
        self.screening, self.draft, self.agent = (ScriptedEngine(*lines) for lines in (screening, drafts, agent))
        phases = Phases(
            screening_engine=self.screening,
            agent_engine=self.agent,
            agent=DeepEyes(folder / "deepeyes.yaml", {}, folder / "media"),
            drafter=Drafter(self.draft, PromptFile.model_validate(PROMPTS), DraftSettings(top_k=8)),
        )
        self.funnel = Funnel(phases, Gate("min", 8, threshold), Pictures(folder / "images"))

    def run(self, *samples: object) -> list[LiveRecord]:
        records = self.funnel.run(samples or [sample()])
        assert (self.screening.script, self.draft.script, self.agent.script) == ([], [], [])
        return records


def test_a_confident_draft_of_a_tool_free_sample_is_kept(folder):
    [record] = Trial(folder, ["No."], [sure("A. red", SURE)], []).run()
    assert (record.source, record.accepted, record.tool_free) == ("draft", True, True)
    assert (record.answer, record.status, record.tool_calls) == ("A. red", "ok", 0)
    assert record.confidence > TAU


def test_an_unsure_draft_falls_back_to_the_agent(folder):
    [record] = Trial(folder, ["no"], [sure("A. red", UNSURE)], [CALL, ANSWER]).run()
    assert (record.source, record.accepted, record.tool_free) == ("agent", False, True)
    assert (record.answer, record.tool_calls) == ("B. blue", 1)
    assert 0 < record.confidence < TAU


def test_a_sample_that_needs_tools_is_never_drafted(folder):
    trial = Trial(folder, ["Yes"], [], [ANSWER])
    [record] = trial.run()
    assert trial.draft.batches == []
    assert (record.source, record.accepted, record.tool_free, record.confidence) == ("agent", False, False, 0.0)


def test_the_gate_is_strict(folder):
    draft = sure("A. red", SURE)
    tau = confidence(draft.top_logprobs, "min", 8)
    [at] = Trial(folder, ["no"], [draft], [ANSWER], threshold=tau).run()
    [below] = Trial(folder, ["no"], [draft], [], threshold=tau - 1e-9).run()
    assert (at.source, below.source) == ("agent", "draft")
    assert at.confidence == below.confidence == tau


@pytest.mark.parametrize("draft", [sure("", SURE, tokens=0), said("A. red")], ids=["empty", "no log-probabilities"])
def test_an_empty_or_broken_draft_is_no_crash(folder, draft):
    [record] = Trial(folder, ["no"], [draft], [ANSWER]).run()
    assert (record.source, record.confidence, record.status) == ("agent", 0.0, "ok")


def test_only_the_tool_free_samples_of_a_batch_are_drafted_together(folder):
    samples = [sample(number) for number in range(4)]
    trial = Trial(
        folder, ["no", "yes", "no", "no"], [sure("a", SURE), sure("b", UNSURE), sure("c", SURE)], [ANSWER, CALL, ANSWER]
    )
    records = trial.run(*samples)
    assert (trial.screening.batches, trial.draft.batches, trial.agent.batches) == ([4], [3], [1, 1, 1])
    assert [record.sample_id for record in records] == [s.sample_id for s in samples]
    assert [record.source for record in records] == ["draft", "agent", "agent", "draft"]
    assert [record.answer for record in records] == ["a", "B. blue", "B. blue", "c"]


def test_a_batch_without_a_tool_free_sample_asks_no_draft(folder):
    trial = Trial(folder, ["yes", "yes"], [], [ANSWER, ANSWER])
    trial.run(sample(0), sample(1))
    assert trial.draft.batches == []


def test_an_unreadable_picture_costs_its_neighbours_nothing(folder):
    trial = Trial(folder, ["no", "no"], [sure("a", SURE), sure("b", SURE)], [])
    one, torn, other = trial.run(sample(0), sample(1, "torn.png"), sample(2))
    assert (torn.status, torn.source, torn.accepted, torn.answer) == ("error", "agent", False, "")
    assert "torn.png" in torn.error
    assert (one.answer, other.answer) == ("a", "b")


def test_an_agent_that_finds_no_answer_says_so(folder):
    [record] = Trial(folder, ["yes"], [], ["Hm."] * 6).run()
    assert (record.status, record.answer, record.source) == ("error", "", "agent")
    assert record.error == "no answer after 6 generations"


@pytest.mark.parametrize(
    "script, seconds, tokens",
    [
        ((["no"], [sure("A", SURE, tokens=2)], []), (SECONDS, SECONDS, 0.0), 3 + 2),
        ((["no"], [sure("A", UNSURE, tokens=2)], ["Hm.", ANSWER]), (SECONDS, SECONDS, 2 * SECONDS), 3 + 2 + 6),
        ((["yes"], [], [ANSWER]), (SECONDS, 0.0, SECONDS), 3 + 3),
    ],
    ids=["accepted", "refused", "tools"],
)
def test_latency_and_tokens_add_up_over_the_phases(folder, script, seconds, tokens):
    [record] = Trial(folder, *script).run()
    assert (record.screen_s, record.draft_s, record.agent_s) == pytest.approx(seconds)
    assert record.latency_s == pytest.approx(sum(seconds))
    assert record.generated_tokens == tokens


def test_tool_time_is_part_of_the_agents_latency(folder):
    [record] = Trial(folder, ["yes"], [], [CALL, ANSWER]).run()
    assert record.agent_s > 2 * SECONDS


def test_warming_up_asks_every_model_once_and_keeps_nothing(folder):
    trial = Trial(folder, ["yes"], [sure("A", SURE)], [ANSWER])
    trial.funnel.warm_up(sample())
    assert [len(engine.requests) for engine in (trial.screening, trial.draft, trial.agent)] == [1, 1, 1]


def test_the_draft_model_may_screen_in_the_agents_words(folder):
    trial = Trial(folder, ["no"], [sure("A", SURE)], [])
    trial.run()
    [request] = trial.screening.requests
    assert request.messages[-1].parts[1].endswith("screening?")
    assert request.max_new_tokens == 10


@pytest.mark.parametrize("metric, source", [("mean", "draft"), ("min", "agent")])
def test_the_gates_metric_decides(folder, metric, source):
    """One token is certain and one at a loss: their mean passes a threshold that their minimum does not."""
    rows = np.concatenate([sure("", SURE, tokens=1).top_logprobs, sure("", UNSURE, tokens=1).top_logprobs])
    draft = replace(sure("A. red", SURE, tokens=2), top_logprobs=rows)
    low, high = (confidence(rows, name, 8) for name in ("min", "mean"))
    trial = Trial(folder, ["no"], [draft], [ANSWER] if source == "agent" else [])
    trial.funnel = replace(trial.funnel, gate=Gate(metric, 8, (low + high) / 2))
    [record] = trial.run()
    assert record.source == source


@pytest.mark.parametrize("metric", METRICS)
def test_the_confidence_is_the_one_that_replay_reads_from_tables(folder, metric):
    rows = -np.sort(np.random.default_rng(3).gamma(2, size=(5, 8)).astype(np.float32), axis=1)
    [draft] = Trial(folder, [], [replace(sure("A", SURE, tokens=5), top_logprobs=rows)], []).funnel.phases.draft(
        [sample()], Pictures(folder / "images")
    )
    write_table(folder / "draft.parquet", DraftRecord, [draft], {})
    write_confidences(folder / "confidence.parquet", [folder / "draft.parquet"], [metric], [8], {})
    [stored] = pd.read_parquet(folder / "confidence.parquet")["confidence"]
    assert Gate(metric, 8, TAU).confidence(draft) == stored
