"""Phase I: would tools help? One short generation per sample; "no" makes the sample tool-free."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PIL import Image

from speceyes.engines.base import Engine, Request
from speceyes.images import ImageError, Pictures
from speceyes.method.ask import Outcome, ask
from speceyes.records.samples import Sample
from speceyes.records.types import ScreenRecord


class Screener(Protocol):
    """Whoever words the screening question: an agent, whichever model it is put to."""

    def screen_request(self, sample: Sample, image: Image.Image) -> Request: ...


def screen(engine: Engine, screener: Screener, samples: Sequence[Sample], pictures: Pictures) -> list[ScreenRecord]:
    """Screen one batch of samples."""
    outcomes = ask(engine, samples, pictures, screener.screen_request)
    return [screen_record(sample, outcome) for sample, outcome in zip(samples, outcomes, strict=True)]


def screen_record(sample: Sample, outcome: Outcome) -> ScreenRecord:
    """The outcome as a record; a sample without a readable image is an error and not tool-free."""
    if isinstance(outcome, ImageError):
        return ScreenRecord(sample_id=sample.sample_id, status="error", error=str(outcome), text="", tool_free=False)
    return ScreenRecord(
        sample_id=sample.sample_id,
        latency_s=outcome.latency_s,
        generated_tokens=len(outcome.tokens),
        stuck_generations=int(outcome.stuck),
        text=outcome.text,
        tool_free=is_tool_free(outcome.text),
    )


def is_tool_free(text: str) -> bool:
    """The published rule: the text, lower-cased, starts with "no"."""
    return text.lower().startswith("no")
