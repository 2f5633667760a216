"""The miniature's models behind the real vLLM, on the CPU: what they say there is what they say in process."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from miniature_questions import drawn_questions, miniature_config
from speceyes.agents.base import load_agent, told_settings
from speceyes.agents.run import answer
from speceyes.engines.base import EngineError, Message, Place, Request
from speceyes.engines.registry import open_engine
from speceyes.images import Pictures
from speceyes.method.confidence import confidence
from speceyes.method.draft import Drafter
from speceyes.method.screening import screen
from speceyes.method.specreason import VARIANTS, SpecReasonSettings
from speceyes.prompts import load_prompts
from vllm_servers import REPOSITORY, served_model

pytestmark = pytest.mark.vllm


@pytest.fixture(scope="module")
def config():
    return miniature_config()


@pytest.fixture(scope="module")
def questions(config, tmp_path_factory):
    """Questions of two kinds, and their pictures."""
    samples, images = drawn_questions(config, tmp_path_factory.mktemp("questions"), vstar=6)
    return samples, Pictures(images)


@pytest.fixture(scope="module")
def engines(config, tmp_path_factory):
    """Every vision-language model of the miniature in process and served, opened as a job opens them."""
    log = tmp_path_factory.mktemp("logs") / "job.log"
    with ExitStack() as held:
        found = {}
        for name in ("draft", "deepeyes", "thyme"):
            place = Place(REPOSITORY / config.models[name].path, 0, log)
            found[name] = [
                held.enter_context(open_engine(engine, place))
                for engine in (config.models[name].engine.model_dump(mode="json"), served_model(config, name))
            ]
        yield found


def agent_of(config, name, media, **told):
    kind = load_agent(config.agents[name].type)
    image = config.models[name].engine.image.model_dump()
    settings = told_settings(kind, config.agents[name].settings, image=image, **told)
    return kind(REPOSITORY / config.prompts / f"{name}.yaml", settings, media)


def said(record) -> tuple:
    """All of an episode but its times."""
    turns = [
        (turn.text, turn.author, turn.score, turn.generated_tokens, turn.tool and turn.tool.status)
        for turn in record.turns
    ]
    return record.status, record.answer, record.error, turns


def test_drafts_have_the_same_texts_tokens_and_confidences(config, questions, engines):
    samples, pictures = questions
    prompts = load_prompts(REPOSITORY / config.prompts / "draft.yaml")
    local, served = (
        Drafter(engine, prompts, config.draft.settings).answer(samples, pictures) for engine in engines["draft"]
    )
    assert len({record.text for record in local}) > 1
    for ours, theirs in zip(local, served, strict=True):
        assert (theirs.status, theirs.text, theirs.tokens) == (ours.status, ours.text, ours.tokens)
        for metric in config.grid.metrics:
            expected, found = (confidence(np.array(r.top_logprobs), metric, 64) for r in (ours, theirs))
            assert found == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("name", ["deepeyes", "thyme"])
def test_screening_and_whole_episodes_are_the_same(config, questions, engines, name, tmp_path):
    samples, pictures = questions
    agent = agent_of(config, name, tmp_path)
    verdicts = [[record.text for record in screen(engine, agent, samples, pictures)] for engine in engines[name]]
    assert verdicts[0] == verdicts[1]
    local, served = ([said(answer(engine, agent, s, pictures)) for s in samples[::2]] for engine in engines[name])
    assert served == local
    assert any(len(turns) > 1 for *_, turns in local)  # a tool was used, a turn continued


@pytest.mark.parametrize("peer", list(product(("deepeyes", "thyme"), VARIANTS)), ids="-".join)
def test_specreason_on_served_models_answers_as_in_process(config, questions, engines, peer, tmp_path):
    (samples, pictures), (name, variant) = questions, peer
    agent = agent_of(config, name, tmp_path, protocol=variant)
    local, served = (
        [said(VARIANTS[variant](draft, model, agent, SpecReasonSettings()).answer(s, pictures)) for s in samples[::4]]
        for draft, model in zip(engines["draft"], engines[name], strict=True)
    )
    assert served == local


def test_a_server_killed_in_the_middle_ends_in_one_line(config, tmp_path):
    asked = Request((Message("user", ("the star",)),), 5)
    engine = served_model(config, "draft") | {"retries": 1}
    place = Place(REPOSITORY / config.models["draft"].path, 0, tmp_path / "job.log")
    others = children(os.getpid())
    with (
        pytest.raises(EngineError, match=r"engine: the server ended with code .*; see .*draft\.log") as caught,
        open_engine(engine, place) as opened,
    ):
        opened.generate([asked])
        (guard,) = children(os.getpid()) - others
        for pid in children(guard):
            os.kill(pid, signal.SIGKILL)
        opened.generate([asked])
    assert "\n" not in str(caught.value)


def children(pid: int) -> set[int]:
    """Processes that the first thread of a process has started."""
    return set(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
