import sys

import numpy as np
import pandas as pd
import pytest
from speceyes.method import token_metrics
from speceyes.method.confidence import confidence, confidences, write_confidences
from speceyes.method.own_metrics import MetricError
from speceyes.records.tables import write_table
from speceyes.records.types import DraftRecord

SHIPPED = ["token_entropy", "margin", "mean_probability", "least_probability", "perplexity", "tail_mass"]
SURE = np.log(np.array([[0.97, 0.01, 0.01], [0.94, 0.03, 0.02]]))
TORN = np.log(np.array([[0.4, 0.35, 0.2], [0.34, 0.33, 0.32]]))


@pytest.fixture
def own(tmp_path, monkeypatch):
    """Writes a module and gives the name of its function ``metric``."""

    def write(source, name="mine"):
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, name, raising=False)
        return f"{name}:metric"

    return write


@pytest.mark.parametrize("name", SHIPPED)
def test_a_sure_answer_has_more_confidence_than_a_torn_one_and_both_lie_between_0_and_1(name):
    metric = getattr(token_metrics, name)
    assert 0 <= metric(TORN) < metric(SURE) <= 1


@pytest.mark.parametrize("name", SHIPPED)
def test_every_row_of_log_probabilities_gives_a_number_between_0_and_1(name):
    """Certainty, a flat row, hardly any mass at all."""
    metric = getattr(token_metrics, name)
    for row in ([0.0, -80.0, -90.0], [np.log(1 / 3)] * 3, [-30.0, -31.0, -32.0]):
        assert 0 <= metric(np.array([row])) <= 1


def test_shipped_metrics_by_hand():
    assert token_metrics.margin(SURE) == pytest.approx((0.96 + 0.91) / 2)
    assert token_metrics.mean_probability(SURE) == pytest.approx(0.955)
    assert token_metrics.least_probability(SURE) == pytest.approx(0.94)
    assert token_metrics.perplexity(SURE) == pytest.approx(np.sqrt(0.97 * 0.94))
    assert token_metrics.tail_mass(TORN) == pytest.approx((0.95 + 0.99) / 2)
    flat = np.log(np.full((1, 4), 0.25))
    assert token_metrics.token_entropy(flat) == pytest.approx(0)


def test_the_inverse_perplexity_is_the_papers_log():
    assert token_metrics.perplexity(SURE) == pytest.approx(confidence(SURE, "log", 3))


def test_a_metric_of_ones_own_sees_the_k_largest_of_one_answer_at_a_time(own):
    spec = own("def metric(top_logprobs):\n    return top_logprobs.shape[0] / 10 + top_logprobs.shape[1] / 100\n")
    rows = np.zeros((5, 8))
    found = confidences(rows, np.array([2, 0, 3]), [spec, "min"], [4, 8])
    assert found[spec, 4].tolist() == pytest.approx([0.24, 0.0, 0.34])
    assert found[spec, 8].tolist() == pytest.approx([0.28, 0.0, 0.38])


def test_a_metric_that_takes_token_ids_gets_those_of_its_answer(own):
    spec = own("def metric(top_logprobs, token_ids):\n    return token_ids.sum() / 100\n", "with_ids")
    found = confidences(np.zeros((3, 4)), np.array([1, 2]), [spec], [4], np.array([5, 7, 9]))
    assert found[spec, 4].tolist() == pytest.approx([0.05, 0.16])


def test_an_argument_with_a_default_is_the_functions_own(own):
    spec = own("def metric(top_logprobs, weight=0.5):\n    return weight\n", "with_default")
    assert confidence(SURE, spec, 3) == 0.5


@pytest.mark.parametrize(
    "body, problem",
    [
        ("return 1.5", "gave 1.5; a confidence lies between 0 and 1"),
        ("return float('nan')", "gave nan"),
        ("return None", "TypeError"),
        ("return 1 / 0", "ZeroDivisionError: division by zero"),
    ],
)
def test_a_metric_that_gives_no_confidence_is_named(own, body, problem):
    spec = own(f"def metric(top_logprobs):\n    {body}\n", "bad")
    from speceyes.method import own_metrics

    own_metrics._loaded.cache_clear()
    with pytest.raises(MetricError, match=f"metric bad:metric: .*{problem}"):
        confidence(SURE, spec, 3)


def test_the_stored_draft_is_all_that_a_metric_needs(own, tmp_path):
    spec = own("def metric(top_logprobs, token_ids):\n    return token_ids[0] / 100\n", "stored")
    records = [
        DraftRecord(sample_id=str(n), text="x", tokens=("x",), token_ids=(n,), top_logprobs=((-0.1, -3.0),))
        for n in (7, 8)
    ]
    write_table(tmp_path / "draft.parquet", DraftRecord, records, {})
    write_confidences(tmp_path / "out.parquet", [tmp_path / "draft.parquet"], ["min", spec], [2], {})
    table = pd.read_parquet(tmp_path / "out.parquet").set_index(["metric", "sample_id"])["confidence"]
    assert table[spec].tolist() == pytest.approx([0.07, 0.08])
