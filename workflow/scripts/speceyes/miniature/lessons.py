"""What the language models are taught: token sequences with weights, images and supervised attention.

A row is one picture seen once (the prefix: system message and view) and several lines that each
start from it, one question and its transcript per line. Lines do not see each other. Texts come from
the prompt files and from :mod:`speceyes.miniature.transcripts`; the layout is that of the agents.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from speceyes.miniature.pool import Pool
from speceyes.miniature.questions import Kind, Question, random_question
from speceyes.miniature.scenes import COLORS, GRID, SHAPES, SIDES, Plate, Scene, Window, dot_token
from speceyes.miniature.transcripts import (
    COORDINATES,
    after_zoom,
    code_block,
    direct_step,
    draft_answer,
    tool_call,
)
from speceyes.prompts import Prompt, PromptFile, load_prompts
from speceyes.samples import Sample

VISUAL_TOKENS = GRID * GRID
FORMAT_WEIGHT = 0.2


@dataclass(frozen=True, slots=True)
class Attend:
    """A position that should attend to ``key`` in ``layer``; a negative key lies in the row's prefix (-1 = first)."""

    layer: int
    query: int
    key: int


@dataclass(slots=True)
class Line:
    """One question's tokens: ``weights`` is 0 on what the model is given; ``crop_at`` is where a crop's tokens start."""

    ids: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    attends: list[Attend] = field(default_factory=list)
    crop_at: int | None = None
    plate: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One picture and what is asked about it."""

    scene: int
    prefix: list[int]
    lines: list[Line]


class Vocabulary:
    """The tokens that lessons look for."""

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
        self.coordinates = {one(str(number)) for number in COORDINATES}
        self.sizes = {one(" plain"), one(" tiny")}
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


class Lessons:
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
        self._given(line, f"<|vision_end|>{text}{user}<|im_end|>\n<|im_start|>assistant\n")
        return line

    def _given(self, line: Line, text: str) -> None:
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
        self._given(line, before)
        line.crop_at = len(line.ids)
        line.ids += [self.vocabulary.image] * VISUAL_TOKENS
        line.weights += [0.0] * VISUAL_TOKENS
        self._given(line, after)

    def supervise(self, line: Line, scene: Scene, windows: Sequence[Window], question: Question, prefix: int) -> None:
        """Add the attention jobs of a finished line."""
        line.plate = scene.plates.index(question.plate)
        dot = dot_token(question.plate, windows[line.plate])
        line.attends = [*self._hops(line, scene, dot, prefix), *self._choices(line, question)]

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
                if line.crop_at is not None and i > line.crop_at:
                    found.append(Attend(1, i, line.crop_at + dot))
                elif plate is not None:
                    found.append(Attend(1, i, -(1 + prefix - VISUAL_TOKENS + GRID * plate.row + plate.column)))
        if ids[start] in v.verdicts or ids[start] in v.scores:
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


def _as_sample(question: Question) -> Sample:
    return Sample(
        sample_id="lesson", benchmark="", split="", question=question.text, options=question.options, gold=question.gold,
        gold_letter=question.gold_letter, category="", image="", image_id="", width=1, height=1,
    )  # fmt: skip


KINDS: tuple[Kind, ...] = ("color", "side", "presence")
Script = Callable[[Lessons, random.Random, Scene, Question], Line]


def _question(rng: random.Random, scene: Scene, plate: Plate | None = None) -> Question:
    return random_question(rng, scene, rng.choices(KINDS, (3, 3, 4))[0], plate or rng.choice(scene.plates))


def draft_line(lessons: Lessons, rng: random.Random, scene: Scene, question: Question) -> Line:
    """The draft answers in one pass."""
    file = lessons.prompts["draft"]
    line = lessons.ask(file, question, file.roles["answer"].user)
    lessons.say(line, draft_answer(question, question.word))
    return line


def screening_line(agent: str) -> Script:
    """Would tools help? Yes when the dot is tiny."""

    def write(lessons: Lessons, rng: random.Random, scene: Scene, question: Question) -> Line:
        file = lessons.prompts[agent]
        line = lessons.ask(file, question, file.roles["screening"].user)
        lessons.say(line, "yes" if question.plate.difficulty == "tiny" else "no")
        return line

    return write


def _fill(rng: random.Random, user: str) -> str:
    """Thyme's prompt names a path and a size."""
    side = rng.choice((896, 1344, 1792))
    name = f"{rng.getrandbits(4 * 32):032x}" if rng.random() < 0.5 else rng.choice(("input", "image", "picture"))
    folder = rng.choice(("/mnt/data/", "/mnt/data/images/", "/mnt/data/input_images/"))
    path = f"{folder}{name}.{rng.choice(('jpg', 'png'))}"
    return user.replace("{image_path}", path).replace("{width}", str(side)).replace("{height}", str(side))


