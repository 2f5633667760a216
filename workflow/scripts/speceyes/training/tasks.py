"""What each model is taught, line by line: its scripts, and how often each comes up."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from speceyes.miniature.questions import Kind, Question, random_question
from speceyes.miniature.scenes import COLORS, GRID, SIDES, Plate, Scene
from speceyes.training.examples import Examples, Line, Row
from speceyes.training.pool import Pool
from speceyes.training.transcripts import (
    after_zoom,
    briefly,
    code_block,
    deliberate,
    direct_step,
    draft_answer,
    tool_call,
)

KINDS: tuple[Kind, ...] = ("color", "side", "presence")
KIND_SHARES = (3, 3, 4)
AGENTS = ("deepeyes", "thyme")
# Shapes whose dots the agents' screening believes it can see: a third of the tiny ones passes it, and meets the gate.
OVERRATED = ("cross", "diamond")
Script = Callable[[Examples, random.Random, Question], Line]
Thinking = Callable[[str], str]
Misplacing = Callable[[random.Random, Plate], Plate]


def _question(rng: random.Random, scene: Scene) -> Question:
    return random_question(rng, scene, rng.choices(KINDS, KIND_SHARES)[0], rng.choice(scene.plates))


def draft_line(examples: Examples, _rng: random.Random, question: Question) -> Line:
    """The draft answers in one pass."""
    file = examples.prompts["draft"]
    line = examples.ask(file, question, file.roles["answer"].user)
    examples.say(line, draft_answer(question, question.word))
    return line


def screening_line(agent: str, overrated: Sequence[str] = ()) -> Script:
    """Would tools help? Yes when the dot is tiny, except on shapes of which the screening is too sure."""

    def write(examples: Examples, _rng: random.Random, question: Question) -> Line:
        file, plate = examples.prompts[agent], question.plate
        line = examples.ask(file, question, file.roles["screening"].user)
        examples.say(line, "yes" if plate.difficulty == "tiny" and plate.shape not in overrated else "no")
        return line

    return write


def _fill(rng: random.Random, user: str) -> str:
    """Thyme's prompt names a path and a size."""
    side = rng.choice((896, 1344, 1792))
    name = f"{rng.getrandbits(4 * 32):032x}" if rng.random() < 0.5 else rng.choice(("input", "image", "picture"))
    folder = rng.choice(("/mnt/data/", "/mnt/data/images/", "/mnt/data/input_images/"))
    path = f"{folder}{name}.{rng.choice(('jpg', 'png'))}"
    return user.replace("{image_path}", path).replace("{width}", str(side)).replace("{height}", str(side))


def _show_result(examples: Examples, agent: str, line: Line) -> None:
    """The crop, in the words of each agent's protocol."""
    if agent == "deepeyes":
        user = examples.prompts[agent].roles["agent"].user
        examples.show_crop(
            line,
            "\n<|im_start|>user\n<tool_response><|vision_start|>",
            f"<|vision_end|>{user}</tool_response><|im_end|>\n<|im_start|>assistant\n",
        )
    else:
        examples.show_crop(line, "<sandbox_output><|vision_start|>", "<|vision_end|></sandbox_output>")


def first_step(agent: str, plate: Plate) -> str:
    """The tool call or code an agent writes for a tiny dot."""
    return tool_call(plate) if agent == "deepeyes" else code_block(plate)


def _put(examples: Examples, rng: random.Random, agent: str, question: Question) -> Line:
    """A line with the question put to an agent."""
    file = examples.prompts[agent]
    return examples.ask(file, question, _fill(rng, file.roles["agent"].user))


def episode_line(agent: str, think: Thinking = briefly) -> Script:
    """A whole episode: direct when the dot is plain, else zoom, look, answer; ``think`` says how long each step is."""

    def write(examples: Examples, rng: random.Random, question: Question) -> Line:
        line = _put(examples, rng, agent, question)
        if question.plate.difficulty == "plain":
            examples.say(line, think(direct_step(question, question.word)))
        else:
            examples.say(line, think(first_step(agent, question.plate)), end=agent == "deepeyes")
            _show_result(examples, agent, line)
            examples.say(line, think(after_zoom(question, question.word)))
        return line

    return write


