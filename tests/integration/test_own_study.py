"""Five questions of one's own and a served model as an agent, from JSON lines to the study page, by their entries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from function_server import function_server
from guide import BLOCKS
from own_rows import READER, ROWS, own_rows, write_json_lines
from PIL import Image
from speceyes.records.samples import read_samples
from speceyes.records.tables import read_table
from speceyes.records.types import AgentRecord
from speceyes.tables.csv_files import read_csv
from workspace import REPOSITORY, Workspace

SETTINGS = {"options": "options", "category": "category"}


def own_study(url: str) -> dict[str, Any]:
    """The miniature's models and two agents on a benchmark of one's own; thresholds are the default ones.

    The second agent is a model that a server at ``url`` answers for.
    """
    config: dict[str, Any] = yaml.safe_load((REPOSITORY / "config" / "miniature.yaml").read_text(encoding="utf-8"))
    for section in ("miniature", "operating_points", "specreason", "load"):
        del config[section]
    entry = {"reader": READER, "path": "mine", "splits": {"test": ROWS}, "settings": SETTINGS}
    config["models"]["caller"] = {"path": "served", "engine": {"type": "server", "url": url}}
    caller = {"type": "speceyes.agents.function_caller:FunctionCaller", "model": "caller"}
    return config | {
        "study": "own",
        "benchmarks": {"mine": entry},
        "agents": {"deepeyes": config["agents"]["deepeyes"], "caller": caller},
        "grid": {"metrics": ["min"], "top_k": [64]},
        "timing": {"images": 2},
        "corrected": {"images": 0},
        "live": {"metrics": []},
    }


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """The finished study's results."""
    with function_server('{"bbox_2d": [0, 0, 168, 168]}') as server:
        made = Workspace.copy(tmp_path_factory.mktemp("own"), yaml.safe_dump(own_study(server.url)))
        write_json_lines(made.folder / "mine" / "test.jsonl", own_rows(made.folder / "mine"))
        (made.folder / "resources/miniature/prompts/caller.yaml").write_text(BLOCKS["caller.yaml"])
        made.snakemake("--", *(f"results/own/{page}" for page in ("README.md", "explorer.html")))
    return made.folder / "results" / "own"


def test_every_system_has_answered_the_five_questions(study):
    main = read_csv(study / "tables" / "main_table.csv")
    assert set(main["system"]) == {"draft", "agent", "speceyes"}
    assert set(zip(main["benchmark"], main["split"], main["n"], strict=True)) == {("mine", "test", ROWS)}
    assert main[["accuracy_published", "accuracy_corrected"]].notna().all(axis=None)


def test_the_grid_has_the_default_thresholds(study):
    settings = read_csv(study / "tables" / "settings.csv")
    gated = settings[settings["method"] == "speceyes"]
    assert sorted(gated.loc[gated["agent"] == "caller", "threshold"]) == [0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995]
    assert gated.loc[gated["main_table"], "threshold"].tolist() == [0.98, 0.98]


def test_samples_and_records_are_called_by_the_benchmarks_key(study):
    (samples,) = (read_samples(path) for path in study.rglob("samples.parquet"))
    assert [sample.sample_id for sample in samples] == [f"mine/test/{number:04d}" for number in range(ROWS)]
    answered = [
        record.sample_id for path in (study / "agent").rglob("*.parquet") for record in read_table(path, AgentRecord)
    ]
    assert sorted(set(answered)) == [sample.sample_id for sample in samples]


def test_the_served_model_zooms_by_function_calling_and_answers(study):
    records = [
        record for path in (study / "agent" / "caller").rglob("*.parquet") for record in read_table(path, AgentRecord)
    ]
    assert len(records) == ROWS
    assert {(record.status, record.answer, record.tool_calls) for record in records} == {("ok", "A", 1)}
    for record in records:
        (picture,) = record.turns[0].tool.images
        with Image.open(study / "media" / picture) as crop:
            assert crop.size == (168, 168)


def test_the_page_and_the_explorer_are_there(study):
    assert "mine" in (study / "README.md").read_text(encoding="utf-8")
    assert (study / "explorer.html").stat().st_size > 10_000
