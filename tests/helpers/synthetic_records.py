"""Samples and what models answer to them, drawn from a seed.

Every sample has a hidden difficulty. The draft is right and peaked where it is easy, the agents zoom
where it is hard, and answers are worded as models word them, so that rules and judge both get work.
"""

from __future__ import annotations

import zlib

import numpy as np
from speceyes.records.passes import COMMON
from speceyes.records.samples import LETTERS, Sample
from speceyes.records.types import AgentRecord, DraftRecord, ScreenRecord, ToolUse, Turn

COLOURS = ("red", "green", "blue", "yellow")
ROTATIONS = {"hrbench": 4, "pope": 6, "vstar": 1}  # questions about one image
STORED_K = 32


class DrawnSplit:
    """One split's samples with their hidden difficulties."""

    def __init__(
        self, benchmark: str, split: str, count: int, errors: tuple[float, float], generator: np.random.Generator
    ) -> None:
        self.benchmark, self.split = benchmark, split
        self._generator = generator
        share, self._error_seconds = errors
        self._errors = generator.random(count) < share
        per_image = ROTATIONS[benchmark]
        self._difficulty = np.repeat(generator.beta(0.9, 1.1, size=-(-count // per_image)), per_image)[:count]
        self._right = generator.random(count) < 1.02 - 0.75 * self._difficulty
        self.samples = [self._sample(number, number // per_image) for number in range(count)]

    def _sample(self, number: int, image: int) -> Sample:
        named = {"benchmark": self.benchmark, "split": self.split, "image": f"{image}.png", "category": ""}
        named |= {"sample_id": f"{self.benchmark}/{self.split}/{number:04d}", "image_id": f"{self.benchmark}{image}"}
        if self.benchmark == "pope":
            gold = ("yes", "no")[number % 2]
            question = {"question": f"Is there a {COLOURS[number % 4]} dot?", "options": (), "gold_letter": ""}
        else:
            gold = COLOURS[number % 4]
            turned = tuple(np.roll(COLOURS, number // 4).tolist())
            letter = LETTERS[turned.index(gold)]
            question = {"question": "What is the color of the dot?", "options": turned, "gold_letter": letter}
        return Sample(**named, **question, gold=gold, width=900, height=900)

    def _text(self, sample: Sample, right: bool) -> str:
        """A right or wrong answer in one of the ways that models word it."""
        if not sample.options:
            word = sample.gold if right else {"yes": "no", "no": "yes"}[sample.gold]
            return self._generator.choice([word, word.capitalize(), f"{word.capitalize()}, I see it."])
        wrong = [letter for letter in LETTERS[: len(sample.options)] if letter != sample.gold_letter]
        letter = sample.gold_letter if right else self._generator.choice(wrong)
        text = sample.options[LETTERS.index(letter)]
        return self._generator.choice([letter, f"{letter}. {text}", f"The color is {text}.", f"{text} or so, maybe"])

    def drafts(self, batch: int, wording: str = COMMON) -> list[DraftRecord]:
        """Draft answers: peaked logits where the sample is easy, flatter where it is hard."""
        words = "" if wording == COMMON else wording
        return [self._draft(number, sample, batch, words) for number, sample in enumerate(self.samples)]

    def _draft(self, number: int, sample: Sample, batch: int, words: str) -> DraftRecord:
        """One draft answer; padding and other words move logits a little and now and then turn an answer."""
        seconds = 0.02 + 0.1 / batch
        local = np.random.default_rng(hash_of(sample.sample_id))
        tokens = int(local.integers(2, 14))
        peak = 4.5 + 7.0 * (1 - self._difficulty[number]) * (1.0 if self._right[number] else 0.75)
        logits = local.normal(0.0, 1.0, size=(tokens, STORED_K))
        logits[:, 0] = logits.max(axis=1) + np.maximum(0.05, peak - 3 + local.normal(0.6, 1.0, size=tokens))
        turned = np.random.default_rng(hash_of(sample.sample_id + words) + batch)
        right = bool(self._right[number]) != (turned.random() < 0.05)
        ranked = -np.sort(-logits - turned.normal(0.0, 0.01, size=logits.shape), axis=1)
        log_probabilities = ranked - np.log(np.exp(ranked).sum(axis=1, keepdims=True))
        return DraftRecord(
            sample_id=sample.sample_id,
            latency_s=seconds * float(local.uniform(0.9, 1.1)),
            generated_tokens=tokens,
            text=DrawnSplit._text(self._seeded(local), sample, right),
            tokens=("t",) * tokens,
            top_logprobs=tuple(map(tuple, log_probabilities.tolist())),
        )

    def _seeded(self, generator: np.random.Generator) -> DrawnSplit:
        twin = object.__new__(DrawnSplit)
        twin._generator = generator
        return twin

    def screens(self, agent: str, batch: int) -> list[ScreenRecord]:
        """Hard samples mostly ask for tools; agents and, rarely, batch sizes disagree."""
        records = []
        for number, sample in enumerate(self.samples):
            local = np.random.default_rng(hash_of(f"{agent}{sample.sample_id}"))
            tool_free = bool(local.random() < 1.1 - 0.9 * self._difficulty[number] + 0.05 / batch)
            seconds = (0.02 + 0.08 / batch) * float(local.uniform(0.9, 1.1))
            text = "No." if tool_free else "Yes"
            records.append(
                ScreenRecord(
                    sample_id=sample.sample_id, latency_s=seconds, generated_tokens=2, text=text, tool_free=tool_free
                )
            )
        return records

    def episodes(self, agent: str, slower: float) -> list[AgentRecord]:
        """Episodes that zoom on hard samples; a few end in an error."""
        skill = {"deepeyes": 0.9, "thyme": 0.87}.get(agent, 0.85)
        return [self._episode(number, sample, skill, slower) for number, sample in enumerate(self.samples)]

    def _episode(self, number: int, sample: Sample, skill: float, slower: float) -> AgentRecord:
        generator = self._generator
        if self._errors[number]:
            return AgentRecord(
                sample_id=sample.sample_id,
                status="no_answer",
                latency_s=self._error_seconds,
                answer="",
                turns=(),
                tool_calls=0,
            )
        calls = int(generator.binomial(3, 0.15 + 0.6 * self._difficulty[number]))
        zoom = ToolUse(name="zoom", status="ok", box=(0, 0, 64, 64), latency_s=0.01)
        turns = tuple(
            Turn(
                text="",
                generated_tokens=20,
                latency_s=0.25 * slower * float(generator.uniform(0.8, 1.2)),
                tool=zoom if turn < calls else None,
                author="draft" if slower > 1 and turn % 2 == 0 else "agent",
                score=(8 if turn % 2 == 0 else 4) if slower > 1 else None,
            )
            for turn in range(calls + 1)
        )
        right = bool(generator.random() < skill - 0.15 * self._difficulty[number])
        return AgentRecord(
            sample_id=sample.sample_id,
            latency_s=sum(turn.latency_s + (turn.tool.latency_s if turn.tool else 0) for turn in turns),
            generated_tokens=20 * len(turns),
            answer=self._text(sample, right),
            turns=turns,
            tool_calls=calls,
        )


def hash_of(text: str) -> int:
    """A seed that is the same in every process."""
    return zlib.crc32(text.encode())
