"""Examples are laid out, packed and resumed so that what is learnt is what the study asks for."""

import itertools
import random
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_world import small_pool
from speceyes.agents.base import Task
from speceyes.agents.deepeyes import DeepEyes
from speceyes.agents.dialogue import verify_messages
from speceyes.agents.thyme import Thyme
from speceyes.engines.base import Message, Request
from speceyes.engines.processors import load_processor
from speceyes.engines.qwen_codec import QwenCodec
from speceyes.images import ImageSettings
from speceyes.method.draft import Drafter, DraftSettings
from speceyes.miniature.questions import ask_color
from speceyes.prompts import load_prompts
from speceyes.records.samples import Sample
from speceyes.training.architectures import agent_model, draft_model
from speceyes.training.batches import collate
from speceyes.training.examples import VISUAL_TOKENS, Examples
from speceyes.training.folding import fold, silence_deepstack
from speceyes.training.language import ExampleLoss, VisualTokens
from speceyes.training.loop import Schedule, fit, is_finished
from speceyes.training.pool import benchmark_scene
from speceyes.training.tasks import TASKS, first_step, looks, write_row
from speceyes.training.transcripts import direct_step
from speceyes.training.vision import Readouts, TowerLoss, patches

MINIATURE = Path(__file__).parents[3] / "resources/miniature"
PROMPTS = MINIATURE / "prompts"
TOKENIZER = MINIATURE / "deepeyes"  # the models share one
VIEW = Image.new("RGB", (224, 224))
SCHEDULE = Schedule(3, 1e-3)


@pytest.fixture(scope="module")
def pool():
    return small_pool(10)


@pytest.fixture(scope="module")
def tokenizer():
    return load_processor(TOKENIZER).tokenizer


@pytest.fixture(scope="module")
def examples(tokenizer):
    return Examples(tokenizer, PROMPTS)


def example_loss(tokenizer, examples, pool, task, seed=1):
    """A fresh model with its loss; two calls give equal ones."""
    family = "draft" if task == "draft" else "agent"
    model = (draft_model if family == "draft" else agent_model)(tokenizer, seed)
    silence_deepstack(model)
    tokens = VisualTokens(model, pool, family)
    return model, ExampleLoss(model, examples, pool, tokens, task=task, seed=seed, rows=2)


@pytest.mark.parametrize("task", TASKS)
def test_packed_lines_are_read_as_the_stock_model_reads_each_alone(task, tokenizer, examples, pool):
    family = "draft" if task == "draft" else "agent"
    model, loss = example_loss(tokenizer, examples, pool, task)
    rng = random.Random(2)
    rows = [write_row(examples, rng, own, pool, number % 2, lines=3) for number, own in enumerate(TASKS[task])]
    batch = collate(rows)
    with torch.no_grad():
        packed, _ = loss.states(batch)
        for index, row in enumerate(rows):
            for number, line in enumerate(row.lines, start=1):
                alone = stock_states(model, family, pool, row, line)
                mine = packed[index][batch.lines[index] == number]
                torch.testing.assert_close(mine, alone[len(row.prefix) :], atol=2e-4, rtol=1e-3)


def stock_states(model, family, pool, row, line):
    """Last hidden states of one line behind its prefix, by the model's own forward pass."""
    pictures = [(pool.draft_views if family == "draft" else pool.agent_views)[row.scene]]
    pictures += [pool.crops[row.scene, line.plate]] * len(line.crops)
    pixels, grid = patches(np.stack(pictures), family)
    ids = torch.tensor([row.prefix + line.ids])
    types = (ids == model.config.image_token_id).int()
    out = model.model(input_ids=ids, pixel_values=pixels, image_grid_thw=grid, mm_token_type_ids=types)
    return out.last_hidden_state[0]


