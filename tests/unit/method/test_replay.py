import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speceyes.method.confidence import METRICS
from speceyes.method.gate import accepts
from speceyes.method.grid import Grid, GridSetting
from speceyes.method.replay import Passes, Replayer, read_replay, write_replay
from speceyes.records.frames import read_frame
from speceyes.records.tables import read_provenance, read_table, write_table
from speceyes.records.times import Times
from speceyes.records.types import AgentRecord, DraftRecord, RecordError, ScreenRecord
from synthetic_study import SyntheticStudy

CELL = ("deepeyes", "vstar", "direct_attributes")
FUNNEL = GridSetting("speceyes", "min", 16, 0.97, 6)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return SyntheticStudy(tmp_path_factory.mktemp("study"), agents=("deepeyes",)).write()


@pytest.fixture(scope="module")
def replayer(study):
    return Replayer(study.passes(*CELL))


@pytest.fixture(scope="module")
def records(study):
    """Of every sample: its screening, draft and episode, the seconds of the first two by batch size, its confidence."""
    passes = study.passes(*CELL)
    times = Times([passes.timing])
    scores = pd.read_parquet(passes.confidences).query("metric == 'min' and top_k == 16").set_index("sample_id")
    screens = {r.sample_id: r for r in read_table(passes.screens[0], ScreenRecord)}
    drafts = {r.sample_id: r for r in read_table(passes.drafts[0], DraftRecord)}
    agents = {r.sample_id: r for r in read_table(passes.agents[0], AgentRecord)}

    def seconds(name):
        return {batch: [times.of([name], step, batch=batch)[0] for step in ("screen", "draft")] for batch in (1, 6)}

    return [(screens[n], drafts[n], agents[n], seconds(n), float(scores.loc[n, "confidence"])) for n in screens]


def by_hand(records, threshold, batch):
    """The funnel written as the paper's four phases, one sample at a time, from the records."""
    for screen, draft, agent, times, confidence in records:
        screen_s, draft_s = times[batch]
        seconds, tokens = screen_s, screen.generated_tokens
        if screen.tool_free:
            seconds, tokens = seconds + draft_s, tokens + draft.generated_tokens
            if accepts(confidence, threshold):
                yield "draft", draft.status, seconds, tokens, 0
                continue
        yield "agent", agent.status, seconds + agent.latency_s, tokens + agent.generated_tokens, agent.tool_calls


@pytest.mark.parametrize("batch", [1, 6])
@given(threshold=st.floats(0.8, 0.999))
def test_a_composed_funnel_equals_the_four_phases_taken_one_sample_at_a_time(records, replayer, batch, threshold):
    got = replayer.compose(GridSetting("speceyes", "min", 16, threshold, batch))
    for row, (source, status, seconds, tokens, calls) in enumerate(by_hand(records, threshold, batch)):
        assert (got["source"][row], got["status"][row]) == (source, status)
        assert got["latency_s"][row] == pytest.approx(seconds, abs=1e-12)
        assert (got["tokens"][row], got["tool_calls"][row]) == (tokens, calls)


THRESHOLDS = st.floats(0, 1, exclude_min=True, exclude_max=True)
GATES = st.tuples(st.sampled_from(["speceyes", "gate-only"]), st.sampled_from(METRICS), st.sampled_from([8, 16, 32]))


@given(GATES, THRESHOLDS, THRESHOLDS)
def test_acceptance_only_shrinks_as_the_threshold_rises(replayer, gate, one, other):
    lower, higher = (replayer.compose(GridSetting(*gate, t, 6))["accepted"] for t in sorted([one, other]))
    assert (lower | higher == lower).all()


@given(GATES, THRESHOLDS)
def test_every_threshold_gives_every_sample_one_answer(replayer, gate, threshold):
    """Kept draft answers cost the agent nothing, all others cost what the agent alone costs."""
    got, alone = replayer.compose(GridSetting(*gate, threshold, 6)), replayer.compose(GridSetting("agent"))
    assert {len(values) for values in got.values()} == {len(replayer.sample_ids)}
    assert ((got["source"] == "draft") == got["accepted"]).all()
    assert (got["agent_s"] == np.where(got["accepted"], 0.0, alone["agent_s"])).all()
    assert (got["tool_calls"] == np.where(got["accepted"], 0, alone["tool_calls"])).all()
    if gate[0] == "speceyes":
        assert not (got["accepted"] & ~got["tool_free"].astype(bool)).any()


