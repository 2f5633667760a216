"""A stage that is killed goes on at the next sample and ends with the table of an undisturbed run."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from scripted import sample
from speceyes.records.journal import BatchTooLargeError, remove_finished
from speceyes.records.samples import write_samples
from speceyes.records.stage import Shard, Stage
from speceyes.records.tables import read_provenance, read_table
from speceyes.records.types import ScreenRecord

SCRIPTS = Path(__file__).parents[3] / "workflow" / "scripts"
PROGRAM = """
import os, sys
from pathlib import Path
from speceyes.records.types import ScreenRecord
from speceyes.records.stage import Shard, Stage

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

stage.run(ScreenRecord, 2, work)
"""


@pytest.fixture
def stage(tmp_path):
    write_samples(tmp_path / "samples.parquet", [sample(number) for number in range(9)])
    return Stage(
        label="screen a/b",
        samples=tmp_path / "samples.parquet",
        table=tmp_path / "table.parquet",
        journals=tmp_path / "journals",
        shard=Shard(0, 1),
        settings={"tokens": 10},
        inputs={"code": "c"},
    )


class Work:
    """Screens, counts how often each sample was asked for, and breaks off before one of them."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def __call__(self, samples, breaks_at=None):
        if breaks_at in [s.sample_id[-1] for s in samples]:
            raise KeyboardInterrupt
        self.asked.update(s.sample_id for s in samples)
        return [ScreenRecord(sample_id=s.sample_id, text=f"no {s.sample_id}", tool_free=True) for s in samples]


def test_the_table_has_the_samples_order_and_says_where_it_comes_from(stage):
    work = Work()
    stage.run(ScreenRecord, 4, work)
    assert [r.sample_id for r in read_table(stage.table, ScreenRecord)] == [sample(n).sample_id for n in range(9)]
    stamp = read_provenance(stage.table)
    assert stamp["settings"] == {"tokens": 10}
    assert stamp["inputs"].keys() == {"code", "samples"}


def test_a_finished_table_that_is_deleted_before_its_journal_is_made_again_without_work(stage):
    """Snakemake does so with a table that it has not yet noted as complete when it is killed."""
    stage.run(ScreenRecord, 4, Work())
    before = list(read_table(stage.table, ScreenRecord))
    stage.table.unlink()
    work = Work()
    stage.run(ScreenRecord, 4, work)
    assert list(read_table(stage.table, ScreenRecord)) == before
    assert not work.asked


def test_the_journals_of_finished_tables_alone_are_removed(stage):
    with pytest.raises(KeyboardInterrupt):
        stage.run(ScreenRecord, 1, lambda samples: Work()(samples, "5"))
    unfinished = set(stage.journals.iterdir())
    replace(stage, settings={"tokens": 11}).run(ScreenRecord, 1, Work())
    assert unfinished < set(stage.journals.iterdir())
    remove_finished(stage.journals)
    assert set(stage.journals.iterdir()) == unfinished
    remove_finished(stage.journals / "none")


def test_no_finished_sample_is_generated_again(stage):
    work = Work()
    for breaks_at in "380":  # the third run breaks off at nothing: sample 0 is done
        try:
            stage.run(ScreenRecord, 2, lambda samples, at=breaks_at: work(samples, at))
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
    undisturbed.run(ScreenRecord, 2, Work())
    assert killed == list(read_table(undisturbed.table, ScreenRecord))


@pytest.mark.parametrize(
    "change",
    [{"settings": {"tokens": 11}}, {"inputs": {"code": "d"}}, {"inputs": {"code": "c", "model": "m"}}],
    ids=["settings", "code", "model"],
)
def test_a_journal_of_other_settings_code_or_model_is_not_continued(stage, change):
    work = Work()
    with pytest.raises(KeyboardInterrupt):
        stage.run(ScreenRecord, 1, lambda samples: work(samples, "5"))
    replace(stage, **change).run(ScreenRecord, 1, work)
    assert work.asked == Counter([sample(n).sample_id for n in range(5)] + [sample(n).sample_id for n in range(9)])


def test_nor_is_one_of_other_samples(stage):
    work = Work()
    with pytest.raises(KeyboardInterrupt):
        stage.run(ScreenRecord, 1, lambda samples: work(samples, "5"))
    write_samples(stage.samples, [sample(number, options=()) for number in range(9)])
    stage.run(ScreenRecord, 1, work)
    assert set(work.asked.values()) == {1, 2}


def test_only_the_sample_of_a_garbage_line_is_done_again(stage, capsys):
    before = Work()
    with pytest.raises(KeyboardInterrupt):
        stage.run(ScreenRecord, 1, lambda samples: before(samples, "5"))
    [journal] = stage.journals.iterdir()
    journal.write_text(journal.read_text().replace('"tool_free":true', '"tool_free":maybe', 1))
    after = Work()
    stage.run(ScreenRecord, 1, after)
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
        part = replace(stage, shard=Shard.parse(f"{index}-of-{count}"), table=tmp_path / f"{index}.parquet")
        part.run(ScreenRecord, 2, Work())
        seen += [record.sample_id for record in read_table(part.table, ScreenRecord)]
    assert sorted(seen) == [sample(n).sample_id for n in range(9)]


class LittleMemory(Work):
    """Screens at most so many samples at once."""

    def __init__(self, at_most: int) -> None:
        super().__init__()
        self.at_most = at_most
        self.tried: list[int] = []

    def __call__(self, samples, breaks_at=None):
        self.tried.append(len(samples))
        if len(samples) > self.at_most:
            raise BatchTooLargeError(f"out of memory with {len(samples)} prompts")
        return super().__call__(samples, breaks_at)


def test_a_batch_that_does_not_fit_is_halved_and_its_records_say_so(stage, capsys):
    work = LittleMemory(at_most=2)
    stage.run(ScreenRecord, 6, work)
    assert work.tried == [6, 3, 1] + [1] * 8
    assert {record.batch_cut_to for record in read_table(stage.table, ScreenRecord)} == {1}
    assert "out of memory with 6 prompts; going on with 3 at a time" in capsys.readouterr().err


def test_the_size_that_fits_is_remembered_by_a_resumed_job(stage):
    first, second = LittleMemory(at_most=3), LittleMemory(at_most=3)
    with pytest.raises(KeyboardInterrupt):
        stage.run(ScreenRecord, 6, lambda samples: first(samples, "5"))
    stage.run(ScreenRecord, 6, second)
    assert (first.tried, second.tried) == ([6, 3, 3], [3, 3])
    assert {record.batch_cut_to for record in read_table(stage.table, ScreenRecord)} == {3}


def test_only_the_latencies_of_cut_batches_are_marked(stage):
    def tight(samples):
        """The last of the samples are larger."""
        return LittleMemory(at_most=2 if samples[-1].sample_id.endswith("8") else 4)(samples)

    stage.run(ScreenRecord, 4, tight)
    stage.table.unlink()
    stage.run(ScreenRecord, 4, tight)
    assert [record.batch_cut_to for record in read_table(stage.table, ScreenRecord)] == [0] * 9
    replace(stage, settings={}).run(ScreenRecord, 3, tight)
    assert [record.batch_cut_to for record in read_table(stage.table, ScreenRecord)] == [0] * 6 + [1] * 3


def test_a_single_sample_that_does_not_fit_stops_the_job_by_its_name(stage):
    with pytest.raises(BatchTooLargeError, match=r"^bench/split/0000: out of memory with 1 prompts$"):
        stage.run(ScreenRecord, 6, LittleMemory(at_most=0))
