"""Generations recalled by their prompts: what ran under one protocol is not generated again under the other.

Decoding is greedy, so that an equal prompt has an equal answer. A record keeps the digest of every
prompt; a pass under the other protocol looks its own prompts up there and asks the model only from
where they differ. So an episode that never meets a rule in which the protocols differ costs no model time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

from speceyes.engines.base import Engine, Generation, Request
from speceyes.records.tables import read_table
from speceyes.records.types import AgentRecord, Turn


def prompt_digest(request: Request, known: dict[int, str] | None = None) -> str:
    """A short name of everything that a generation depends on: messages, pictures' pixels, limits and stops.

    Args:
        request: what is asked.
        known: digests of pictures by identity, filled here; the caller keeps the pictures alive.
    """
    known = {} if known is None else known
    digest = hashlib.blake2b(digest_size=12)
    limits = (request.max_new_tokens, request.stop, request.opens, request.ignore_end_of_text, request.tools)
    digest.update(repr(limits).encode())
    for message in request.messages:
        parts = [part if isinstance(part, str) else (_picture_digest(part, known),) for part in message.parts]
        digest.update(repr((message.role, _joined(parts))).encode())
    return digest.hexdigest()


def _joined(parts: Sequence[str | tuple[str]]) -> list[str | tuple[str]]:
    """Neighbouring texts as one, since a model reads them so."""
    joined: list[str | tuple[str]] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, str) and isinstance(last, str):
            joined[-1] = last + part
        else:
            joined.append(part)
    return joined


def _picture_digest(picture: Image.Image, known: dict[int, str]) -> str:
    if id(picture) not in known:
        pixels = hashlib.blake2b(picture.tobytes(), digest_size=12).hexdigest()
        known[id(picture)] = f"{picture.mode} {picture.width} x {picture.height} {pixels}"
    return known[id(picture)]


class RecallingEngine:
    """Answers from records what they hold an answer to, with the time that it took, and asks an engine for the rest.

    Args:
        engine: the same model, under the same settings, as wrote the records.
        records: another protocol's.

    Attributes:
        asked: how many generations the engine was asked for.
    """

    def __init__(self, engine: Engine, records: Iterable[AgentRecord]) -> None:
        self._engine = engine
        turns = (turn for record in records for turn in record.turns)
        self._known = {turn.prompt: turn for turn in turns if turn.prompt and turn.author == "agent"}
        self.asked = 0

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        """Answer all requests in order, those that no record answers as one batch."""
        found = [self._known.get(prompt_digest(request)) for request in requests]
        new = [request for request, turn in zip(requests, found, strict=True) if turn is None]
        self.asked += len(new)
        generated = iter(self._engine.generate(new) if new else [])
        return [next(generated) if turn is None else _generation(turn) for turn in found]


def recalling(engine: Engine, tables: Sequence[Path]) -> Engine:
    """An engine that recalls what an agent's tables hold; itself where there are none."""
    if not tables:
        return engine
    return RecallingEngine(engine, (record for table in tables for record in read_table(table, AgentRecord)))


def _generation(turn: Turn) -> Generation:
    # Ids and pieces are not kept in records; loops use text, cost and the end, and whether it is one token repeated.
    ids = (0,) * turn.generated_tokens if turn.stuck else tuple(range(turn.generated_tokens))
    return Generation(turn.text, ids, ("",) * len(ids), 0, turn.stop_reason, turn.latency_s)
