"""The schema and the tables of keys say what the typed model says."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from configurations import written
from speceyes.study.config_docs import documents

ROOT = Path(__file__).parents[3]
GENERATED = documents(ROOT)


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_generated_files_are_up_to_date(path):
    advice = "run: make docs"
    assert path.read_text(encoding="utf-8").splitlines() == GENERATED[path].splitlines(), advice


def test_the_schema_accepts_the_shipped_studies_and_refuses_what_the_model_refuses():
    schema = json.loads((ROOT / "workflow/schemas/config.schema.json").read_text())
    checker = jsonschema.Draft202012Validator(schema)
    checker.check_schema(schema)
    for name in ("config.yaml", "miniature.yaml"):
        study = written(name)
        assert list(checker.iter_errors(study)) == []
        study["grid"]["thresholds"]["pope"] = [1]
        study["draft"]["batch_sze"] = 2
        assert sorted(error.json_path for error in checker.iter_errors(study)) == [
            "$.draft",
            "$.grid.thresholds.pope[0]",
        ]


def test_every_key_has_a_meaning():
    rows = [line for line in (ROOT / "config/README.md").read_text().splitlines() if line.startswith("| `")]
    assert len(rows) > 60
    for row in rows:
        assert all(cell.strip() for cell in row.strip("|").split(" | ")), row
