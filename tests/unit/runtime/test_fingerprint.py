"""Editing a module makes exactly those rules stale that import it."""

from __future__ import annotations

import ast
import hashlib
import shutil
from pathlib import Path

import pytest
from speceyes.engines.registry import class_path
from speceyes.runtime import fingerprint as module
from speceyes.runtime.fingerprint import Code, closure, fingerprint, meaning

SCRIPTS = Path(__file__).parents[3] / "workflow" / "scripts"
DEEPEYES, THYME = "speceyes.agents.deepeyes", "speceyes.agents.thyme"
ENGINE = class_path("transformers").partition(":")[0]
RULES = {
    "index": ("index.py", "speceyes.benchmarks.vstar"),
    "draft": ("draft.py", ENGINE),
    "confidence": ("confidence.py",),
    "screen deepeyes": ("screen.py", DEEPEYES, ENGINE),
    "screen thyme": ("screen.py", THYME, ENGINE),
    "agent deepeyes": ("agent.py", DEEPEYES, ENGINE),
    "agent thyme": ("agent.py", THYME, ENGINE),
    "corrected deepeyes": ("agent.py", DEEPEYES, ENGINE),
    "corrected thyme": ("agent.py", THYME, ENGINE),
    "specreason deepeyes": ("specreason.py", DEEPEYES, ENGINE),
    "specreason thyme": ("specreason.py", THYME, ENGINE),
    "timing deepeyes": ("speceyes/method/timing.py", DEEPEYES, ENGINE),
    "timing thyme": ("speceyes/method/timing.py", THYME, ENGINE),
    "live deepeyes": ("speceyes/method/live.py", DEEPEYES, ENGINE),
    "live thyme": ("speceyes/method/live.py", THYME, ENGINE),
    "load deepeyes": ("speceyes/method/load_job.py", DEEPEYES, ENGINE),
    "load thyme": ("speceyes/method/load_job.py", THYME, ENGINE),
    "judge": ("judge.py",),
    "replay": ("replay.py",),
}
OF_AN_AGENT = ("screen", "agent", "corrected", "specreason", "timing", "live", "load")
MODELS = {"draft", *(rule for rule in RULES if rule.split()[0] in OF_AN_AGENT)}


@pytest.fixture
def scripts(tmp_path, monkeypatch):
    """A copy of the scripts and the library that a test may edit."""
    copy = tmp_path / "scripts"
    shutil.copytree(SCRIPTS, copy, ignore=shutil.ignore_patterns("__pycache__", "static"))
    monkeypatch.setattr(module, "LIBRARY", copy / "speceyes")
    return copy


def forget() -> None:
    """What was read of files that a test edits."""
    module._read.cache_clear()
    fingerprint.cache_clear()


def fingerprints(scripts: Path) -> dict[str, str]:
    forget()
    gate = ("speceyes.method.gate",)
    return {
        rule: fingerprint(Code(scripts / script, tuple(modules), gate if rule.startswith("live") else ()))
        for rule, (script, *modules) in RULES.items()
    }


def stale_after_editing(scripts: Path, path: str) -> set[str]:
    before = fingerprints(scripts)
    with (scripts / path).open("a") as file:
        file.write("\nEDITED = True\n")
    after = fingerprints(scripts)
    return {rule for rule in RULES if before[rule] != after[rule]}


SOURCE = '''
"""What it is."""
import os
from pydantic import Field

class Settings:
    """Its settings."""
    size: int = Field(3, gt=0, description="How many.")  # three

def run(a, b=1_000):
    """Run it."""
    return f"{a!r:>{b}}" "and" "more"
'''
SAME = {
    "comment": ("# three", "# 3, as published"),
    "docstring of the module": ("What it is.", "What it may be."),
    "docstring of a class": ("Its settings.", "All of its settings."),
    "docstring of a function": ("Run it.", "Run it once."),
    "docstring removed": ('    """Run it."""\n', ""),
    "description of a key": ("How many.", "How many of them."),
    "line breaks": ("(a, b=1_000)", "(\n    a,\n    b=1000,\n)"),
    "quotes": ('"and" "more"', "'andmore'"),
}
OTHER = {
    "default": ("b=1_000", "b=999"),
    "bound of a key": ("gt=0", "gt=1"),
    "type of a number": ("b=1_000", "b=1000.0"),
    "text": ('"more"', '"less"'),
    "conversion": ("!r", "!s"),
    "import": ("import os", "import sys"),
    "annotation": ("size: int", "size: float"),
}


@pytest.mark.parametrize("edit", SAME.values(), ids=SAME)
def test_prose_and_formatting_are_not_meaning(edit):
    assert edit[0] in SOURCE
    assert meaning(ast.parse(SOURCE.replace(*edit))) == meaning(ast.parse(SOURCE))


@pytest.mark.parametrize("edit", OTHER.values(), ids=OTHER)
def test_whatever_may_change_a_result_is_meaning(edit):
    assert edit[0] in SOURCE
    assert meaning(ast.parse(SOURCE.replace(*edit))) != meaning(ast.parse(SOURCE))


