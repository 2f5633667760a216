import re

import numpy as np
import pandas as pd
import pytest
from drawn_figures import FIGURES, laid_out, laid_out_from
from PIL import Image
from speceyes.analysis.ledger import LedgerError
from speceyes.figures import style
from speceyes.figures.one_benchmark import tables_of
from speceyes.tables.csv_files import read_csv, write_csv
from synthetic_study import FEW_SETTINGS, SyntheticStudy
from synthetic_tables import named, write_tables


def draw(name, tables, folder):
    png, pdf = folder / f"{name}.png", folder / f"{name}.pdf"
    FIGURES[name].draw(named(tables, FIGURES[name].READS), png, pdf)
    return png, pdf


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    root = tmp_path_factory.mktemp("study")
    splits = {("vstar", "direct_attributes"): 24, ("pope", "random"): 30}
    write_tables(SyntheticStudy(root, splits).write(), root / "tables", comparable=True)
    return root / "tables"


def test_the_papers_figures_are_all_there():
    assert {
        "threshold_ablation",
        "top_k_ablation",
        "batch_size_ablation",
        "confidence_density",
        "rolling_accuracy",
        "accuracy_by_threshold",
    } <= set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_in_both_forms_with_its_fonts_inside(name, tables, tmp_path):
    png, pdf = draw(name, tables, tmp_path)
    pixels = np.asarray(Image.open(png).convert("L"))
    assert (pixels < 128).mean() > 0.002
    assert pixels.shape[1] in (770, 1575)  # one column or two, at 220 dots per inch
    data = pdf.read_bytes()
    assert b"/FontFile2" in data
    assert not re.search(rb"/Subtype */Type3", data)


def test_the_same_tables_give_the_same_bytes(tables, tmp_path):
    (tmp_path / "again").mkdir()
    first, again = draw("threshold_ablation", tables, tmp_path), draw("threshold_ablation", tables, tmp_path / "again")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


DEGENERATE = {
    "one sample": {"splits": {("vstar", "direct_attributes"): 1}},
    "one image": {"splits": {("pope", "random"): 6}},
    "every episode failed": {"error_share": 1.0},
    "no image could be read": {"error_share": 1.0, "error_seconds": 0.0},
}


@pytest.mark.parametrize("name", FIGURES)
@pytest.mark.parametrize("case", DEGENERATE)
def test_thin_studies_are_drawn_without_a_warning(name, case, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp() / case.replace(" ", "-")
    if not folder.exists():
        usual = FEW_SETTINGS | {"splits": {("vstar", "direct_attributes"): 12}, "metrics": ("min", "mean")}
        study = SyntheticStudy(folder, **(usual | DEGENERATE[case])).write()
        write_tables(study, folder / "tables", comparable=False, resamples=100)
    laid_out(name, folder / "tables")


def edited(tables, folder, edit):
    """A copy of the tables with the outcomes changed."""
    folder.mkdir()
    for path in tables.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    frame = pd.read_parquet(tables / "outcomes.parquet")
    edit(frame)
    frame.to_parquet(folder / "outcomes.parquet")
    return folder


OUTCOMES = {
    "all right": lambda frame: frame.__setitem__("draft_corrected", 1.0),
    "all wrong": lambda frame: frame.__setitem__("draft_corrected", 0.0),
    "nothing scored": lambda frame: frame.__setitem__("draft_corrected", np.nan),
    "all equally sure": lambda frame: [frame.__setitem__(c, 0.97) for c in frame if re.fullmatch(r".*_k\d+", c)],
    "all certain": lambda frame: [frame.__setitem__(c, 1.0) for c in frame if re.fullmatch(r".*_k\d+", c)],
    "none confident": lambda frame: [frame.__setitem__(c, 0.0) for c in frame if re.fullmatch(r".*_k\d+", c)],
}


@pytest.mark.parametrize("name", ["confidence_density", "rolling_accuracy", "accuracy_by_threshold"])
@pytest.mark.parametrize("case", OUTCOMES)
def test_one_class_or_one_confidence_is_drawn_without_a_warning(name, case, tables, tmp_path):
    laid_out(name, edited(tables, tmp_path / "tables", OUTCOMES[case]))


@pytest.mark.parametrize("name", FIGURES)
def test_nothing_is_drawn_from_tables_that_do_not_add_up(name, tables, tmp_path):
    folder = edited(tables, tmp_path / "tables", lambda frame: None)
    ledger = pd.read_csv(folder / "ledger.csv")
    ledger.loc[3, "corrected_rule"] -= 1
    ledger.to_csv(folder / "ledger.csv", index=False)
    with pytest.raises(LedgerError, match="judge the missing answers again"):
        draw(name, folder, tmp_path)
    assert not (tmp_path / f"{name}.png").exists()


def test_a_split_that_ran_at_one_batch_size_is_left_out_of_their_ablation(tables, tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    for path in tables.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    settings = read_csv(folder / "settings.csv")
    once = (settings["benchmark"] == "pope") & (settings["batch_size"] != settings["batch_size"].max())
    write_csv(settings[~once], folder / "settings.csv")

    titles = [axes.get_title() for axes in laid_out("batch_size_ablation", folder).axes]

    assert [axes.get_title() for axes in laid_out("batch_size_ablation", tables).axes] == [*titles, "POPE random"]
    assert titles == ["V* direct attributes"]


@pytest.mark.parametrize("name", sorted(set(FIGURES) - {"throughput"}))
def test_a_figure_of_one_benchmark_alone_fits_one_column(name, tables, tmp_path):
    rows = tables_of(named(tables, FIGURES[name].READS), "pope", tmp_path)
    assert laid_out_from(name, rows).get_figwidth() == style.ONE_COLUMN


@pytest.mark.parametrize("arrivals", ["closed", "poisson"])
def test_random_arrivals_are_in_the_legend_of_a_study_that_has_them_alone(arrivals, tables, tmp_path):
    load = read_csv(tables / "throughput.csv")
    write_csv(pd.concat([load, load.assign(arrivals=arrivals)]), tmp_path / "throughput.csv")
    rows = named(tables, FIGURES["throughput"].READS) | {"throughput": tmp_path / "throughput.csv"}
    (legend,) = laid_out_from("throughput", rows).legends
    shown = "random arrivals" in {text.get_text() for text in legend.get_texts()}
    assert shown == (arrivals == "poisson")


def test_one_colour_means_one_thing_in_all_figures():
    colours = [
        *(
            style.RIGHT,
            style.WRONG,
            style.AGENT_ALONE,
            style.DRAFT_ALONE,
            style.SPECREASON,
            style.PHASE_COLOURS["screen_s"],
        ),
        *style.AGENT_COLOURS,
        *style.METRIC_COLOURS.values(),
        *style.OTHER_METRIC_COLOURS,
    ]
    assert len(set(colours)) == len(colours)


def test_of_curves_that_lie_on_each_other_the_lower_ones_are_wider():
    widths = [style.thickness(4, place) for place in range(4)]
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 4


def test_an_axis_of_shares_is_labelled_up_to_all_and_not_beyond():
    figure, axes = style.panels(1, 1)
    axes[0, 0].set_yticks([-0.1, 0.0, 0.2, 1.0000000000000002, 1.025])
    style.percent(axes[0, 0])
    figure.canvas.draw()
    assert [label.get_text() for label in axes[0, 0].get_yticklabels()] == ["", "0", "20", "100", ""]
