"""SpecReason's two variants with scripted engines: the published port's semantics, and the corrected ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from scripted import PROMPTS, SECONDS, ScriptedEngine, ScriptedSandbox, broke, ran, said, sample, store_picture
from speceyes.agents.deepeyes import DeepEyes
from speceyes.agents.thyme import Thyme
from speceyes.engines.base import Message
from speceyes.images import Pictures
from speceyes.method.specreason import VARIANTS, SpecReasonSettings, read_score
from speceyes.records.types import AgentRecord

DRAFTED = '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 56, 28]}}</tool_call>'
OWN = '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 84, 84]}}</tool_call>'
ANSWER = "<answer>A. red</answer>"
OWN_ANSWER = "<answer>B. blue</answer>"
CODE = "<code>print(1)</code>"
CROP = Image.new("RGB", (56, 28), "red")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("deepeyes", "thyme"):
        (tmp_path / f"{name}.yaml").write_text(PROMPTS.replace(" {image_path}", ""))
    store_picture(tmp_path / "images")
    return tmp_path


class Trial:
    """One sample through SpecReason; what the draft and the agent's model say is scripted."""

    def __init__(self, folder: Path, variant: str, drafts: list[object], agents: list[object], **settings: int) -> None:
        self.folder, self.variant, self.settings = folder, variant, settings
        self.draft, self.agent_engine = ScriptedEngine(*drafts), ScriptedEngine(*agents)
        self.sandbox = ScriptedSandbox()

    def deepeyes(self) -> AgentRecord:
        return self._run(DeepEyes(self.folder / "deepeyes.yaml", {"protocol": self.variant}, self.folder / "media"))

    def thyme(self, *results: object) -> AgentRecord:
        agent = Thyme(self.folder / "thyme.yaml", {"protocol": self.variant}, self.folder / "media")
        agent.executor = self.sandbox = ScriptedSandbox(*results)
        return self._run(agent)

    def _run(self, agent: DeepEyes | Thyme) -> AgentRecord:
        method = VARIANTS[self.variant](self.draft, self.agent_engine, agent, SpecReasonSettings(**self.settings))
        record = method.answer(sample(), Pictures(self.folder / "images"))
        assert (self.draft.script, self.agent_engine.script) == ([], [])
        return record


@pytest.mark.parametrize(
    "text, score",
    [
        ("7", 7),
        ("Score: 8/10", 8),
        ("10", 1),
        ("I give 3, or 9", 3),
        ("good", 0),
        ("", 0),
        ("-5", 5),
        ("seven", 0),
        ("٧", 0),
    ],
)
def test_the_score_is_the_first_digit_and_none_is_0(text, score):
    assert read_score(text) == score


@pytest.mark.parametrize("verdict, kept", [("9", True), ("7", True), ("6", False), ("10", False), ("fine", False)])
@pytest.mark.parametrize("variant", VARIANTS)
def test_steps_are_kept_from_7_on(folder, variant, verdict, kept):
    own = [] if kept else [OWN_ANSWER]
    record = Trial(folder, variant, [ANSWER], [verdict, *own]).deepeyes()
    [turn] = record.turns
    assert (turn.author, turn.score) == (("draft", read_score(verdict)) if kept else ("agent", read_score(verdict)))
    assert record.answer == ("A. red" if kept else "B. blue")
    assert record.status == "ok"


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_draft_proposes_what_the_agent_would_be_asked(folder, variant):
    trial = Trial(folder, variant, [ANSWER], ["0", OWN_ANSWER])
    trial.deepeyes()
    [proposal] = trial.draft.requests
    verify, own = trial.agent_engine.requests
    assert own == proposal
    assert (own.max_new_tokens, own.stop, own.top_k) == (512, ("</tool_call>", "</answer>"), 0)
    assert (verify.max_new_tokens, verify.stop) == (10, ())
    assert verify.ignore_end_of_text == (variant == "published")


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_verifier_sees_the_first_step_under_its_own_system_prompt(folder, variant):
    trial = Trial(folder, variant, [ANSWER], ["9"])
    trial.deepeyes()
    [verify] = trial.agent_engine.requests
    question = trial.draft.requests[0].messages[-1]
    assert verify.messages == (
        Message("system", ("Score.",)),
        question,
        Message("assistant", (ANSWER,)),
        Message("user", ("0 to 9?",)),
    )


