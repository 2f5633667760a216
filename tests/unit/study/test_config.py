"""A configuration is checked whole before any job runs; what is wrong with it is one line."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from speceyes.study.config import ConfigError, check_files, load_config
from speceyes.study.jobs import Jobs
from speceyes.study.plan import Plan
from speceyes.study.study import Study

CONFIG = Path(__file__).parents[3] / "config"
METRICS = "'min', 'mean', 'bottom20', 'log' or a function of your own, package.module:function"


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


@pytest.mark.parametrize("name", ["config.yaml", "miniature.yaml", "own_data.yaml"])
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


BAD_NAMES = {
    "empty": "",
    "a path": "../hrbench",
    "a regular expression": ".*",
    "an alternative": "de|mini",
    "a plus": "deepeyes+cot",
    "spaces and brackets": "DeepEyes (7B)",
    "markup": "<b>mine</b>",
    "LaTeX": "R&D_50%#",
    "a wildcard": "{agent}",
    "a line break": "a\n",
    "escape codes": "\x1b[31m",
    "another script": "größe",
    "an option": "-rf",
    "two dots": "..",
    "300 characters": "a" * 300,
}


def renamed(section: dict[str, Any], old: str, new: str) -> None:
    section[new] = section.pop(old)


@pytest.mark.parametrize("name", BAD_NAMES.values(), ids=BAD_NAMES)
@pytest.mark.parametrize("key", ["study", "agents", "models", "benchmarks.vstar.splits", "benchmarks"])
def test_a_name_that_is_not_safe_everywhere_is_refused(raw, key, name):
    if key == "study":
        raw["study"] = name
    else:
        section = raw
        for part in key.split("."):
            section = section[part]
        renamed(section, sorted(section)[0], name)
    message = complaint(raw)
    assert message.startswith(f"config: {key}")
    assert "a name is 1 to 64 letters, digits, '.', '_' and '-' and begins with a letter or digit, got " in message
    assert message.isprintable()
    assert len(message) < 400


@pytest.mark.parametrize("name", ["01", "1.10", "NA", "nan", "None", "true", "GPT4V-hard", "a_b", "x" * 64])
def test_a_name_that_is_safe_is_taken_as_it_is_written(raw, name):
    raw["benchmarks"]["vstar"]["splits"] = {name: 3}
    assert load_config(raw).benchmarks["vstar"].splits == {name: 3}


@pytest.mark.parametrize("name", [1, 1.1, True, date(2026, 1, 1)])
def test_a_name_that_yaml_reads_as_something_else_belongs_in_quotes(raw, name):
    raw["benchmarks"]["vstar"]["splits"] = {name: 3}
    assert "Input should be a valid string, got " in (message := complaint(raw))
    assert message.endswith("; put it in quotes")


@pytest.mark.parametrize(
    ("key", "names", "problem"),
    [
        ("agents", ["draft"], "agents: draft clashes with draft"),
        ("agents", ["Judge"], "agents: Judge clashes with judge"),
        ("agents", ["deepeyes", "DeepEyes"], "agents: DeepEyes clashes with deepeyes"),
        ("models", ["draft", "deepeyes", "judge", "thyme", "Draft"], "models: Draft clashes with draft"),
    ],
)
def test_names_that_files_are_named_after_do_not_clash(raw, key, names, problem):
    (some, *_) = raw[key].values()
    raw[key] = dict.fromkeys(names, some)
    assert complaint(raw).startswith(f"config: {problem}")


def test_splits_that_differ_in_case_alone_clash(raw):
    raw["benchmarks"]["vstar"]["splits"] = {"a": 1, "A": 1}
    assert complaint(raw) == "config: benchmarks.vstar.splits: A clashes with a; give it another name"


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


@pytest.mark.parametrize("rows", [-1, 0, -115, 1.5, "many"])
def test_the_number_of_rows_is_positive(raw, rows):
    assert complaint(put(raw, "benchmarks.vstar.splits.direct_attributes", rows)).startswith(
        "config: benchmarks.vstar.splits.direct_attributes: Input should be "
    )


@pytest.mark.parametrize("shards", [0, -1, 10_001, 10**18])
def test_the_number_of_shards_is_bounded(raw, shards):
    assert complaint(put(raw, "shards.agent", shards)).startswith("config: shards.agent: Input should be ")


@pytest.mark.parametrize(
    "url",
    ["not a url", "", "judge.example:8000/v1", "ftp://judge/v1", "http://", "http:///v1", "http://h:99999/v1",
     "http://h:x/v1", "http://h/v 1", "http://[::1/v1", "http://h/\x1b[31m"],
)  # fmt: skip
def test_the_judges_address_is_one(raw, url):
    assert complaint(put(raw, "judge.url", url)).startswith("config: judge.url: ")


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/v1", "https://judge.example/v1/", "http://[::1]:8000/v1"])
def test_an_address_of_a_server_is_taken(raw, url):
    assert load_config(put(raw, "judge.url", url)).judge.url == url


@pytest.mark.parametrize("command", [["vllm", "serve"], ["sh", "-c", "serve --port $PORT"], ["serve", "{prt}"]])
def test_a_server_that_is_not_told_its_port_is_refused(raw, command):
    assert complaint(put(raw, "judge.server.command", command)).startswith("config: judge: server.command: {port} is ")
    raw["judge"]["url"] = "http://127.0.0.1:8000/v1"
    assert load_config(raw).judge.url


@pytest.mark.parametrize("key", ["models.draft.path", "benchmarks.vstar.path", "prompts"])
def test_folders_are_folders(raw, tmp_path, key):
    (tmp_path / "file").touch()
    assert complaint(put(raw, key, str(tmp_path / "file"))).startswith(
        f"config: {key}: is a file, must be a folder, got"
    )
    for unusable in ("", " ", "~/models", "/models/{name}", "a\0b", "a\nb"):
        assert complaint(put(raw, key, unusable)).startswith(f"config: {key}: must name a folder; ")
    assert load_config(put(raw, key, str(tmp_path / "to come")))


@pytest.mark.parametrize(
    "source", ["", "name", "a/b/c", "../x", "https://hub.example/a/b", "a b/c", "a/{b}", "\x1b[31m/x"]
)
@pytest.mark.parametrize("key", ["models.draft.source", "benchmarks.vstar.source"])
def test_a_source_is_an_id_of_the_hub(raw, key, source):
    assert complaint(put(raw, key, source)).startswith(f"config: {key}: String should match pattern")


@pytest.mark.parametrize("revision", ["", "main", "v1.0", "8964489", "G" * 40, "../x"])
def test_a_revision_is_a_commit(raw, revision):
    assert complaint(put(raw, "models.draft.revision", revision)).startswith(
        "config: models.draft.revision: String should match pattern"
    )


@pytest.mark.parametrize("key", ["draft.batch_size", "live.batch_sizes", "grid.batch_sizes.pope"])
def test_a_batch_is_bounded(raw, key):
    value = 10**19 if key == "draft.batch_size" else [10**19]
    assert "Input should be less than or equal to 10000" in complaint(put(raw, key, value))


@pytest.mark.parametrize("agent", ["deepeyes", "thyme"])
@pytest.mark.parametrize("stop", [[""], ["</answer>", ""]])
def test_an_empty_stop_string_is_refused(raw, agent, stop):
    message = complaint(put(raw, f"agents.{agent}.settings", {"stop": stop}))
    assert message.startswith(f"config: agents.{agent}.settings: stop.{len(stop) - 1}: String should have at least 1")


def test_a_module_that_fails_at_import_is_one_line(raw, tmp_path, monkeypatch):
    (tmp_path / "raising.py").write_text("raise RuntimeError('two\\nlines')")
    monkeypatch.syspath_prepend(tmp_path)
    assert complaint(put(raw, "agents.thyme.type", "raising:Agent")).startswith(
        "config: agents.thyme.type: agent class 'raising:Agent': two lines; write it as package.module:Class"
    )


def test_a_class_with_settings_of_another_kind_is_one_line(raw, tmp_path, monkeypatch):
    parts = "Settings = check_machine = screen_request = episode = verification = dict"
    (tmp_path / "odd.py").write_text(f"class Agent:\n    {parts}")
    monkeypatch.syspath_prepend(tmp_path)
    raw["agents"]["thyme"] |= {"type": "odd:Agent", "settings": {}}
    assert complaint(raw).startswith("config: ")


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


@pytest.mark.parametrize("value", [0.00001, 1e-300, 5e-324, 0.1, 0.123456789012345, 0.9999999999999999])
def test_every_threshold_between_0_and_1_is_taken(raw, value):
    raw["grid"]["thresholds"]["pope"] = [value]
    assert load_config(put(raw, "operating_points.thyme.pope.min", value)).grid.thresholds["pope"] == (value,)


@pytest.mark.parametrize("value", [0, 1, -0.5, 98, float("nan")])
def test_thresholds_lie_strictly_between_0_and_1(raw, value):
    problem = "must lie strictly between 0 and 1"
    assert f"grid.thresholds.pope.0: {problem}" in complaint(put(raw, "grid.thresholds.pope", [value]))
    raw["grid"]["thresholds"]["pope"] = [0.5]
    raw["default_operating_points"] = {"log": value}
    assert f"default_operating_points.log: {problem}" in complaint(raw)
    del raw["default_operating_points"]
    assert f"operating_points.thyme.pope.min: {problem}" in complaint(
        put(raw, "operating_points.thyme.pope.min", value)
    )


@pytest.mark.parametrize("metrics", [("min",), ("log", "min"), ("bottom20",), ("mean", "log")])
def test_operating_points_of_metrics_that_are_not_evaluated_may_be_left(raw, metrics):
    raw["live"]["metrics"] = metrics
    study = Study(load_config(put(raw, "grid.metrics", metrics)))
    assert set(study.grid("thyme", "pope").operating_points) == set(metrics)
    assert {point["metric"] for point in Jobs(study).table_settings()["points"]} == set(metrics)


def test_without_live_runs_their_batch_sizes_do_not_matter(raw):
    raw["live"] = {"metrics": [], "batch_sizes": [3]}
    assert not Plan(Study(load_config(raw))).select("live")


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


@pytest.mark.parametrize(
    "key, spec, problem",
    [
        ("agents.deepeyes.type", "nowhere:Agent", "No module named 'nowhere'"),
        ("agents.deepeyes.type", "speceyes.agents.deepeyes:Deep", "no attribute 'Deep'"),
        ("agents.deepeyes.type", "deepeyes", "No module named 'deepeyes'"),
        ("agents.deepeyes.type", "os:", "write it as package.module:Class"),
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
        ("benchmarks.pope", {"shuffle": True}, "shuffle: unknown key; known are none"),
    ],
)
def test_settings_are_checked_by_the_class_they_are_for(raw, key, settings, problem):
    assert complaint(put(raw, f"{key}.settings", settings)).startswith(f"config: {key}.settings: {problem}")


def test_further_errors_are_counted(raw):
    raw["draft"]["batch_size"] = 0
    raw["screening"]["by"] = "me"
    assert complaint(raw).endswith("got 0 (and 1 more)")


@pytest.mark.parametrize("metrics", [["log", "min"], ["mean"], ["bottom20", "log", "mean"]])
def test_a_subset_of_the_metrics_is_a_study_whose_others_do_not_run_live(raw, metrics):
    config = load_config(put(raw, "grid.metrics", metrics))
    assert set(config.live.metrics) == set(metrics)


OWN = "speceyes.method.token_metrics:margin"


def test_a_metric_of_ones_own_stands_at_the_headlines_threshold_unless_it_has_one(raw):
    put(raw, "grid.metrics", ["log", "mean", "bottom20", "min", OWN])
    raw["operating_points"]["deepeyes"]["vstar"] |= {"min": 0.91, "log": 0.5}
    raw["operating_points"]["thyme"]["vstar"] |= {OWN: 0.7}
    study = Study(load_config(raw))
    assert study.points("deepeyes", "vstar")[OWN] == 0.91
    assert study.points("thyme", "vstar")[OWN] == 0.7
    put(raw, "grid.metrics", [OWN, "log"])
    assert Study(load_config(raw)).points("deepeyes", "vstar") == {OWN: 0.5, "log": 0.5}


def test_thresholds_that_are_not_given_are_the_default_ones(raw):
    del raw["operating_points"]["thyme"]
    raw["operating_points"]["deepeyes"] = {"pope": {"min": 0.6}}
    raw["grid"]["thresholds"] = {"pope": [0.5]}
    study = Study(load_config(raw))
    assert study.points("thyme", "vstar") == dict.fromkeys(("log", "mean", "bottom20", "min"), 0.98)
    assert study.points("deepeyes", "pope") == {"log": 0.98, "mean": 0.98, "bottom20": 0.98, "min": 0.6}
    assert study.grid("thyme", "pope").thresholds == (0.5,)
    assert study.grid("thyme", "vstar").thresholds == (0.995, 0.99, 0.98, 0.97, 0.96, 0.95, 0.94)
    raw["default_operating_points"] = {"min": 0.8}
    raw["grid"]["default_thresholds"] = [0.7]
    study = Study(load_config(raw))
    assert study.points("thyme", "vstar") == {"log": 0.98, "mean": 0.98, "bottom20": 0.98, "min": 0.8}
    assert study.points("deepeyes", "pope")["min"] == 0.6
    assert study.grid("thyme", "vstar").thresholds == (0.7,)


@pytest.mark.parametrize(
    "spec, problem",
    [
        ("speceyes.method.token_metrics:mergin", "has no attribute 'mergin'"),
        ("no.such:metric", "No module named 'no'"),
        ("pathlib:Path", "Path is no function"),
        ("os:getcwd", "must take log-probabilities, or these and token ids"),
        (":", "write it as package.module:function"),
    ],
)
def test_a_name_that_leads_to_no_metric_is_one_line(raw, spec, problem):
    message = complaint(put(raw, "grid.metrics", ["min", spec]))
    assert message.startswith("config: grid.metrics.1: confidence metric ")
    assert problem in message
    assert "\n" not in message
