"""Stale means stale: what an edit of the library makes a run do again, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

MODELS = {"draft", "screen", "agent", "specreason", "live"}
NOT_REMADE = {"index", "make_miniature_benchmarks", "confidence"}


def other_meaning(source: str) -> str:
    """An edit that may change what a module does."""
    return source + "\nEDITED = True\n"


def other_prose(source: str) -> str:
    """An edit of comments, a docstring and line breaks."""
    return source.replace('"""', '"""Edited. ', 1).replace("\n\n", "\n\n# edited\n\n")


@contextmanager
def edited(workspace, *paths: str, change: Callable[[str], str] = other_meaning) -> Iterator[set[str]]:
    """The rules that a run would execute after an edit of some scripts or library modules."""
    with workspace.edited(*paths, change=change):
        yield workspace.stale_rules()


def test_a_finished_study_has_nothing_to_do(workspace):
    assert workspace.stale_rules() == set()


PROSE = [
    *("draft.py", "agent.py", "replay.py", "draw_figure.py"),
    *(f"speceyes/{name}.py" for name in ("method/gate", "agents/deepeyes", "engines/transformers_engine", "images")),
]
RUNTIME = [f"speceyes/runtime/{name}.py" for name in ("job", "progress", "gpu_lease", "provenance")]


def test_comments_docstrings_and_formatting_run_nothing_again(workspace):
    with edited(workspace, *PROSE, change=other_prose) as stale:
        assert stale == set()


def test_the_runtime_runs_nothing_again(workspace):
    with edited(workspace, *RUNTIME) as stale:
        assert stale == set()


def test_a_figure_module_redraws_its_figure_and_runs_no_model(workspace):
    with edited(workspace, "speceyes/figures/threshold_ablation.py") as stale:
        assert stale == {"draw_figure", "all"}


def test_the_figures_style_redraws_figures_alone(workspace):
    with edited(workspace, "speceyes/figures/style.py") as stale:
        assert "draw_figure" in stale
        assert not stale & (MODELS | NOT_REMADE | {"judge", "replay", "measure_settings"})


def test_the_gate_is_evaluated_again_and_runs_no_model(workspace):
    with edited(workspace, "speceyes/method/gate.py") as stale:
        assert {"replay", "measure_settings", "live_vs_replay", "draw_figure"} <= stale
        assert not stale & (MODELS | NOT_REMADE)


def test_an_agents_loop_repeats_what_that_agent_does(workspace):
    with edited(workspace, "speceyes/agents/deepeyes.py") as stale:
        assert {"screen", "agent", "live", "specreason", "judge", "replay"} <= stale
        assert not stale & ({"draft"} | NOT_REMADE)
        said = workspace.snakemake("--dry-run")
        assert "Running deepeyes on" in said
        assert "Running thyme on" not in said


@pytest.mark.parametrize(
    "module", ["speceyes/analysis/bootstrap.py", "speceyes/tables/main_table.py", "speceyes/judging/corrected.py"]
)
def test_what_comes_after_the_models_never_runs_them(workspace, module):
    with edited(workspace, module) as stale:
        assert stale
        assert not stale & (MODELS | NOT_REMADE)


def test_an_edit_known_to_be_harmless_keeps_results_by_touch(workspace):
    path = "speceyes/agents/thyme.py"
    with workspace.edited(path, change=other_meaning):
        assert "agent" in workspace.stale_rules()
        workspace.snakemake("--touch")
        assert workspace.stale_rules() == set()
    assert "agent" in workspace.stale_rules()
    workspace.snakemake("--touch")
    assert workspace.stale_rules() == set()