@pytest.mark.parametrize("name", ["deepeyes", "thyme"])
def test_published_the_history_is_one_closed_text_of_steps(folder, name):
    trial = Trial(folder, "published", ["One.", "Two.", ANSWER], ["8", "3", "Mine.", "8"])
    getattr(trial, name)()
    opening = trial.draft.requests[0].messages
    assert [request.messages for request in trial.draft.requests[1:]] == [
        (*opening, Message("assistant", ("One.",))),
        (*opening, Message("assistant", ("One.\nMine.",))),
    ]
    assert [request.opens for request in trial.draft.requests] == ["auto", "reply", "reply"]
    assert trial.agent_engine.requests[2] == trial.draft.requests[1]
    verify = trial.agent_engine.requests[3].messages
    assert verify[-3:] == (
        Message("assistant", ("One.\nMine.",)),
        Message("assistant", (ANSWER,)),
        Message("user", ("0 to 9?",)),
    )


def test_published_an_accepted_tool_call_is_never_executed(folder):
    trial = Trial(folder, "published", [DRAFTED, ANSWER], ["8", "8"])
    record = trial.deepeyes()
    assert [turn.tool for turn in record.turns] == [None, None]
    assert record.tool_calls == 0
    assert list((folder / "media").iterdir()) == []
    assert trial.draft.requests[1].messages[-1] == Message("assistant", (DRAFTED,))


def test_published_what_a_replacements_tool_shows_is_thrown_away(folder):
    trial = Trial(folder, "published", [DRAFTED, ANSWER], ["2", OWN, "8"])
    record = trial.deepeyes()
    first = record.turns[0]
    assert (first.author, first.text, first.score, first.tool.status) == ("agent", OWN, 2, "ok")
    assert record.tool_calls == 1
    assert trial.draft.requests[1].messages[-1] == Message("assistant", (OWN,))


@pytest.mark.parametrize(
    "text, answer",
    [
        ("The answer is A.", "The answer is A."),
        ("<answer>A. red</answer>", "<answer>A. red</answer>"),
        ("<answer>A", "<answer>A"),
        ("unanswered", "unanswered"),
    ],
)
def test_published_thyme_ends_at_the_word_answer_with_the_whole_step(folder, text, answer):
    record = Trial(folder, "published", ["Hm.", text], ["8", "8"]).thyme()
    assert (record.status, record.answer, len(record.turns)) == ("ok", answer, 2)


def test_published_deepeyes_goes_on_at_an_open_answer(folder):
    record = Trial(folder, "published", ["<answer>A", ANSWER], ["8", "8"]).deepeyes()
    assert (record.answer, len(record.turns)) == ("A. red", 2)


def test_corrected_an_accepted_tool_call_is_executed_and_its_crop_kept(folder):
    trial = Trial(folder, "corrected", [DRAFTED, ANSWER], ["8", "8"])
    record = trial.deepeyes()
    first = record.turns[0]
    assert (first.author, first.score, first.tool.status, first.tool.box) == ("draft", 8, "ok", (0, 0, 56, 28))
    assert [path.name for path in (folder / "media").iterdir()] == list(first.tool.images)
    response = trial.draft.requests[1].messages[-1]
    assert response.images[0].size == (56, 28)
    assert response.parts[2] == "Think."


def test_corrected_a_replacements_crop_is_shown(folder):
    trial = Trial(folder, "corrected", [DRAFTED, ANSWER], ["2", OWN, "8"])
    record = trial.deepeyes()
    assert (record.turns[0].author, record.turns[0].text) == ("agent", OWN)
    assert trial.draft.requests[1].messages[-1].images[0].size == (84, 84)


