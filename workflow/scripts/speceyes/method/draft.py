"""Phase II: the draft model answers in one pass, and what the gate needs is kept with the answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from speceyes.agents.base import between_tags
from speceyes.engines.base import Engine, Message, Request
from speceyes.images import ImageError, Pictures
from speceyes.method.ask import Outcome, ask
from speceyes.prompts import PromptError, PromptFile
from speceyes.records.samples import Sample
from speceyes.records.types import DraftRecord
from speceyes.runtime.provenance import digest

START_OF_THOUGHTS, END_OF_THOUGHTS = "<think>", "</think>"
NOT_FINITE = "the draft's log-probabilities are not finite; try another dtype or attention"


class DraftSettings(BaseModel):
    """What the draft model is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_new_tokens: int = Field(20, gt=0, description="Longest answer in tokens; 1024 for a Thinking draft.")
    thinking: bool = Field(False, description="A Thinking draft: without an end of thoughts there is no answer.")
    top_k: int = Field(128, ge=2, description="Largest log-probabilities kept per token; bounds every K asked later.")


class Drafter:
    """The draft model with its prompts: asks for answers and turns them into records.

    Raises:
        PromptError: the prompt file lacks the role ``answer``.
    """

    def __init__(self, engine: Engine, prompts: PromptFile, settings: DraftSettings) -> None:
        if "answer" not in prompts.roles:
            raise PromptError(f"the draft's prompt file has no role 'answer', only {sorted(prompts.roles)}")
        self._engine = engine
        self._prompts = prompts
        self._settings = settings

    def request(self, sample: Sample, image: Image.Image) -> Request:
        """The one question that is answered in one pass: system, if there is one, then image, question, instruction."""
        system, text = self._words(sample)
        opening = (Message("system", (system,)),) if system else ()
        return Request(
            (*opening, Message("user", (image, text))), self._settings.max_new_tokens, top_k=self._settings.top_k
        )

    def _words(self, sample: Sample) -> tuple[str, str]:
        prompt = self._prompts.roles["answer"]
        return prompt.system, self._prompts.question_text(sample, "answer") + prompt.user

    def prompt(self, sample: Sample) -> str:
        """A short name of picture and words as the model gets them: the same for samples that are asked the same."""
        return digest(sample.image, *self._words(sample))

    def answer(self, samples: Sequence[Sample], pictures: Pictures) -> list[DraftRecord]:
        """Answer one batch of samples."""
        outcomes = ask(self._engine, samples, pictures, self.request)
        thinking = self._settings.thinking
        return [
            draft_record(sample, outcome, thinking).model_copy(update={"prompt": self.prompt(sample)})
            for sample, outcome in zip(samples, outcomes, strict=True)
        ]


def draft_record(sample: Sample, outcome: Outcome, thinking: bool = False) -> DraftRecord:
    """The outcome as a record; its tokens are all that were generated, its text the answer alone.

    Status ``empty`` means that the model ended before its first token; ``no_answer`` that it was cut
    while still thinking; ``error`` that there is no usable answer. All three have no tokens, hence
    confidence 0, and the agent takes the sample.
    """
    if isinstance(outcome, ImageError):
        return _failed(sample, str(outcome))
    if outcome.top_logprobs is None or not np.isfinite(outcome.top_logprobs).all():
        return _failed(sample, NOT_FINITE)
    text = answer_of(outcome.text, thinking)
    status = "empty" if not outcome.tokens else "no_answer" if text is None else "ok"
    usable = status == "ok"
    return DraftRecord(
        sample_id=sample.sample_id,
        status=status,
        latency_s=outcome.latency_s,
        generated_tokens=len(outcome.tokens),
        stuck_generations=int(outcome.stuck),
        text=text or "",
        tokens=outcome.tokens if usable else (),
        token_ids=outcome.token_ids if usable else (),
        top_logprobs=_shortest(outcome.top_logprobs) if usable else (),
    )


def answer_of(text: str, thinking: bool) -> str | None:
    """What a draft's text answers: what follows its thoughts, and stands between answer tags where both are there.

    None where the thoughts do not end: a Thinking draft's template may open them in the prompt.
    """
    if END_OF_THOUGHTS not in text and (thinking or text.lstrip().startswith(START_OF_THOUGHTS)):
        return None
    answer = text.rpartition(END_OF_THOUGHTS)[2].lstrip()
    tagged = between_tags(answer)
    return answer if tagged is None else tagged


def _failed(sample: Sample, error: str) -> DraftRecord:
    return DraftRecord(sample_id=sample.sample_id, status="error", error=error, text="", tokens=(), top_logprobs=())


def _shortest(values: npt.NDArray[np.float32]) -> tuple[tuple[float, ...], ...]:
    """Floats with the shortest decimals that still give back the same float32: half the journal's bytes."""
    return tuple(tuple(float(str(value)) for value in row) for row in values)
