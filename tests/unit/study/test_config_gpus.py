"""How many GPUs a job holds, by what its models are configured to compute on."""

import pytest
from speceyes.study.config import load_config
from speceyes.study.study import Study

ON_PROCESSORS = {"engine": {"type": "server"}, "gpus": 0}


@pytest.mark.parametrize(
    ("draft", "agent", "held"),
    [
        (ON_PROCESSORS, ON_PROCESSORS, 0),
        (ON_PROCESSORS, {"engine": {"device": "cpu"}}, 0),
        ({"engine": {"type": "server", "url": "http://elsewhere:8000/v1"}}, {"engine": {"type": "server"}}, 1),
        (ON_PROCESSORS, {"engine": {"type": "server"}, "gpus": 2}, 2),
    ],
)
def test_a_job_holds_the_gpus_of_its_largest_model_and_none_for_models_that_compute_without(raw, draft, agent, held):
    raw["models"]["draft"] |= draft
    raw["models"]["deepeyes"] |= agent
    assert Study(load_config(raw)).gpus("timing", "deepeyes") == held
