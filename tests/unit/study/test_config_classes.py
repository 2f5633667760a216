"""Classes and functions that a configuration names, and the settings that they take."""

from __future__ import annotations

import pytest
from configurations import complaint, put


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


@pytest.mark.parametrize("agent", ["deepeyes", "thyme"])
@pytest.mark.parametrize("stop", [[""], ["</answer>", ""]])
def test_an_empty_stop_string_is_refused(raw, agent, stop):
    message = complaint(put(raw, f"agents.{agent}.settings", {"stop": stop}))
    assert message.startswith(f"config: agents.{agent}.settings: stop.{len(stop) - 1}: String should have at least 1")


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
