"""GPU time: what is computed with many in flight, what runs by the clock, and what loading adds."""

from __future__ import annotations

from pathlib import Path

import pytest
from configurations import written
from scripted import sample
from speceyes.records.passes import Pass
from speceyes.records.samples import write_samples
from speceyes.records.tables import write_table
from speceyes.records.types import AgentRecord, LiveRecord, Timed, TimingRecord
from speceyes.study.config import load_config
from speceyes.study.estimate import Work, render
from speceyes.study.gpu_hours import (
    Assumptions,
    PlannedPass,
    drawn_from,
    load_costs,
    measured_seconds,
    model_jobs,
    nearest,
    planned_passes,
    published_shares,
    questions_per_image,
    stage_costs,
)
from speceyes.study.gpu_hours import TimingKey as On
from speceyes.study.layout import Layout
from speceyes.study.plan import PUBLISHED, Plan
from speceyes.study.study import Study

ROOT = Path(__file__).parents[3]
ASSUMED = Assumptions(agent_s=10.0, gain=8.0)
GATE = {"metric": "min", "top_k": 64, "threshold": 0.98, "batch": 6}


def paper(folder: Path, **changes: object) -> Plan:
    raw = written("config.yaml") | changes
    return Plan(Study(load_config(raw), Layout(str(folder))))


def a_pass(folder: Path, stage: str, units: float = 1.0, shards: int = 1, samples: int = 100, **names) -> PlannedPass:
    named = {"agent": "thyme", "benchmark": "vstar", "split": "direct_attributes"} | names
    tables = [folder / f"{stage}-{shard}.parquet" for shard in range(shards)]
    return PlannedPass(Pass(stage=stage, **named), samples, tables, units)


def agent_table(path: Path, *seconds: float) -> None:
    records = [
        AgentRecord(sample_id=str(i), latency_s=s, answer="", turns=(), tool_calls=0) for i, s in enumerate(seconds)
    ]
    write_table(path, AgentRecord, records, {})


def test_answers_are_priced_in_flight_and_times_one_after_the_other(tmp_path):
    answers, clock = stage_costs([a_pass(tmp_path, "agent"), a_pass(tmp_path, "timing", units=2.5)], ASSUMED)
    assert answers.seconds == pytest.approx(10 / 8)
    assert clock.seconds == pytest.approx(25)
    assert clock.hours == pytest.approx(100 * 25 / 3600)
    assert answers.basis.startswith("many in flight")
    assert clock.basis.startswith("one after the other")


def test_screening_is_not_priced_as_drafting(tmp_path):
    units = {one.holds.stage: one.units for one in planned_passes(paper(tmp_path), ASSUMED)}
    assert (units["screen"], units["draft"], units["agent"]) == (ASSUMED.screening, ASSUMED.draft, 1.0)