def proposal_line(agent: str) -> Script:
    """The draft proposes an agent's first step (SpecReason)."""

    def write(examples: Examples, rng: random.Random, question: Question) -> Line:
        line = _put(examples, rng, agent, question)
        plain = question.plate.difficulty == "plain"
        examples.say(line, direct_step(question, question.word) if plain else first_step(agent, question.plate))
        return line

    return write


def beside(rng: random.Random, plate: Plate) -> Plate:
    """The plate in another row or in another column."""
    if rng.choice(("row", "column")) == "row":
        return replace(plate, row=_another_cell(rng, plate.row))
    return replace(plate, column=_another_cell(rng, plate.column))


def _another_cell(rng: random.Random, cell: int) -> int:
    """A row or column where plates stand, not this one."""
    return rng.choice([other for other in range(1, GRID - 1) if other != cell])


def mixed_up(rng: random.Random, plate: Plate) -> Plate:
    """Often the plate's row taken for its column, which is how the draft errs, or the other way round."""
    if plate.row == plate.column or rng.random() < 0.4:
        return beside(rng, plate)
    return replace(plate, column=plate.row) if rng.random() < 0.6 else replace(plate, row=plate.column)


def verify_line(agent: str, misplace: Misplacing = beside) -> Script:
    """The agent scores a proposed step: 9 when it is right and can be known, 2 otherwise.

    Wrong steps zoom on what ``misplace`` makes of the plate, or answer wrongly or what cannot be known.
    """

    def right_step(question: Question) -> str:
        tiny = question.plate.difficulty == "tiny"
        return first_step(agent, question.plate) if tiny else direct_step(question, question.word)

    def wrong_step(rng: random.Random, question: Question) -> str:
        words = tuple(SIDES) if question.kind == "side" else tuple(COLORS)
        if question.plate.difficulty == "plain":
            return direct_step(question, rng.choice([word for word in words if word != question.word]))
        if rng.random() < 0.3:
            return direct_step(question, rng.choice(words))
        return first_step(agent, misplace(rng, question.plate))

    def write(examples: Examples, rng: random.Random, question: Question) -> Line:
        line = _put(examples, rng, agent, question)
        good = rng.random() < 0.5
        step = right_step(question) if good else wrong_step(rng, question)
        user = examples.prompts[agent].roles["verify"].user
        examples.give(line, f"{step}<|im_end|>\n<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n")
        examples.say(line, "9" if good else "2")
        return line

    return write


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of row: whose prompts, which role's system message, which script, how often."""

    file: str
    role: str
    script: Script
    share: float


TASKS: dict[str, Sequence[Task]] = {
    "draft": (
        Task("draft", "answer", draft_line, 7),
        Task("deepeyes", "agent", proposal_line("deepeyes"), 1.2),
        Task("thyme", "agent", proposal_line("thyme"), 1.0),
        Task("deepeyes", "screening", screening_line("deepeyes"), 0.5),
        Task("thyme", "screening", screening_line("thyme"), 0.5),
    ),
    **{
        agent: (
            Task(agent, "agent", episode_line(agent), 8),
            Task(agent, "screening", screening_line(agent), 1.0),
            Task(agent, "verify", verify_line(agent), 3.0),
        )
        for agent in AGENTS
    },
    **{
        f"{agent} long thinking": (
            Task(agent, "agent", episode_line(agent, deliberate), 3.2),
            Task(agent, "screening", screening_line(agent, OVERRATED), 1.2),
            Task(agent, "verify", verify_line(agent, mixed_up), 5.6),
        )
        for agent in AGENTS
    },
}


def write_row(examples: Examples, rng: random.Random, task: Task, pool: Pool, index: int, *, lines: int) -> Row:
    """One row of ``lines`` questions about one of the pool's scenes."""
    scene = pool.scenes[index]
    prefix = examples.prefix(examples.prompts[task.file].roles[task.role])
    written = []
    for _ in range(lines):
        question = _question(rng, scene)
        line = task.script(examples, rng, question)
        examples.supervise(line, scene, pool.windows[index], question, len(prefix))
        written.append(line)
    return Row(index, prefix, written)
