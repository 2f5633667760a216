"""What went wrong in a pass is counted, shard by shard, and a pass without faults has zeros."""

from __future__ import annotations

from pathlib import Path

import pytest
from speceyes.analysis.settings import StatisticsSettings
from speceyes.records.passes import Pass
from speceyes.records.tables import write_table
from speceyes.records.types import AgentRecord, ScreenRecord
from speceyes.tables.inputs import TableInputs
from speceyes.tables.pass_faults import READS, make
from speceyes.tables.table_settings import TableSettings

WHERE = {"benchmark": "vstar", "split": "direct_attributes"}


def screened(number: int, **facts: object) -> ScreenRecord:
    return ScreenRecord.model_validate({"sample_id": f"s{number}", "text": "no", "tool_free": True} | facts)


@pytest.fixture
def rows(tmp_path: Path) -> list[dict[str, object]]:
    screen = Pass(stage="screen", agent="thyme", batch=6, **WHERE)
    agent = Pass(stage="agent", agent="thyme", **WHERE)
    shards = [
        [screened(0, batch_cut_to=3), screened(1, status="error")],
        [screened(2, batch_cut_to=1, stuck_generations=1), screened(3)],
    ]
    paths = [tmp_path / f"{number}.parquet" for number in range(3)]
    for path, records in zip(paths, shards, strict=False):
        write_table(path, ScreenRecord, records, screen.stamp())
    episode = AgentRecord(sample_id="s0", answer="A", turns=(), tool_calls=0, stuck_generations=2)
    write_table(paths[2], AgentRecord, [episode], agent.stamp())
    files = dict.fromkeys(READS, ()) | {"screen": paths[:2], "agent": paths[2:]}
    said = TableSettings(
        comparable=False, metrics=("min",), top_ks=(8,), main_top_k=8, points=(), statistics=StatisticsSettings()
    )
    return make(TableInputs(files, said, tmp_path)).to_dict("records")


def test_faults_are_counted_over_all_shards_of_a_pass(rows):
    named = {"stage": "screen", "agent": "thyme", "wording": "", "variant": "", "metric": "", "batch": 6} | WHERE
    assert rows[0] == named | {"n": 4, "errors": 1, "stuck": 1, "cut": 2, "smallest_batch": 1}


def test_a_pass_without_batches_names_none(rows):
    named = {"stage": "agent", "agent": "thyme", "wording": "", "variant": "", "metric": "", "batch": ""} | WHERE
    assert rows[1] == named | {"n": 1, "errors": 0, "stuck": 2, "cut": 0, "smallest_batch": 0}
