import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from speceyes.analysis.answers import scored_answers
from speceyes.analysis.bootstrap import ImageBootstrap
from speceyes.analysis.ledger import LedgerError, check_ledger
from speceyes.analysis.measures import facts, settings_and_ledger
from speceyes.analysis.proportions import proportion_interval
from speceyes.analysis.settings import StatisticsSettings
from speceyes.judging.scorers import SCORER_NAMES
from speceyes.method.replay import write_replay
from speceyes.records.times import completed
from synthetic_study import FEW_SETTINGS, SyntheticStudy

FEW = StatisticsSettings(resamples=200)
CELL = ["agent", "benchmark", "split"]
SETTING = ["method", "metric", "top_k", "threshold", "batch_size"]


def where(frame, names, values):
    """Rows whose columns have these values."""
    return frame[np.logical_and.reduce([frame[name] == value for name, value in zip(names, values, strict=True)])]


@pytest.fixture(scope="module", params=[(), ("thyme",)], ids=["common words", "thyme words the draft's question"])
def made(request, tmp_path_factory):
    study = SyntheticStudy(tmp_path_factory.mktemp("study"), own_words=request.param, **FEW_SETTINGS).write()
    replays = {}
    for cell in study.cells:
        replays[cell] = study.root / ("replay-" + "-".join(cell) + ".parquet")
        write_replay(replays[cell], study.passes(*cell), study.grid(cell[1]), {})
    answers = scored_answers(study.answer_tables())
    return answers, *settings_and_ledger(replays, answers, FEW), replays


def test_measures_do_not_depend_on_the_blocks_that_replays_are_read_in(made, monkeypatch, tmp_path):
    answers, settings, ledger, replays = made
    cell = next(iter(replays))
    own_words = tuple({*answers["agent"][answers["source"] == "draft"]} - {""})
    study = SyntheticStudy(replays[cell].parent, own_words=own_words, **FEW_SETTINGS)
    monkeypatch.setattr("speceyes.method.replay.ROWS_AT_ONCE", 100)
    write_replay(tmp_path / "blocks.parquet", study.passes(*cell), study.grid(cell[1]), {})
    again = settings_and_ledger({cell: tmp_path / "blocks.parquet"}, answers, FEW)
    for found, expected in zip(again, (settings, ledger), strict=True):
        pd.testing.assert_frame_equal(found, where(expected, CELL, cell).reset_index(drop=True), rtol=1e-9)


def test_answers_that_some_samples_have_alone_change_no_setting(made):
    answers, settings, ledger, replays = made
    cell = next(iter(replays))
    some = where(answers, [*CELL, "source"], [*cell, "agent"]).head(3).assign(source="agent-corrected")
    again = settings_and_ledger({cell: replays[cell]}, pd.concat([answers, some], ignore_index=True), FEW)
    for found, expected in zip(again, (settings, ledger), strict=True):
        pd.testing.assert_frame_equal(found, where(expected, CELL, cell).reset_index(drop=True))


def answer_rows(*rows):
    columns = ["errored", "published_correct", "published_decided_by", "corrected_correct", "corrected_decided_by"]
    return pd.DataFrame(rows, columns=columns)


def accuracy(answers, scorer):
    fact = facts(answers)
    return fact[f"right_{scorer}"].sum() / fact[f"counted_{scorer}"].sum()


def test_errors_leave_the_published_denominator_and_count_as_wrong_in_the_corrected():
    rows = [(False, 1.0, "rule", 1.0, "rule")] * 3 + [(True, 1.0, "rule", 1.0, "rule")]
    assert accuracy(answer_rows(*rows), "published") == 1.0
    assert accuracy(answer_rows(*rows), "corrected") == 0.75


def test_unread_replies_are_wrong_when_published_and_unscored_when_corrected():
    rows = [(False, 1.0, "judge", 1.0, "judge")] * 3 + [(False, np.nan, "unparsed", np.nan, "unparsed")]
    assert accuracy(answer_rows(*rows), "published") == 0.75
    assert accuracy(answer_rows(*rows), "corrected") == 1.0


