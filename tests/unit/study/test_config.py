"""A configuration is checked whole before any job runs; what is wrong with it is one line."""

from __future__ import annotations

import pytest
from configurations import CONFIG, complaint, put, written
from speceyes.study.config import ConfigError, check_files, load_config

METRICS = "'min', 'mean', 'bottom20', 'log' or a function of your own, package.module:function"


@pytest.mark.parametrize("name", ["config.yaml", "miniature.yaml", "own_data.yaml"])
def test_the_shipped_studies_are_valid(name):
    assert load_config(written(name)).benchmarks


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
    models = written("models.yaml")
    assert {m.source: m.revision for m in config.models.values()} == {
        source: entry["revision"] for source, entry in models.items()
    }
    datasets = written("datasets.yaml")
    assert {b.source for b in config.benchmarks.values()} == set(datasets)


@pytest.mark.parametrize(
    "key, problem",
    [
        ("stduy", "stduy: unknown key (did you mean study?); known are study, comparable, protocol, "),
        ("grid.metrix", "grid.metrix: unknown key (did you mean metrics?); known are metrics, top_k, "),
        ("models.draft.engin", "models.draft.engin: unknown key (did you mean engine?); known are path, "),
        ("models.draft.engine.dtyp", "models.draft.engine: dtyp: unknown key (did you mean dtype?); known are type, "),
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
        ("study", "My Study", "study: a name is 1 to 64 letters, digits, '.', '_' and '-' and begins"),
        ("comparable", "perhaps", "comparable: Input should be a valid boolean, "),
        ("draft.batch_size", "six", "draft.batch_size: Input should be a valid integer, "),
        ("draft.batch_size", {"pope": "six"}, "draft.batch_size.pope: Input should be a valid integer, "),
        ("draft.batch_size", {"pop": 6}, "draft.batch_size: 'pop' is not among "),
        ("draft.batch_size", {"pope": 0}, "draft.batch_size.pope: Input should be greater than or equal to 1, got 0"),
        ("draft.batch_size", 0, "draft.batch_size: Input should be greater than or equal to 1, got 0"),
        ("timing.images", "few", "timing.images: Input should be a valid integer, "),
        ("timing.images", 0, "timing.images: Input should be greater than 0, got 0"),
        ("timing.images", {"pope": 0}, "timing.images.pope: Input should be greater than 0, got 0"),
        ("timing.images", {"pop": 6}, "timing.images: 'pop' is not among "),
        ("models", [], "models: Input should be a valid dictionary"),
        ("statistics", None, "statistics: Input should be a valid dictionary"),
        ("screening.by", "me", "screening.by: Input should be 'agent' or 'draft', got 'me'"),
        ("grid.metrics", ["min", "mode"], f"grid.metrics.1: should be {METRICS}, got 'mode'"),
        ("live.metrics", ["mode"], f"live.metrics.0: should be {METRICS}, got 'mode'"),
        (
            "operating_points.thyme.pope",
            {"mode": 0.9},
            f"operating_points.thyme.pope.mode: should be {METRICS}, got 'mode'",
        ),
        ("grid.top_k", [64, 1], "grid.top_k.1: Input should be greater than or equal to 2, got 1"),
        ("grid.main_top_k", 1, "grid.main_top_k: Input should be greater than or equal to 2, got 1"),
        ("models.draft.gpus", 2, "models.draft: gpus: 2 are of no use without engine.device_map"),
    ],
)
def test_a_wrong_value_is_named_with_the_allowed_ones(raw, key, value, problem):
    assert complaint(put(raw, key, value)).startswith(f"config: {problem}")


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("grid.metrics", [], "grid.metrics: Tuple should have at least 1 item"),
        ("grid.top_k", [], "grid.top_k: Tuple should have at least 1 item"),
        ("grid.default_thresholds", [], "grid.default_thresholds: Tuple should have at least 1 item"),
        ("grid.default_thresholds", [0.9, 0.9], "grid.default_thresholds: 0.9 stands twice"),
        ("grid.thresholds.vstar", [], "grid.thresholds.vstar: Tuple should have at least 1 item"),
        ("grid.thresholds.vstar", [0.9, 0.95, 0.9], "grid.thresholds.vstar: 0.9 stands twice"),
        ("grid.thresholds.vstar", [0.9, 9e-1], "grid.thresholds.vstar: 0.9 stands twice"),
        ("grid.top_k", [32, 64, 32], "grid.top_k: 32 stands twice"),
        ("grid.metrics", ["min", "min"], "grid.metrics: min stands twice"),
        ("grid.batch_sizes.vstar", [1, 2, 1], "grid.batch_sizes.vstar: 1 stands twice"),
        ("live.metrics", ["min", "log", "min"], "live.metrics: min stands twice"),
        ("live.batch_sizes", [6, 6], "live.batch_sizes: 6 stands twice"),
        ("specreason.agents", ["thyme", "thyme"], "specreason.agents: thyme stands twice"),
        ("specreason.variants", ["published", "published"], "specreason.variants: published stands twice"),
    ],
)
def test_lists_of_settings_are_not_empty_and_hold_each_value_once(raw, key, value, problem):
    assert complaint(put(raw, key, value)).startswith(f"config: {problem}")


