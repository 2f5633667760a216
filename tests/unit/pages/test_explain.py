"""One sample's way through a study's tables."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from speceyes.pages.explain import UnknownSampleError, explain
from speceyes.records.samples import Sample, write_samples
from speceyes.records.tables import write_table
from speceyes.records.types import AgentRecord, DraftRecord, ScreenRecord, ToolUse, Turn

SAMPLES = ("vstar/relative_position/0000", "vstar/relative_position/0001")
TOOL = ToolUse(
    name="image_zoom_in_tool", status="ok", box=(1, 2, 30, 40), output="done " * 200, detail="\x1b[31mred\n\nE"
)
TURNS = (
    Turn(text="I zoom.", generated_tokens=3, latency_s=0.1, tool=TOOL),
    Turn(text="Blue.", generated_tokens=2, latency_s=0.1),
)
CONFIDENCES = [
    {"sample_id": name, "metric": metric, "top_k": k, "confidence": 0.5 + k / 100}
    for name in SAMPLES
    for metric in ("min", "log")
    for k in (8, 16)
]
ANSWER = {
    "sample_id": SAMPLES[1], "source": "draft", "agent": "", "batch_size": 6, "answer": "Red",
    "published_correct": 1.0, "published_decided_by": "judge",
    "corrected_correct": 0.0, "corrected_decided_by": "rule",
}  # fmt: skip


def sample(name: str) -> Sample:
    return Sample(
        sample_id=name, benchmark="vstar", split="relative_position", question=f"Which colour\x1b[2J in {name}?",
        options=("red", "blue"), gold="blue", gold_letter="B", category="", image="a.jpg", image_id="a" * 64,
        width=640, height=480,
    )  # fmt: skip


@pytest.fixture
def results(tmp_path):
    split = "vstar/relative_position"
    folders = {stage: tmp_path / stage for stage in ("index", "screen", "draft", "agent", "confidence", "tables")}
    places = {
        "index": folders["index"] / split / "samples.parquet",
        "screen": folders["screen"] / "thyme" / split / "b6" / "1-of-1.parquet",
        "draft": folders["draft"] / split / "b6" / "1-of-1.parquet",
        "agent": folders["agent"] / "thyme" / split / "2-of-2.parquet",
        "confidence": folders["confidence"] / split / "b6.parquet",
        "tables": folders["tables"] / "answers.parquet",
    }
    for path in places.values():
        path.parent.mkdir(parents=True)
    write_samples(places["index"], [sample(name) for name in SAMPLES])
    write_table(
        places["screen"],
        ScreenRecord,
        [ScreenRecord(sample_id=name, text="no", tool_free=True) for name in SAMPLES],
        {},
    )
    drafts = [
        DraftRecord(sample_id=name, text=f"\x1b[31mRed {name}", tokens=("Red",), top_logprobs=((-0.1, -3.0),))
        for name in SAMPLES
    ]
    write_table(places["draft"], DraftRecord, drafts, {})
    write_table(
        places["agent"],
        AgentRecord,
        [AgentRecord(sample_id=SAMPLES[1], answer="B. blue", turns=TURNS, tool_calls=1)],
        {},
    )
    pq.write_table(pa.Table.from_pylist(CONFIDENCES), places["confidence"])
    pq.write_table(pa.Table.from_pylist([ANSWER]), places["tables"])
    return tmp_path


def test_every_stage_of_the_sample_is_told_in_the_order_of_the_study(results):
    text = explain(results, SAMPLES[1])
    heads = [part.splitlines()[0] for part in text.split("\n\n")]
    assert heads == [
        SAMPLES[1], "Screening thyme b6", "Draft b6", "Confidence of the draft b6", "Agent thyme", "Verdicts"
    ]  # fmt: skip
    assert "right: B. blue" in text
    assert "needs no tools" in text
    assert "min        K=8 0.5800 K=16 0.6600" in text
    assert "turn 1 by the agent: I zoom." in text
    assert "image_zoom_in_tool [1, 2, 30, 40] ok" in text
    assert "published 1 by judge; corrected 0 by rule: Red" in text


def test_other_samples_of_the_tables_are_not_shown(results):
    assert SAMPLES[0] not in explain(results, SAMPLES[1])


def test_stages_that_have_not_run_are_left_out(results):
    assert "Agent thyme" not in explain(results, SAMPLES[0])
    (results / "tables" / "answers.parquet").unlink()
    assert "Verdicts" not in explain(results, SAMPLES[1])


def test_what_a_model_wrote_cannot_steer_the_terminal_and_is_cut_where_it_is_long(results):
    text = explain(results, SAMPLES[1])
    assert "\x1b" not in text
    assert "(999 characters)" in text


@pytest.mark.parametrize("name", ["vstar/relative_position/9999", "pope/random/0000", "nonsense", "../../x/y", ""])
def test_an_unknown_sample_is_refused_with_the_splits_there_are(results, name):
    with pytest.raises(UnknownSampleError, match=r"its splits: vstar/relative_position$"):
        explain(results, name)
