"""What the language models are taught: token sequences with weights, images and supervised attention.

A row is one picture seen once (the prefix: system message and view) and several lines that each
start from it, one question and its transcript per line. Lines do not see each other. Texts come from
the prompt files and from :mod:`speceyes.training.transcripts`; the layout is that of the agents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from speceyes.miniature.questions import Question
from speceyes.miniature.scenes import COLORS, GRID, SHAPES, SIDES, Plate, Scene, Window, dot_token
from speceyes.prompts import Prompt, PromptFile, load_prompts
from speceyes.records.samples import Sample
from speceyes.training.transcripts import COORDINATES, looks_wanted, zoom_box

VISUAL_TOKENS = GRID * GRID
FORMAT_WEIGHT = 0.2


@dataclass(frozen=True, slots=True)
class Attend:
    """A position that should attend to ``key`` in ``layer``; a negative key lies in the row's prefix (-1 = first)."""

    layer: int
    query: int
    key: int


@dataclass(frozen=True, slots=True)
class ClaimToken:
    """A token of a proposed step that says something about the shape mentioned at ``shape``."""

    at: int
    shape: int
    true: bool


@dataclass(slots=True)
class Line:
    """One question's tokens; ``weights`` is 0 on what the model is given, ``crops`` are where crops begin."""

    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    attends: list[Attend] = field(default_factory=list)
    crops: list[int] = field(default_factory=list)
    plate: int = 0

    def crops_before(self, position: int) -> list[int]:
        """Where the crops start that a position has behind it."""
        return [start for start in self.crops if start < position]


@dataclass(frozen=True, slots=True)
class Row:
    """One picture and what is asked about it."""

    scene: int
    prefix: list[int]
    lines: list[Line]


