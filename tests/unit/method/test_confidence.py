import math
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from speceyes.method.confidence import METRICS, confidence, confidences, separability, write_confidences
from speceyes.records.tables import read_provenance, write_table
from speceyes.records.types import DraftRecord, RecordError, ScreenRecord


def by_the_definition(rows, metric, top_k):
    """protocol.md, word for word, with plain Python numbers."""
    if not rows:
        return 0.0
    if metric == "log":
        return math.exp(sum(row[0] for row in rows) / len(rows))
    scores = []
    for row in rows:
        others = row[1:top_k]
        mean = sum(others) / len(others)
        deviation = math.sqrt(sum((z - mean) ** 2 for z in others) / len(others))
        scores.append((row[0] - mean) / (deviation + 1e-6))
    scores.sort()
    lowest = scores[: max(1, math.floor(0.2 * len(scores)))]
    score = {"min": scores[0], "mean": sum(scores) / len(scores), "bottom20": sum(lowest) / len(lowest)}[metric]
    return 1 / (1 + math.exp(-0.6 * score))


def descending(tokens, k, seed):
    logits = np.random.default_rng(seed).normal(size=(tokens, 200)) * 3
    logprobs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -np.sort(-logprobs, axis=1)[:, :k]


def test_the_confidence_computed_by_hand():
    # Others 1, 1, 3, 3: mean 2, population deviation 1; (5 - 2) / 1 = 3; sigmoid(1.8).
    rows = [[5.0, 3.0, 3.0, 1.0, 1.0]]
    assert confidence(rows, "min", 5) == pytest.approx(1 / (1 + math.exp(-1.8)), abs=1e-6)
    # With K = 3 the others are 3, 3: deviation 0, so (5 - 3) / 1e-6 saturates the sigmoid.
    assert confidence(rows, "min", 3) == 1.0


@pytest.mark.parametrize("raw, threshold", [(4.31, 0.93), (5.30, 0.96), (6.49, 0.98), (8.82, 0.995)])
def test_raw_scores_at_the_published_thresholds(raw, threshold):
    others = np.array([-1.0, 1.0])
    rows = [[raw, *others]]
    assert confidence(rows, "mean", 3) == pytest.approx(threshold, abs=5e-4)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("top_k", [2, 3, 32, 64, 96])
@pytest.mark.parametrize("tokens", [1, 4, 9, 10, 15, 20, 37])
def test_confidences_equal_their_definition(metric, top_k, tokens):
    rows = descending(tokens, 128, seed=tokens)
    assert confidence(rows, metric, top_k) == pytest.approx(by_the_definition(rows.tolist(), metric, top_k), abs=1e-6)


@given(
    logits=arrays(np.float64, (5, 16), elements=st.floats(-20, 20)),
    shift=st.floats(-50, 50),
    metric=st.sampled_from(["min", "mean", "bottom20"]),
)
def test_separability_ignores_a_shift_of_the_logits(logits, shift, metric):
    rows = -np.sort(-logits, axis=1)
    spread = rows[:, 1:].std(axis=1).min()
    if spread > 1e-3:
        assert confidence(rows + shift, metric, 16) == pytest.approx(confidence(rows, metric, 16), abs=1e-6)


@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_metrics_are_ordered_probabilities(tokens, seed):
    rows = descending(tokens, 64, seed)
    values = {metric: confidence(rows, metric, 64) for metric in METRICS}
    assert all(0.0 <= value <= 1.0 for value in values.values())
    assert values["min"] <= values["bottom20"] + 1e-12 <= values["mean"] + 2e-12
    if tokens < 10:
        assert values["bottom20"] == values["min"]


def test_top_1_is_outside_mean_and_deviation():
    # With the top-1 inside, no score could exceed sqrt(K - 1) = 7.94 at K = 64.
    rows = np.concatenate([[100.0], np.linspace(1, 0, 63)])[None, :]
    assert separability(rows, 64)[0] > 100


def test_many_answers_at_once_equal_each_alone_exactly():
    lengths = np.array([3, 0, 12, 1, 0, 27])
    rows = descending(int(lengths.sum()), 96, seed=5)
    together = confidences(rows, lengths, METRICS, [32, 96])
    starts = np.cumsum(lengths) - lengths
    for (metric, top_k), values in together.items():
        alone = [confidence(rows[a : a + n], metric, top_k) for a, n in zip(starts, lengths, strict=True)]
        assert values.tolist() == alone


@pytest.mark.parametrize("metric", METRICS)
def test_an_empty_answer_has_no_confidence(metric):
    assert confidence([], metric, 64) == 0.0
    assert confidence(np.empty((0, 128)), metric, 64) == 0.0


def test_k_that_was_not_stored_is_refused():
    rows = descending(4, 64, seed=0)
    with pytest.raises(ValueError, match="top_k is 96, but the draft stored only the 64 largest"):
        confidence(rows, "min", 96)
    with pytest.raises(ValueError, match="at least 2"):
        confidence(rows, "min", 1)


def draft(sample_id, rows):
    return DraftRecord(
        sample_id=sample_id,
        text="x" * len(rows),
        tokens=("x",) * len(rows),
        top_logprobs=tuple(map(tuple, rows)),
    )


def test_confidences_of_several_shards_are_one_table(tmp_path):
    shards = [
        [draft("a", descending(3, 64, 1).tolist()), draft("b", [])],
        [draft("c", descending(12, 64, 2).tolist())],
        [draft("d", [])],
    ]
    paths = [tmp_path / f"{number}.parquet" for number in range(3)]
    for path, records in zip(paths, shards, strict=True):
        write_table(path, DraftRecord, records, {})
    output = tmp_path / "confidence.parquet"
    write_confidences(output, paths, METRICS, [32, 64], {"commit": "abc"})
    rows = pq.read_table(output).to_pylist()
    assert len(rows) == 4 * 4 * 2
    assert read_provenance(output)["commit"] == "abc"
    for row in rows:
        record = next(record for shard in shards for record in shard if record.sample_id == row["sample_id"])
        stored = np.array(record.top_logprobs, dtype=np.float32)
        assert row["confidence"] == confidence(stored, row["metric"], row["top_k"])
    assert not list(tmp_path.glob("*.part"))


def test_table_errors_name_the_file(tmp_path):
    write_table(tmp_path / "draft.parquet", DraftRecord, [draft("a", descending(3, 64, 1).tolist())], {})
    with pytest.raises(ValueError, match=r"draft\.parquet: top_k is 128"):
        write_confidences(tmp_path / "out.parquet", [tmp_path / "draft.parquet"], METRICS, [128], {})
    write_table(tmp_path / "screen.parquet", ScreenRecord, [], {})
    with pytest.raises(RecordError, match=r"screen\.parquet: holds ScreenRecord"):
        write_confidences(tmp_path / "out.parquet", [tmp_path / "screen.parquet"], METRICS, [32], {})
    assert not (tmp_path / "out.parquet").exists()


def test_light_modules_load_no_model_library():
    code = (
        "import sys, speceyes.method.confidence, speceyes.method.gate, speceyes.records.types\n"
        "import speceyes.method.draft, speceyes.method.screening\n"
        "assert not {'torch', 'transformers', 'pandas'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})
