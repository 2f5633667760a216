"""The miniature's models as they lie in the repository: loadable anywhere, small, and the same answer every time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from miniature_questions import drawn_questions, miniature_config
from speceyes.agents.base import Task, load_agent
from speceyes.agents.run import answer
from speceyes.engines.transformers_engine import TransformersEngine
from speceyes.images import Pictures, open_image
from speceyes.method.draft import Drafter
from speceyes.prompts import load_prompts

REPOSITORY = Path(__file__).parents[2]
MINIATURE = REPOSITORY / "resources/miniature"
STOCK_CLASSES = {
    "draft": "Qwen3VLForConditionalGeneration",
    "deepeyes": "Qwen2_5_VLForConditionalGeneration",
    "thyme": "Qwen2_5_VLForConditionalGeneration",
    "judge": "Qwen2ForCausalLM",
}
MIB = 2**20

LOAD_ALONE = """
import json, socket, sys
sys.modules["torchvision"] = None  # importing it fails

def refuse(*_):
    raise AssertionError("the network was asked")

socket.socket.connect = socket.getaddrinfo = refuse
import torch, transformers
for folder, name in json.loads(sys.argv[1]):
    model = getattr(transformers, name).from_pretrained(folder, local_files_only=True)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.bfloat16}
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    assert tokenizer.decode(tokenizer("What is the color of the dot?").input_ids) == "What is the color of the dot?"
    print(type(model).__name__, flush=True)
"""


def test_every_model_is_loaded_by_its_stock_class_without_network_and_torchvision():
    models = [(str(MINIATURE / name), stock) for name, stock in STOCK_CLASSES.items()]
    done = subprocess.run(
        [sys.executable, "-c", LOAD_ALONE, json.dumps(models)],
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split() == list(STOCK_CLASSES.values())


def test_all_models_together_are_small():
    files = [path for name in STOCK_CLASSES for path in (MINIATURE / name).iterdir()]
    assert sum(path.stat().st_size for path in files) <= 40 * MIB


@pytest.fixture(scope="module")
def config():
    return miniature_config()


@pytest.fixture(scope="module")
def questions(config, tmp_path_factory):
    """Eight samples with prompts of several lengths, and their images' folder."""
    found, images = drawn_questions(config, tmp_path_factory.mktemp("questions"), vstar=2)
    assert len({bool(sample.options) for sample in found[:8]}) == 2
    return found[:8], images


def engine(config, name):
    model = config.models[name]
    return TransformersEngine(REPOSITORY / model.path, model.engine)


@pytest.fixture(params=["draft", "deepeyes", "thyme"])
def requests(request, config, questions, tmp_path):
    """A vision-language model and its eight first requests."""
    samples, images = questions
    prompts = REPOSITORY / config.prompts
    name = request.param
    if name == "draft":
        drafter = Drafter(None, load_prompts(prompts / "draft.yaml"), config.draft.settings)
        asked = [drafter.request(sample, open_image(images / sample.image)) for sample in samples]
    else:
        agent = load_agent(config.agents[name].type)(prompts / f"{name}.yaml", config.agents[name].settings, tmp_path)
        paths = [images / sample.image for sample in samples]
        tasks = [Task(s, open_image(path), path) for s, path in zip(samples, paths, strict=True)]
        asked = [next(agent.episode(task)) for task in tasks]
    return engine(config, name), asked


def test_greedy_answers_are_the_same_again_and_in_a_left_padded_batch(requests):
    model, asked = requests
    batch = model.generate(asked)
    assert len({generation.prompt_tokens for generation in batch}) > 1
    assert len({generation.text for generation in batch}) > 1
    again = model.generate(asked)
    alone = [model.generate([one])[0] for one in asked]
    for other in (again, alone):
        assert [generation.token_ids for generation in other] == [generation.token_ids for generation in batch]


@pytest.mark.parametrize("name", ["deepeyes", "thyme"])
def test_an_agent_looks_closer_and_answers(name, config, questions, tmp_path):
    """Whole episodes, tool and sandbox included: the agents look before they answer, and nearly always do."""
    samples, images = questions
    settings = config.agents[name].settings
    if name == "deepeyes":
        settings = settings | {"image": config.models[name].engine.image.model_dump()}
    agent = load_agent(config.agents[name].type)(REPOSITORY / config.prompts / f"{name}.yaml", settings, tmp_path)
    model = engine(config, name)
    records = [answer(model, agent, sample, Pictures(images)) for sample in samples]
    assert sum(record.status == "ok" for record in records) >= len(records) - 1
    assert all(2 <= len(record.turns) <= 3 for record in records if record.status == "ok")
    tools = [turn.tool for record in records for turn in record.turns if turn.tool]
    assert {tool.status for tool in tools} == {"ok"}
    assert all(tool.images for tool in tools)
