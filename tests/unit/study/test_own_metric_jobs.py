"""A metric of one's own changes no job that runs models, unless it is asked to run live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from speceyes.study.config import load_config
from speceyes.study.jobs import Jobs
from speceyes.study.plan import Plan
from speceyes.study.study import Study

MINIATURE = yaml.safe_load((Path(__file__).parents[3] / "config" / "miniature.yaml").read_text())
OWN = "speceyes.method.token_metrics:margin"
STAGES = ("draft", "screen", "agent", "corrected", "specreason", "live")


def study(*own: str, live: tuple[str, ...] = ("min",)) -> Study:
    grid = MINIATURE["grid"] | {"metrics": [*MINIATURE["grid"]["metrics"], *own]}
    return Study(load_config(MINIATURE | {"grid": grid, "live": {"metrics": list(live), "batch_sizes": [6]}}))


def job(of: Study, stage: Any) -> dict[str, Any]:
    one = Plan(of).select(stage)[0]
    return Jobs(of).model_pass(stage, dict(one.names) | {"shard": "1-of-1"})


@pytest.mark.parametrize("stage", STAGES)
def test_a_job_that_runs_models_is_the_same_with_a_metric_more(stage):
    assert job(study(OWN), stage) == job(study(), stage)
    assert Plan(study(OWN)).tables(stage) == Plan(study()).tables(stage)


def test_the_job_under_load_is_the_same_with_a_metric_more():
    assert Jobs(study(OWN)).load("thyme") == Jobs(study()).load("thyme")


def test_a_metric_that_runs_live_is_part_of_what_its_job_is_made_from():
    assert job(study(OWN, live=("min", OWN)), "live")["identities"] != job(study(OWN), "live")["identities"]
