"""Studies in which screening or gate say the same of every sample, built from the records up."""

import numpy as np
import pytest
from drawn_figures import FIGURES, laid_out
from speceyes.tables.csv_files import read_csv
from synthetic_records import STORED_K, DrawnSplit
from synthetic_study import FEW_SETTINGS, SyntheticStudy
from synthetic_tables import write_tables

OF_CONFIDENCES = ("confidence_density", "accuracy_by_threshold")
SURE = (0.0, *(-40.0 - 0.01 * rival for rival in range(STORED_K - 1)))
TORN = (-3.4,) * STORED_K


def screened(tool_free):
    return lambda record: record.model_copy(update={"tool_free": tool_free, "text": "No" if tool_free else "Yes"})


def drafted(row):
    return lambda record: record.model_copy(update={"top_logprobs": (row,) * len(record.tokens)})


def silent(record):
    return record.model_copy(update={"text": "", "tokens": (), "top_logprobs": (), "generated_tokens": 0})


STUDIES = {
    "all accepted": (screened(True), drafted(SURE)),
    "none tool-free": (screened(False), drafted(SURE)),
    "none accepted": (screened(True), drafted(TORN)),
    "every draft empty": (screened(True), silent),
}


@pytest.fixture(scope="module", params=STUDIES)
def study(request, tmp_path_factory):
    """The name of an extreme study and the folder of its tables."""
    screen, draft = STUDIES[request.param]
    screens, drafts = DrawnSplit.screens, DrawnSplit.drafts
    root = tmp_path_factory.mktemp("extreme")
    splits = {("vstar", "direct_attributes"): 12, ("pope", "random"): 12}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DrawnSplit, "screens", lambda *asked: list(map(screen, screens(*asked))))
        patch.setattr(DrawnSplit, "drafts", lambda *asked: list(map(draft, drafts(*asked))))
        write_tables(
            SyntheticStudy(root, splits, metrics=("min", "mean"), **FEW_SETTINGS).write(),
            root / "tables",
            comparable=True,
            resamples=100,
        )
    return request.param, root / "tables"


def test_the_funnel_is_then_one_of_its_parts(study):
    """All accepted: the draft's answers. None: the agent's, and screening only costs."""
    name, tables = study
    settings = read_csv(tables / "settings.csv").set_index(["agent", "benchmark", "split"])
    funnel = settings[settings["main_table"] & (settings["method"] == "speceyes") & (settings["metric"] == "min")]
    giver = settings[settings["main_table"] & (settings["method"] == ("draft" if name == "all accepted" else "agent"))]
    for scorer in ("published", "corrected"):
        assert funnel[f"accuracy_{scorer}"].tolist() == giver[f"accuracy_{scorer}"].tolist()
    assert (funnel["accepted"] == (1.0 if name == "all accepted" else 0.0)).all()
    assert ((funnel["speedup"] > 1) == (name == "all accepted")).all()
    assert (funnel["alpha"].isna() == (name == "none tool-free")).all()


@pytest.mark.parametrize("name", sorted(set(FIGURES) - set(OF_CONFIDENCES)))
def test_every_other_figure_is_drawn_without_a_warning(study, name):
    laid_out(name, study[1])


@pytest.mark.parametrize("name", OF_CONFIDENCES)
def test_confidences_that_are_all_alike_stand_inside_their_panel_without_a_warning(study, name):
    for panel in laid_out(name, study[1]).axes:
        marks = [line for line in panel.lines if line.get_marker() in "|o"]
        at = np.concatenate([line.get_transform().transform(line.get_xydata()) for line in marks])[:, 0]
        box = panel.get_window_extent()
        assert len(at) > 0
        assert ((at > box.x0 + 2) & (at < box.x1 - 2)).all()
