import csv

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speceyes.tables.csv_files import TEXT, read_csv, write_csv

ODD = [
    "01",
    "1.10",
    "NA",
    "nan",
    "None",
    "null",
    "True",
    "1e5",
    "",
    " a ",
    "-1",
    "'quoted'",
    'a"b,c',
    "é\u200b",
    "#N/A",
]


def back(frame, tmp_path):
    write_csv(frame, tmp_path / "table.csv")
    return read_csv(tmp_path / "table.csv")


@pytest.mark.parametrize("column", TEXT)
def test_a_name_comes_back_as_it_was_written(column, tmp_path):
    assert list(back(pd.DataFrame({column: ODD, "number": range(len(ODD))}), tmp_path)[column]) == ODD


@given(st.lists(st.text(st.characters(blacklist_categories=("Cs", "Cc"))), min_size=1, max_size=5))
def test_any_name_comes_back_as_it_was_written(tmp_path_factory, names):
    frame = pd.DataFrame({"split": names, "number": 0.5})
    assert list(back(frame, tmp_path_factory.getbasetemp())["split"]) == names


def test_numbers_truths_and_gaps_stay_what_they_are(tmp_path):
    frame = pd.DataFrame({"split": ["NA", "b"], "accuracy": [-0.5, None], "main_table": [True, False], "n": [3, 4]})
    found = back(frame.assign(top_k=pd.array([64, None], dtype="Int64")), tmp_path)
    assert found["accuracy"].tolist()[0] == -0.5
    assert found["accuracy"].isna().tolist() == found["top_k"].isna().tolist() == [False, True]
    assert found["main_table"].dtype == bool
    assert found["n"].tolist() == [3, 4]


@pytest.mark.parametrize("formula", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1"])
@pytest.mark.parametrize("column", ["agent", "note"])
def test_no_cell_is_a_formula_to_a_spreadsheet(formula, column, tmp_path):
    frame = pd.DataFrame({column: [formula, "plain"], "number": [-1.0, 1.0]})
    assert list(back(frame, tmp_path)[column]) == [formula, "plain"]
    with (tmp_path / "table.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert not rows[0][column].startswith(tuple("=+-@\t\r"))
    assert rows[0]["number"] == "-1.0"  # a number is no formula
