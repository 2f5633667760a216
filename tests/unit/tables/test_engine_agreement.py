"""Timed answers against stored ones: every step of every cell, and the first difference in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from speceyes.records.passes import read_pass
from speceyes.records.tables import read_provenance, read_table, write_table
from speceyes.records.types import DraftRecord, TimingRecord
from speceyes.tables.engine_agreement import READS, make
from speceyes.tables.inputs import TableInputs
from synthetic_study import SyntheticStudy
from synthetic_tables import pass_files

CELL = ("deepeyes", "vstar", "direct_attributes")


@pytest.fixture
def study(tmp_path: Path) -> SyntheticStudy:
    return SyntheticStudy(tmp_path / "study", {CELL[1:]: 8}, agents=("deepeyes",), timed_images=5).write()


def test_drafts_are_held_against_those_in_the_agents_own_words(tmp_path):
    study = SyntheticStudy(tmp_path / "own", {CELL[1:]: 40}, agents=("deepeyes",), own_words=("deepeyes",)).write()
    row = agreement(study).set_index(["step", "batch_size"]).loc[("draft", 6)]
    assert row["same"] == row["n"] == 40


def agreement(study: SyntheticStudy):
    files = pass_files(study)
    return make(TableInputs({name: files[name] for name in READS}, study=None, results=study.root))


def test_answers_that_are_the_same_agree_in_every_step_and_only_timed_samples_are_compared(study):
    table = agreement(study)
    assert {(row.step, row.batch_size) for row in table.itertuples()} == {
        ("screen", 1), ("screen", 6), ("draft", 1), ("draft", 6), ("agent", 0), ("specreason", 0),
    }  # fmt: skip
    assert (table["n"] == 5).all()
    main = table[table["batch_size"] != 1]
    assert (main["same"] == 5).all()
    assert (main["first_difference"] == "").all()


def test_every_ablated_batch_size_is_held_against_the_answers_of_the_main_one(study):
    (stored,) = study.passes(*CELL).drafts
    answered = {record.sample_id: record.text for record in read_table(stored, DraftRecord)}
    timed = [
        (record.sample_id, one.answer)
        for record in read_table(study.passes(*CELL).timing, TimingRecord)
        for one in record.times
        if (one.step, one.batch) == ("draft", 1)
    ]
    row = agreement(study).set_index(["step", "batch_size"]).loc[("draft", 1)]
    assert row["same"] == sum(answered[sample] == answer for sample, answer in timed)


def test_an_answer_that_the_timed_run_gave_otherwise_is_counted_and_shown(study):
    path = study.passes(*CELL).timing
    records = list(read_table(path, TimingRecord))
    times = [
        timed.model_copy(update={"answer": "quite another"}) if (timed.step, timed.batch) == ("draft", 6) else timed
        for timed in records[2].times
    ]
    records[2] = records[2].model_copy(update={"times": tuple(times)})
    write_table(path, TimingRecord, records, read_provenance(path) | read_pass(path).stamp())
    table = agreement(study).set_index(["step", "batch_size"])
    row = table.loc[("draft", 6)]
    assert (row["same"], row["first_difference"], row["timed_answer"]) == (4, records[2].sample_id, "quite another")
