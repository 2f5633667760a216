import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from speceyes.analysis.answers import scored_answers
from speceyes.analysis.measures import facts, settings_and_ledger
from speceyes.analysis.outcomes import OutcomeTables, outcomes
from speceyes.analysis.settings import StatisticsSettings
from speceyes.method.grid import GridSetting
from speceyes.method.replay import write_replay
from speceyes.records.passes import Cell
from speceyes.records.tables import read_table, write_table
from speceyes.records.types import LiveRecord, RecordError
from speceyes.tables.csv_files import read_csv, write_csv
from speceyes.tables.live_vs_replay import LiveRun, live_vs_replay
from speceyes.tables.main_table import main_table
from speceyes.tables.published_vs_ours import published_vs_ours
from speceyes.tables.scorer_effects import scorer_effects
from speceyes.tables.specreason_steps import specreason_steps
from synthetic_study import SyntheticStudy
from synthetic_tables import PUBLISHED

FUNNEL = GridSetting("speceyes", "min", 16, 0.97, 6)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return SyntheticStudy(tmp_path_factory.mktemp("study")).write()


@pytest.fixture(scope="module")
def replays(study):
    paths = {cell: study.root / ("replay-" + "-".join(cell) + ".parquet") for cell in study.cells}
    for cell, path in paths.items():
        write_replay(path, study.passes(*cell), study.grid(cell[1]), {})
    return paths


@pytest.fixture(scope="module")
def answers(study):
    return scored_answers(study.answer_tables())


@pytest.fixture(scope="module")
def settings(replays, answers):
    return settings_and_ledger(replays, answers, StatisticsSettings(resamples=100))[0]


def live_run(study, replays, cell, table=None):
    return LiveRun(*cell, FUNNEL, table or study.live(*cell), replays[cell], study.passes(*cell).confidences)


def timing_tables(study):
    return {Cell(*cell): [study.passes(*cell).timing] for cell in study.cells}


def peer_tables(study):
    """SpecReason's stored passes as the table of its steps wants them."""
    return {(cell[0], "published", *cell[1:]): study.passes(*cell).specreason["published"] for cell in study.cells}


def test_a_csv_comes_back_as_it_was(settings, tmp_path):
    write_csv(settings, tmp_path / "settings.csv")
    back = read_csv(tmp_path / "settings.csv")
    pd.testing.assert_frame_equal(back, settings, check_dtype=False)
    assert (back.loc[back["method"] == "agent", "metric"] == "").all()


def test_the_main_table_has_every_system_on_every_split_in_the_papers_order(study, settings):
    table = main_table(settings, specreason_steps(peer_tables(study), timing_tables(study)))
    ours = table[["system", "agent", "metric"]].drop_duplicates()
    printed = pd.read_csv(PUBLISHED / "main_table.csv").fillna("")[["system", "agent", "metric"]].drop_duplicates()
    assert ours.to_numpy().tolist() == printed.to_numpy().tolist()
    assert len(table) == 13 * len(study.splits)
    assert list(zip(table["benchmark"], table["split"], strict=True))[: len(study.splits)] == list(study.splits)
    assert table["n"].min() > 0
    assert ((table["accuracy_corrected"] >= 0) & (table["accuracy_corrected"] <= 1)).all()


def test_the_main_table_says_how_specreasons_steps_went(study, settings):
    steps = specreason_steps(peer_tables(study), timing_tables(study))
    table = main_table(settings, steps)
    peers = table[table["system"] == "specreason"]
    assert list(peers["acceptance"]) == list(steps["acceptance"])
    assert table.loc[table["system"] != "specreason", ["acceptance", "steps"]].isna().all(axis=None)


def test_the_main_table_needs_no_specreason(settings):
    table = main_table(settings, specreason_steps({}, {}))
    assert table["acceptance"].isna().all()


def test_live_agrees_with_replay_sample_for_sample(study, replays, answers):
    table = live_vs_replay([live_run(study, replays, cell) for cell in study.cells], answers)
    for column in ("same_tool_free", "same_source", "same_answer"):
        assert (table[column] == table["n"]).all()
    assert (table["max_confidence_difference"] == 0).all()
    assert table["speedup_replay"].to_numpy() == pytest.approx(1.1 * table["speedup_live"].to_numpy())


def test_a_live_run_that_differs_is_counted_and_named(study, replays, answers, tmp_path):
    cell = study.cells[0]
    records = list(read_table(study.live(*cell), LiveRecord))
    records[3] = records[3].model_copy(update={"answer": "something else"})
    free = next(number for number, record in enumerate(records) if record.tool_free)
    records[free] = records[free].model_copy(update={"confidence": records[free].confidence - 0.25})
    write_table(tmp_path / "live.parquet", LiveRecord, records, {})
    row = live_vs_replay([live_run(study, replays, cell, tmp_path / "live.parquet")], answers).iloc[0]
    assert (row["same_answer"], row["first_difference"]) == (row["n"] - 1, records[3].sample_id)
    assert row["max_confidence_difference"] == pytest.approx(0.25)


def test_a_live_run_of_other_samples_or_settings_is_refused(study, replays, answers, tmp_path):
    cell = study.cells[0]
    write_table(tmp_path / "cut.parquet", LiveRecord, list(read_table(study.live(*cell), LiveRecord))[1:], {})
    run = live_run(study, replays, cell, tmp_path / "cut.parquet")
    with pytest.raises(RecordError, match=r"samples differ from those timed.*, first vstar/direct_attributes/0000"):
        live_vs_replay([run], answers)
    with pytest.raises(RecordError, match=r"has no setting speceyes-min-k16-t0\.123-b6"):
        live_vs_replay([replace(run, setting=replace(FUNNEL, threshold=0.123))], answers)