def example(tiny: bool):
    """A question with options about a plate of the wanted difficulty, as the examples and as the study see it."""
    rng = random.Random(3)
    wanted = "tiny" if tiny else "plain"
    while True:
        scene = benchmark_scene(rng)
        plate = next((plate for plate in scene.plates if plate.difficulty == wanted), None)
        if plate is not None:
            break
    question = ask_color(rng, plate)
    sample = Sample(
        sample_id="vstar/direct_attributes/0000",
        benchmark="vstar",
        split="direct_attributes",
        question=question.text,
        options=question.options,
        gold=question.gold,
        gold_letter=question.gold_letter,
        category="",
        image="a.jpg",
        image_id="a",
        width=896,
        height=896,
    )
    return question, sample


def taught(examples, task, role, *, tiny=True, next_token=None):
    """(line, where its first taught token stands, prefix) of a task's script about the example."""
    question, _ = example(tiny)
    (own,) = [found for found in TASKS[task] if found.role == role and found.file == task]
    prefix = examples.prefix(examples.prompts[task].roles[role])
    for seed in range(20):
        line = own.script(examples, random.Random(seed), question)
        first = next(i for i, weight in enumerate(line.weights) if weight)
        if next_token in (None, examples.vocabulary.tokenizer.decode(line.ids[first])):
            return line, first, prefix
    raise AssertionError(f"no line of {task}/{role} teaches {next_token!r}")


def text_of(examples, ids):
    """Decoded, with the path and the size of which Thyme's examples draw many taken out."""
    text = examples.vocabulary.tokenizer.decode(ids)
    return re.sub(r"Image path: \S+\nImage size: \d+ x \d+\n", "Image path and size\n", text)


def rendered(folder, request: Request, side: int):
    """A request's token ids as the engine makes them."""
    settings = ImageSettings(factor=16 if side == 128 else 28, min_pixels=side * side, max_pixels=side * side)
    codec = QwenCodec(load_processor(folder), settings)
    return codec.encode([request])["input_ids"][0].tolist()


def test_the_draft_is_asked_as_it_was_taught(examples):
    _, sample = example(tiny=False)
    settings = DraftSettings(max_new_tokens=20, top_k=64)
    request = Drafter(None, load_prompts(PROMPTS / "draft.yaml"), settings).request(sample, VIEW)
    line, first, prefix = taught(examples, "draft", "answer", tiny=False)
    assert rendered(MINIATURE / "draft", request, 128) == prefix + line.ids[:first]


AGENTS = pytest.mark.parametrize("agent_class", [DeepEyes, Thyme])


def opened(agent_class, folder, *, tiny):
    """An agent with its first request on the example."""
    agent = agent_class(PROMPTS / f"{agent_class.__name__.lower()}.yaml", {}, folder)
    return agent, next(agent.episode(Task(example(tiny)[1], Image.new("RGB", (896, 896)), Path("a.jpg"))))


@AGENTS
def test_agents_are_asked_as_they_were_taught(agent_class, examples, tmp_path):
    name = agent_class.__name__.lower()
    agent, opening = opened(agent_class, tmp_path, tiny=True)
    requests = {"screening": agent.screen_request(example(True)[1], VIEW), "agent": opening}
    for role, request in requests.items():
        line, first, prefix = taught(examples, name, role)
        shown = rendered(TOKENIZER, request, 224)
        assert text_of(examples, shown) == text_of(examples, prefix + line.ids[:first])


@AGENTS
def test_results_of_tools_are_shown_as_they_were_taught(agent_class, examples, tmp_path):
    name = agent_class.__name__.lower()
    agent, opening = opened(agent_class, tmp_path, tiny=True)
    step = first_step(name, example(True)[0].plate)
    if name == "deepeyes":
        response = ("<tool_response>", VIEW, agent.prompts.roles["agent"].user, "</tool_response>")
        shown = (Message("assistant", (step,)), Message("user", response))
    else:
        shown = (Message("assistant", (step, "<sandbox_output>", VIEW, "</sandbox_output>")),)
    asked = text_of(examples, rendered(TOKENIZER, Request((*opening.messages, *shown), 1), 224))
    line, _, prefix = taught(examples, name, "agent")
    written = text_of(examples, prefix + line.ids)
    assert written.startswith(asked)
    assert written[len(asked) :].startswith("<think>Now it is plain.")


