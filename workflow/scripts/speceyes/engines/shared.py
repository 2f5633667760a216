"""One model that many threads ask at once, as a service: waiting requests become batches, its busy time is counted."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field

from speceyes.engines.base import Engine, Generation, Request


class Busy:
    """How many seconds there was work: overlapping stretches count once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way = 0
        self._since = 0.0
        self._seconds = 0.0

    @contextmanager
    def working(self) -> Iterator[None]:
        """Work that lasts as long as the context."""
        with self._lock:
            self._under_way += 1
            if self._under_way == 1:
                self._since = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= 1
                if self._under_way == 0:
                    self._seconds += time.perf_counter() - self._since

    @property
    def seconds(self) -> float:
        """Seconds of work so far, what is under way included."""
        with self._lock:
            return self._seconds + (time.perf_counter() - self._since if self._under_way else 0.0)


@dataclass(slots=True)
class _Waiting:
    """A request in a queue and where its answer goes."""

    queue: str
    request: Request
    answer: Future[Generation] = field(default_factory=Future)


class SharedModel:
    """A model that threads ask through its queues; asked in no more than one batch at a time.

    Whatever waits in a queue while the model works is the next batch, the queue of the longest waiting request first.
    Queues keep apart what differs in length: an answer of one word does not wait for the end of a tool loop's turn.

    Args:
        engine: answers one batch at a time.
        largest_batch: requests in a batch at most.

    Attributes:
        busy: how long the model was at work.
    """

    def __init__(self, engine: Engine, largest_batch: int) -> None:
        self.busy = Busy()
        self._engine = engine
        self._largest = largest_batch
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._worker = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> SharedModel:
        self._worker.start()
        return self

    def __exit__(self, *exc: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._worker.join()

    def queue(self, name: str) -> Engine:
        """The model as an engine whose requests wait in a queue of that name."""
        return _Queue(self, name)

    def ask(self, queue: str, requests: Sequence[Request]) -> list[Generation]:
        """Answer requests in order; waits until the model has worked through them."""
        waiting = [_Waiting(queue, request) for request in requests]
        with self._changed:
            self._waiting += waiting
            self._changed.notify()
        return [one.answer.result() for one in waiting]

    def _work(self) -> None:
        while batch := self._next_batch():
            try:
                with self.busy.working():
                    answers = self._engine.generate([one.request for one in batch])
            except Exception as error:
                for one in batch:
                    one.answer.set_exception(error)
            else:
                for one, answer in zip(batch, answers, strict=True):
                    one.answer.set_result(answer)

    def _next_batch(self) -> list[_Waiting]:
        """What waits in the queue of the longest waiting request; empty once the model is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return []
            queue = self._waiting[0].queue
            batch = [one for one in self._waiting if one.queue == queue][: self._largest]
            chosen = set(map(id, batch))
            self._waiting = deque(one for one in self._waiting if id(one) not in chosen)
            return batch


@dataclass(frozen=True, slots=True)
class _Queue:
    """One queue of a shared model."""

    model: SharedModel
    name: str

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        return self.model.ask(self.name, requests)


class ServedModel:
    """A model whose server takes requests of many threads at once and batches them itself.

    Attributes:
        busy: how long the server had a request to answer.
    """

    def __init__(self, engine: Engine) -> None:
        self.busy = Busy()
        self._engine = engine

    def queue(self, name: str) -> Engine:  # noqa: ARG002 - the server has one queue
        """The model as an engine."""
        return self

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        """Answer requests in order."""
        with self.busy.working():
            return self._engine.generate(requests)
