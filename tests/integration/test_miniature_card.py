"""The card that the evaluation wrote: what the miniature promises, and the README says the same."""

from pathlib import Path

import pytest
from speceyes.evaluation.card import Card
from speceyes.evaluation.evaluate import SEED, SIZES
from speceyes.evaluation.results_table import results_table
from speceyes.method.specreason import SpecReasonSettings
from speceyes.runtime.provenance import model_identity

KEEP_FROM = SpecReasonSettings().keep_from  # SpecReason's bar for a step
MINIATURE = Path(__file__).parents[2] / "resources/miniature"


@pytest.fixture(scope="module")
def card():
    return Card.model_validate_json((MINIATURE / "card.json").read_text())


def test_it_was_measured_as_the_evaluation_measures(card):
    assert (card.seed, card.sizes) == (SEED, SIZES)
    assert card.questions >= 500
    assert all(model.n == card.questions for model in (card.draft, card.deepeyes, card.thyme))


def test_it_was_measured_on_the_models_that_are_shipped(card):
    shipped = {path.parent.name: model_identity(path.parent) for path in MINIATURE.glob("*/model.safetensors")}
    assert card.models == shipped


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_draft_of_every_training_seed_is_right_on_plain_targets_unsure_on_tiny_ones_and_knows_which(seed, card):
    draft = {0: card.draft, **card.drafts_of_other_seeds}[seed]
    assert draft.n == card.questions
    assert draft.easy >= 0.90
    assert draft.hard <= 0.60
    assert draft.auroc_min >= 0.80
    assert draft.mean_tokens > 1
    assert len({draft.auroc_min, draft.auroc_mean, draft.auroc_bottom20}) == 3
    assert all(share >= 0.60 for share in draft.by_benchmark.values())


@pytest.mark.parametrize("name", ["deepeyes", "thyme"])
def test_agents_look_before_they_answer_find_what_the_draft_cannot_see_and_take_their_time(name, card):
    agent = getattr(card, name)
    assert agent.hard >= 0.80
    assert agent.target_in_crop >= 0.85
    assert all(share >= 0.80 for share in agent.by_benchmark.values())
    assert agent.latency_ratio >= 8
    assert agent.screening_ratio >= 5
    assert min(agent.tool_use_easy, agent.tool_use_hard) >= 0.85
    assert 0.1 <= agent.second_look <= 0.3
    assert agent.score_right >= KEEP_FROM > agent.score_wrong
    assert agent.score_auroc >= 0.80


def test_tools_work(card):
    assert card.deepeyes.tool_call_valid >= 0.95
    assert card.thyme.code_runs >= 0.95


def test_the_judge_judges(card):
    assert card.judge.accuracy >= 0.95
    assert card.judge.n >= 1000


def test_the_readme_says_what_the_card_says(card):
    assert results_table(card) in (MINIATURE / "README.md").read_text()
