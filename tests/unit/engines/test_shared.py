"""One model asked by many threads."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from scripted import said
from speceyes.engines.base import EngineError, Message, Request
from speceyes.engines.shared import Busy, ServedModel, SharedModel


def request(text: str) -> Request:
    return Request((Message("user", (text,)),), 5)


class Echo:
    """Says what it is asked, once it may; remembers its batches."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.batches: list[list[str]] = []
        self.at_once = threading.Lock()

    def generate(self, requests):
        assert self.at_once.acquire(blocking=False), "two batches at once"
        words = [one.messages[0].parts[0] for one in requests]
        self.batches.append(words)
        self.may_answer.wait(5)
        self.at_once.release()
        if "bad" in words:
            raise EngineError("no")
        return [said(word) for word in words]


def ask_all(model: SharedModel, engine: Echo, *words: tuple[str, str]) -> list[str]:
    """One thread per word; all but the first ask while the model works on the first."""
    with ThreadPoolExecutor(len(words)) as threads:
        asked = []
        for queue, word in words:
            asked.append(threads.submit(model.queue(queue).generate, [request(word)]))
            while len(asked) == 1 and not engine.batches:
                time.sleep(0.001)
            while len(asked) > 1 and len(model._waiting) < len(asked) - 1:
                time.sleep(0.001)
        engine.may_answer.set()
        return [one.result()[0].text for one in asked]


def test_what_waits_while_the_model_works_is_its_next_batch():
    engine = Echo()
    with SharedModel(engine, 8) as model:
        assert ask_all(model, engine, *(("loop", word) for word in "abcd")) == list("abcd")
    assert engine.batches == [["a"], ["b", "c", "d"]]


def test_a_batch_is_no_larger_than_allowed():
    engine = Echo()
    with SharedModel(engine, 2) as model:
        ask_all(model, engine, *(("loop", word) for word in "abcdef"))
    assert engine.batches == [["a"], ["b", "c"], ["d", "e"], ["f"]]


def test_queues_do_not_mix_and_the_longest_waiting_is_first():
    engine = Echo()
    with SharedModel(engine, 8) as model:
        ask_all(model, engine, ("loop", "a"), ("screening", "b"), ("loop", "c"), ("screening", "d"))
    assert engine.batches == [["a"], ["b", "d"], ["c"]]


def test_an_error_reaches_those_who_asked_and_the_model_goes_on():
    engine = Echo()
    engine.may_answer.set()
    with SharedModel(engine, 8) as model:
        with pytest.raises(EngineError, match="no"):
            model.queue("loop").generate([request("bad")])
        assert model.queue("loop").generate([request("good"), request("also")])[1].text == "also"
    assert model.busy.seconds > 0


def test_work_that_overlaps_counts_once():
    busy = Busy()
    started = time.perf_counter()
    with busy.working(), busy.working():
        time.sleep(0.05)
    assert 0.05 <= busy.seconds <= time.perf_counter() - started


def test_a_served_model_is_asked_by_all_at_once():
    both = threading.Barrier(2, timeout=60)

    class Server:
        def generate(self, requests):
            both.wait()
            return [said("yes")]

    model = ServedModel(Server())
    with ThreadPoolExecutor(2) as threads:
        asked = [threads.submit(model.queue("loop").generate, [request("?")]) for _ in range(2)]
        assert [one.result()[0].text for one in asked] == ["yes", "yes"]
