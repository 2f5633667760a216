"""Conversations with models: one alone, and many of them with their requests as batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import pytest
from scripted import ScriptedEngine, said
from speceyes.agents.side_by_side import Conversation, alone, independently, records_side_by_side, side_by_side
from speceyes.engines.base import Engine, Generation, Message, Request
from speceyes.records.batches import BatchSize, BatchTooLargeError
from speceyes.records.types import Record


def asked(text: str) -> Request:
    return Request((Message("user", (text,)),), 5)


class Echo:
    """Says what it was asked; remembers the batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        self.batches.append([str(request.messages[0].parts[0]) for request in requests])
        return [said(text) for text in self.batches[-1]]


def talk(name: str, *engines: Engine) -> Conversation[str]:
    heard = []
    for number, engine in enumerate(engines):
        reply = yield engine, asked(f"{name}{number}")
        heard.append(reply.text)
    return "".join(heard)


def test_a_conversation_alone_asks_one_request_at_a_time():
    one, other = Echo(), Echo()
    assert alone(talk("a", one, other, one)) == "a0a1a2"
    assert (one.batches, other.batches) == ([["a0"], ["a2"]], [["a1"]])


def test_where_one_has_ended_the_next_begins_and_no_more_than_allowed_are_in_flight():
    engine = Echo()
    lengths = {"a": 1, "b": 3, "c": 2, "d": 1}
    results = list(side_by_side((talk(name, *[engine] * turns) for name, turns in lengths.items()), BatchSize(2)))
    assert engine.batches == [["a0", "b0"], ["b1", "c0"], ["b2", "c1"], ["d0"]]
    assert sorted(results) == ["a0", "b0b1b2", "c0c1", "d0"]


def test_each_round_asks_the_engine_for_which_most_wait():
    draft, agent = Echo(), Echo()
    talks = [talk("a", draft, agent), talk("b", draft, draft, agent), talk("c", draft, agent)]
    assert sorted(side_by_side(talks, BatchSize(3))) == ["a0a1", "b0b1b2", "c0c1"]
    assert draft.batches == [["a0", "b0", "c0"], ["b1"]]
    assert agent.batches == [["a1", "c1"], ["b2"]]


def test_one_that_ends_without_a_request_makes_room_at_once():
    engine = Echo()
    talks = [talk("a"), talk("b"), talk("c", engine), talk("d", engine)]
    assert sorted(side_by_side(talks, BatchSize(2))) == ["", "", "c0", "d0"]
    assert engine.batches == [["c0", "d0"]]


def test_none_are_begun_before_there_is_room():
    begun = []

    def coming():
        for name in "abc":
            begun.append(name)
            yield talk(name, Echo(), Echo())

    results = side_by_side(coming(), BatchSize(1))
    next(results)
    assert begun == ["a"]
    assert len(list(results)) == 2


def test_tools_of_a_round_run_at_once():
    """Each waits in its tool for the other: one after the other they would wait for ever."""
    together = threading.Barrier(2, timeout=30)

    def with_tool(engine: Engine) -> Conversation[int]:
        yield engine, asked("look")
        together.wait()
        return 1

    engine = Echo()
    assert sum(side_by_side([with_tool(engine), with_tool(engine)], BatchSize(2))) == 2