def test_settings_equal_a_plain_loop_over_the_samples(made):
    answers, settings, _, replays = made
    cell = ("thyme", "hrbench", "4k")
    long = pd.read_parquet(replays[cell])
    named = answers.set_index(["source", "agent", "sample_id"])
    for wanted in (
        ("draft", "", None, None, 6),
        ("speceyes", "min", 16, 0.97, 6),
        ("speceyes", "log", 8, 0.9, 1),
        ("gate-only", "mean", 16, 0.99, 6),
    ):
        rows = long[long["method"] == "draft"] if wanted[0] == "draft" else where(long, SETTING, wanted)
        rows = rows[rows["batch_size"] == wanted[4]]
        own_words = (answers["source"] == "draft") & (answers["agent"] == "thyme")
        key = {"draft": "thyme" if own_words.any() else "", "agent": "thyme"}
        right = {scorer: 0 for scorer in SCORER_NAMES}
        counted = {scorer: 0 for scorer in SCORER_NAMES}
        for row in rows.itertuples():
            answer = named.loc[(row.source, "" if wanted[0] == "draft" else key[row.source], row.sample_id)]
            errored = answer["status"] in ("error", "no_answer")
            counted["published"] += not errored
            right["published"] += not errored and answer["published_correct"] == 1
            counted["corrected"] += errored or not np.isnan(answer["corrected_correct"])
            right["corrected"] += not errored and answer["corrected_correct"] == 1
        known = [(name, value) for name, value in zip(SETTING, wanted, strict=True) if value is not None]
        found = where(settings, [*CELL, *dict(known)], [*cell, *dict(known).values()]).iloc[0]
        for scorer in SCORER_NAMES:
            assert found[f"accuracy_{scorer}"] == pytest.approx(right[scorer] / counted[scorer])
        baseline = long.loc[long["method"] == "agent", "latency_s"].mean()
        assert found["speedup"] == pytest.approx(baseline / rows["latency_s"].mean())
        assert found["tokens"] == pytest.approx(rows["tokens"].mean())
        assert found["n"] == len(rows) == 80


def test_speedups_are_over_all_samples_whose_seconds_are_estimated_where_they_were_not_timed(tmp_path):
    splits = {("hrbench", "4k"): 80}
    both = []
    for name, images in (("all", None), ("some", 7)):
        study = SyntheticStudy(tmp_path / name, splits, agents=("deepeyes",), timed_images=images).write()
        (cell,) = study.cells
        replay = tmp_path / f"{name}.parquet"
        write_replay(replay, study.passes(*cell), study.grid(cell[1]), {})
        settings, _ = settings_and_ledger({cell: replay}, scored_answers(study.answer_tables()), FEW)
        both.append((settings, pd.read_parquet(replay)))
    (whole, _), (some, long) = both
    assert (whole["timed"].unique(), some["timed"].unique()) == ([80], [7 * 4])
    pd.testing.assert_series_equal(whole["accuracy_corrected"], some["accuracy_corrected"])
    funnel = where(long, SETTING, ("speceyes", "min", 16, 0.97, 6))
    alone = long[long["method"] == "agent"]
    assert alone["timed"].sum() == 7 * 4
    assert alone["latency_s"].notna().all() and funnel["latency_s"].notna().all()
    row = where(some, SETTING, ("speceyes", "min", 16, 0.97, 6)).iloc[0]
    assert row["speedup"] == pytest.approx(alone["latency_s"].sum() / funnel["latency_s"].sum())
    assert row["latency_s"] == pytest.approx(funnel["latency_s"].mean())
    assert row["tokens"] == pytest.approx(funnel["tokens"].mean())
    assert row["speedup_low"] < row["speedup"] < row["speedup_high"]


def drawn_study(generator, images):
    """Two questions each on so many images: seconds alone, tokens, which drafts are accepted, and images' names."""
    hard = np.repeat(generator.random(images), 2)
    tokens = generator.poisson(60 + 80 * hard)
    alone = (0.1 + 0.004 * tokens) * generator.lognormal(0, 0.15, 2 * images)
    accepted = generator.random(2 * images) > hard
    return alone, tokens, accepted, np.repeat([f"picture {number}" for number in range(images)], 2)


def test_the_interval_of_a_speedup_covers_that_of_all_images_as_often_as_it_says():
    """Of a hundred images fifteen are timed; easy ones are quicker and more often accepted."""
    generator = np.random.default_rng(3)
    alone, _, accepted, _ = drawn_study(generator, 100_000)
    truth = alone.sum() / (0.05 + np.where(accepted, 0.0, alone)).sum()
    covered = 0
    for seed in range(200):
        alone, tokens, accepted, names = drawn_study(generator, 100)
        timed = np.isin(names, generator.permutation(np.unique(names))[:15])
        known = completed(np.where(timed, alone, np.nan), [tokens])
        funnel = 0.05 + np.where(accepted, 0.0, known)
        bootstrap = ImageBootstrap(names, StatisticsSettings(resamples=400, seed=seed))
        low, high = bootstrap.interval(bootstrap.ratios(bootstrap.sums(known), bootstrap.sums(funnel)))
        covered += low <= truth <= high
    assert 0.9 <= covered / 200 <= 0.99


def test_alpha_is_among_the_tool_free_and_beta_among_all(made):
    _, settings, _, replays = made
    cell = ("deepeyes", "pope", "random")
    long = pd.read_parquet(replays[cell])
    rows = long[long["main_table"] & (long["method"] == "speceyes") & (long["metric"] == "min")]
    main = settings[settings["main_table"]]
    found = where(main, [*CELL, "method", "metric"], [*cell, "speceyes", "min"]).iloc[0]
    assert found["beta"] == pytest.approx(rows["tool_free"].mean())
    assert found["alpha"] == pytest.approx(rows.loc[rows["tool_free"], "accepted"].mean())
    assert found["accepted"] == pytest.approx(found["alpha"] * found["beta"])


