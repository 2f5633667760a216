import shutil
from dataclasses import replace
from pathlib import Path

from speceyes.records.passes import Pass
from speceyes.study.config.timing import TimingConfig
from speceyes.study.estimate import Download, Work, bytes_to_come, judge_calls, render
from speceyes.study.gpu_hours import PlannedPass

VARIED = {"draft": {"wording": "draft", "batch": 6}, "screen": {"batch": 6}}


def a_pass(folder: Path, stage: str, samples: int = 100, **names) -> PlannedPass:
    names = {"benchmark": "vstar", "split": "direct_attributes"} | VARIED.get(stage, {}) | names
    return PlannedPass(Pass(stage=stage, **names), samples, [folder / "absent.parquet"], units=1.0)


def some_work(folder: Path, *passes: PlannedPass, downloads=()) -> Work:
    return Work(
        study="it", results=folder / "results", downloads=downloads, passes=passes,
        verdicts=folder / "verdicts.parquet", top_k=128, draft_tokens=20, timing=TimingConfig(), drawn_from={},
    )  # fmt: skip


def test_what_has_arrived_of_a_download_is_not_still_to_come(tmp_path):
    download = Download(name="a/b", path=tmp_path / "there", store=tmp_path / "store", gigabytes=1e-3)
    assert bytes_to_come(download) == 1e6
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "x.part").write_bytes(bytes(400_000))
    assert bytes_to_come(download) == 600_000
    assert bytes_to_come(replace(download, gigabytes=None)) is None
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "x").write_text("x")
    assert bytes_to_come(download) == 0


def test_judge_calls_are_bounded_and_over_once_judged(tmp_path):
    drafts = (
        a_pass(tmp_path, "draft"),
        a_pass(tmp_path, "draft"),
        a_pass(tmp_path, "draft", split="relative_position"),
    )
    work = some_work(tmp_path, *drafts, a_pass(tmp_path, "screen", agent="deepeyes"))
    assert judge_calls(work) == 600
    work.verdicts.write_text("")
    assert judge_calls(work) == 0


def test_the_estimate_as_printed(tmp_path):
    downloads = [
        Download(name="a/b", path=tmp_path / "b", store=tmp_path / "s", gigabytes=145),
        Download(name="a/c", path=tmp_path / "c", store=tmp_path / "s", gigabytes=None),
    ]
    text = render(some_work(tmp_path, a_pass(tmp_path, "agent", agent="thyme", samples=720), downloads=downloads))
    assert "a/b                                145.00 GB\n" in text
    assert "together                           145.00 GB and 1 of unknown size" in text
    assert "agent thyme                 720     0%      1.25       0.25  many in flight, 10 s assumed" in text
    assert ("not enough" in text) == (shutil.disk_usage(tmp_path).free < 145e9)
    assert text.endswith("Judge: at most 1440 calls")
