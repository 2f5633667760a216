"""A job that runs models: all its passes by models that are loaded once, and only if a sample is left to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import speceyes.engines.open_models
from scripted import sample
from speceyes.engines.base import Place
from speceyes.engines.open_models import OpenModels
from speceyes.method.model_pass import Job, ModelPass
from speceyes.records.journal import remove_finished
from speceyes.records.passes import read_pass
from speceyes.records.samples import write_samples
from speceyes.records.selection import Shard
from speceyes.records.tables import read_table
from speceyes.records.types import ScreenRecord

SPLITS = ("near", "far")


class Model:
    """Counts how often it was loaded and closed, and which samples it was asked about."""

    def __init__(self) -> None:
        self.loaded = self.closed = 0
        self.asked: list[str] = []

    @contextmanager
    def open(self, settings, place):
        self.loaded += 1
        yield self
        self.closed += 1


@pytest.fixture
def model(monkeypatch) -> Model:
    found = Model()
    monkeypatch.setattr(speceyes.engines.open_models, "open_engine", found.open)
    return found


def questions(folder: Path, split: str, count: int) -> None:
    write_samples(
        folder / f"{split}.parquet",
        [
            sample(number, options=("red", split)).model_copy(update={"category": str(number), "image_id": str(number)})
            for number in range(count)
        ],
    )


def run(
    folder: Path,
    model: Model,
    splits: tuple[str, ...] = SPLITS,
    drawn: Mapping[str, int] | None = None,
    **changes: object,
) -> None:
    """One job over these splits, on so many images of some of them."""
    portions = [
        {
            "holds": {"stage": "agent", "benchmark": "bench", "split": split, "agent": "a"},
            "samples": folder / f"{split}.parquet",
            "images": folder,
            "table": folder / f"{split}-table.parquet",
            "drawn": {"images": drawn[split], "seed": 0} if drawn and split in drawn else None,
        }
        for split in splits
    ]
    told = {"engines": {"model": {"type": "t", "concurrency": 4}}, "settings": {}, "identities": {"code": "c"}}
    job = Job.model_validate(told | {"portions": portions, "models": {"model": folder}} | changes)
    models = OpenModels(job.engines, {"model": Place(folder, 0, folder / "log")})
    here = ModelPass(job, {}, Shard(0, 1), folder / "journals", folder / "media", models)

    def start():
        engine = here.engine("model")

        def work(samples, portion):
            for one in samples:
                engine.asked.append(f"{portion.holds.split} {one.sample_id[-1]}")
                yield ScreenRecord(sample_id=one.sample_id, text="no", tool_free=True)

        return work

    here.run(ScreenRecord, start)
    remove_finished(here.journals)


@pytest.fixture
def folder(tmp_path) -> Path:
    for split in SPLITS:
        questions(tmp_path, split, 2)
    return tmp_path


def test_the_model_is_loaded_once_for_all_splits_and_closed(folder, model):
    run(folder, model)
    assert (model.loaded, model.closed) == (1, 1)
    assert [read_pass(folder / f"{split}-table.parquet").split for split in SPLITS] == list(SPLITS)
    assert all(len(list(read_table(folder / f"{split}-table.parquet", ScreenRecord))) == 2 for split in SPLITS)


def test_nothing_is_loaded_where_nothing_is_left_to_do(folder, model):
    run(folder, model)
    model.asked.clear()
    run(folder, model)
    assert model.loaded == 1
    assert not model.asked


def test_each_split_is_run_on_its_own_number_of_images_and_more_of_them_alone(folder, model):
    for split in SPLITS:
        questions(folder, split, 6)
    run(folder, model, drawn={"near": 2, "far": 4})
    assert Counter(asked.split()[0] for asked in model.asked) == {"near": 2, "far": 4}
    model.asked.clear()
    run(folder, model, drawn={"near": 3, "far": 4})
    assert len(model.asked) == 1
    run(folder, model, drawn={"near": 3})
    assert len(set(model.asked)) == 1 + 2


def test_another_split_and_another_sample_run_alone(folder, model):
    run(folder, model, ("near",))
    model.asked.clear()
    questions(folder, "near", 3)
    run(folder, model)
    assert model.asked == ["near 2", "far 0", "far 1"]


def test_fewer_in_flight_keep_what_was_done_and_another_model_does_not(folder, model):
    run(folder, model)
    run(folder, model, engines={"model": {"type": "t", "concurrency": 1}})
    assert model.loaded == 1
    run(folder, model, identities={"code": "c", "model": "m"})
    assert model.loaded == 2


@pytest.mark.parametrize(("engine", "most"), [("transformers", 6), ("server", 32)])
def test_a_server_is_asked_about_as_many_samples_as_are_in_flight_and_a_model_in_process_about_a_batch(engine, most):
    portion = {
        "holds": {"stage": "draft", "benchmark": "bench", "split": "near", "wording": "w", "batch": 6},
        "samples": "samples",
        "images": "images",
        "table": "table",
    }
    settings = {"type": engine, "served_name": "m"} if engine == "server" else {"type": engine, "image": {"factor": 28}}
    told = {"engines": {"model": settings | {"concurrency": 32}}, "settings": {}, "identities": {}}
    job = Job.model_validate(told | {"portions": [portion], "models": {}})
    here = ModelPass(job, {}, Shard(0, 1), Path("journals"), Path("media"), OpenModels(job.engines, {}))
    assert here.asked_at_once(job.portions[0]).now == most
    assert here.batch_size(job.portions[0]).now == 6


@pytest.mark.parametrize(("engines", "in_rounds"), [(("server", "server"), False), (("server", "transformers"), True)])
def test_conversations_go_in_rounds_where_one_of_their_models_is_in_process(engines, in_rounds, monkeypatch):
    monkeypatch.setattr(speceyes.method.model_pass, "records_side_by_side", lambda *_: iter(["in rounds"]))
    monkeypatch.setattr(speceyes.method.model_pass, "independently", lambda *_: iter(["independently"]))
    sections = {
        "server": {"type": "server", "served_name": "m", "concurrency": 2},
        "transformers": {"type": "transformers", "image": {"factor": 28}, "concurrency": 2},
    }
    portion = {
        "holds": {"stage": "agent", "benchmark": "b", "split": "s", "agent": "a"},
        "samples": "samples",
        "images": "images",
        "table": "table",
    }
    told = {"engines": dict(zip(("model", "draft"), map(sections.get, engines), strict=True)), "settings": {}}
    job = Job.model_validate(told | {"portions": [portion], "models": {}, "identities": {}})
    here = ModelPass(job, {}, Shard(0, 1), Path("journals"), Path("media"), OpenModels(job.engines, {}))
    assert list(here.records([], job.portions[0])) == ["in rounds" if in_rounds else "independently"]
