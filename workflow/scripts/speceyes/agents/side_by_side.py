"""Conversations with models: one alone, or many in flight.

A conversation is a generator that yields whom to ask and what, is sent the generation, and returns what it came to.
A model in process answers the requests of a round as one batch, and what conversations do between two requests, such as
running a tool, is done for several at once: no more than the cores finish in good time, since model-written code has
seconds by the clock. Behind a server, which makes its own batches, no conversation waits for another.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from speceyes.engines.base import Engine, Generation, Request
from speceyes.records.batches import BatchSize, BatchTooLargeError
from speceyes.records.types import Record

R = TypeVar("R")
Record_ = TypeVar("Record_", bound=Record)
TOOLS_PER_CORE = 4
Conversation = Generator[tuple[Engine, Request], Generation, R]


@dataclass(frozen=True, slots=True, eq=False)
class _Asking(Generic[R]):
    """A conversation that waits for a generation."""

    conversation: Conversation[R]
    engine: Engine
    request: Request


@dataclass(frozen=True, slots=True)
class _Ended(Generic[R]):
    """What a conversation came to."""

    result: R


def alone(conversation: Conversation[R]) -> R:
    """One conversation to its end, as the paper's code runs it."""
    state = _sent(conversation, None)
    while isinstance(state, _Asking):
        (reply,) = state.engine.generate([state.request])
        state = _sent(conversation, reply)
    return state.result


def records_side_by_side(conversations: Iterable[Conversation[Record_]], size: BatchSize) -> Iterator[Record_]:
    """Records of all conversations, as they end; those of rounds that were cut to fit the memory say so.

    Args:
        conversations: begun one after the other, as there is room.
        size: how many are held at a time.
    """
    for record in side_by_side(conversations, size):
        yield record.model_copy(update={"batch_cut_to": size.cut_to})


def side_by_side(conversations: Iterable[Conversation[R]], size: BatchSize) -> Iterator[R]:
    """Results of all conversations, as they end; where one has ended the next begins.

    Each round asks one engine, that for which most conversations wait, as one batch; where a batch does not fit the
    memory, half of it goes on waiting, and all later rounds ask for no more.

    Args:
        conversations: begun one after the other, as there is room.
        size: how many are held at a time; bounds batch and memory.
    """
    coming = iter(conversations)
    asking: list[_Asking[R]] = []
    with ThreadPoolExecutor(min(size.now, TOOLS_PER_CORE * len(os.sched_getaffinity(0)))) as tools:
        while True:
            while new := list(islice(coming, max(size.now - len(asking), 0))):
                yield from _taken(tools.map(_sent, new, [None] * len(new)), asking)
            if not asking:
                return
            ((busiest, _),) = Counter(id(state.engine) for state in asking).most_common(1)
            asked = [state for state in asking if id(state.engine) == busiest][: size.now]
            try:
                replies = asked[0].engine.generate([state.request for state in asked])
            except BatchTooLargeError as error:
                if len(asked) == 1:
                    raise
                size.halve(len(asked), error)
                continue
            asking = [state for state in asking if state not in asked]
            yield from _taken(tools.map(_sent, [state.conversation for state in asked], replies), asking)


def independently(conversations: Iterable[Conversation[R]], places: int) -> Iterator[R]:
    """Results of conversations with models that many threads may ask, as they end; each in a thread of its own.

    Where one fails no other is begun, those under way go to their ends, and the failure is raised after their results.

    Args:
        conversations: begun one after the other, as there is room.
        places: how many are held at a time.
    """
    coming = iter(conversations)
    under_way: set[Future[R]] = set()
    failed: list[BaseException] = []
    with ThreadPoolExecutor(places) as threads:
        while True:
            if not failed:
                begun = islice(coming, places - len(under_way))
                under_way |= {threads.submit(alone, conversation) for conversation in begun}
            if not under_way:
                break
            ended, under_way = wait(under_way, return_when=FIRST_COMPLETED)
            failed += [error for one in ended if (error := one.exception())]
            yield from [one.result() for one in ended if one.exception() is None]
    if failed:
        raise failed[0]


def _sent(conversation: Conversation[R], reply: Generation | None) -> _Asking[R] | _Ended[R]:
    """The conversation's next request after a reply (None begins it), or its end."""
    try:
        engine, request = next(conversation) if reply is None else conversation.send(reply)
    except StopIteration as end:
        return _Ended(end.value)
    return _Asking(conversation, engine, request)


def _taken(states: Iterable[_Asking[R] | _Ended[R]], asking: list[_Asking[R]]) -> Iterator[R]:
    """Results of the conversations that have ended; those that ask on are added to the others."""
    for state in states:
        if isinstance(state, _Asking):
            asking.append(state)
        else:
            yield state.result