def test_every_python_reads_the_same_meaning():
    assert hashlib.sha256(meaning(ast.parse(SOURCE)).encode()).hexdigest()[:16] == "b0ce06099a22f9a9"


@pytest.mark.parametrize(
    "path", ["agents/deepeyes.py", "method/gate.py", "engines/transformers_engine.py", "images.py"]
)
def test_a_comment_and_a_docstring_make_nothing_stale(scripts, path):
    before = fingerprints(scripts)
    edited = scripts / "speceyes" / path
    edited.write_text(edited.read_text().replace('"""', '"""Edited: ', 1) + "\n# edited\n")
    assert fingerprints(scripts) == before


@pytest.mark.parametrize("name", ["job.py", "progress.py", "gpu_lease.py", "provenance.py", "fingerprint.py", "new.py"])
def test_the_runtime_makes_nothing_stale(scripts, name):
    assert stale_after_editing(scripts, f"speceyes/runtime/{name}") == set()


def test_another_scheme_makes_everything_stale(scripts, monkeypatch):
    before = fingerprints(scripts)
    monkeypatch.setattr(module, "SCHEME", module.SCHEME + 1)
    assert not set(before.values()) & set(fingerprints(scripts).values())


@pytest.mark.parametrize(
    "path", ["figures/style.py", "figures/pareto_front.py", "tables/main_table.py", "study/config/models.py"]
)
def test_editing_a_figure_a_table_or_the_config_model_reruns_no_stage(scripts, path):
    assert stale_after_editing(scripts, f"speceyes/{path}") == set()


def test_editing_the_gate_reevaluates_and_runs_no_model_but_under_load(scripts):
    assert stale_after_editing(scripts, "speceyes/method/gate.py") == {"replay", "load deepeyes", "load thyme"}


@pytest.mark.parametrize(
    ("path", "stages"),
    [("method/timing.py", {"timing"}), ("method/live.py", {"live"}), ("method/load_job.py", {"load"})],
    ids=["steps", "funnel", "load"],
)
def test_editing_how_one_thing_is_timed_repeats_nothing_else(scripts, path, stages):
    stale = stale_after_editing(scripts, f"speceyes/{path}")
    assert stale == {f"{stage} {agent}" for stage in stages for agent in ("deepeyes", "thyme")}


def test_what_is_left_out_takes_what_only_it_imports(scripts):
    library = scripts / "speceyes"
    (library / "middle.py").write_text("from speceyes.method import gate\n")
    start = scripts / "start.py"
    start.write_text("import speceyes.middle\n")
    assert library / "method" / "gate.py" in closure(Code(start))
    assert library / "method" / "gate.py" not in closure(Code(start, without=("speceyes.middle",)))


@pytest.mark.parametrize("agent", ["deepeyes", "thyme"])
def test_editing_an_agent_reruns_that_agent(scripts, agent):
    stale = stale_after_editing(scripts, f"speceyes/agents/{agent}.py")
    assert stale == {f"{stage} {agent}" for stage in OF_AN_AGENT}


def test_editing_the_sandbox_reruns_the_agent_that_uses_it(scripts):
    stale = stale_after_editing(scripts, "speceyes/sandbox/worker.py")
    assert stale == {f"{stage} thyme" for stage in OF_AN_AGENT}


def test_editing_the_engine_reruns_every_model_pass(scripts):
    assert stale_after_editing(scripts, "speceyes/engines/transformers_engine.py") == MODELS


def test_editing_an_engine_that_is_not_used_reruns_no_model_pass(scripts):
    assert not stale_after_editing(scripts, "speceyes/engines/served_engine.py") & MODELS


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
    assert {library / "method" / "gate.py", library / "method" / "confidence.py"} <= set(closure(Code(hidden)))


def test_circles_of_imports_end(scripts):
    for one, other in ("ab", "ba"):
        (scripts / "speceyes" / f"circle_{one}.py").write_text(f"from speceyes.circle_{other} import x\n")
    start = scripts / "start.py"
    start.write_text("import speceyes.circle_a\n")
    assert {path.name for path in closure(Code(start))} == {"start.py", "circle_a.py", "circle_b.py"}


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
    assert {tmp_path / name for name in files} <= set(closure(Code(SCRIPTS / "agent.py", (spec,))))
    before = fingerprint(Code(SCRIPTS / "agent.py", (spec,)))
    (tmp_path / [*files][-1]).write_text("x = 1\n")
    forget()
    assert fingerprint(Code(SCRIPTS / "agent.py", (spec,))) != before


def test_what_an_agent_from_outside_takes_from_the_library_counts_too(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "gazer.py").write_text("from speceyes.sandbox import Sandbox\n")
    assert module.LIBRARY / "sandbox" / "worker.py" in closure(Code(SCRIPTS / "agent.py", ("gazer",)))


def test_modules_that_are_not_there_or_not_source_count_for_nothing():
    bare = closure(Code(SCRIPTS / "agent.py"))
    assert closure(Code(SCRIPTS / "agent.py", ("nowhere.agent", "speceyes.agents.nowhere", "sys"))) == bare