def test_tools_beyond_four_per_core_wait(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    places, crowded = threading.Semaphore(4), []

    def with_tool(engine: Engine) -> Conversation[None]:
        yield engine, asked("look")
        crowded.append(not places.acquire(blocking=False))
        time.sleep(0.02)
        places.release()

    engine = Echo()
    assert len(list(side_by_side([with_tool(engine) for _ in range(12)], BatchSize(12)))) == 12
    assert [len(batch) for batch in engine.batches] == [12]
    assert crowded == [False] * 12


def test_what_was_finished_is_there_before_an_engine_fails():
    def failing(engine: Engine) -> Conversation[str]:
        yield engine, asked("a")
        raise RuntimeError("no memory")

    engine = ScriptedEngine("x", "y")
    results = side_by_side([talk("a", engine), failing(engine)], BatchSize(2))
    assert next(results) == "x"
    with pytest.raises(RuntimeError, match="no memory"):
        next(results)


def test_a_round_that_does_not_fit_the_memory_is_halved_and_no_conversation_is_lost(capsys):
    class Small(Echo):
        def generate(self, requests):
            if len(requests) > 2:
                raise BatchTooLargeError(f"out of memory with {len(requests)} prompts")
            return super().generate(requests)

    engine = Small()
    results = list(side_by_side([talk(name, engine, engine) for name in "abcdef"], BatchSize(5)))
    assert sorted(results) == [f"{name}0{name}1" for name in "abcdef"]
    assert max(map(len, engine.batches)) == 2
    assert "out of memory with 5 prompts; going on with 2 at a time" in capsys.readouterr().err


def test_records_of_rounds_that_were_cut_say_so_and_a_resumed_job_begins_with_the_size_that_fitted(tmp_path):
    class FullAfterAWhile(Echo):
        def generate(self, requests):
            if len(self.batches) >= 2 and len(requests) > 2:
                raise BatchTooLargeError(f"out of memory with {len(requests)} prompts")
            return super().generate(requests)

    def episode(name: str, engine: Engine, turns: int) -> Conversation[Record]:
        for number in range(turns):
            yield engine, asked(f"{name}{number}")
        return Record(sample_id=name)

    engine, lengths = FullAfterAWhile(), {"a": 1, "b": 2, "c": 3, "d": 3, "e": 3, "f": 1}
    size = BatchSize(4, tmp_path / "batch")
    talks = (episode(name, engine, turns) for name, turns in lengths.items())
    cut = {record.sample_id: record.batch_cut_to for record in records_side_by_side(talks, size)}
    assert cut == {"a": 0, "b": 0, "c": 2, "d": 2, "e": 2, "f": 2}
    assert BatchSize(4, tmp_path / "batch").now == 2


def test_one_conversation_that_does_not_fit_stops_all():
    class TooSmall(Echo):
        def generate(self, requests):
            raise BatchTooLargeError("out of memory")

    with pytest.raises(BatchTooLargeError):
        list(side_by_side([talk("a", TooSmall())], BatchSize(4)))


def test_behind_a_server_no_conversation_waits_for_another():
    """The long one cannot end before all short ones have, one after the other, in the place beside it."""
    over = threading.Event()

    class Slow(Echo):
        def generate(self, requests):
            assert over.wait(timeout=30)
            return super().generate(requests)

    results = independently([talk("long", Slow()), *(talk(name, Echo(), Echo()) for name in "abc")], 2)
    assert [next(results) for _ in "abc"] == ["a0a1", "b0b1", "c0c1"]
    over.set()
    assert list(results) == ["long0"]


def test_independent_conversations_begin_only_where_there_is_room():
    begun = []

    def coming():
        for name in "abcd":
            begun.append(name)
            yield talk(name, Echo())

    results = independently(coming(), 2)
    next(results)
    assert len(begun) <= 3
    assert len(list(results)) == 3


def test_a_failure_behind_a_server_loses_nothing_that_was_under_way_and_begins_nothing_else():
    others_go_on = threading.Event()
    begun = []

    class Fails(Echo):
        def generate(self, requests):
            raise RuntimeError("refused")

    class Waits(Echo):
        def generate(self, requests):
            assert others_go_on.wait(timeout=30)
            return super().generate(requests)

    def coming():
        for engine in (Fails(), Waits(), Echo()):
            begun.append(engine)
            yield talk("x", engine)

    results = independently(coming(), 2)
    threading.Timer(0.2, others_go_on.set).start()
    assert next(results) == "x0"
    with pytest.raises(RuntimeError, match="refused"):
        next(results)
    assert len(begun) == 2
