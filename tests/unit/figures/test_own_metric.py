"""A metric of one's own, from a module outside the library, is in every table and figure that tells of metrics."""

from __future__ import annotations

import pandas as pd
import pytest
from drawn_figures import FIGURES, laid_out
from matplotlib.text import Text
from own_metric import NAME, write_metric
from speceyes.tables.csv_files import read_csv
from synthetic_study import SyntheticStudy
from synthetic_tables import write_tables

BY_METRIC = {  # tables with a row per metric
    *("settings", "ledger", "main_table", "confidence_quality", "deferral", "pareto"),
    *("recommended_threshold", "learned_gates", "category_scores"),
}
SHOWN = {  # figures that set metrics side by side
    *("confidence_density", "rolling_accuracy", "deferral", "pareto_front"),
    "confidence_ranking",
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        metric = write_metric(folder)
        splits = {("vstar", "direct_attributes"): 16}
        study = SyntheticStudy(folder / "study", splits, agents=("deepeyes",), metrics=("min", metric), batches=(6,))
        write_tables(study.write(), folder / "tables", comparable=False, resamples=100)
        yield metric, folder / "tables"


@pytest.mark.parametrize("name", sorted(BY_METRIC))
def test_a_table_has_rows_of_the_metric(name, tables):
    metric, folder = tables
    rows = read_csv(folder / f"{name}.csv")
    assert len(rows[rows["metric"] == metric]) > 0


def test_every_sample_has_the_metrics_confidence(tables):
    metric, folder = tables
    confidence = pd.read_parquet(folder / "outcomes.parquet")[f"{metric}_k16"]
    assert confidence.between(0, 1).all()
    assert confidence.nunique() > 2


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_and_names_the_metric_where_it_names_any(name, tables):
    written = [text.get_text() for text in laid_out(name, tables[1]).findobj(Text)]
    if name in SHOWN:
        assert any(NAME in text for text in written), written