class Vocabulary:
    """The tokens that examples look for."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        self.encode = lru_cache(maxsize=20_000)(self._encode)
        one = self._one
        self.image = one("<|image_pad|>")
        self.end = one("<|im_end|>")
        self.full_stop = one(".")
        self.shapes = {one(f" {shape}"): shape for shape in SHAPES}
        self.words = {one(f" {word}"): word for word in (*COLORS, *SIDES)}
        self.letters = {one(f"{space}{letter}"): letter for letter in "ABCD" for space in ("", " ")}
        self.coordinates = {one(str(number)): number for number in COORDINATES}
        self.sizes = {one(f" {size}"): size for size in ("plain", "tiny")}
        self.verdicts = {one(f"{space}{word}") for word in ("yes", "no") for space in ("", " ")}
        self.scores = {one(digit) for digit in "0123456789"}
        self.informative = (
            {*self.words, *self.letters, *self.coordinates, *self.sizes, *self.verdicts, *self.shapes}
            | self.scores
            | {one(" color"), one(" side")}
        )

    def _encode(self, text: str) -> tuple[int, ...]:
        return tuple(self.tokenizer(text).input_ids)

    def _one(self, text: str) -> int:
        (token,) = self.tokenizer(text).input_ids
        return int(token)


class Examples:
    """Writes rows for one model from its prompt files."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, prompts: Path) -> None:
        self.vocabulary = Vocabulary(tokenizer)
        self.prompts = {name: load_prompts(prompts / f"{name}.yaml") for name in ("draft", "deepeyes", "thyme")}

    def prefix(self, prompt: Prompt) -> list[int]:
        """System message, opened user message, view."""
        encode = self.vocabulary.encode
        opened = encode(f"<|im_start|>system\n{prompt.system}<|im_end|>\n<|im_start|>user\n<|vision_start|>")
        return [*opened, *[self.vocabulary.image] * VISUAL_TOKENS]

    def ask(self, file: PromptFile, question: Question, user: str) -> Line:
        """A line with its question put and the assistant's turn opened."""
        line = Line()
        text = file.question_text(_as_sample(question))
        self.give(line, f"<|vision_end|>{text}{user}<|im_end|>\n<|im_start|>assistant\n")
        return line

    def give(self, line: Line, text: str) -> None:
        """Text that the model is shown and does not learn to write."""
        ids = self.vocabulary.encode(text)
        line.ids += ids
        line.weights += [0.0] * len(ids)

    def say(self, line: Line, text: str, *, end: bool = True) -> None:
        """Text that the model should write, with end of turn if it is one."""
        ids = [*self.vocabulary.encode(text), *([self.vocabulary.end] if end else [])]
        line.ids += ids
        line.weights += [1.0 if token in self.vocabulary.informative else FORMAT_WEIGHT for token in ids]

    def show_crop(self, line: Line, before: str, after: str) -> None:
        """A crop of the asked plate between two given texts."""
        self.give(line, before)
        line.crops.append(len(line.ids))
        line.ids += [self.vocabulary.image] * VISUAL_TOKENS
        line.weights += [0.0] * VISUAL_TOKENS
        self.give(line, after)

    def supervise(self, line: Line, scene: Scene, windows: Sequence[Window], question: Question, prefix: int) -> None:
        """Add the attention jobs of a finished line."""
        line.plate = scene.plates.index(question.plate)
        dot = dot_token(question.plate, windows[line.plate])
        found = [*self._hops(line, scene, dot, prefix), *self._choices(line, question), *self._doubts(line, question)]
        line.attends = found

    def _hops(self, line: Line, scene: Scene, dot: int, prefix: int) -> list[Attend]:
        """Shape word to its visual token; then whatever reads an attribute to the shape word."""
        v, ids = self.vocabulary, line.ids
        start = next(i for i, weight in enumerate(line.weights) if weight)
        plates = {plate.shape: plate for plate in scene.plates}
        found: list[Attend] = []
        shape_at = -1
        for i, token in enumerate(ids):
            states_size = token in v.sizes and ids[i - 2] in v.shapes
            if line.weights[i] and shape_at >= 0 and (token in v.coordinates or states_size):
                found.append(Attend(2, i - 1, shape_at))
            if token in v.words and line.weights[i] and ids[i - 2] in v.shapes:
                found += [Attend(2, i - 1, i - 2), Attend(0, i - 1, i - 8)]
            if token in v.shapes:
                shape_at = i
                plate = plates.get(v.shapes[token])
                if crops := line.crops_before(i):
                    found.append(Attend(1, i, crops[-1] + dot))
                elif plate is not None:
                    found.append(Attend(1, i, -(1 + prefix - VISUAL_TOKENS + GRID * plate.row + plate.column)))
        if ids[start] in v.verdicts:
            first = next(i for i, token in enumerate(ids) if token in v.shapes)
            found.append(Attend(2, start - 1, first))
        return found

    def _choices(self, line: Line, question: Question) -> list[Attend]:
        """Option word to its letter; the position that chooses to the found word and to the matching option."""
        v, ids = self.vocabulary, line.ids
        start = next(i for i, weight in enumerate(line.weights) if weight)
        options = {
            v.words[ids[i]]: i
            for i in range(start)
            if ids[i] in v.words and (not question.options or ids[i - 1] == v.full_stop)
        }
        found = [Attend(0, i, i - 2) for i in options.values()] if question.options else []
        word_at = -1
        for i in range(start, len(ids)):
            if line.weights[i] and word_at >= 0 and (ids[i] in v.letters or ids[i] in v.verdicts):
                target = options.get(v.words[ids[word_at]], -1)
                found += [Attend(0, i - 1, word_at), Attend(2, i - 1, target)]
            if ids[i] in v.words:
                word_at = i
        return found

    def _doubts(self, line: Line, question: Question) -> list[Attend]:
        """Scores rest on claims: each looks at its plate, the score at the first false one, else at the step's end."""
        start = next(i for i, weight in enumerate(line.weights) if weight)
        if line.ids[start] not in self.vocabulary.scores:
            return []
        claims = self._claims(line, start, question)
        end_of_step = line.ids.index(self.vocabulary.end, claims[-1].at)
        seen = next((claim.at for claim in claims if not claim.true), end_of_step)
        return [*(Attend(2, claim.at, claim.shape) for claim in claims), Attend(3, start - 1, seen)]

    def _claims(self, line: Line, stop: int, question: Question) -> list[ClaimToken]:
        """What is said about the asked plate: how large its dot is, its color or side, the corners of its box."""
        v, plate = self.vocabulary, question.plate
        found: list[ClaimToken] = []
        shape_at, corners = -1, iter(zoom_box(plate))
        for i, token in enumerate(line.ids[:stop]):
            if token in v.shapes:
                shape_at, corners = i, iter(zoom_box(plate))
            elif token in v.coordinates:
                found.append(ClaimToken(i, shape_at, v.coordinates[token] == next(corners)))
            elif shape_at == i - 2 and token in v.sizes:
                found.append(ClaimToken(i, shape_at, _is_size(v.sizes[token], plate, len(line.crops_before(i)))))
            elif shape_at == i - 2 and token in v.words:
                found.append(ClaimToken(i, shape_at, v.words[token] == question.word))
        return found


def _is_size(said: str, plate: Plate, looks: int) -> bool:
    """Whether a plate's dot can be said to be plain or tiny after so many looks: it is tiny while another is due."""
    if looks == 0:
        return said == plate.difficulty
    return said == "plain" or looks < looks_wanted(plate)


def _as_sample(question: Question) -> Sample:
    """The question as prompt files expect it, with nothing else filled in."""
    return Sample(
        sample_id="example",
        benchmark="",
        split="",
        question=question.text,
        options=question.options,
        gold=question.gold,
        gold_letter=question.gold_letter,
        category="",
        image="",
        image_id="",
        width=1,
        height=1,
    )