def test_the_agent_is_its_own_baseline(made):
    _, settings, _, _ = made
    agents = settings[settings["method"] == "agent"]
    assert (agents[["speedup", "speedup_low", "speedup_high"]] == 1).all(axis=None)
    assert (agents[[f"difference_{s}" for s in SCORER_NAMES]] == 0).all(axis=None)
    assert (agents[[f"p_{s}" for s in SCORER_NAMES]] == 1).all(axis=None)
    assert agents[["alpha", "beta"]].isna().all(axis=None)


def test_intervals_hold_their_estimates(made):
    _, settings, _, _ = made
    for name in ("accuracy_published", "accuracy_corrected", "speedup", "difference_corrected"):
        low, high = settings[f"{name}_low"], settings[f"{name}_high"]
        assert ((low <= settings[name] + 1e-9) & (settings[name] <= high + 1e-9)).mean() > 0.99


def test_intervals_are_over_images_not_rows(made):
    """Six questions about a picture are no six pictures."""
    answers, settings, _, _ = made
    rows = where(answers, ["source", "agent", "benchmark"], ["draft", "", "pope"])
    found = where(settings, [*CELL, "method", "batch_size"], ["deepeyes", "pope", "random", "draft", 6]).iloc[0]
    sums = (facts(rows).groupby(rows[unit]).sum() for unit in ("image_id", "sample_id"))
    by_image, by_row = (
        np.array(proportion_interval(one["right_corrected"].to_numpy(), one["counted_corrected"].to_numpy(), 0.95))
        for one in sums
    )
    assert [found["accuracy_corrected_low"], found["accuracy_corrected_high"]] == pytest.approx(by_image)
    assert np.ptp(by_image) > 1.1 * np.ptp(by_row)


def test_a_difference_is_of_wins_and_losses_on_samples_that_both_count(made):
    answers, settings, _, replays = made
    cell = ("deepeyes", "vstar", "direct_attributes")
    long = pd.read_parquet(replays[cell])
    kept = where(long, SETTING, ["speceyes", "min", 16, 0.97, 6]).set_index("sample_id")["source"]
    fact = (
        facts(answers)
        .join(answers[["source", "agent", "sample_id"]])
        .set_index(["source", "agent", "sample_id"])
        .sort_index()
    )
    wins = losses = 0
    for sample, source in kept.items():
        own = fact.loc[("draft", "", sample) if source == "draft" else ("agent", cell[0], sample)]
        agent = fact.loc["agent", cell[0], sample]
        if own["counted_corrected"] and agent["counted_corrected"]:
            wins += own["right_corrected"] > agent["right_corrected"]
            losses += own["right_corrected"] < agent["right_corrected"]
    found = where(settings, [*CELL, *SETTING], [*cell, "speceyes", "min", 16, 0.97, 6]).iloc[0]
    assert (found["wins_corrected"], found["losses_corrected"]) == (wins, losses)
    assert wins + losses > 0
    assert found["difference_corrected"] == pytest.approx((wins - losses) / found["paired_corrected"])
    assert found["p_corrected"] == pytest.approx(binomtest(wins, wins + losses).pvalue)


def test_the_ledger_adds_up_for_every_setting(made):
    _, settings, ledger, _ = made
    check_ledger(ledger)
    assert len(ledger) == len(settings)
    assert ledger["errored"].max() > 0
    assert ledger["published_judge"].max() > 0
    assert ledger["published_unparsed"].max() > 0


def test_a_missing_verdict_breaks_the_ledger_and_is_named(made):
    answers, _, _, replays = made
    broken = answers.copy()
    first = broken.index[(broken["source"] == "agent") & (broken["agent"] == "deepeyes") & ~broken["errored"]][0]
    broken.loc[first, "corrected_decided_by"] = "missing"
    cell = ("deepeyes", "vstar", "direct_attributes")
    _, ledger = settings_and_ledger({cell: replays[cell]}, broken, FEW)
    with pytest.raises(LedgerError, match=r"method agent.*answered 57.*corrected verdicts 56; judge"):
        check_ledger(ledger)


def test_answers_without_a_verdict_are_marked_missing(tmp_path):
    import pyarrow.parquet as pq

    study = SyntheticStudy(tmp_path, splits={("pope", "random"): 12}, agents=("deepeyes",)).write()
    tables = study.answer_tables()
    stored = pq.read_table(tables.verdicts)
    pq.write_table(stored.slice(1), tables.verdicts)
    answers = scored_answers(tables)
    assert (answers["published_decided_by"] == "missing").any()
    assert len(answers) == 12 * 3  # the draft, the agent, SpecReason
