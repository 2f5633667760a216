"""What the page is given: token details as the confidence sees them, and short numbers that gate as the long ones."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from explored_study import explorer_tables
from hypothesis import given
from hypothesis import strategies as st
from speceyes.analysis.settings import StatisticsSettings
from speceyes.method.confidence import separability
from speceyes.method.gate import accepts
from speceyes.pages.explorer.columns import shortened, study_columns
from speceyes.pages.explorer.draft_tokens import SHOWN, token_columns
from speceyes.pages.explorer.pictures import PictureCollection
from speceyes.pages.explorer.sources import StudyTables
from speceyes.records.types import RecordError
from speceyes.tables.csv_files import read_csv
from synthetic_study import SyntheticStudy, samples_of
from synthetic_tables import write_measures

THRESHOLDS = (0.995, 0.97, 0.9)


def drafts(*answers: tuple[list[str], np.ndarray]) -> pd.DataFrame:
    rows = {
        f"s{place}": {"tokens": tokens, "top_logprobs": list(values)} for place, (tokens, values) in enumerate(answers)
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def logprobs(tokens: int, seed: int = 0) -> np.ndarray:
    values = -np.sort(np.random.default_rng(seed).exponential(3.0, size=(tokens, 16)), axis=1)
    return values.astype(np.float32)


def test_tokens_have_the_confidences_own_separability():
    rows = logprobs(3)
    columns = token_columns(drafts((["A", ".", " red"], rows), ([], np.empty((0, 16)))), [8, 16])
    assert columns["tokens"] == [["A", ".", " red"], []]
    for top_k in (8, 16):
        expected = separability(rows.astype(np.float64), top_k)
        np.testing.assert_allclose(columns["separability"][top_k][0], expected, atol=0.005)
        assert columns["separability"][top_k][1] == []
    np.testing.assert_allclose(columns["probability"][0], np.exp(rows[:, 0]), atol=5e-5)


def test_a_study_without_any_token_has_empty_columns():
    columns = token_columns(drafts(([], np.empty((0, 16))), ([], np.empty((0, 16)))), [8])
    assert columns["probability"] == columns["separability"][8] == [[], []]


def test_long_answers_are_cut():
    columns = token_columns(drafts((["t"] * 500, logprobs(500))), [8])
    assert len(columns["tokens"][0]) == len(columns["probability"][0]) == SHOWN


def test_tokens_without_their_probabilities_are_refused():
    with pytest.raises(RecordError, match="draft of s0: 2 tokens with 3 rows"):
        token_columns(drafts((["a", "b"], logprobs(3))), [8])


@given(
    st.lists(st.floats(0, 1) | st.sampled_from(THRESHOLDS).flatmap(lambda t: st.floats(t - 1e-9, t + 1e-9)), min_size=1)
)
def test_short_confidences_pass_the_gates_that_the_long_ones_pass(values):
    confidence = np.array(values)
    short = shortened(confidence, THRESHOLDS)
    np.testing.assert_allclose(short, confidence, atol=1e-9)
    for threshold in THRESHOLDS:
        np.testing.assert_array_equal(accepts(short, threshold), accepts(confidence, threshold))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[SyntheticStudy, StudyTables]:
    root = tmp_path_factory.mktemp("study")
    splits = {("vstar", "direct_attributes"): 12, ("pope", "random"): 18}
    synthetic = SyntheticStudy(root / "passes", splits).write()
    write_measures(synthetic, root / "tables", StatisticsSettings(resamples=100))
    return synthetic, explorer_tables(synthetic, root / "tables", root, root)


def test_a_page_holds_its_benchmarks_only_and_the_names_that_readers_know(study):
    _, tables = study
    columns = study_columns(tables, ["pope"], PictureCollection())
    assert [(split["benchmark"], split["split"]) for split in columns["splits"]] == [("pope", "random")]
    assert columns["names"] == {
        "agents": {"deepeyes": "DeepEyes", "thyme": "Thyme"},
        "benchmarks": {"pope": "POPE"},
        "splits": {"pope/random": "POPE random"},
        "metrics": {"log": "log", "mean": "mean", "bottom20": "bottom 20 %", "min": "min"},
    }


def test_every_column_has_a_value_per_sample(study):
    synthetic, tables = study
    columns = study_columns(tables, ["vstar", "pope"], PictureCollection())
    samples = samples_of(synthetic)
    assert json.loads(json.dumps(columns, allow_nan=False))
    for split in columns["splits"]:
        count = synthetic.splits[split["benchmark"], split["split"]]
        assert [len(column) for column in split["samples"].values()] == [count] * len(split["samples"])
        for answers in [*split["drafts"].values(), *split["agents"].values()]:
            assert len(answers["answer"]) == len(answers["errored"]) == len(answers["corrected"]["reply"]) == count
        for sample_id, question in zip(split["samples"]["sample_id"], split["samples"]["question"], strict=True):
            assert samples[sample_id].question == question


def test_equal_confidences_are_kept_once(study):
    _, tables = study
    draft, *_ = study_columns(tables, ["pope"], PictureCollection())["splits"][0]["drafts"].values()
    assert len(draft["confidence_of"]) == 4 * 3  # metrics, Ks
    assert len(draft["confidences"]) == 3 * 3 + 1  # log does not depend on K


def test_the_grid_names_the_main_tables_settings(study):
    _, tables = study
    grid = study_columns(tables, ["pope"], PictureCollection())["splits"][0]["grid"]["deepeyes"]
    settings = read_csv(tables.settings)
    ours = settings[
        (settings["agent"] == "deepeyes") & (settings["benchmark"] == "pope") & (settings["method"] == "speceyes")
    ]
    assert grid["threshold"] == ours["threshold"].tolist()
    assert sum(grid["main_table"]) == 4  # one per metric
