"""What each model is taught, line by line: its scripts, and how often each comes up."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from speceyes.miniature.questions import Kind, Question, random_question
from speceyes.miniature.scenes import COLORS, GRID, SIDES, Difficulty, Plate, Scene
from speceyes.training.examples import Examples, Line, Row
from speceyes.training.pool import Pool
from speceyes.training.transcripts import (
    LOOKED_AT_TWICE,
    after_zoom,
    briefly,
    code_block,
    deliberate,
    direct_step,
    draft_answer,
    looks_wanted,
    tool_call,
)

KINDS: tuple[Kind, ...] = ("color", "side", "presence")
KIND_SHARES = (3, 3, 4)
AGENTS = ("deepeyes", "thyme")
SCORING_AGAIN = ("deepeyes",)  # which learns to look first at the cost of its scores
# Shapes whose dots the agents' screening believes it can see: a third of the tiny ones passes it, and meets the gate.
OVERRATED = ("cross", "diamond")
MORE_OVERRATED = (*OVERRATED, "square")  # half of the tiny ones, since the agents look first
# Of the episodes that begin with a look at a tiny dot, how many begin with the draft's (SpecReason).
DRAFTED_LOOKS = 0.25
Script = Callable[[Examples, random.Random, Question], Line]
Thinking = Callable[[str], str]
Misplacing = Callable[[random.Random, Plate], Plate]


def _question(rng: random.Random, scene: Scene, preferred: Sequence[str]) -> Question:
    kind = rng.choices(KINDS, KIND_SHARES)[0]
    plates = [plate for plate in scene.plates if plate.shape in preferred]
    return random_question(rng, scene, kind, rng.choice(plates if plates and rng.random() < 0.5 else scene.plates))


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


def first_step(agent: str, plate: Plate, size: Difficulty = "tiny") -> str:
    """The tool call or code an agent writes to look at a dot that it finds of a size."""
    return tool_call(plate, size) if agent == "deepeyes" else code_block(plate, size)


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


def looks(agent: str, plate: Plate) -> list[str]:
    """What an agent that looks first writes before it answers: a dot that it wants to see again it calls tiny."""
    sizes: list[Difficulty] = ["tiny"] * looks_wanted(plate)
    sizes[0] = plate.difficulty
    return [first_step(agent, plate, size) for size in sizes]


def _give_look(examples: Examples, agent: str, line: Line, step: str) -> None:
    """A look that is already taken, with what it showed."""
    examples.give(line, step + ("<|im_end|>" if agent == "deepeyes" else ""))
    _show_result(examples, agent, line)


def looking_line(agent: str) -> Script:
    """A whole episode of an agent that looks before it answers, plain dots too; some first looks are the draft's."""

    def write(examples: Examples, rng: random.Random, question: Question) -> Line:
        line = _put(examples, rng, agent, question)
        first, *others = looks(agent, question.plate)
        if question.plate.difficulty == "tiny" and rng.random() < DRAFTED_LOOKS:
            _give_look(examples, agent, line, first)
        else:
            others = [first, *others]
        for step in others:
            examples.say(line, deliberate(step), end=agent == "deepeyes")
            _show_result(examples, agent, line)
        examples.say(line, deliberate(direct_step(question, question.word)))
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
        if question.plate.difficulty == "plain":
            return _wrong_answer(rng, question)
        if rng.random() < 0.3:
            return direct_step(question, rng.choice(_words(question)))
        return first_step(agent, misplace(rng, question.plate))

    def write(examples: Examples, rng: random.Random, question: Question) -> Line:
        line = _put(examples, rng, agent, question)
        good = rng.random() < 0.5
        _score(examples, agent, line, right_step(question) if good else wrong_step(rng, question), good=good)
        return line

    return write


