"""The data dictionary says of every column of every table what it holds, and the tables hold that."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from speceyes.tables.columns import UnknownColumnError, column
from speceyes.tables.csv_files import read_csv, write_csv
from speceyes.tables.dictionary import SAMPLE_TABLES, Described, write_dictionary, write_parquet
from synthetic_study import FEW_SETTINGS, SyntheticStudy
from synthetic_tables import MODULES, write_tables


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("tables")
    splits = {("vstar", "direct_attributes"): 12, ("pope", "random"): 12}
    study = SyntheticStudy(root / "passes", splits, **FEW_SETTINGS).write()
    write_tables(study, root / "tables", comparable=True, resamples=100)
    return {path.stem: path for path in (root / "tables").iterdir()}


NAMES = sorted({"settings", "ledger", *MODULES, *SAMPLE_TABLES})


@pytest.mark.parametrize("name", NAMES)
def test_every_column_is_described_and_holds_what_its_description_says(tables, name):
    path = tables[name]
    frame = read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    assert len(frame.columns) > 3
    for title in frame:
        described, values = column(name, str(title)), frame[title].dropna()
        assert len(described.meaning) > 3
        if described.kind == "string":
            assert not pd.api.types.is_numeric_dtype(values) or values.empty, title
        elif described.kind == "boolean":
            assert set(values) <= {True, False}, title
        else:
            numbers = pd.to_numeric(values)
            assert described.kind == "number" or (numbers == numbers.round()).all(), title
            assert described.low is None or numbers.empty or numbers.min() >= described.low - 1e-9, title
            assert described.high is None or numbers.empty or numbers.max() <= described.high + 1e-9, title


def test_a_column_that_nobody_described_is_an_error_that_names_it(tmp_path):
    write_csv(pd.DataFrame({"agent": ["a"], "novelty": [1]}), tmp_path / "pareto.csv")
    with pytest.raises(UnknownColumnError, match="pareto: the column 'novelty'"):
        Described.of(tmp_path / "pareto.csv", "t", "w")


@pytest.mark.parametrize(
    ("table", "name", "unit", "limits"),
    [
        ("settings", "accuracy_corrected_low", "share", "[0, 1]"),
        ("settings", "difference_published", "share", "[-1, 1]"),
        ("outcomes", "min_k64", "share", "[0, 1]"),
        ("settings", "tokens", "tokens", "[0, ∞)"),
        ("ledger", "errored", "samples", "[0, ∞)"),
        ("answers", "errored", "", ""),
        ("provenance", "torch", "", ""),
    ],
)
def test_units_and_ranges(table, name, unit, limits):
    found = column(table, name)
    assert (found.unit, found.range) == (unit, limits)


def test_both_forms_name_every_table_and_column(tables, tmp_path):
    chosen = [tables[name] for name in ("settings", "claims", "answers")]
    described = [Described.of(path, f"title of {path.stem}", "words | of\n two lines") for path in chosen]
    write_dictionary("Study", described, tmp_path / "README.md", tmp_path / "datapackage.json")

    page = (tmp_path / "README.md").read_text(encoding="utf-8")
    package = json.loads((tmp_path / "datapackage.json").read_text(encoding="utf-8"))
    assert [resource["path"] for resource in package["resources"]] == ["settings.csv", "claims.csv", "answers.parquet"]
    for path, resource in zip(chosen, package["resources"], strict=True):
        names = list((read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)).columns)
        assert [field["name"] for field in resource["schema"]["fields"]] == names
        section = page.partition(f"## {path.name}: title of {path.stem}\n")[2].partition("\n## ")[0]
        assert [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")] == names
    beta = next(field for field in package["resources"][0]["schema"]["fields"] if field["name"] == "beta")
    assert beta["constraints"] == {"minimum": 0, "maximum": 1}
    assert beta["unit"] == "share"


def test_parquet_beside_a_table_holds_the_same_names_and_numbers(tables, tmp_path):
    frame = read_csv(tables["settings"])
    frame["split"] = ["01", "1.10", "NA"] * (len(frame) // 3) + ["01"] * (len(frame) % 3)
    write_csv(frame, tmp_path / "settings.csv")
    write_parquet(tmp_path / "settings.csv", tmp_path / "settings.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "settings.parquet"), frame, check_dtype=False)
