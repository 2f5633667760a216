"""Editing a module makes exactly those rules stale that import it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from speceyes.runtime import fingerprint as module
from speceyes.runtime.fingerprint import closure, fingerprint

SCRIPTS = Path(__file__).parents[3] / "workflow" / "scripts"
DEEPEYES, THYME = "speceyes.agents.deepeyes", "speceyes.agents.thyme"
RULES = {
    "index": ("index.py", "speceyes.benchmarks.vstar"),
    "draft": ("draft.py",),
    "confidence": ("confidence.py",),
    "screen deepeyes": ("screen.py", DEEPEYES),
    "screen thyme": ("screen.py", THYME),
    "agent deepeyes": ("agent.py", DEEPEYES),
    "agent thyme": ("agent.py", THYME),
    "specreason deepeyes": ("specreason.py", DEEPEYES),
    "specreason thyme": ("specreason.py", THYME),
    "live deepeyes": ("live.py", DEEPEYES),
    "live thyme": ("live.py", THYME),
    "judge": ("judge.py",),
    "replay": ("replay.py",),
}
MODELS = {"draft", *(rule for rule in RULES if rule.split()[0] in ("screen", "agent", "specreason", "live"))}


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """A copy of the scripts and the library that a test may edit."""
    copy = tmp_path / "scripts"
    shutil.copytree(SCRIPTS, copy, ignore=shutil.ignore_patterns("__pycache__", "static"))
    monkeypatch.setattr(module, "LIBRARY", copy / "speceyes")
    return copy


def fingerprints(scripts: Path) -> dict[str, str]:
    module._imports.cache_clear()
    return {
        rule: fingerprint(scripts / script, modules, ["speceyes.method.gate"] if rule.startswith("live") else [])
        for rule, (script, *modules) in RULES.items()
    }


def stale_after_editing(scripts: Path, path: str) -> set[str]:
    before = fingerprints(scripts)
    with (scripts / path).open("a") as file:
        file.write("\nEDITED = True\n")
    after = fingerprints(scripts)
    return {rule for rule in RULES if before[rule] != after[rule]}


@pytest.mark.parametrize(
    "path", ["figures/style.py", "figures/pareto_front.py", "tables/main_table.py", "study/config.py"]
)
def test_editing_a_figure_a_table_or_the_config_model_reruns_no_stage(scripts, path):
    assert stale_after_editing(scripts, f"speceyes/{path}") == set()


def test_editing_the_gate_reevaluates_and_runs_no_model(scripts):
    assert stale_after_editing(scripts, "speceyes/method/gate.py") == {"replay"}


def test_what_is_left_out_takes_what_only_it_imports(scripts):
    library = scripts / "speceyes"
    (library / "middle.py").write_text("from speceyes.method import gate\n")
    start = scripts / "start.py"
    start.write_text("import speceyes.middle\n")
    assert library / "method" / "gate.py" in closure(start)
    assert {path.name for path in closure(start, without=["speceyes.middle"])} == {"start.py"}


@pytest.mark.parametrize("agent", ["deepeyes", "thyme"])
def test_editing_an_agent_reruns_that_agent(scripts, agent):
    stale = stale_after_editing(scripts, f"speceyes/agents/{agent}.py")
    assert stale == {f"{stage} {agent}" for stage in ("screen", "agent", "specreason", "live")}


def test_editing_the_sandbox_reruns_the_agent_that_uses_it(scripts):
    stale = stale_after_editing(scripts, "speceyes/sandbox/worker.py")
    assert stale == {f"{stage} thyme" for stage in ("screen", "agent", "specreason", "live")}


def test_editing_the_engine_reruns_every_model_pass(scripts):
    assert stale_after_editing(scripts, "speceyes/engines/transformers_engine.py") == MODELS


def test_editing_a_reader_reindexes(scripts):
    assert stale_after_editing(scripts, "speceyes/benchmarks/vstar.py") == {"index"}
    assert stale_after_editing(scripts, "speceyes/benchmarks/pope.py") == set()


def test_editing_a_scorer_judges_again(scripts):
    assert "judge" in stale_after_editing(scripts, "speceyes/judging/corrected.py")


def test_editing_a_script_reruns_its_rule(scripts):
    assert stale_after_editing(scripts, "draft.py") == {"draft"}


def test_imports_inside_functions_count(scripts):
    hidden = scripts / "hidden.py"
    hidden.write_text("def late():\n    from speceyes.method import gate\n    import speceyes.method.confidence\n")
    library = scripts / "speceyes"
    assert {library / "method" / "gate.py", library / "method" / "confidence.py"} <= set(closure(hidden))


def test_circles_of_imports_end(scripts):
    for one, other in ("ab", "ba"):
        (scripts / "speceyes" / f"circle_{one}.py").write_text(f"from speceyes.circle_{other} import x\n")
    start = scripts / "start.py"
    start.write_text("import speceyes.circle_a\n")
    assert {path.name for path in closure(start)} == {"start.py", "circle_a.py", "circle_b.py"}


@pytest.mark.parametrize(
    "files, spec",
    [
        ({"looker.py": "from speceyes.records.media import MediaStore"}, "looker"),
        ({"looker/__init__.py": "", "looker/agent.py": "from .tools import x", "looker/tools.py": ""}, "looker.agent"),
        ({"looker/agent.py": "from looker.tools import x", "looker/tools.py": ""}, "looker.agent"),
    ],
    ids=["module", "package", "namespace package"],
)
def test_an_agent_from_outside_counts_with_its_whole_package(tmp_path, monkeypatch, files, spec):
    monkeypatch.syspath_prepend(tmp_path)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert {tmp_path / name for name in files} <= set(closure(SCRIPTS / "agent.py", [spec]))
    before = fingerprint(SCRIPTS / "agent.py", [spec])
    (tmp_path / [*files][-1]).write_text("x = 1\n")
    assert fingerprint(SCRIPTS / "agent.py", [spec]) != before


def test_what_an_agent_from_outside_takes_from_the_library_counts_too(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "gazer.py").write_text("from speceyes.sandbox import Sandbox\n")
    assert module.LIBRARY / "sandbox" / "worker.py" in closure(SCRIPTS / "agent.py", ["gazer"])


def test_modules_that_are_not_there_or_not_source_count_for_nothing():
    bare = closure(SCRIPTS / "agent.py")
    assert closure(SCRIPTS / "agent.py", ["nowhere.agent", "speceyes.agents.nowhere", "sys"]) == bare