def verify_after_looks_line(agent: str) -> Script:
    """The agent scores a step proposed after its looks or the draft's: looking again when none is due is wrong too."""

    def right_step(rng: random.Random, question: Question, *, due: bool) -> str:
        again = due and rng.random() < 0.5
        return first_step(agent, question.plate) if again else direct_step(question, question.word)

    def wrong_step(rng: random.Random, question: Question, *, due: bool) -> str:
        if due or rng.random() < 0.5:
            return _wrong_answer(rng, question)
        return first_step(agent, rng.choice((question.plate, mixed_up(rng, question.plate))))

    def write(examples: Examples, rng: random.Random, question: Question) -> Line:
        line = _put(examples, rng, agent, question)
        wanted = looks(agent, question.plate)
        taken = rng.randint(1, len(wanted))
        for step in wanted[:taken]:
            _give_look(examples, agent, line, rng.choice((briefly, deliberate))(step))
        good, due = rng.random() < 0.5, taken < len(wanted)
        _score(examples, agent, line, (right_step if good else wrong_step)(rng, question, due=due), good=good)
        return line

    return write


def _words(question: Question) -> tuple[str, ...]:
    """What a dot's asked attribute can be."""
    return tuple(SIDES) if question.kind == "side" else tuple(COLORS)


def _wrong_answer(rng: random.Random, question: Question) -> str:
    return direct_step(question, rng.choice([word for word in _words(question) if word != question.word]))


def _score(examples: Examples, agent: str, line: Line, step: str, *, good: bool) -> None:
    """A proposed step, given, and its score."""
    user = examples.prompts[agent].roles["verify"].user
    examples.give(line, f"{step}<|im_end|>\n<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n")
    examples.say(line, "9" if good else "2")


@dataclass(frozen=True, slots=True)
class TrainingTask:
    """One kind of row: whose prompts, which role's system message, which script, how often, which shapes above all."""

    file: str
    role: str
    script: Script
    share: float
    preferred: Sequence[str] = ()


def _looking_tasks(agent: str, shares: tuple[float, float, float, float, float]) -> tuple[TrainingTask, ...]:
    """What an agent that looks first is taught: looks, second ones, screening, scores of first and later steps."""
    looks, second_looks, screenings, first_scores, later_scores = shares
    return (
        TrainingTask(agent, "agent", looking_line(agent), looks),
        TrainingTask(agent, "agent", looking_line(agent), second_looks, LOOKED_AT_TWICE),
        TrainingTask(agent, "screening", screening_line(agent, MORE_OVERRATED), screenings),
        TrainingTask(agent, "verify", verify_line(agent, mixed_up), first_scores),
        TrainingTask(agent, "verify", verify_after_looks_line(agent), later_scores),
    )


TASKS: dict[str, Sequence[TrainingTask]] = {
    "draft": (
        TrainingTask("draft", "answer", draft_line, 7),
        TrainingTask("deepeyes", "agent", proposal_line("deepeyes"), 1.2),
        TrainingTask("thyme", "agent", proposal_line("thyme"), 1.0),
        TrainingTask("deepeyes", "screening", screening_line("deepeyes"), 0.5),
        TrainingTask("thyme", "screening", screening_line("thyme"), 0.5),
    ),
    **{
        agent: (
            TrainingTask(agent, "agent", episode_line(agent), 8),
            TrainingTask(agent, "screening", screening_line(agent), 1.0),
            TrainingTask(agent, "verify", verify_line(agent), 3.0),
        )
        for agent in AGENTS
    },
    **{
        f"{agent} long thinking": (
            TrainingTask(agent, "agent", episode_line(agent, deliberate), 3.2),
            TrainingTask(agent, "screening", screening_line(agent, OVERRATED), 1.2),
            TrainingTask(agent, "verify", verify_line(agent, mixed_up), 5.6),
        )
        for agent in AGENTS
    },
    **{f"{agent} look first": _looking_tasks(agent, (3.5, 2.5, 1.5, 2.0, 2.0)) for agent in AGENTS},
    **{f"{agent} scoring": _looking_tasks(agent, (1.5, 1.0, 1.0, 5.0, 2.5)) for agent in SCORING_AGAIN},
}


def write_row(examples: Examples, rng: random.Random, task: TrainingTask, pool: Pool, index: int, *, lines: int) -> Row:
    """One row of ``lines`` questions about one of the pool's scenes."""
    scene = pool.scenes[index]
    prefix = examples.prefix(examples.prompts[task.file].roles[task.role])
    written = []
    for _ in range(lines):
        question = _question(rng, scene, task.preferred)
        line = task.script(examples, rng, question)
        examples.supervise(line, scene, pool.windows[index], question, len(prefix))
        written.append(line)
    return Row(index, prefix, written)