def test_scorer_effects_add_up_to_the_difference(answers):
    table = scorer_effects(answers)
    whole = 100 * (table["accuracy_corrected"] - table["accuracy_published"])
    parts = table["errors_count"] + table["unread_replies"] + table["rules"]
    assert parts.to_numpy() == pytest.approx(whole.to_numpy())
    assert (table["errors_count"] <= 0).all()
    pope = table[table["benchmark"] == "pope"]
    assert (pope["wrong_to_right"] > 0).all()  # "Yes" is not "yes" in the published rule


def test_scorer_effects_by_hand():
    rows = pd.DataFrame(
        {
            "benchmark": "pope", "split": "x", "agent": "", "source": "draft", "batch_size": 6,
            "errored": [False, False, False, True],
            "published_correct": [0.0, 1.0, np.nan, np.nan],
            "corrected_correct": [1.0, 1.0, np.nan, np.nan],
            "published_decided_by": ["rule", "rule", "unparsed", "rule"],
            "corrected_decided_by": ["rule", "rule", "unparsed", "rule"],
        }
    )  # fmt: skip
    found = scorer_effects(rows).iloc[0]
    assert found["accuracy_published"] == pytest.approx(1 / 3)
    assert found["accuracy_corrected"] == pytest.approx(2 / 3)
    assert found["errors_count"] == pytest.approx(100 * (1 / 4 - 1 / 3))
    assert found["unread_replies"] == pytest.approx(100 * (1 / 3 - 1 / 4))
    assert found["rules"] == pytest.approx(100 / 3)
    assert (found["wrong_to_right"], found["right_to_wrong"]) == (1, 0)


def test_specreason_steps_count_what_was_kept(study):
    table = specreason_steps(peer_tables(study), timing_tables(study))
    assert len(table) == len(study.cells)
    assert table["acceptance"].between(0, 1).all()
    assert table["tokens"].to_numpy() == pytest.approx(20 * table["steps"].to_numpy())
    assert table["unanswered"].sum() > 0


def test_every_published_number_has_a_row_and_a_conclusion(settings):
    table = published_vs_ours(settings, PUBLISHED, comparable=True)
    printed = {path.stem: pd.read_csv(path) for path in PUBLISHED.glob("*.csv")}
    expected = sum(len(rows) * (1 + ("accuracy_percent" in rows)) for rows in printed.values())
    assert len(table) == expected
    ran = table[table["conclusion"] != "not run"]
    inside = ran["published"].between(ran["low"], ran["high"])
    assert (inside == (ran["conclusion"] == "within")).all()
    assert set(ran["split"]) == {"direct_attributes", "relative_position", "4k", "random"}
    assert (table.loc[table["split"] == "8k", "conclusion"] == "not run").all()


def test_ablated_rows_are_the_settings_that_differ_in_that_value_only(settings):
    table = published_vs_ours(settings, PUBLISHED, comparable=True)
    rows = table[(table["table"] == "threshold_ablation") & (table["value"] == "0.99") & (table["agent"] == "thyme")]
    row = rows[(rows["split"] == "4k") & (rows["quantity"] == "accuracy")].iloc[0]
    ours = settings[
        (settings["agent"] == "thyme")
        & (settings["split"] == "4k")
        & (settings["method"] == "speceyes")
        & (settings["metric"] == "min")
        & (settings["top_k"] == 16)
        & (settings["threshold"] == 0.99)
        & (settings["batch_size"] == 6)
    ]
    assert (row["ours_published"], row["ours_corrected"]) == tuple(
        ours[["accuracy_published", "accuracy_corrected"]].iloc[0]
    )


def test_a_study_that_is_not_comparable_gets_no_conclusion(settings):
    assert set(published_vs_ours(settings, PUBLISHED, comparable=False)["conclusion"]) == {"not comparable"}


def test_outcomes_tell_what_every_setting_does(study, replays, answers, settings):
    """Accuracy and speedup recomputed from the outcomes equal the settings table at every threshold."""
    confidences = {Cell(*cell): study.passes(*cell).confidences for cell in study.cells}
    table = outcomes(
        OutcomeTables(replays, confidences, dict.fromkeys([benchmark for benchmark, _ in study.splits], 6)), answers
    )
    for (agent, where), threshold in itertools.product(itertools.product(study.agents, study.splits), (0.8, 0.97)):
        own = table[(table["agent"] == agent) & (table["benchmark"] == where[0]) & (table["split"] == where[1])]
        kept = own["tool_free"] & (own["min_k16"] > threshold)
        right = own["draft_corrected"].where(kept, own["agent_corrected"])
        seconds = own["screen_s"] + own["draft_s"].where(own["tool_free"], 0) + own["agent_s"].where(~kept, 0)
        row = settings[
            (settings["agent"] == agent)
            & (settings["benchmark"] == where[0])
            & (settings["split"] == where[1])
            & (settings["method"] == "speceyes")
            & (settings["metric"] == "min")
            & (settings["top_k"] == 16)
            & (settings["threshold"] == threshold)
            & (settings["batch_size"] == 6)
        ].iloc[0]
        assert row["accuracy_corrected"] == pytest.approx(right.mean())
        assert row["speedup"] == pytest.approx(own["agent_s"].mean() / seconds.mean())


def test_facts_and_answers_agree_on_what_is_errored(answers):
    assert facts(answers)["errored"].sum() == answers["status"].isin(["no_answer", "error"]).sum() > 0
