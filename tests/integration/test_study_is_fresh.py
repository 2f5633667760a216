"""Stale means stale: what an edit of the library makes a run do again, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

MODELS = {"draft", "screen", "agent", "specreason", "live"}
NOT_REMADE = {"index", "make_miniature_benchmarks", "confidence"}


@contextmanager
def edited(workspace, module: str) -> Iterator[set[str]]:
    workspace.edit(module)
    try:
        yield workspace.stale_rules()
    finally:
        workspace.undo(module)


def test_a_finished_study_has_nothing_to_do(workspace):
    assert workspace.stale_rules() == set()


def test_a_figure_module_redraws_its_figure_and_runs_no_model(workspace):
    with edited(workspace, "figures/threshold_ablation.py") as stale:
        assert stale == {"draw_figure", "all"}


def test_the_figures_style_redraws_figures_alone(workspace):
    with edited(workspace, "figures/style.py") as stale:
        assert "draw_figure" in stale
        assert not stale & (MODELS | NOT_REMADE | {"judge", "replay", "measure_settings"})


def test_the_gate_is_evaluated_again_and_runs_no_model(workspace):
    with edited(workspace, "method/gate.py") as stale:
        assert {"replay", "measure_settings", "live_vs_replay", "draw_figure"} <= stale
        assert not stale & (MODELS | NOT_REMADE)


def test_an_agents_loop_repeats_what_that_agent_does(workspace):
    with edited(workspace, "agents/deepeyes.py") as stale:
        assert {"screen", "agent", "live", "specreason", "judge", "replay"} <= stale
        assert not stale & ({"draft"} | NOT_REMADE)
        said = workspace.snakemake("--dry-run")
        assert "Running deepeyes on" in said
        assert "Running thyme on" not in said


@pytest.mark.parametrize("module", ["analysis/bootstrap.py", "tables/main_table.py", "judging/corrected.py"])
def test_what_comes_after_the_models_never_runs_them(workspace, module):
    with edited(workspace, module) as stale:
        assert stale
        assert not stale & (MODELS | NOT_REMADE)
