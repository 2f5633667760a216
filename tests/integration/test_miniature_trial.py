"""A small trial of the shipped models: the passes of the study, kept, and what they show at a glance."""

import os
from pathlib import Path

import pytest
import yaml
from PIL import Image
from speceyes.evaluation.contact_sheet import SPLITS, Sheet
from speceyes.evaluation.marking import Marker
from speceyes.evaluation.trial import Trial
from speceyes.miniature.generate import Sizes
from speceyes.study.config import load_config

REPOSITORY = Path(__file__).parents[2]
SIZES = Sizes(vstar_direct=6, vstar_relative=6, hrbench_questions=2, pope_images=2, plain=0.5)


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    config = load_config(yaml.safe_load((REPOSITORY / "config/miniature.yaml").read_text()))
    folder = tmp_path_factory.mktemp("trial")
    before = Path.cwd()
    os.chdir(REPOSITORY)  # the configuration's paths start there
    found = Trial(config, folder, SIZES, seed=5)
    found.prepare()
    yield found
    os.chdir(before)


def test_the_trial_asks_every_question_of_every_benchmark(trial):
    samples = trial.samples()
    assert {sample.benchmark for sample in samples} == {"vstar", "hrbench", "pope"}
    assert [sample.sample_id for sample in samples] == list(trial.scenes().index)
    assert [record.sample_id for record in trial.drafts()] == [sample.sample_id for sample in samples]


def test_the_models_do_what_the_card_says(trial):
    marker = Marker(trial)
    draft = marker.draft()
    agent = marker.deepeyes(draft)
    assert draft.easy > 0.8 > draft.hard
    assert agent.hard > draft.hard
    assert agent.tool_call_valid > 0.8
    assert min(agent.tool_use_easy, agent.tool_use_hard) > 0.8


def test_a_finished_pass_is_not_run_again(trial):
    first = trial.drafts()
    passes = {path: path.stat().st_mtime_ns for path in (trial.folder / "passes").iterdir()}
    assert trial.drafts() == first
    assert {path: path.stat().st_mtime_ns for path in (trial.folder / "passes").iterdir()} == passes


def test_an_interrupted_pass_goes_on_where_it_stopped(trial, monkeypatch):
    """Screening breaks off after one batch; what was done is in the journal and is not asked again."""
    import speceyes.evaluation.trial as module

    real, asked = module.screen, []

    def breaking(engine, agent, samples, images):
        if len(asked) == 6:
            raise KeyboardInterrupt
        asked.extend(sample.sample_id for sample in samples)
        return real(engine, agent, samples, images)

    monkeypatch.setattr(module, "screen", breaking)
    other = Trial(trial.config, trial.folder / "other", Sizes(**SIZES.model_dump() | {"vstar_direct": 7}), seed=6)
    other.prepare()
    with pytest.raises(KeyboardInterrupt):
        other.screenings("deepeyes")

    def counting(engine, agent, samples, images):
        asked.extend(sample.sample_id for sample in samples)
        return real(engine, agent, samples, images)

    monkeypatch.setattr(module, "screen", counting)
    records = other.screenings("deepeyes")
    expected = [sample.sample_id for sample in other.samples()]
    assert asked == [record.sample_id for record in records] == expected


def test_a_contact_sheet_of_every_kind_of_question_is_drawn(trial, tmp_path):
    sheet = Sheet(trial)
    hard = [sample_id in sheet.marker.hard for sample_id in sheet.chosen()]
    assert hard == [False] * len(SPLITS) + [True] * len(SPLITS)
    sheet.draw(tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as picture:
        assert picture.width > picture.height > 500
        assert len(picture.convert("RGB").getcolors(2**24)) > 50
    assert (tmp_path / "sheet.png").stat().st_size < 600_000
