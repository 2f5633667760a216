"""The guide's own code and entries, taken from its page: an agent and a benchmark from outside the library."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from configurations import written
from guide import BLOCKS
from official_forms import picture
from PIL import Image
from scripted import ScriptedEngine, sample, store_picture
from snakemake.utils import update_config
from speceyes.agents.base import load_agent
from speceyes.agents.run import answer
from speceyes.benchmarks.base import BenchmarkError, load_reader
from speceyes.benchmarks.index import build_index
from speceyes.images import Pictures
from speceyes.method.confidence import confidence
from speceyes.method.specreason import VARIANTS, SpecReasonSettings
from speceyes.records.samples import read_samples
from speceyes.records.types import AgentRecord
from speceyes.study.config import Config, ConfigError, load_config
from speceyes.study.study import Study

ROOT = Path(__file__).parents[2]
MODULES = ("looker", "colours", "steadiness")
ANSWER = "<answer>A. red</answer>"


@pytest.fixture(autouse=True)
def outside(tmp_path, monkeypatch):
    """The guide's modules in a folder of their own on the path."""
    for name in MODULES:
        (tmp_path / f"{name}.py").write_text(BLOCKS[f"{name}.py"])
    (tmp_path / "looker.yaml").write_text(BLOCKS["looker.yaml"])
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in MODULES:
        sys.modules.pop(name, None)


def study_with(entry: str) -> dict[str, Any]:
    """The paper's study with an entry laid over it as Snakemake does it."""
    raw = written("config.yaml")
    update_config(raw, yaml.safe_load(BLOCKS[entry]))
    return raw


def looker(config: Config, folder: Path):
    entry = config.agents["looker"]
    store_picture(folder / "images")
    return load_agent(entry.type)(folder / "looker.yaml", entry.settings, folder / "media")


def test_the_agent_is_configured_and_runs(outside):
    agent = looker(load_config(study_with("agent")), outside)
    engine = ScriptedEngine("Hm. <look/>", ANSWER)
    record = answer(engine, agent, sample(), Pictures(outside / "images"))
    assert (record.status, record.answer, record.tool_calls) == ("ok", "A. red", 1)
    assert record.turns[0].tool.box == (140, 70, 420, 210)
    assert engine.requests[1].messages[-1].images[0].size == (280, 140)
    assert AgentRecord.model_validate_json(record.model_dump_json()) == record
    unending = answer(ScriptedEngine(*["Hm."] * 4), agent, sample(), Pictures(outside / "images"))
    assert (unending.status, len(unending.turns)) == ("no_answer", 4)


@pytest.mark.parametrize("variant, tools, shown", [("published", 0, 1), ("corrected", 1, 2)])
def test_specreason_runs_on_it(outside, variant, tools, shown):
    agent = looker(load_config(study_with("agent")), outside)
    draft = ScriptedEngine("<look/>", ANSWER)
    method = VARIANTS[variant](draft, ScriptedEngine("8", "9"), agent, SpecReasonSettings())
    record = method.answer(sample(), Pictures(outside / "images"))
    assert (record.status, record.answer, record.tool_calls) == ("ok", "A. red", tools)
    assert [turn.score for turn in record.turns] == [8, 9]
    assert sum(len(message.images) for message in draft.requests[1].messages) == shown


def test_it_screens_in_its_prompt_files_words(outside):
    agent = looker(load_config(study_with("agent")), outside)
    request = agent.screen_request(sample(), Image.new("RGB", (56, 28)))
    assert request.messages[0].parts == ("You judge whether a closer look is needed.",)
    assert request.messages[1].parts[1].endswith("Would a closer look help? Reply yes or no.")


def test_the_agents_own_settings_are_checked(outside):
    raw = study_with("agent")
    raw["agents"]["looker"]["settings"] = {"max_generation": 2}
    with pytest.raises(ConfigError, match=r"agents\.looker\.settings: max_generation: unknown key \(did you mean max_"):
        load_config(raw)


def test_an_agent_without_thresholds_has_the_default_ones(outside):
    study = Study(load_config(study_with("agent")))
    assert study.points("looker", "hrbench") == study.config.default_operating_points
    assert study.points("looker", "vstar")["min"] == 0.95


