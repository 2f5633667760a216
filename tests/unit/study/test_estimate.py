import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from speceyes.records.passes import Pass
from speceyes.records.tables import write_table
from speceyes.records.types import AgentRecord, DraftRecord, LiveRecord
from speceyes.study.estimate import (
    Download,
    PlannedPass,
    Timed,
    Work,
    bytes_to_come,
    judge_calls,
    measured_latencies,
    nearest,
    published_shares,
    render,
    stage_costs,
)

PUBLISHED = Path(__file__).parents[3] / "resources" / "published" / "main_table.csv"


def draft_table(path: Path, *seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    records = [
        DraftRecord(sample_id=str(i), latency_s=s, text="", tokens=(), top_logprobs=()) for i, s in enumerate(seconds)
    ]
    write_table(path, DraftRecord, records, {})


def agent_table(path: Path, *seconds: float) -> None:
    records = [
        AgentRecord(sample_id=str(i), latency_s=s, answer="", turns=(), tool_calls=0) for i, s in enumerate(seconds)
    ]
    write_table(path, AgentRecord, records, {})


VARIED = {
    "draft": {"batch": 6}, "screen": {"batch": 6}, "specreason": {"variant": "corrected"},
    "live": {"metric": "min", "top_k": 64, "threshold": 0.98, "batch": 6},
}  # fmt: skip


def a_pass(folder: Path, stage: str, shards: int = 1, samples: int = 100, **names) -> PlannedPass:
    names = {"benchmark": "vstar", "split": "direct_attributes"} | VARIED.get(stage, {}) | names
    tables = [folder / f"{stage}-{'-'.join(map(str, names.values()))}-{shard}.parquet" for shard in range(shards)]
    return PlannedPass(Pass(stage=stage, **names), samples, tables)


def some_work(folder: Path, *passes: PlannedPass, downloads=()) -> Work:
    return Work(
        study="it", results=folder / "results", downloads=downloads, passes=passes,
        verdicts=folder / "verdicts.parquet", top_k=128, draft_tokens=20,
    )  # fmt: skip


def test_without_any_table_the_papers_speedups_share_out_the_assumed_agent_latency(tmp_path):
    work = some_work(
        tmp_path,
        a_pass(tmp_path, "draft"),
        a_pass(tmp_path, "agent", agent="deepeyes"),
        a_pass(tmp_path, "specreason", agent="deepeyes"),
        a_pass(tmp_path, "live", agent="deepeyes"),
    )
    seconds = {cost.stage: cost.seconds for cost in stage_costs(work)}
    assert seconds["agent"] == pytest.approx(10.0)
    assert seconds["draft"] == pytest.approx(10 / 5.44)
    assert seconds["specreason"] == pytest.approx(10 / 0.61)
    assert seconds["live"] < 10
    assert all("10 s assumed for the agent" in cost.basis for cost in stage_costs(work))
    assert sum(cost.hours for cost in stage_costs(work)) == pytest.approx(100 * sum(seconds.values()) / 3600)


def test_measured_latencies_take_over_pass_by_pass(tmp_path):
    agent = a_pass(tmp_path, "agent", agent="deepeyes", shards=2)
    agent_table(agent.tables[0], 2.0, 4.0)
    work = some_work(tmp_path, agent, a_pass(tmp_path, "draft"), a_pass(tmp_path, "agent", agent="thyme"))
    measured, draft, other = stage_costs(work)
    assert (measured.seconds, measured.basis, measured.done) == (3.0, "measured", 50)
    assert measured.hours == pytest.approx(50 * 3 / 3600)
    assert draft.seconds == pytest.approx(3 / 5.44)
    assert draft.basis == "paper's speedup x measured agent"
    assert "assumed" in other.basis


def test_a_finished_stage_costs_nothing_more(tmp_path):
    draft = a_pass(tmp_path, "draft")
    draft_table(draft.tables[0], 0.5, 1.5)
    (cost,) = stage_costs(some_work(tmp_path, draft))
    assert (cost.seconds, cost.hours, cost.done) == (1.0, 0.0, 100)


def test_a_live_sample_costs_all_its_phases(tmp_path):
    live = a_pass(tmp_path, "live", agent="deepeyes")
    record = LiveRecord(
        sample_id="0", tool_free=True, accepted=False, confidence=0.5, source="agent", answer="",
        screen_s=0.5, draft_s=0.25, agent_s=3.0, tool_calls=1,
    )  # fmt: skip
    write_table(live.tables[0], LiveRecord, [record], {})
    assert measured_latencies([live]) == {live.timed: 3.75}


def test_the_nearest_known_latency_stands_in():
    known = {
        Timed("live", "a", "min", "pope", "x"): 1.0,
        Timed("live", "a", "log", "pope", "x"): 3.0,
        Timed("live", "a", "min", "pope", "y"): 5.0,
        Timed("live", "b", "min", "vstar", "z"): 100.0,
    }
    assert nearest(Timed("live", "a", "min", "pope", "x"), known) == 1.0
    assert nearest(Timed("live", "a", "mean", "pope", "x"), known) == 2.0
    assert nearest(Timed("live", "a", "mean", "pope", "new"), known) == 3.0
    assert nearest(Timed("live", "a", "mean", "hrbench", "4k"), known) == 3.0
    assert nearest(Timed("live", "c", "min", "pope", "x"), known) is None


def test_every_published_pass_has_a_share():
    shares = published_shares(PUBLISHED)
    assert shares[Timed("draft", "", "", "hrbench", "4k")] == pytest.approx(1 / 3.2)
    assert shares[Timed("screen", "", "", "hrbench", "4k")] == shares[Timed("draft", "", "", "hrbench", "4k")]
    assert len([cell for cell in shares if cell.stage == "live"]) == 2 * 4 * 7


def test_bytes_to_come(tmp_path):
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
    assert "agent thyme                 720     0%     10.00       2.00  paper's speedup x 10 s assumed" in text
    assert ("not enough" in text) == (shutil.disk_usage(tmp_path).free < 145e9)
    assert text.endswith("Judge: at most 1440 calls")