def _show_result(lessons: Lessons, agent: str, line: Line) -> None:
    """The crop, in the words of each agent's protocol."""
    if agent == "deepeyes":
        user = lessons.prompts[agent].roles["agent"].user
        lessons.show_crop(
            line,
            "\n<|im_start|>user\n<tool_response><|vision_start|>",
            f"<|vision_end|>{user}</tool_response><|im_end|>\n<|im_start|>assistant\n",
        )
    else:
        lessons.show_crop(line, "<sandbox_output><|vision_start|>", "<|vision_end|></sandbox_output>")


def first_step(agent: str, plate: Plate) -> str:
    """The tool call or code an agent writes for a tiny dot."""
    return tool_call(plate) if agent == "deepeyes" else code_block(plate)


def episode_line(agent: str) -> Script:
    """A whole episode: direct when the dot is plain, else zoom, look, answer."""

    def write(lessons: Lessons, rng: random.Random, scene: Scene, question: Question) -> Line:
        file = lessons.prompts[agent]
        line = lessons.ask(file, question, _fill(rng, file.roles["agent"].user))
        if question.plate.difficulty == "plain":
            lessons.say(line, direct_step(question, question.word))
        else:
            lessons.say(line, first_step(agent, question.plate), end=agent == "deepeyes")
            _show_result(lessons, agent, line)
            lessons.say(line, after_zoom(question, question.word))
        return line

    return write


def proposal_line(agent: str) -> Script:
    """The draft proposes an agent's first step (SpecReason)."""

    def write(lessons: Lessons, rng: random.Random, scene: Scene, question: Question) -> Line:
        file = lessons.prompts[agent]
        line = lessons.ask(file, question, _fill(rng, file.roles["agent"].user))
        plain = question.plate.difficulty == "plain"
        lessons.say(line, direct_step(question, question.word) if plain else first_step(agent, question.plate))
        return line

    return write


def verify_line(agent: str) -> Script:
    """The agent scores a proposed step: 9 when it is right and can be known, 2 otherwise."""

    def write(lessons: Lessons, rng: random.Random, scene: Scene, question: Question) -> Line:
        file = lessons.prompts[agent]
        line = lessons.ask(file, question, _fill(rng, file.roles["agent"].user))
        tiny = question.plate.difficulty == "tiny"
        good = rng.random() < 0.5
        words = tuple(SIDES) if question.kind == "side" else tuple(COLORS)
        word = question.word if good else rng.choice([w for w in words if w != question.word])
        if tiny and good:
            step = first_step(agent, question.plate)
        else:
            step = direct_step(question, word)
        lessons._given(
            line, f"{step}<|im_end|>\n<|im_start|>user\n{file.roles['verify'].user}<|im_end|>\n<|im_start|>assistant\n"
        )
        lessons.say(line, "9" if good else "2")
        return line

    return write


@dataclass(frozen=True, slots=True)
class Course:
    """One kind of row: whose prompts, which role's system message, which script, how often."""

    file: str
    role: str
    script: Script
    share: float


COURSES: dict[str, Sequence[Course]] = {
    "draft": (
        Course("draft", "answer", draft_line, 7),
        Course("deepeyes", "agent", proposal_line("deepeyes"), 1.2),
        Course("thyme", "agent", proposal_line("thyme"), 1.0),
        Course("deepeyes", "screening", screening_line("deepeyes"), 0.5),
        Course("thyme", "screening", screening_line("thyme"), 0.5),
    ),
    **{
        agent: (
            Course(agent, "agent", episode_line(agent), 8),
            Course(agent, "screening", screening_line(agent), 1.0),
            Course(agent, "verify", verify_line(agent), 1.0),
        )
        for agent in ("deepeyes", "thyme")
    },
}


def write_row(lessons: Lessons, rng: random.Random, course: Course, pool: Pool, index: int, lines: int) -> Row:
    """One row of ``lines`` questions about one of the pool's scenes."""
    scene = pool.scenes[index]
    prefix = lessons.prefix(lessons.prompts[course.file].roles[course.role])
    written = []
    for _ in range(lines):
        question = _question(rng, scene)
        line = course.script(lessons, rng, scene, question)
        lessons.supervise(line, scene, pool.windows[index], question, len(prefix))
        written.append(line)
    return Row(index, prefix, written)