def test_the_confidence_is_configured_and_computed(outside):
    study = Study(load_config(study_with("confidence")))
    assert study.config.grid.metrics == ("min", "steadiness:steadiness", "speceyes.method.token_metrics:margin")
    assert study.points("thyme", "vstar")["steadiness:steadiness"] == study.points("thyme", "vstar")["min"]
    sure, unsure = [np.log(0.9), np.log(0.05)], [np.log(0.4), np.log(0.3)]
    assert confidence([sure, unsure, sure, sure], "steadiness:steadiness", 2) == 0.75


QUESTIONS = [
    {"id": 1, "question": "What is it?", "A": "red", "B": "blue", "answer": "B", "picture": "one.jpg"},
    {"id": 2, "question": "And here?", "A": "red", "B": "blue", "answer": "A", "picture": "one.jpg"},
]


def colours(folder: Path, questions: list[Any]):
    entry = load_config(study_with("benchmark")).benchmarks["colours"]
    (folder / "one.jpg").write_bytes(picture())
    (folder / "test.jsonl").write_text("".join(f"{json.dumps(question)}\n" for question in questions))
    return load_reader(entry.reader)(folder, entry.settings)


def test_the_benchmark_is_configured_and_indexed(outside):
    build_index(
        colours(outside, QUESTIONS), "colours", "test", outside / "samples.parquet", outside / "stored", expected_rows=2
    )
    one, two = read_samples(outside / "samples.parquet")
    assert (one.sample_id, one.gold, one.gold_letter, one.options) == (
        "colours/test/0000",
        "blue",
        "B",
        ("red", "blue"),
    )
    assert (two.gold, two.image) == ("red", one.image)


@pytest.mark.parametrize(
    "change, problem",
    [
        ({"answer": "C"}, "row 2: answer is 'C', expected one of A, B"),
        ({"id": 1}, "row 2: id 1 stands twice"),
        ({"picture": "two.jpg"}, "row 2: picture two.jpg is missing"),
        ({"B": None}, "row 2: B is empty"),
    ],
)
def test_a_bad_row_is_named(outside, change, problem):
    reader = colours(outside, [QUESTIONS[0], QUESTIONS[1] | change])
    with pytest.raises(BenchmarkError, match=problem):
        list(reader.rows("test"))


def test_two_benchmarks_may_have_one_reader():
    raw = study_with("benchmark")
    raw["benchmarks"]["colors"] = raw["benchmarks"]["colours"]
    assert list(load_config(raw).benchmarks)[-2:] == ["colours", "colors"]


def test_a_served_model_is_an_agent_by_its_entry():
    study = Study(load_config(study_with("served agent")))
    assert study.agent_settings("caller")["boxes"] == "thousandths"
    assert study.points("caller", "pope") == study.config.default_operating_points


def test_an_agent_that_calls_functions_needs_models_that_a_server_answers_for():
    raw = study_with("served agent")
    raw["specreason"]["agents"] = ["caller"]
    with pytest.raises(ConfigError, match=r"models\.draft\.engine\.type: agent caller calls functions, this"):
        load_config(raw)
    raw["models"]["caller"]["engine"] = {}
    with pytest.raises(ConfigError, match=r"models\.caller\.engine\.type: .*; set server"):
        load_config(raw)


def test_own_data_are_one_entry(outside):
    raw = study_with("own data")
    config = load_config(raw)
    assert len(Study(config).grid("thyme", "mine").thresholds) == 7
    raw["benchmarks"]["mine"]["settings"]["optoins"] = "A"
    with pytest.raises(ConfigError, match=r"mine\.settings: optoins: unknown key \(did you mean options\?\)"):
        load_config(raw)


@pytest.mark.parametrize("official", ["vstar", "hrbench", "pope"])
def test_an_official_benchmarks_key_is_its_own_name(official):
    raw = study_with("benchmark")
    raw["benchmarks"]["mine"] = raw["benchmarks"][official]
    with pytest.raises(ConfigError, match=f"config: benchmarks: mine is read as '{official}'; use that as its key"):
        load_config(raw)


def test_the_draft_model_is_configured():
    config = load_config(study_with("draft model"))
    assert config.models[config.draft.model].source == "Qwen/Qwen3-VL-2B-Thinking"
    assert config.draft.settings.max_new_tokens == 1024
    assert config.draft.batch_size == 6
