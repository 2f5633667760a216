"""What an edit of the library makes a run do again, and what it leaves alone; asked in few dry runs."""

from __future__ import annotations

from workspace import Stale, Workspace

MODELS = {"draft", "screen", "agent", "corrected", "specreason", "corrected_specreason", "timing"}
NOT_REMADE = {"index", "make_miniature_benchmarks", "confidence"}


def other_meaning(source: str) -> str:
    """An edit that may change what a module does."""
    return source + "\nEDITED = True\n"


def other_prose(source: str) -> str:
    """An edit of comments, a docstring and line breaks."""
    return source.replace('"""', '"""Edited. ', 1).replace("\n\n", "\n\n# edited\n\n")


PROSE = [
    *("draft.py", "agent.py", "replay.py", "draw_figure.py"),
    *(f"speceyes/{name}.py" for name in ("method/gate", "agents/deepeyes", "engines/transformers_engine", "images")),
]
RUNTIME = [f"speceyes/runtime/{name}.py" for name in ("job", "progress", "gpu_lease", "provenance")]
AFTER_THE_MODELS = [
    f"speceyes/{name}.py"
    for name in ("method/gate", "judging/corrected", "analysis/bootstrap", "tables/main_table", "figures/style")
]
LOOP = "speceyes/agents/deepeyes.py"


def after_edit_of(workspace: Workspace, *paths: str) -> Stale:
    """What a run would execute after such an edit of scripts or library modules that may change what they do."""
    with workspace.edited(*paths, change=other_meaning):
        return workspace.stale()


def test_a_finished_study_stays_finished_after_edits_of_prose_and_of_the_runtime(workspace):
    """Comments, docstrings, line breaks; and whatever the runtime's modules do."""
    with workspace.edited(*PROSE, change=other_prose):
        assert after_edit_of(workspace, *RUNTIME) == Stale(set(), [])


def test_a_figure_module_redraws_its_figure_alone(workspace):
    stale = after_edit_of(workspace, "speceyes/figures/threshold_ablation.py")
    assert stale.rules == {"draw_figure", "all"}
    assert [message for message in stale.messages if message.startswith("Drawing ")] == ["Drawing threshold_ablation"]


def test_gate_scorer_tables_and_the_figures_style_are_done_again_and_run_no_model_but_under_load(workspace):
    stale = after_edit_of(workspace, *AFTER_THE_MODELS)
    assert {"judge", "replay", "measure_settings", "make_table", "draw_figure"} <= stale.rules
    assert stale.rules & (MODELS | NOT_REMADE) == {"timing"}


def test_an_agents_loop_repeats_what_that_agent_does(workspace):
    stale = after_edit_of(workspace, LOOP)
    assert {
        "screen",
        "agent",
        "corrected",
        "timing",
        "specreason",
        "corrected_specreason",
        "judge",
        "replay",
    } <= stale.rules
    assert not stale.rules & ({"draft"} | NOT_REMADE)
    assert any(message.startswith("Running deepeyes on") for message in stale.messages)
    assert not any(message.startswith("Running thyme on") for message in stale.messages)


def test_an_edit_known_to_be_harmless_keeps_results_by_touch(workspace, tmp_path):
    """Without the touch the same edit makes an agent run again, as the test above shows."""
    study = workspace.copied(tmp_path / "touched")
    with study.edited(LOOP, change=other_meaning):
        study.snakemake("--touch")
        assert study.stale() == Stale(set(), [])
