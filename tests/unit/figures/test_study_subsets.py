"""Studies that ask for less than the paper's, in pairwise combinations: every table, figure and page is made."""

import itertools

import numpy as np
import pytest
from drawn_figures import FIGURES, laid_out
from explored_study import explorer_tables
from speceyes.analysis.names import split_name
from speceyes.method.confidence import headline
from speceyes.pages.explorer.page import write_explorer
from speceyes.pages.study_page import study_page
from speceyes.tables.csv_files import read_csv
from speceyes.tables.markdown import escaped
from speceyes.tables.typeset import write_main_table
from synthetic_study import SyntheticStudy
from synthetic_tables import MODULES, write_tables

OWN = "speceyes.method.token_metrics:token_entropy"
CHOICES = {
    "metrics": [("log",), ("mean", "bottom20"), ("min", OWN), (OWN,)],
    "agents": [("01",), ("deepeyes", "thyme")],
    "splits": [
        {("vstar", "direct_attributes"): 12},
        {("pope", "NA"): 12, ("pope", "1.10"): 12},
        {("vstar", "01"): 10, ("hrbench", "4k"): 12},
    ],
    "variants": [(), ("published",), ("corrected",)],
    "runs_live": [True, False],
    "thresholds": [(0.9,), (0.99, 0.95, 0.9)],
    "top_ks": [(16,), (8, 32)],
    "batches": [(6,), (1, 6)],
}


def pairwise(choices):
    """Few studies in which every two choices meet, found greedily."""
    names = list(choices)
    every = [
        dict(zip(names, picked, strict=True))
        for picked in itertools.product(*(range(len(v)) for v in choices.values()))
    ]
    every = np.random.default_rng(10).permutation([list(one.values()) for one in every])  # the best of sixty seeds
    places = list(itertools.combinations(range(len(names)), 2))
    left = {(a, b, x, y) for a, b in places for x, y in set(map(tuple, every[:, [a, b]].tolist()))}
    met = [{(a, b, row[a], row[b]) for a, b in places} for row in every.tolist()]
    studies = []
    while left:
        best = max(range(len(met)), key=lambda number: len(met[number] & left))
        left -= met[best]
        studies.append({name: choices[name][at] for name, at in zip(names, every[best].tolist(), strict=True)})
    return studies


STUDIES = pairwise(CHOICES)


def told(choice):
    return "-".join(str(len(value)) if hasattr(value, "__len__") else str(value) for value in choice.values())


@pytest.fixture(scope="module", params=STUDIES, ids=told)
def made(request, tmp_path_factory):
    """A study and the folder of its tables."""
    root = tmp_path_factory.mktemp("subset")
    study = SyntheticStudy(root / "passes", **request.param).write()
    write_tables(study, root / "tables", comparable=True, resamples=100)
    return study, root / "tables"


def test_every_table_is_made_and_its_names_come_back(made):
    study, folder = made
    expected = set(MODULES) - (set() if study.runs_live else {"live_vs_replay"})
    assert expected <= {path.stem for path in folder.glob("*.csv")}
    for name in ("settings", "recommended_threshold", "confidence_quality", "deferral", "main_table"):
        table = read_csv(folder / f"{name}.csv")
        assert set(zip(table["benchmark"], table["split"], strict=True)) == set(study.splits), name
        assert set(study.metrics) <= set(table["metric"]), name
        assert set(study.agents) <= set(table["agent"]), name


def test_every_figure_is_drawn_without_a_warning(made):
    for name in FIGURES:
        laid_out(name, made[1])


def test_the_page_tells_of_the_papers_metric_or_the_first_and_of_every_split(made, tmp_path):
    study, folder = made
    table = read_csv(folder / "main_table.csv")
    write_main_table(table, tmp_path / "t.md", tmp_path / "t.tex")
    text = study_page(
        study="subset",
        comparable=False,
        claims=read_csv(folder / "claims.csv"),
        level=0.95,
        settings=read_csv(folder / "settings.csv"),
        live=read_csv(folder / "live_vs_replay.csv") if study.runs_live else None,
        throughput=read_csv(folder / "throughput.csv"),
        protocols=read_csv(folder / "protocol_effects.csv"),
        faults=read_csv(folder / "pass_faults.csv"),
        main_table=(tmp_path / "t.md").read_text(),
        recommended=read_csv(folder / "recommended_threshold.csv"),
        captions={},
    )
    metric = headline(study.metrics).rpartition(":")[2]
    assert text.count(f"**SpecEyes ({metric}) with ") == len(study.agents)
    assert all(f", {escaped(split_name(*split))}**: " in text for split in study.splits)


def test_the_explorer_is_written_with_every_metric(made, tmp_path):
    study, folder = made
    write_explorer(explorer_tables(study, folder, folder, tmp_path), tmp_path / "explorer.html", {})
    assert (tmp_path / "explorer.html").stat().st_size > 10_000