@pytest.mark.parametrize("metric", METRICS)
def test_a_threshold_that_nothing_exceeds_gives_the_agents_answers(replayer, metric):
    got, alone = replayer.compose(GridSetting("speceyes", metric, 16, 1.0, 6)), replayer.compose(GridSetting("agent"))
    for column in ("source", "status", "agent_s", "tool_calls"):
        assert (got[column] == alone[column]).all()


def test_acceptance_moves_with_the_threshold(replayer):
    kept = [replayer.compose(GridSetting("speceyes", "min", 16, t, 6))["accepted"].sum() for t in (0.7, 0.97, 0.995)]
    assert kept[0] > kept[1] > kept[2] > 0


def test_the_gate_is_strict(study, replayer):
    scores = pd.read_parquet(study.passes(*CELL).confidences).query("metric == 'min' and top_k == 16")
    value = float(scores["confidence"].iloc[0])
    at = replayer.compose(GridSetting("gate-only", "min", 16, value, 6))["accepted"][0]
    below = replayer.compose(GridSetting("gate-only", "min", 16, np.nextafter(value, 0), 6))["accepted"][0]
    assert (at, below) == (False, True)


def test_the_filters_alone_together_make_the_funnel(replayer):
    screening = replayer.compose(GridSetting("screening-only", batch_size=6))["accepted"]
    gate = replayer.compose(GridSetting("gate-only", "min", 16, 0.97, 6))["accepted"]
    assert (replayer.compose(FUNNEL)["accepted"] == (screening & gate)).all()


def test_the_funnel_keeps_drafts_in_the_agents_words_and_the_draft_alone_those_in_the_common_ones(tmp_path):
    study = SyntheticStudy(tmp_path, {CELL[1:]: 40}, agents=("deepeyes",), own_words=("deepeyes",)).write()
    common, own = (study.table(stage, *CELL[1:], wording="draft", batch=6)[0] for stage in ("draft", "confidence"))
    empty = [record.model_copy(update={"status": "empty"}) for record in read_table(common, DraftRecord)]
    write_table(common, DraftRecord, empty, read_provenance(common))
    replayer = Replayer(study.passes(*CELL))
    funnel = replayer.compose(GridSetting("speceyes", "min", 16, 0.7, 6))
    assert set(funnel["status"][funnel["accepted"]]) == {"ok"}
    assert set(replayer.compose(GridSetting("draft", batch_size=6))["status"]) == {"empty"}
    scores = [pd.read_parquet(path)["confidence"] for path in (own, study.passes(*CELL).confidences)]
    assert (scores[0] != scores[1]).any()


def test_methods_pay_only_for_the_phases_they_use(replayer):
    paid = {
        method: [replayer.compose(setting)[phase].sum() > 0 for phase in ("screen_s", "draft_s", "agent_s")]
        for method, setting in {
            "agent": GridSetting("agent"),
            "draft": GridSetting("draft", batch_size=6),
            "gate-only": GridSetting("gate-only", "min", 16, 0.97, 6),
            "specreason": GridSetting("specreason"),
            "speceyes": FUNNEL,
        }.items()
    }
    assert paid == {
        "agent": [False, False, True],
        "draft": [False, True, False],
        "gate-only": [False, True, True],
        "specreason": [False, False, True],
        "speceyes": [True, True, True],
    }


def test_an_error_of_the_agent_stays_an_error_and_costs_its_time(study, replayer):
    got = replayer.compose(GridSetting("agent"))
    errored = got["status"] == "no_answer"
    assert errored.any()
    assert (got["latency_s"][errored] == 2.0).all()


def test_the_grid_is_complete_and_without_repeats(study):
    grid = study.grid("vstar")
    settings = grid.settings(["published", "corrected"])
    assert len(set(settings)) == len(settings)
    funnel = [s for s in settings if s.method == "speceyes"]
    assert len(funnel) == len(grid.metrics) * len(grid.top_ks) * len(grid.thresholds) * len(grid.batch_sizes)
    main = [s for s in settings if s.main_table]
    assert [(s.method, s.metric) for s in main] == [
        ("agent", ""),
        ("draft", ""),
        *(("speceyes", metric) for metric in grid.metrics),
        ("specreason", ""),
    ]


