"""Questions that come while others are under way."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from pydantic import ValidationError
from scripted import sample, store_picture, sure
from speceyes.agents.deepeyes import DeepEyes
from speceyes.engines.base import Request
from speceyes.engines.shared import ServedModel, SharedModel
from speceyes.images import Pictures
from speceyes.method.draft import DraftSettings
from speceyes.method.funnel import Gate
from speceyes.method.load import OfferedQuestion, Service, closed_loop, draw_questions, poisson, run_load
from speceyes.method.load_settings import Arrivals, LoadSettings
from speceyes.prompts import PromptFile
from speceyes.records.types import AgentRecord
from test_funnel import PROMPTS

GATE = Gate("min", 8, 0.9)


def question(number: int, folder: Path = Path("images")) -> OfferedQuestion:
    return OfferedQuestion(sample(number), Pictures(folder), GATE)


def record(asked: OfferedQuestion) -> AgentRecord:
    return AgentRecord(sample_id=asked.sample.sample_id, answer="red", turns=(), tool_calls=0)


def test_a_closed_loop_has_so_many_questions_under_way_and_no_more():
    under_way, most, lock = 0, 0, threading.Lock()

    def ask(asked):
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.01)
        with lock:
            under_way -= 1
        return record(asked)

    finished = closed_loop(ask, [question(number) for number in range(12)], 3)
    assert most == 3
    assert [one.record.sample_id for one in finished] == [sample(number).sample_id for number in range(12)]
    assert all(one.latency_s >= 0.01 for one in finished)


def test_random_arrivals_wait_for_nobody():
    both = threading.Barrier(2, timeout=60)

    def ask(asked):
        both.wait()
        return record(asked)

    first, second = poisson(ask, [question(0), question(1)], [0.0, 0.05])
    assert first.latency_s >= 0.05
    assert second.latency_s < first.latency_s


def test_questions_are_drawn_from_all_splits_of_a_benchmark_the_same_for_the_same_seed():
    splits = [([sample(number) for number in range(s, s + 10)], Pictures(Path(f"images{s}"))) for s in (0, 10)]
    gates = {"bench": GATE}
    drawn = draw_questions(splits, gates, 12, seed=1)
    assert drawn == draw_questions(splits, gates, 12, seed=1) != draw_questions(splits, gates, 12, seed=2)
    assert len({one.sample.sample_id for one in drawn}) == 12
    assert {one.pictures.path("").name for one in drawn} == {"images0", "images10"}
    assert len(draw_questions(splits, gates, 99, seed=1)) == 20


class Model:
    """Answers by what it is asked: even questions need no tools, and the draft is sure of every other of those."""

    def generate(self, requests: list[Request]):
        return [
            self._answer("".join(part for part in one.messages[-1].parts if isinstance(part, str))) for one in requests
        ]

    @staticmethod
    def _answer(text: str):
        number = int(text.split("#")[1].split(maxsplit=1)[0])
        if "screening?" in text:
            return sure("No" if number % 2 == 0 else "Yes", 1.0)
        if "answer?" in text:
            return sure(f"draft {number}", 9.0 if number % 4 == 0 else 0.1)
        return sure(f"<answer>agent {number}</answer>", 1.0)


@pytest.fixture
def service(tmp_path):
    prompts = PROMPTS | {"question_with_options": "Q: #{question} {options}", "question": "Q: #{question} "}
    (tmp_path / "deepeyes.yaml").write_text(PromptFile.model_validate(prompts).model_dump_json())
    store_picture(tmp_path / "images")
    agent = DeepEyes(tmp_path / "deepeyes.yaml", {}, tmp_path / "media")
    with SharedModel(Model(), 8) as model:
        yield Service(
            name="deepeyes",
            agent=agent,
            models={"agent": model, "draft": ServedModel(Model())},
            screening="agent",
            prompts=PromptFile.model_validate(prompts),
            settings=DraftSettings(top_k=8),
        )


def numbered(number: int, folder: Path) -> OfferedQuestion:
    return OfferedQuestion(sample(number).model_copy(update={"question": f"{number}"}), Pictures(folder), GATE)


def test_under_any_load_every_question_has_the_answer_that_it_has_alone(service, tmp_path):
    questions = [numbered(number, tmp_path / "images") for number in range(12)]
    every = [Arrivals("closed", 1), Arrivals("closed", 5), Arrivals("closed", 16), Arrivals("poisson", 400.0)]
    records = list(run_load(service, questions, every, repeats=2, seed=0))
    assert len(records) == 2 * 2 * (12 + 12 + 16 + 12)
    for one in records:
        number = int(one.sample_id[-4:])
        drafted = one.system == "funnel" and number % 4 == 0
        assert one.answer == f"{'draft' if drafted else 'agent'} {number}"
        assert one.source == ("draft" if drafted else "agent")
        assert one.tool_free == (one.system == "funnel" and number % 2 == 0)
        assert one.latency_s > 0
    assert {one.draft_share for one in records if one.system == "agent"} == {0.0}
    assert min(one.draft_share for one in records if one.system == "funnel") > 0


@pytest.mark.parametrize(
    "given",
    [
        {"concurrency": [0]},
        {"rates": [0]},
        {"questions": 0},
        {"repeats": 0},
        {"concurrency": [2, 2]},
        {"concurrency": []},
        {"rate": [1]},
    ],
)
def test_a_load_that_nobody_can_offer_is_refused(given):
    with pytest.raises(ValidationError):
        LoadSettings.model_validate(given)
