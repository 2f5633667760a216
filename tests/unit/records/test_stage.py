"""A stage that is killed goes on at the next sample and ends with the table of an undisturbed run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from scripted import sample as scripted_sample
from speceyes.records.batches import BatchSize, BatchTooLargeError, in_batches
from speceyes.records.journal import remove_finished
from speceyes.records.samples import Sample, read_samples, write_samples
from speceyes.records.selection import Shard
from speceyes.records.stage import Stage
from speceyes.records.tables import read_provenance, read_table, write_table
from speceyes.records.types import DraftRecord, ScreenRecord

SCRIPTS = Path(__file__).parents[3] / "workflow" / "scripts"
PROGRAM = """
import os, sys
from pathlib import Path
from speceyes.records.types import ScreenRecord
from speceyes.records.batches import BatchSize, in_batches
from speceyes.records.selection import Shard
from speceyes.records.stage import Stage

folder, lives = Path(sys.argv[1]), int(sys.argv[2])
stage = Stage("screen a/b", folder / "samples.parquet", folder / "table.parquet", folder / "journals",
              Shard(0, 1), {"tokens": 10}, {"code": "c"})
asked = folder / "asked"

def work(samples):
    with asked.open("a") as file:
        for sample in samples:
            print(sample.sample_id, file=file)
    if asked.read_text().count("\\n") > lives:
        os.kill(os.getpid(), 9)
    return [ScreenRecord(sample_id=s.sample_id, text=f"no {s.sample_id}", tool_free=True) for s in samples]

stage.run(ScreenRecord, in_batches(BatchSize(2), work))
"""


def sample(number: int, **other: object) -> Sample:
    """A question like no other's."""
    return scripted_sample(number, **({"options": ("red", f"blue {number}")} | other))


@pytest.fixture
def stage(tmp_path):
    write_samples(tmp_path / "samples.parquet", [sample(number) for number in range(9)])
    return Stage(
        label="screen a/b",
        samples=tmp_path / "samples.parquet",
        table=tmp_path / "table.parquet",
        journals=tmp_path / "journals",
        selection=Shard(0, 1),
        settings={"tokens": 10},
        inputs={"code": "c"},
    )