def test_an_operating_point_off_the_grid_is_replayed_too():
    grid = Grid(
        metrics=("min", "log"),
        top_ks=(32,),
        thresholds=(0.9,),
        batch_sizes=(1,),
        operating_points={"min": 0.97},
        main_top_k=64,
        main_batch_size=6,
    )
    assert GridSetting("speceyes", "min", 64, 0.97, 6, main_table=True) in grid.settings()


def test_the_table_gives_back_what_was_composed(study, replayer, tmp_path):
    path = tmp_path / "replay.parquet"
    write_replay(path, study.passes(*CELL), study.grid("vstar"), {"who": "test"})
    replay = read_replay(path, ["source", "latency_s", "tokens", "accepted"])
    assert list(replay.settings) == study.grid("vstar").settings(["published"])
    for row in (0, 7, len(replay.settings) // 2, len(replay.settings) - 1):
        composed = replayer.compose(replay.settings[row])
        for name, values in replay.columns.items():
            assert (values[row] == composed[name]).all()


@pytest.mark.parametrize("rows", [1, 200])
def test_a_table_written_in_small_blocks_holds_the_same(rows, study, monkeypatch, tmp_path):
    whole, blocks = tmp_path / "whole.parquet", tmp_path / "blocks.parquet"
    write_replay(whole, study.passes(*CELL), study.grid("vstar"), {})
    monkeypatch.setattr("speceyes.method.replay.ROWS_AT_ONCE", rows)
    write_replay(blocks, study.passes(*CELL), study.grid("vstar"), {})
    assert pq.ParquetFile(blocks).num_row_groups > pq.ParquetFile(whole).num_row_groups
    assert pq.read_table(blocks).to_pylist() == pq.read_table(whole).to_pylist()
    found = [
        read_replay(path, ["source", "latency_s"], lambda one: one.method == "gate-only") for path in (whole, blocks)
    ]
    assert found[0].settings == found[1].settings
    assert {one.method for one in found[0].settings} == {"gate-only"}
    for name, values in found[0].columns.items():
        assert (found[1].columns[name] == values).all()


def test_a_missing_sample_is_named(study, tmp_path):
    passes = study.passes(*CELL)
    cut = tmp_path / "cut.parquet"
    write_table(cut, AgentRecord, list(read_table(passes.agents[0], AgentRecord))[1:], {})
    broken = type(passes)(
        passes.samples, passes.drafts, passes.confidences, passes.alone, passes.screens, [cut], {}, passes.timing
    )
    with pytest.raises(
        RecordError, match=r"cut\.parquet: 1 of 60 samples are missing, first vstar/direct_attributes/0000"
    ):
        Replayer(broken)


def test_a_missing_k_is_named(replayer):
    with pytest.raises(RecordError, match="has no confidence min with K = 96"):
        replayer.compose(GridSetting("speceyes", "min", 96, 0.97, 6))


def test_a_batch_size_that_was_not_timed_is_named(replayer):
    with pytest.raises(RecordError, match=r"deepeyes/.*has no times of screen at batch size 4"):
        replayer.compose(GridSetting("speceyes", "min", 16, 0.97, 4))


def test_drafts_of_two_passes_are_refused(study):
    passes = study.passes(*CELL)
    other, stamp = study.table("draft", *CELL[1:], wording="draft", batch=2)
    write_table(other, DraftRecord, read_table(passes.drafts[0], DraftRecord), stamp)
    with pytest.raises(RecordError, match=r"draft: tables of one pass are expected, given .* b6 and .* b2"):
        Passes.of(
            samples=passes.samples,
            drafts=[*passes.drafts, other],
            confidences=[passes.confidences],
            alone=passes.alone,
            screens=passes.screens,
            agents=passes.agents,
            specreason=[],
            timing=passes.timing,
        )


def test_a_sample_in_two_shards_is_refused(study):
    path = study.passes(*CELL).agents[0]
    with pytest.raises(RecordError, match="stands twice in 2 shards"):
        read_frame([path, path], AgentRecord, ["status"])


def test_another_stages_table_is_refused(study):
    passes = study.passes(*CELL)
    with pytest.raises(RecordError, match="holds DraftRecord, not AgentRecord"):
        read_frame(passes.drafts, AgentRecord, ["status"])