@pytest.mark.parametrize(
    "key",
    [
        *("limit", "timing.images", "draft.batch_size", "draft.batch_size.pope", "live.batch_sizes.0"),
        *("benchmarks.vstar.splits.direct_attributes", "models.draft.engine.concurrency", "judge.client.timeout_s"),
    ],
)
def test_true_is_no_number(raw, key):
    *sections, last = key.split(".")
    value = {"pope": True} if last == "pope" else [True] if last == "0" else True
    where = ".".join(sections) if last in ("pope", "0") else key
    assert complaint(put(raw, where, value)) == f"config: {key}: must be a number, got True"


@pytest.mark.parametrize("number", [float("inf"), float("nan")])
@pytest.mark.parametrize(
    "key", ["load.rates", "judge.client.timeout_s", "judge.client.backoff_s", "judge.server.ready_timeout_s"]
)
def test_a_number_without_end_is_refused(raw, key, number):
    assert complaint(put(raw, key, [number] if key == "load.rates" else number)).startswith(f"config: {key}")


@pytest.mark.parametrize(
    ("key", "value"), [("seed", -1), ("resamples", 10**12), ("level", 1), ("calibration_share", 0), ("delta", 1)]
)
def test_statistics_that_cannot_be_computed_are_refused_before_any_job(raw, key, value):
    assert complaint(put(raw, f"statistics.{key}", value)).startswith(f"config: statistics.{key}: Input should be ")


@pytest.mark.parametrize("rows", [-1, 0, -115, 1.5, "many"])
def test_the_number_of_rows_is_positive(raw, rows):
    assert complaint(put(raw, "benchmarks.vstar.splits.direct_attributes", rows)).startswith(
        "config: benchmarks.vstar.splits.direct_attributes: Input should be "
    )


@pytest.mark.parametrize("shards", [0, -1, 10_001, 10**18])
def test_the_number_of_shards_is_bounded(raw, shards):
    assert complaint(put(raw, "shards.agent", shards)).startswith("config: shards.agent: Input should be ")


@pytest.mark.parametrize("key", ["draft.batch_size", "live.batch_sizes", "grid.batch_sizes.pope"])
def test_a_batch_is_bounded(raw, key):
    value = 10**19 if key == "draft.batch_size" else [10**19]
    assert "Input should be less than or equal to 10000" in complaint(put(raw, key, value))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("study: a\nstudy: b", "not YAML: the key 'study' stands twice (line 2, column 1)"),
        ("grid: {top_k: [2], top_k: [3]}", "not YAML: the key 'top_k' stands twice (line 1, column 20)"),
        ("models:\n  a: {}\n  b: {}\n  a: {}", "not YAML: the key 'a' stands twice (line 4, column 3)"),
    ],
)
def test_a_key_that_stands_twice_in_a_file_is_refused(tmp_path, text, problem):
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        check_files([CONFIG / "config.yaml", str(tmp_path / "own.yaml")])
    assert str(caught.value) == f"config: {tmp_path}/own.yaml: {problem}"


def test_a_key_that_stands_twice_in_a_json_file_is_refused(tmp_path):
    (tmp_path / "own.json").write_text('{"study": "a", "study": "b"}')
    with pytest.raises(ConfigError, match="the key 'study' stands twice"):
        check_files([tmp_path / "own.json"])


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
        ("specreason.benchmarks", ["pop"], "specreason.benchmarks: 'pop' is not among hrbench, pope, vstar"),
        ("grid.batch_sizes", {"vsatr": [1]}, "grid.batch_sizes: 'vsatr' is not among hrbench, pope, vstar"),
        ("live.batch_sizes", [6, 3], "live.batch_sizes: 3 is not among the batch sizes replayed on vstar, 1, 2, 4, 6"),
        ("live.batch_sizes", [6, 8], "live.batch_sizes: 8 is not among the batch sizes replayed on vstar, 1, 2, 4, 6"),
        ("grid.thresholds", {"vsatr": [0.9]}, "grid.thresholds: 'vsatr' is not among hrbench, pope, vstar"),
        ("operating_points", {"deepeye": {}}, "operating_points: 'deepeye' is not among deepeyes, thyme"),
        ("operating_points.thyme", {"pop": {}}, "operating_points.thyme: 'pop' is not among hrbench, pope, vstar"),
        ("grid.top_k", [64, 256], "grid.top_k: 256 is more than draft.settings.top_k stores, 128"),
        ("grid.main_top_k", 200, "grid.main_top_k: 200 is more than draft.settings.top_k stores, 128"),
    ],
)
def test_sections_must_fit_together(raw, key, value, problem):
    assert complaint(put(raw, key, value)) == f"config: {problem}"


def test_further_errors_are_counted(raw):
    raw["draft"]["batch_size"] = 0
    raw["screening"]["by"] = "me"
    assert complaint(raw).endswith("got 0 (and 1 more)")
