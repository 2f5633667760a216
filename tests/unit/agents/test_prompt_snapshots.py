"""Every prompt that a model reads, rendered through the miniature's own tokenizer and chat template.

After a change that is meant: ``UPDATE_SNAPSHOTS=1 pytest tests/unit/test_prompt_snapshots.py``, and read the diff.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from PIL import Image
from scripted import ScriptedSandbox, ran, said, sample
from snapshots import FOLDER, assert_is_snapshot
from speceyes.agents.base import Agent, Step, Task
from speceyes.agents.deepeyes import DeepEyes
from speceyes.agents.dialogue import verify_messages
from speceyes.agents.thyme import Thyme
from speceyes.engines.base import Request
from speceyes.engines.processors import load_processor
from speceyes.engines.qwen_codec import QwenCodec
from speceyes.images import ImageSettings
from speceyes.judging.prompts import load_judge_prompts
from speceyes.judging.questions import judged
from speceyes.judging.verdicts import SCORERS
from speceyes.method.draft import Drafter, DraftSettings
from speceyes.prompts import load_prompts
from speceyes.records.samples import Sample
from transformers import AutoTokenizer

MINIATURE = Path(__file__).parents[3] / "resources" / "miniature"
PROMPTS = MINIATURE / "prompts"
MODES = {"options": sample(), "no-options": sample(options=())}
BENCHMARKS = {"vstar": sample(), "hrbench": sample(), "pope": sample(options=())}
PICTURE = Image.new("RGB", (560, 280))
STEPS = {
    "deepeyes": '<tool_call>{"name": "image_zoom_in_tool", "arguments": {"bbox_2d": [0, 0, 56, 56]}}</tool_call>',
    "thyme": "<code>\n```python\nprint('a crop')\n```\n</code>",
}
READERS = {"draft": "draft", "deepeyes": "deepeyes", "thyme": "thyme"}
ROLES = ("screening", "first-turn", "after-tool", "verify")


@cache
def codec(name: str) -> QwenCodec:
    return QwenCodec(load_processor(MINIATURE / READERS[name]), ImageSettings())


def make_agent(name: str, media: Path) -> Agent:
    if name == "deepeyes":
        return DeepEyes(PROMPTS / "deepeyes.yaml", {"protocol": "corrected"}, media)
    agent = Thyme(PROMPTS / "thyme.yaml", {"protocol": "corrected"}, media)
    agent.executor = ScriptedSandbox(ran("", PICTURE.crop((0, 0, 56, 56))))
    return agent


def agent_requests(agent: Agent, question: Sample, step: str) -> dict[str, Request]:
    loop = agent.episode(Task(question, PICTURE, Path("picture.png")))
    first = next(loop)
    return {
        "screening": agent.screen_request(question, PICTURE),
        "first-turn": first,
        "verify": Request(verify_messages(agent.verification.prompt, first.messages, step), 10),
        "after-tool": loop.send(Step(said(step))),
    }


def test_the_miniatures_agents_and_draft_share_tokenizer_and_template():
    folders = [path.parent for path in MINIATURE.glob("*/preprocessor_config.json")]
    assert len(folders) > 1
    for name in ("tokenizer.json", "chat_template.jinja"):
        assert len({(folder / name).read_bytes() for folder in folders}) == 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", STEPS)
def test_what_the_agents_read(tmp_path, name, mode):
    requests = agent_requests(make_agent(name, tmp_path), MODES[mode], STEPS[name])
    assert requests.keys() == set(ROLES)
    for role, request in requests.items():
        assert_is_snapshot(f"{name}-{mode}-{role}", codec(name).render(request))


@pytest.mark.parametrize("mode", MODES)
def test_what_the_draft_model_reads(mode):
    drafter = Drafter(None, load_prompts(PROMPTS / "draft.yaml"), DraftSettings())
    request = drafter.request(MODES[mode], PICTURE)
    assert_is_snapshot(f"draft-{mode}-answer", codec("draft").render(request))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", STEPS)
def test_a_draft_model_that_screens_or_proposes_reads_what_the_agent_reads(tmp_path, name, mode):
    for request in agent_requests(make_agent(name, tmp_path), MODES[mode], STEPS[name]).values():
        assert codec("draft").render(request) == codec(name).render(request)


@pytest.mark.parametrize("scorer", SCORERS, ids=lambda scorer: scorer.name)
@pytest.mark.parametrize("benchmark", BENCHMARKS)
def test_what_the_judge_reads(benchmark, scorer):
    question = judged(BENCHMARKS[benchmark].model_copy(update={"benchmark": benchmark}), "The colour of blood.")
    ask = scorer.decide(question)
    prompts = load_judge_prompts(PROMPTS / "judge.yaml")
    system = [{"role": "system", "content": prompts.system}] if prompts.system else []
    messages = [*system, {"role": "user", "content": prompts.render(question, ask)}]
    tokenizer = AutoTokenizer.from_pretrained(MINIATURE / "judge", local_files_only=True)
    rendered = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert_is_snapshot(f"judge-{benchmark}-{scorer.name}", rendered)


def test_no_snapshot_is_left_over():
    names = {f"{name}-{mode}-{role}" for name in STEPS for mode in MODES for role in ROLES}
    names |= {f"draft-{mode}-answer" for mode in MODES}
    names |= {f"judge-{benchmark}-{scorer.name}" for benchmark in BENCHMARKS for scorer in SCORERS}
    assert {path.stem for path in FOLDER.glob("*.txt")} == names
