"""The job that offers load: it writes what was answered, and asks nothing where that is there already."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import speceyes.engines.open_models
from scripted import sample, store_picture
from speceyes.engines.base import Place
from speceyes.engines.open_models import OpenModels
from speceyes.method.load_job import offer_load
from speceyes.method.model_pass import Job, ModelPass
from speceyes.prompts import PromptFile
from speceyes.records.samples import write_samples
from speceyes.records.selection import Shard
from speceyes.records.tables import read_table
from speceyes.records.types import LoadRecord
from test_funnel import PROMPTS
from test_load import Model

LOAD = {"concurrency": [1, 2], "questions": 4, "repeats": 1}
SETTINGS = {
    "agent": {},
    "draft": {"top_k": 8},
    "screening": "agent",
    "gates": {"bench": {"metric": "min", "top_k": 8, "threshold": 0.9}},
    "load": LOAD,
}


class Counted(Model):
    """Counts how often it was opened and asked."""

    def __init__(self) -> None:
        self.opened = self.asked = 0

    def generate(self, requests):
        self.asked += len(requests)
        return super().generate(requests)

    @contextmanager
    def open(self, settings, place):
        self.opened += 1
        yield self


@pytest.fixture
def model(monkeypatch) -> Counted:
    found = Counted()
    monkeypatch.setattr(speceyes.engines.open_models, "open_engine", found.open)
    return found


@pytest.fixture
def folder(tmp_path) -> Path:
    """Prompts, and a split with six questions."""
    prompts = PROMPTS | {"question_with_options": "Q: #{question} {options}", "question": "Q: #{question} "}
    (tmp_path / "prompts.yaml").write_text(PromptFile.model_validate(prompts).model_dump_json())
    store_picture(tmp_path / "images")
    asked(tmp_path, range(6))
    return tmp_path


def asked(folder: Path, numbers: range) -> None:
    """The split's questions, each with its number."""
    questions = [sample(number).model_copy(update={"question": f"{number}"}) for number in numbers]
    write_samples(folder / "samples.parquet", questions)


def answered(folder: Path, **changes: Any) -> list[LoadRecord]:
    """What the table holds after a job."""
    engine = {"type": "transformers", "image": {"factor": 28}, "concurrency": 4}
    told = {
        "portions": [],
        "engines": {"model": engine, "draft": engine},
        "models": {},
        "agent": "speceyes.agents.deepeyes:DeepEyes",
        "settings": SETTINGS | changes,
        "identities": {"code": "c"},
    }
    job = Job.model_validate(told)
    models = OpenModels(job.engines, {name: Place(folder, 0, folder / "log") for name in job.engines})
    inputs = {"prompts": folder / "prompts.yaml", "draft_prompts": folder / "prompts.yaml"}
    here = ModelPass(job, inputs, Shard(0, 1), folder / "journals", folder / "media", models)
    with models:
        offer_load(here, "deepeyes", [(folder / "samples.parquet", folder / "images")], folder / "load.parquet")
    return [*read_table(folder / "load.parquet", LoadRecord)]


def test_a_table_of_the_same_load_is_kept_and_no_model_is_opened(folder, model):
    first = answered(folder)
    assert len(first) == 2 * 2 * 4
    assert model.opened == 2
    before = model.asked, (folder / "load.parquet").read_bytes()
    answered(folder)
    assert (model.asked, (folder / "load.parquet").read_bytes()) == before
    assert model.opened == 2


@pytest.mark.parametrize(
    "changes",
    [{"load": LOAD | {"concurrency": [1, 3]}}, {"draft": {"top_k": 9}}, {"screening": "draft"}],
    ids=["other load", "other settings of the draft", "another screening"],
)
def test_another_load_is_offered_again(folder, model, changes):
    answered(folder)
    answered(folder, **changes)
    assert model.opened == 4


def test_load_is_offered_again_where_the_questions_are_others(folder, model):
    answered(folder)
    asked(folder, range(6, 12))
    assert {record.sample_id for record in answered(folder)} <= {sample(number).sample_id for number in range(6, 12)}


def test_load_is_offered_again_where_the_table_holds_other_records_or_nothing_that_can_be_read(folder, model):
    write_samples(folder / "load.parquet", [])
    assert len(answered(folder)) == 2 * 2 * 4
    (folder / "load.parquet").write_bytes(b"PAR1 cut short")
    assert len(answered(folder)) == 2 * 2 * 4