class Work:
    """Screens, counts how often each sample was asked for, and breaks off before one of them."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def __call__(self, samples, breaks_at=None, size=None):
        return in_batches(size or BatchSize(1), lambda batch: self._batch(batch, breaks_at))(samples)

    def _batch(self, samples, breaks_at):
        if breaks_at in [s.sample_id[-1] for s in samples]:
            raise KeyboardInterrupt
        self.asked.update(s.sample_id for s in samples)
        return [ScreenRecord(sample_id=s.sample_id, text=f"no {s.sample_id}", tool_free=True) for s in samples]


def test_the_table_has_the_samples_order_and_says_where_it_comes_from(stage):
    work = Work()
    stage.run(ScreenRecord, work)
    assert [r.sample_id for r in read_table(stage.table, ScreenRecord)] == [sample(n).sample_id for n in range(9)]
    stamp = read_provenance(stage.table)
    assert stamp["settings"] == {"tokens": 10}
    assert stamp["inputs"] == {"code": "c"}


def test_a_finished_table_that_is_deleted_before_its_journal_is_made_again_without_work(stage):
    """Snakemake does so with a table that it has not yet noted as complete when it is killed."""
    stage.run(ScreenRecord, Work())
    before = list(read_table(stage.table, ScreenRecord))
    stage.table.unlink()
    work = Work()
    stage.run(ScreenRecord, work)
    assert list(read_table(stage.table, ScreenRecord)) == before
    assert not work.asked


def test_the_journals_of_finished_tables_alone_are_removed(stage):
    with pytest.raises(KeyboardInterrupt):
        stage.run(ScreenRecord, lambda samples: Work()(samples, "5"))
    unfinished = set(stage.journals.iterdir())
    replace(stage, settings={"tokens": 11}).run(ScreenRecord, Work())
    assert unfinished < set(stage.journals.iterdir())
    remove_finished(stage.journals)
    assert set(stage.journals.iterdir()) == unfinished
    remove_finished(stage.journals / "none")


def test_no_finished_sample_is_generated_again(stage):
    work = Work()
    for breaks_at in "380":  # the third run breaks off at nothing: sample 0 is done
        try:
            stage.run(ScreenRecord, lambda samples, at=breaks_at: work(samples, at, size=BatchSize(2)))
        except KeyboardInterrupt:
            assert not stage.table.exists()
    assert work.asked == Counter(sample(n).sample_id for n in range(9))
    assert [r.text for r in read_table(stage.table, ScreenRecord)] == [f"no {sample(n).sample_id}" for n in range(9)]


def test_a_killed_process_goes_on_where_it_was(stage, tmp_path):
    def run(lives: int) -> int:
        command = [sys.executable, "-c", PROGRAM, str(tmp_path), str(lives)]
        return subprocess.run(command, env={"PYTHONPATH": str(SCRIPTS)}, check=False, capture_output=True).returncode

    assert [run(3), run(6), run(99)] == [-signal.SIGKILL, -signal.SIGKILL, 0]
    asked = Counter((tmp_path / "asked").read_text().split())
    # The two batches under way when the process died were asked again; whatever had been recorded was not.
    assert sorted(asked.values()) == [1] * 5 + [2] * 4
    killed = list(read_table(stage.table, ScreenRecord))
    undisturbed = replace(stage, table=tmp_path / "undisturbed.parquet")
    undisturbed.run(ScreenRecord, Work())
    assert killed == list(read_table(undisturbed.table, ScreenRecord))


@pytest.mark.parametrize(
    "change",
    [{"settings": {"tokens": 11}}, {"inputs": {"code": "d"}}, {"inputs": {"code": "c", "model": "m"}}],
    ids=["settings", "code", "model"],
)
def test_a_journal_of_other_settings_code_or_model_is_not_continued(stage, change):
    work = Work()
    with pytest.raises(KeyboardInterrupt):
        stage.run(ScreenRecord, lambda samples: work(samples, "5"))
    replace(stage, **change).run(ScreenRecord, work)
    assert work.asked == Counter([sample(n).sample_id for n in range(5)] + [sample(n).sample_id for n in range(9)])


def test_nor_is_a_record_of_a_sample_that_has_changed(stage):
    work = Work()
    with pytest.raises(KeyboardInterrupt):
        stage.run(ScreenRecord, lambda samples: work(samples, "5"))
    write_samples(stage.samples, [sample(number, options=()) for number in range(9)])
    stage.run(ScreenRecord, work)
    assert work.asked == Counter([sample(n).sample_id for n in range(5)] + [sample(n).sample_id for n in range(9)])


def finished(stage):
    """A table whose journal is gone, as between two runs; its bytes."""
    stage.run(ScreenRecord, Work())
    remove_finished(stage.journals)
    return stage.table.read_bytes()


def test_a_complete_table_keeps_every_byte_and_looks_new(stage):
    before = finished(stage)
    os.utime(stage.table, (1, 1))
    work = Work()
    stage.run(ScreenRecord, work)
    assert not work.asked
    assert stage.table.read_bytes() == before
    assert stage.table.stat().st_mtime > 1


@pytest.mark.parametrize(
    "change, again",
    [
        (lambda samples: [*samples, sample(9)], {9}),
        (lambda samples: [*samples[:4], sample(4, image="other.png"), *samples[5:]], {4}),
        (lambda samples: [sample(0, options=()), *samples[1:]], {0}),
        (lambda samples: samples[:5], set()),
        (lambda samples: samples[::-1], set()),
    ],
    ids=["one more", "another picture", "another wording", "fewer", "another order"],
)
def test_only_samples_that_are_new_or_changed_are_worked_on(stage, change, again):
    finished(stage)
    kept = {record.sample_id: record for record in read_table(stage.table, ScreenRecord)}
    samples = change(read_samples(stage.samples))
    write_samples(stage.samples, samples)
    work = Work()
    stage.run(ScreenRecord, work)
    assert work.asked == Counter(sample(number).sample_id for number in again)
    records = list(read_table(stage.table, ScreenRecord))
    assert [record.sample_id for record in records] == [s.sample_id for s in samples]
    unchanged = [record for record in records if record.sample_id not in work.asked]
    assert unchanged == [kept[record.sample_id] for record in unchanged]


def test_a_question_that_only_moved_keeps_its_record_under_its_new_number(stage):
    finished(stage)
    before = read_samples(stage.samples)
    moved = [s.model_copy(update={"sample_id": sample(number).sample_id}) for number, s in enumerate(before[1:])]
    write_samples(stage.samples, moved)
    work = Work()
    stage.run(ScreenRecord, work)
    assert not work.asked
    assert [(r.sample_id, r.text) for r in read_table(stage.table, ScreenRecord)] == [
        (now.sample_id, f"no {then.sample_id}") for now, then in zip(moved, before[1:], strict=True)
    ]


def test_a_table_that_was_killed_over_its_update_keeps_what_it_held(stage):
    before = finished(stage)
    write_samples(stage.samples, [sample(number) for number in range(12)])
    work = Work()
    with pytest.raises(KeyboardInterrupt):
        stage.run(ScreenRecord, lambda samples: work(samples, "1"))
    assert stage.table.read_bytes() == before


def another_kind(table):
    write_table(table, DraftRecord, [], {})


def an_older_version(table):
    """Its records say nothing of what they depend on."""
    stored = pq.read_table(table)
    pq.write_table(stored.drop_columns(["identity"]), table)


def half_a_file(table):
    table.write_bytes(table.read_bytes()[:200])


@pytest.mark.parametrize("replaced", [another_kind, an_older_version, half_a_file])
def test_a_table_of_anything_else_is_made_anew(stage, replaced):
    finished(stage)
    replaced(stage.table)
    work = Work()
    stage.run(ScreenRecord, work)
    assert len(work.asked) == len(list(read_table(stage.table, ScreenRecord))) == 9


def test_only_the_sample_of_a_garbage_line_is_done_again(stage, capsys):
    before = Work()
    with pytest.raises(KeyboardInterrupt):
        stage.run(ScreenRecord, lambda samples: before(samples, "5"))
    [journal] = stage.journals.iterdir()
    journal.write_text(journal.read_text().replace('"tool_free":true', '"tool_free":maybe', 1))
    after = Work()
    stage.run(ScreenRecord, after)
    assert f"{journal}:2: " in capsys.readouterr().err
    assert (before.asked + after.asked)[sample(0).sample_id] == 2
    remove_finished(stage.journals)
    assert [path.name for path in stage.journals.iterdir()] == [journal.with_suffix(".unreadable").name]
    assert len(list(read_table(stage.table, ScreenRecord))) == 9


def test_two_processes_at_one_table_do_the_work_once(stage, tmp_path):
    command = [sys.executable, "-c", PROGRAM, str(tmp_path), "99"]
    both = [
        subprocess.Popen(command, env={"PYTHONPATH": str(SCRIPTS)}, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert len(list(read_table(stage.table, ScreenRecord))) == 9
    assert sorted(Counter((tmp_path / "asked").read_text().split()).values()) == [1] * 9


@pytest.mark.parametrize("count", [1, 2, 4, 12])
def test_shards_divide_the_samples(stage, tmp_path, count):
    seen = []
    for index in range(1, count + 1):
        part = replace(stage, selection=Shard.parse(f"{index}-of-{count}"), table=tmp_path / f"{index}.parquet")
        part.run(ScreenRecord, Work())
        seen += [record.sample_id for record in read_table(part.table, ScreenRecord)]
    assert sorted(seen) == [sample(n).sample_id for n in range(9)]


class LittleMemory(Work):
    """Screens at most so many samples at once, of those that it is given in batches of ``size``."""

    def __init__(self, at_most: int, size: int, kept: Path | None = None) -> None:
        super().__init__()
        self.at_most = at_most
        self.size = BatchSize(size, kept)
        self.tried: list[int] = []

    def __call__(self, samples, breaks_at=None):
        return super().__call__(samples, breaks_at, self.size)

    def _batch(self, samples, breaks_at):
        self.tried.append(len(samples))
        if len(samples) > self.at_most:
            raise BatchTooLargeError(f"out of memory with {len(samples)} prompts")
        return super()._batch(samples, breaks_at)


def test_a_batch_that_does_not_fit_is_halved_and_its_records_say_so(stage, capsys):
    work = LittleMemory(2, size=6)
    stage.run(ScreenRecord, work)
    assert work.tried == [6, 3, 1] + [1] * 8
    assert {record.batch_cut_to for record in read_table(stage.table, ScreenRecord)} == {1}
    assert "out of memory with 6 prompts; going on with 3 at a time" in capsys.readouterr().err


def interrupted_and_resumed(stage, breaks_at):
    """The work of a job with little memory that is killed at a sample, and of the one that goes on."""
    first = LittleMemory(3, 6, stage.largest_batch)
    with pytest.raises(KeyboardInterrupt):
        stage.run(ScreenRecord, lambda samples: first(samples, breaks_at))
    second = LittleMemory(3, 6, stage.largest_batch)
    stage.run(ScreenRecord, second)
    return first, second


def test_a_resumed_job_does_not_begin_with_a_batch_that_did_not_fit(stage):
    first, second = interrupted_and_resumed(stage, "5")
    assert (first.tried, second.tried) == ([6, 3, 3], [3, 3])
    assert {record.batch_cut_to for record in read_table(stage.table, ScreenRecord)} == {3}


def test_a_job_that_was_killed_before_its_first_record_remembers_what_did_not_fit(stage):
    first, second = interrupted_and_resumed(stage, "0")
    assert (first.tried, second.tried[0]) == ([6, 3], 3)


def test_a_finished_stage_and_one_with_other_settings_begin_with_the_planned_batch(stage):
    stage.run(ScreenRecord, LittleMemory(3, 6, stage.largest_batch))
    assert not stage.largest_batch.exists()
    other = replace(stage, settings={"tokens": 20})
    assert other.largest_batch != stage.largest_batch


@pytest.mark.parametrize("kept", ["", "six", "0", "99", "-3"])
def test_a_remembered_batch_size_that_cannot_be_meant_is_left_alone(tmp_path, kept):
    (tmp_path / "batch").write_text(kept)
    size = BatchSize(6, tmp_path / "batch")
    assert (size.now, size.cut_to) == (6, 0)


def test_only_the_latencies_of_cut_batches_are_marked(stage):
    class LargeAtTheEnd(LittleMemory):
        def _batch(self, samples, breaks_at):
            self.at_most = 2 if samples[-1].sample_id.endswith("8") else 4
            return super()._batch(samples, breaks_at)

    stage.run(ScreenRecord, LargeAtTheEnd(4, size=4))
    assert [record.batch_cut_to for record in read_table(stage.table, ScreenRecord)] == [0] * 9
    replace(stage, settings={}).run(ScreenRecord, LargeAtTheEnd(4, size=3))
    assert [record.batch_cut_to for record in read_table(stage.table, ScreenRecord)] == [0] * 6 + [1] * 3


def test_a_single_sample_that_does_not_fit_stops_the_job_by_its_name(stage):
    with pytest.raises(BatchTooLargeError, match=r"^bench/split/0000: out of memory with 1 prompts$"):
        stage.run(ScreenRecord, LittleMemory(0, size=6))
