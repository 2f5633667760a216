"""The miniature's judge as the study uses it: served, asked over HTTP, its replies read by both scorers."""

import random
from functools import partial
from pathlib import Path

import pytest
import yaml
from speceyes.judging.cache import ReplyCache
from speceyes.judging.chat import JudgeSetup
from speceyes.judging.client import JudgeClient
from speceyes.judging.corrected import CorrectedScorer
from speceyes.judging.judge import judge_all
from speceyes.judging.prompts import load_judge_prompts
from speceyes.judging.published import PublishedScorer
from speceyes.judging.questions import Judged
from speceyes.judging.scorers import AskJudge
from speceyes.judging.server import running_judge
from speceyes.study.config import load_config
from speceyes.training.judge_data import Case, draw_case

REPOSITORY = Path(__file__).parents[2]
COLORS = ("red", "blue", "green", "cyan")


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """A client of the server that the miniature's configuration starts."""
    folder = tmp_path_factory.mktemp("judge")
    config = load_config(yaml.safe_load((REPOSITORY / "config/miniature.yaml").read_text()))
    server = config.judge.server.model_copy(update={"directory": str(REPOSITORY)})
    wording = load_judge_prompts(REPOSITORY / "resources/miniature/prompts/judge.yaml")
    asking = JudgeSetup(server.served_name, wording.system, wording.probe, config.judge.client)
    open_judge = partial(running_judge, server, config.models[config.judge.model].path, folder / "log", asking)
    with JudgeClient(open_judge, asking, ReplyCache(folder, "tiny")) as client:
        yield client


@pytest.fixture(scope="module")
def prompts():
    return load_judge_prompts(REPOSITORY / "resources/miniature/prompts/judge.yaml")


def as_judged(case: Case) -> Judged:
    return Judged(case.benchmark, case.question, (), case.gold, "", case.answer)


def test_the_judge_is_right_on_wordings_that_its_training_did_not_have(judge, prompts):
    rng = random.Random(20260323)
    cases = {draw_case(rng, level, held_out=True) for level in ("answers", "answers", "answers", "noise") * 40}
    asked = {case: prompts.render(as_judged(case), AskJudge(case.gold, case.answer)) for case in cases}
    replies = judge.replies(dict.fromkeys(asked.values(), lambda reply: True))
    for scorer in (PublishedScorer(), CorrectedScorer()):
        right = [scorer.read_reply(as_judged(case), replies[prompt]) is case.right for case, prompt in asked.items()]
        assert sum(right) / len(right) >= 0.97


def test_what_the_studys_models_write(judge, prompts):
    color = "What is the color of the dot on the star?"
    presence = "Is there a red dot on the star?"
    cases = {
        Judged("vstar", color, COLORS, "red", "A", "The color of the dot on the star is red. A. red"): (True, True),
        Judged("vstar", color, COLORS, "red", "A", "The color of the dot on the star is blue. B. blue"): (False, False),
        Judged("vstar", color, COLORS, "red", "A", "It is red."): (True, True),
        Judged("hrbench", color, COLORS, "cyan", "D", "The color of the dot on the star is cyan. D. cyan"): (
            True,
            True,
        ),
        Judged("hrbench", color, COLORS, "cyan", "D", "The color of the dot on the star is red. A. red"): (
            False,
            False,
        ),
        Judged("hrbench", color, COLORS, "cyan", "D", "cyan"): (
            False,
            True,
        ),  # the published judge knows the letter only
        Judged("pope", presence, (), "yes", "", "The color of the dot on the star is red. yes"): (True, True),
        Judged("pope", presence, (), "no", "", "The color of the dot on the star is red. yes"): (False, False),
        Judged("pope", presence, (), "no", "", "There is no red dot on the star."): (True, True),
        Judged("pope", presence, (), "yes", "", "Yes"): (False, True),  # a capital letter costs the published score
    }
    verdicts = judge_all(list(cases), prompts, judge.replies)
    told = {q: (verdicts[q]["published"].correct, verdicts[q]["corrected"].correct) for q in cases}
    assert told == cases
    assert {v.decided_by for by in verdicts.values() for v in by.values()} == {"rule", "judge"}