def test_the_sample_of_the_corrected_protocol_is_priced_by_its_images(tmp_path):
    def corrected(**changes: object) -> dict[tuple[str, str], int]:
        costs = stage_costs(planned_passes(paper(tmp_path, **changes), ASSUMED), ASSUMED)
        return {(one.stage, one.agent): one.samples for one in costs if one.stage == "corrected" and one.hours > 0}

    by_images = 2 * 50 + 2 * 50 * 4 + 3 * 50 * 6  # V*, HR-Bench, POPE
    assert corrected() == {("corrected", "deepeyes"): by_images, ("corrected", "thyme"): by_images}
    assert corrected(corrected={"images": 10}) == dict.fromkeys(corrected(), by_images // 5)
    assert corrected(corrected={"images": 0}) == {}


def test_specreasons_corrected_sample_is_priced_as_specreason_on_the_samples_images(tmp_path):
    peer = {"agents": ["deepeyes"], "benchmarks": ["vstar"], "variants": ["published"]}
    passes = {one.holds.stage: one for one in planned_passes(paper(tmp_path, specreason=peer), ASSUMED)}
    whole, sample = passes["specreason"], passes["corrected_specreason"]
    assert (sample.units, sample.samples) == (whole.units, 50)


def test_times_are_priced_on_the_drawn_images_and_answers_on_all_samples(tmp_path):
    def samples(images: object, stage: str) -> dict[str, int]:
        passes = planned_passes(paper(tmp_path, timing={"images": images}), ASSUMED)
        return {one.holds.split: one.samples for one in passes if one.holds.stage == stage}

    assert samples(10, "timing") == {
        "direct_attributes": 10, "relative_position": 10, "4k": 40, "8k": 40, "adversarial": 60, "popular": 60,
        "random": 60,
    }  # fmt: skip
    assert samples(10, "agent") == samples(None, "timing")
    assert samples(200, "live")["relative_position"] == 76  # a split has no more than it has
    assert samples({"vstar": 100, "pope": 30, "hrbench": None}, "live") == {
        "direct_attributes": 100, "relative_position": 76, "4k": 800, "8k": 800, "adversarial": 180, "popular": 180,
        "random": 180,
    }  # fmt: skip
    assert samples({"pope": 30}, "timing")["4k"] == 800  # of a benchmark that is not named all


def test_a_sample_by_the_clock_takes_every_step_at_every_batch_size_and_every_peer(tmp_path):
    plan = paper(tmp_path, timing={"images": 5, "repeats": 2})
    shares = published_shares(PUBLISHED / "main_table.csv")
    peer = shares[On("specreason", "thyme", "", "vstar", "direct_attributes")]
    (found,) = [
        one for one in planned_passes(plan, ASSUMED) if one.holds.stage == "timing" and one.timed.agent == "thyme"
        and one.holds.split == "direct_attributes"
    ]  # fmt: skip
    assert found.units == pytest.approx(2 * (4 * (ASSUMED.screening + ASSUMED.draft) + 1 + 2 * peer))


def test_what_was_measured_takes_over(tmp_path):
    agent = a_pass(tmp_path, "agent", shards=2)
    agent_table(agent.tables[0], 2.0, 4.0)
    (cost,) = stage_costs([agent], ASSUMED)
    assert (cost.seconds, cost.basis, cost.done) == (3.0, "measured", 50)
    assert cost.hours == pytest.approx(50 * 3 / 3600)


def test_a_pilots_tables_price_what_has_none(tmp_path):
    (tmp_path / "pilot").mkdir()
    pilot = a_pass(tmp_path / "pilot", "agent", samples=2)
    agent_table(pilot.tables[0], 5.0, 7.0)
    (cost,) = stage_costs([a_pass(tmp_path, "agent")], ASSUMED, [pilot])
    assert (cost.seconds, cost.done, cost.basis) == (6.0, 0, "measured")


def test_an_agent_that_was_timed_prices_what_was_not(tmp_path):
    clock = a_pass(tmp_path, "timing", units=2.0)
    steps = (("agent", 4.0), ("agent", 6.0), ("screen", 1.0))
    times = tuple(Timed(step=s, repeat=0, latency_s=t, status="ok", answer="") for s, t in steps)
    write_table(clock.tables[0], TimingRecord, [TimingRecord(sample_id="0", times=times)], {})
    live = a_pass(tmp_path, "live", units=0.5, **GATE)
    timing, funnel = stage_costs([clock, live], ASSUMED)
    assert (timing.hours, funnel.seconds) == (0.0, 2.5)
    assert "agent by the clock" in funnel.basis


def test_a_live_sample_costs_all_its_phases(tmp_path):
    live = a_pass(tmp_path, "live", **GATE)
    record = LiveRecord(
        sample_id="0", tool_free=True, accepted=False, confidence=0.5, source="agent", answer="",
        screen_s=0.5, draft_s=0.25, agent_s=3.0, tool_calls=1,
    )  # fmt: skip
    write_table(live.tables[0], LiveRecord, [record], {})
    assert measured_seconds([live]) == {live.timed: 3.75}


def test_a_job_on_several_gpus_costs_all_of_them(tmp_path):
    one = a_pass(tmp_path, "agent")
    spread = PlannedPass(one.holds, one.samples, one.tables, one.units, gpus=4)
    assert stage_costs([spread], ASSUMED)[0].hours == pytest.approx(4 * stage_costs([one], ASSUMED)[0].hours)


def test_models_are_loaded_as_often_with_one_split_as_with_all(tmp_path):
    raw = written("config.yaml")["benchmarks"]
    alone = {
        name: benchmark | {"splits": dict([next(iter(benchmark["splits"].items()))])} for name, benchmark in raw.items()
    }
    assert model_jobs(paper(tmp_path)) == model_jobs(paper(tmp_path, benchmarks=alone))


def test_load_costs_every_level_for_both_systems(tmp_path):
    load = {"concurrency": [1, 16], "rates": [0.5], "questions": 10, "repeats": 3}
    costs = load_costs(paper(tmp_path, load=load), ASSUMED, {})
    by_agent = 2 * 3 * 3 * 30  # systems, repeats, levels, questions
    assert [(one.agent, one.samples) for one in costs] == [("deepeyes", by_agent), ("thyme", by_agent)]
    assert all(one.seconds == pytest.approx((10 + 10 / 8 + 2) / 3) for one in costs)
    assert load_costs(paper(tmp_path, load=None), ASSUMED, {}) == []


def test_load_is_priced_by_an_agent_that_was_timed_and_not_where_it_is_done(tmp_path):
    plan = paper(tmp_path, load={"concurrency": [2], "rates": [], "questions": 10, "repeats": 1})
    done = Path(plan.study.layout.load("deepeyes"))
    done.parent.mkdir(parents=True)
    done.touch()
    first, second = load_costs(plan, ASSUMED, {"thyme": 3.0})
    assert (first.done, first.hours, first.basis) == (first.samples, 0, "10 s assumed for the agent")
    assert (second.seconds, second.basis) == (1.5, "agent by the clock")
    assert second.hours == pytest.approx(60 * 1.5 / 3600)


def test_questions_about_an_image_are_counted_where_samples_are_there(tmp_path):
    pilot, study = (paper(tmp_path / name).study for name in ("pilot", "study"))
    assert questions_per_image([pilot, study]) == {"hrbench": 4, "pope": 6}
    for split, images in (("adversarial", "aab"), ("random", "aa")):  # the same picture in two splits is drawn twice
        path = Path(pilot.layout.samples("pope", split))
        path.parent.mkdir(parents=True)
        asked = [sample(number).model_copy(update={"image_id": image}) for number, image in enumerate(images)]
        write_samples(path, asked)
    counted = questions_per_image([pilot, study])
    assert counted == {"hrbench": 4, "pope": 5 / 3}
    timed = {
        one.holds.split: one.samples
        for one in planned_passes(Plan(study), ASSUMED, counted)
        if one.holds.stage == "timing"
    }
    assert (timed["random"], timed["4k"]) == (round(20 * 5 / 3), 20 * 4)
    assert drawn_from(Plan(study), counted)["pope"] == 1800


def test_images_of_a_split_follow_from_its_official_questions(tmp_path):
    assert drawn_from(paper(tmp_path)) == {"vstar": 115, "hrbench": 200, "pope": 500}
    assert drawn_from(paper(tmp_path, limit=50)) == {"vstar": 50, "hrbench": 13, "pope": 9}


def test_the_papers_study_takes_at_most_eighty_hours_at_ten_seconds_per_answer(tmp_path):
    text = render(Work.of(paper(tmp_path).study))
    (together,) = [line for line in text.splitlines() if line.endswith("without judging")]
    assert float(together.split()[1]) <= 80
    for said in ("an agent's answer, one after the other: 10 s", "8 times as fast", "loading models, "):
        assert said in text


def test_the_nearest_known_seconds_stand_in():
    known = {
        On("live", "a", "min", "pope", "x"): 1.0,
        On("live", "a", "log", "pope", "x"): 3.0,
        On("live", "a", "min", "pope", "y"): 5.0,
        On("live", "b", "min", "vstar", "z"): 100.0,
    }
    assert nearest(On("live", "a", "min", "pope", "x"), known) == 1.0
    assert nearest(On("live", "a", "mean", "pope", "x"), known) == 2.0
    assert nearest(On("live", "a", "mean", "pope", "new"), known) == 3.0
    assert nearest(On("live", "c", "min", "pope", "x"), known) is None


def test_every_published_pass_has_a_share():
    shares = published_shares(PUBLISHED / "main_table.csv")
    assert shares[On("draft", "", "", "hrbench", "4k")] == pytest.approx(1 / 3.2)
    assert len([cell for cell in shares if cell.stage == "live"]) == 2 * 4 * 7
