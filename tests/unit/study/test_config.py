"""A configuration is checked whole before any job runs; what is wrong with it is one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from speceyes.study.config import ConfigError, load_config

CONFIG = Path(__file__).parents[3] / "config"
METRICS = "'min', 'mean', 'bottom20' or 'log'"


@pytest.fixture
def raw() -> dict[str, Any]:
    return yaml.safe_load((CONFIG / "config.yaml").read_text())


def put(raw: dict[str, Any], key: str, value: object) -> dict[str, Any]:
    """The raw configuration with the value of one dotted key."""
    *sections, last = key.split(".")
    section = raw
    for name in sections:
        section = section[name]
    section[last] = value
    return raw


def complaint(raw: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(raw)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["config.yaml", "miniature.yaml"])
def test_the_shipped_studies_are_valid(name):
    assert load_config(yaml.safe_load((CONFIG / name).read_text())).benchmarks


def test_the_paper_is_configured_as_published(raw):
    config = load_config(raw)
    assert {name: sum(found.splits.values()) for name, found in config.benchmarks.items()} == {
        "vstar": 191,
        "hrbench": 1600,
        "pope": 9000,
    }
    for name, found in (config.benchmarks | config.models).items():
        assert found.source, name
    assert config.draft.batch_size == 6
    assert config.grid.main_top_k == 64
    assert {agent: {b: p["min"] for b, p in points.items()} for agent, points in config.operating_points.items()} == {
        "deepeyes": {"vstar": 0.98, "hrbench": 0.97, "pope": 0.97},
        "thyme": {"vstar": 0.98, "hrbench": 0.98, "pope": 0.97},
    }


def test_every_download_of_the_paper_is_registered_at_the_revision_it_names(raw):
    config = load_config(raw)
    models = yaml.safe_load((CONFIG / "models.yaml").read_text())
    assert {m.source: m.revision for m in config.models.values()} == {
        source: entry["revision"] for source, entry in models.items()
    }
    datasets = yaml.safe_load((CONFIG / "datasets.yaml").read_text())
    assert {b.source for b in config.benchmarks.values()} == set(datasets)


@pytest.mark.parametrize(
    "key, problem",
    [
        ("stduy", "stduy: unknown key (did you mean study?); known are study, comparable, prompts, "),
        ("grid.metrix", "grid.metrix: unknown key (did you mean metrics?); known are metrics, top_k, "),
        ("models.draft.engin", "models.draft.engin: unknown key (did you mean engine?); known are path, "),
        ("models.draft.engine.dtyp", "models.draft.engine.dtyp: unknown key (did you mean dtype?); known are dtype, "),
        ("judge.client.xyz", "judge.client.xyz: unknown key; known are concurrency, max_tokens, "),
        ("statistics.epsilom", "statistics.epsilom: unknown key (did you mean epsilon?); known are resamples, "),
    ],
)
def test_an_unknown_key_is_named_with_those_that_exist(raw, key, problem):
    assert complaint(put(raw, key, 1)).startswith(f"config: {problem}")


def test_an_unknown_key_below_an_optional_section(raw):
    raw["miniature"] = {"sizes": {"pope_image": 3}}
    assert complaint(raw).startswith("config: miniature.sizes.pope_image: unknown key (did you mean pope_images?)")


@pytest.mark.parametrize(
    "key, value, problem",
    [
        ("study", "My Study", "study: String should match pattern '^[a-z0-9_-]+$', got 'My Study'"),
        ("comparable", "perhaps", "comparable: Input should be a valid boolean, "),
        ("draft.batch_size", "six", "draft.batch_size: Input should be a valid integer, "),
        ("draft.batch_size", 0, "draft.batch_size: Input should be greater than or equal to 1, got 0"),
        ("models", [], "models: Input should be a valid dictionary"),
        ("statistics", None, "statistics: Input should be a valid dictionary"),
        ("screening.by", "me", "screening.by: Input should be 'agent' or 'draft', got 'me'"),
        ("grid.metrics", ["min", "mode"], f"grid.metrics.1: Input should be {METRICS}, got 'mode'"),
        ("live.metrics", ["mode"], f"live.metrics.0: Input should be {METRICS}, got 'mode'"),
        (
            "operating_points.thyme.pope",
            {"mode": 0.9},
            f"operating_points.thyme.pope.mode: Input should be {METRICS}, got 'mode'",
        ),
        ("grid.top_k", [64, 1], "grid.top_k.1: Input should be greater than or equal to 2, got 1"),
        ("grid.main_top_k", 1, "grid.main_top_k: Input should be greater than or equal to 2, got 1"),
        ("models.draft.gpus", 2, "models.draft: gpus: 2 are of no use without engine.device_map"),
    ],
)
def test_a_wrong_value_is_named_with_the_allowed_ones(raw, key, value, problem):
    assert complaint(put(raw, key, value)).startswith(f"config: {problem}")


@pytest.mark.parametrize("value", [0, 1, -0.5, 98, float("nan")])
def test_thresholds_lie_strictly_between_0_and_1(raw, value):
    problem = "must lie strictly between 0 and 1"
    assert f"grid.thresholds.pope.0: {problem}" in complaint(put(raw, "grid.thresholds.pope", [value]))
    raw["grid"]["thresholds"]["pope"] = [0.5]
    assert f"operating_points.thyme.pope.min: {problem}" in complaint(
        put(raw, "operating_points.thyme.pope.min", value)
    )


def test_a_missing_key_is_named(raw):
    del raw["judge"]["server"]["served_name"]
    assert complaint(raw) == "config: judge.server.served_name: Field required"


@pytest.mark.parametrize(
    "key, value, problem",
    [
        ("draft.model", "draught", "draft.model: 'draught' is not among deepeyes, draft, judge, thyme"),
        ("judge.model", "umpire", "judge.model: 'umpire' is not among deepeyes, draft, judge, thyme"),
        ("agents.thyme.model", "time", "agents.thyme.model: 'time' is not among deepeyes, draft, judge, thyme"),
        ("specreason.agents", ["sage"], "specreason.agents: 'sage' is not among deepeyes, thyme"),
        ("grid.batch_sizes", {"vsatr": [1]}, "grid.batch_sizes: 'vsatr' is not among hrbench, pope, vstar"),
        ("grid.metrics", ["min"], "live.metrics: 'log' is not among min"),
        ("live.batch_sizes", [6, 3], "live.batch_sizes: 3 is not among the batch sizes replayed on vstar, 1, 2, 4, 6"),
        ("live.batch_sizes", [6, 8], "live.batch_sizes: 8 is not among the batch sizes replayed on vstar, 1, 2, 4, 6"),
        ("grid.thresholds", {"vsatr": [0.9]}, "grid.thresholds: vstar is missing, found vsatr"),
        ("operating_points", {}, "operating_points: deepeyes is missing, found nothing"),
        ("operating_points.thyme", {"vstar": {}}, "operating_points.thyme: hrbench is missing, found vstar"),
        ("operating_points.thyme.pope", {"min": 0.9}, "operating_points.thyme.pope: log is missing, found min"),
        ("grid.top_k", [64, 256], "grid.top_k: 256 is more than draft.settings.top_k stores, 128"),
        ("grid.main_top_k", 200, "grid.main_top_k: 200 is more than draft.settings.top_k stores, 128"),
    ],
)
def test_sections_must_fit_together(raw, key, value, problem):
    assert complaint(put(raw, key, value)) == f"config: {problem}"


@pytest.mark.parametrize(
    "key, spec, problem",
    [
        ("agents.deepeyes.type", "nowhere:Agent", "No module named 'nowhere'"),
        ("agents.deepeyes.type", "speceyes.agents.deepeyes:Deep", "no attribute 'Deep'"),
        ("agents.deepeyes.type", "deepeyes", "No module named 'deepeyes'"),
        ("benchmarks.pope.reader", "speceyes.benchmarks.pope:Pop", "no attribute 'Pop'"),
    ],
)
def test_classes_that_are_not_there(raw, key, spec, problem):
    message = complaint(put(raw, key, spec))
    assert message.startswith(f"config: {key}: ")
    assert problem in message
    assert "write it as package.module:Class" in message


@pytest.mark.parametrize(
    "key, settings, problem",
    [
        ("agents.deepeyes", {"max_generation": 3}, "max_generation: unknown key (did you mean max_generations?)"),
        ("agents.deepeyes", {"max_generations": 0}, "max_generations: Input should be greater than 0, got 0"),
        ("agents.deepeyes", {"image": {"factr": 3}}, "image.factr: unknown key (did you mean factor?)"),
        ("agents.thyme", {"on_error": "cry"}, "on_error: Input should be 'ignore' or 'tell', got 'cry'"),
        ("agents.thyme", {"sandbox": {"isolation": "none"}}, "sandbox.isolation: Input should be 'bubblewrap' or "),
        ("benchmarks.vstar", {"option_order": "shuffled"}, "option_order: Input should be 'published' or 'rotated', "),
        ("benchmarks.pope", {"shuffle": True}, "shuffle: unknown key; known are "),
    ],
)
def test_settings_are_checked_by_the_class_they_are_for(raw, key, settings, problem):
    assert complaint(put(raw, f"{key}.settings", settings)).startswith(f"config: {key}.settings: {problem}")


def test_further_errors_are_counted(raw):
    raw["draft"]["batch_size"] = 0
    raw["screening"]["by"] = "me"
    assert complaint(raw).endswith("got 0 (and 1 more)")
