"""A run without a key that it will need is refused before any job; a run that needs none is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from configurations import written
from speceyes.engines.access import KeyMissingError
from speceyes.study.config import load_config
from speceyes.study.jobs import Jobs
from speceyes.study.layout import Layout
from speceyes.study.study import Study

ROOT = Path(__file__).parents[3]
SERVED = {"type": "server", "url": "http://127.0.0.1:9/v1", "served_name": "m", "api_key_variable": "AN_AGENTS_KEY"}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """The miniature with a judge and an agent's model behind servers that want keys; none is set."""
    for name in ("A_JUDGES_KEY", "AN_AGENTS_KEY"):
        monkeypatch.delenv(name, raising=False)
    raw = written("miniature.yaml")
    raw["judge"] |= {"url": "http://127.0.0.1:9/v1", "client": {"api_key_variable": "A_JUDGES_KEY"}}
    raw["models"]["thyme"] |= {"engine": SERVED}
    return Study(load_config(raw), Layout(str(tmp_path)))


@pytest.mark.parametrize(
    ("rule", "agent", "key"),
    [
        ("judge", "", "A_JUDGES_KEY"),
        ("agent", "thyme", "AN_AGENTS_KEY"),
        ("timing", "thyme", "AN_AGENTS_KEY"),
    ],
)
def test_a_job_whose_key_is_not_set_is_refused(study, rule, agent, key):
    with pytest.raises(KeyMissingError, match=key):
        Jobs(study).check_keys([("index", ""), (rule, agent)])


@pytest.mark.parametrize("job", [("agent", "deepeyes"), ("timing", "deepeyes"), ("make_table", ""), ("estimate", "")])
def test_a_job_that_asks_no_server_needs_no_key(study, job):
    Jobs(study).check_keys([job])


def test_a_judge_whose_verdicts_are_there_needs_no_key_before_it_is_asked(study):
    Path(study.layout.verdicts).parent.mkdir(parents=True)
    Path(study.layout.verdicts).touch()
    Jobs(study).check_keys([("judge", "")])