@pytest.mark.parametrize("agent", ["deepeyes", "thyme"])
@pytest.mark.parametrize("tiny", [False, True])
def test_agents_that_look_first_look_at_every_dot_and_at_a_stars_twice(agent, tiny):
    plate = example(tiny)[0].plate
    size = "tiny" if tiny else "plain"
    assert looks(agent, replace(plate, shape="cross")) == [first_step(agent, replace(plate, shape="cross"), size)]
    star = replace(plate, shape="star")
    assert looks(agent, star) == [first_step(agent, star, size), first_step(agent, star, "tiny")]


@AGENTS
def test_steps_are_scored_as_was_taught(agent_class, examples, tmp_path):
    name = agent_class.__name__.lower()
    agent, opening = opened(agent_class, tmp_path, tiny=False)
    question, _ = example(False)
    proposal = direct_step(question, question.word)
    messages = verify_messages(agent.prompts.roles["verify"], opening.messages, proposal)
    line, first, prefix = taught(examples, name, "verify", tiny=False, next_token="9")
    asked = rendered(TOKENIZER, Request(messages, 1), 224)
    assert text_of(examples, asked) == text_of(examples, prefix + line.ids[:first])


class InterruptedTrainingError(Exception):
    pass


@pytest.fixture(params=["tower", "language"])
def make(request, tokenizer, examples, pool):
    """Builds a stage's modules and loss, from its seed."""

    def tower():
        model = agent_model(tokenizer, seed=1)
        readouts = Readouts()
        return {"visual": model.model.visual, "readouts": readouts}, TowerLoss(model, readouts, pool, "agent", 1)

    def language():
        model, loss = example_loss(tokenizer, examples, pool, "thyme")
        return {"model": model, "readouts": loss.readouts}, loss

    return {"tower": tower, "language": language}[request.param]


def weights_after(make, checkpoint, stop_at=None):
    """A stage's weights after its three steps."""
    modules, loss = make()

    def loss_at(step):
        if step == stop_at:
            raise InterruptedTrainingError
        return loss(step)

    fit("a stage", modules, loss_at, SCHEDULE, checkpoint)
    return {f"{key}.{name}": value for key, module in modules.items() for name, value in module.state_dict().items()}


def test_an_interrupted_stage_ends_where_an_undisturbed_one_does(make, tmp_path, monkeypatch):
    clock = itertools.count(step=61)  # seconds; a checkpoint is written once a minute
    monkeypatch.setattr("speceyes.training.loop.time.monotonic", lambda: next(clock))
    undisturbed = weights_after(make, tmp_path / "a.pt")
    with pytest.raises(InterruptedTrainingError):
        weights_after(make, tmp_path / "b.pt", stop_at=2)
    assert not is_finished(tmp_path / "b.pt", SCHEDULE)
    resumed = weights_after(make, tmp_path / "b.pt")
    assert is_finished(tmp_path / "b.pt", SCHEDULE)
    assert all(torch.equal(undisturbed[name], resumed[name]) for name in undisturbed)


def test_training_lowers_the_loss(tokenizer, examples, pool, tmp_path):
    model, loss = example_loss(tokenizer, examples, pool, "draft")
    before = loss(0)[0].item()
    fit("draft", {"model": model}, loss, Schedule(12, 2e-3, warm_up=2), tmp_path / "a.pt")
    assert loss(0)[0].item() < 0.8 * before


def test_folding_writes_attributes_into_the_words_of_the_language_model(tokenizer, pool):
    """An untrained tower sees little; what it does see can be read back from the codes."""
    model = draft_model(tokenizer, seed=1)
    accuracy = fold(model, tokenizer, small_pool(60), "draft", seed=1)
    assert accuracy["shape"] > 0.4  # of six
    assert accuracy["color"] > 0.3
    tokens = VisualTokens(model, pool, "draft").of([(0, 0), (1, 0)])
    assert tokens.shape == (2, VISUAL_TOKENS, 128)
