"""What a pilot says of a set-up."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml
from speceyes.study.config import load_config
from speceyes.study.layout import Layout
from speceyes.study.pilot import render_pilot
from speceyes.study.study import Study
from speceyes.tables.csv_files import write_csv

CONFIG = Path(__file__).parents[3] / "config" / "config.yaml"


@pytest.fixture
def pilot(tmp_path) -> Study:
    """A pilot with two splits' drafts, two agents' passes, and verdicts."""
    study = Study(load_config(yaml.safe_load(CONFIG.read_text()) | {"study": "paper-pilot"}), Layout(str(tmp_path)))
    rows = [
        ("draft", "", 12, 1, 0, 0, 0),
        ("draft", "", 10, 2, 0, 0, 0),
        ("agent", "deepeyes", 12, 0, 3, 8, 2),
        ("agent", "thyme", 12, 0, 0, 4, 4),
    ]
    faults = pd.DataFrame(rows, columns=["stage", "agent", "n", "errors", "stuck", "cut", "smallest_batch"])
    table, verdicts = Path(study.layout.table("pass_faults")), Path(study.layout.verdicts)
    for path in (table, verdicts):
        path.parent.mkdir(parents=True)
    write_csv(faults, table)
    decided = {"published_decided_by": ["rule", "judge", "judge"], "corrected_decided_by": ["rule", "unparsed", "rule"]}
    pd.DataFrame(decided).to_parquet(verdicts)
    return study


def test_faults_are_summed_by_stage_and_agent(pilot):
    head, _, *rows, judge = render_pilot(pilot).splitlines()
    assert head == "Pilot paper-pilot: every stage has run, also the judge"
    assert [row.split() for row in rows] == [
        ["draft", "22", "3", "0", "0", "as", "planned"],
        ["agent", "deepeyes", "12", "0", "3", "8", "2"],
        ["agent", "thyme", "12", "0", "0", "4", "4"],
    ]
    assert judge.strip() == "The judge was asked 3 times; 1 replies said neither right nor wrong"


@pytest.mark.parametrize("table", ["verdicts", "pass_faults"])
def test_a_pilot_that_has_not_ended_says_so(pilot, table):
    path = Path(pilot.layout.verdicts if table == "verdicts" else pilot.layout.table(table))
    path.unlink()
    assert render_pilot(pilot) == f"Pilot paper-pilot has not run to its end: {path} is not there"