def test_published_thyme_runs_a_replacements_code_alone_and_shows_nothing_of_it(folder):
    trial = Trial(folder, "published", [CODE, CODE, ANSWER], ["8", "1", "<code>print(2)</code>", "8"])
    record = trial.thyme(ran("2", CROP))
    assert trial.sandbox.calls == [("print(2)", folder / "images" / "picture.png")]
    assert trial.draft.requests[2].messages[-1] == Message("assistant", (f"{CODE}\n<code>print(2)</code>",))
    assert [turn.author for turn in record.turns] == ["draft", "agent", "draft"]
    assert (record.status, record.tool_calls) == ("ok", 1)


def test_published_thyme_goes_on_after_a_replacements_failure(folder):
    trial = Trial(folder, "published", [CODE, ANSWER], ["1", CODE, "8"])
    assert trial.thyme(broke()).status == "ok"
    assert trial.draft.requests[1].messages[-1] == Message("assistant", (CODE,))


def test_corrected_thyme_runs_accepted_code_and_shows_the_picture(folder):
    trial = Trial(folder, "corrected", [CODE, ANSWER], ["8", "8"])
    record = trial.thyme(ran("", CROP))
    shown = (CODE, "<sandbox_output>", CROP, "</sandbox_output>")
    assert trial.draft.requests[1].messages[-1] == Message("assistant", shown)
    assert record.turns[0].tool.status == "ok"


def test_the_verifier_of_thyme_sees_one_growing_turn(folder):
    trial = Trial(folder, "corrected", [CODE, ANSWER], ["8", "8"])
    trial.thyme(ran("1"))
    verify = trial.agent_engine.requests[1].messages
    assert verify[-2] == Message("assistant", (CODE, "<sandbox_output>", "1", "</sandbox_output>", ANSWER))
    assert verify[-1] == Message("user", ("0 to 9?",))


@pytest.mark.parametrize("variant, status, answer", [("published", "error", ""), ("corrected", "no_answer", DRAFTED)])
def test_an_endless_loop_ends_after_six_steps(folder, variant, status, answer):
    record = Trial(folder, variant, [DRAFTED] * 6, ["8"] * 6).deepeyes()
    assert (record.status, record.answer, len(record.turns)) == (status, answer, 6)


@pytest.mark.parametrize("variant, status", [("published", "error"), ("corrected", "no_answer")])
def test_the_step_limit_is_a_setting(folder, variant, status):
    record = Trial(folder, variant, ["Hmm."] * 2, ["8"] * 2, max_steps=2).deepeyes()
    assert (record.status, len(record.turns)) == (status, 2)


def test_corrected_thymes_own_limit_of_five_holds_too(folder):
    record = Trial(folder, "corrected", [CODE] * 5, ["8"] * 5).thyme(*[ran("1")] * 5)
    assert (record.status, len(record.turns)) == ("no_answer", 5)


def test_published_thyme_has_six_steps_as_deepeyes_has(folder):
    record = Trial(folder, "published", ["Hm."] * 5 + ["My answer: A"], ["8"] * 6).thyme()
    assert (record.status, len(record.turns)) == ("ok", 6)


def test_the_bound_of_the_score_is_a_setting(folder):
    record = Trial(folder, "published", [ANSWER], ["5"], keep_from=5).deepeyes()
    assert record.turns[0].author == "draft"


def test_everything_that_was_generated_is_paid_for(folder):
    drafts = [said("Hmm.", tokens=7), said(ANSWER, tokens=5)]
    verdicts = [said("2", tokens=1), said("Hm.", tokens=4), said("9", tokens=2)]
    record = Trial(folder, "published", drafts, verdicts).deepeyes()
    assert record.generated_tokens == 7 + 5 + 1 + 4 + 2
    assert [turn.generated_tokens for turn in record.turns] == [4, 5]
    assert [turn.latency_s for turn in record.turns] == [3 * SECONDS, 2 * SECONDS]
    assert record.latency_s == pytest.approx(5 * SECONDS)


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_unreadable_picture_is_an_error_of_its_sample_alone(folder, variant):
    agent = DeepEyes(folder / "deepeyes.yaml", {}, folder / "media")
    method = VARIANTS[variant](ScriptedEngine(), ScriptedEngine(), agent, SpecReasonSettings())
    record = method.answer(sample(image="torn.png"), Pictures(folder / "images"))
    assert (record.status, record.turns) == ("error", ())
    assert "torn.png" in record.error
