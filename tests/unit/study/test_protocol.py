"""The study's protocol reaches the agents that have one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from speceyes.study.config import ConfigError, load_config
from speceyes.study.jobs import Jobs
from speceyes.study.study import Study

PAPER = yaml.safe_load((Path(__file__).parents[3] / "config" / "config.yaml").read_text())
WHERE = {"agent": "thyme", "benchmark": "vstar", "split": "direct_attributes"}


def study(**changes: Any) -> Study:
    return Study(load_config(PAPER | changes))


@pytest.mark.parametrize("protocol", ["published", "corrected"])
@pytest.mark.parametrize("agent", ["deepeyes", "thyme"])
def test_an_agent_is_told_the_studys_protocol(agent, protocol):
    assert study(protocol=protocol).agent_settings(agent)["protocol"] == protocol


def test_an_agents_own_protocol_comes_first():
    agents = PAPER["agents"] | {"thyme": PAPER["agents"]["thyme"] | {"settings": {"protocol": "corrected"}}}
    changed = study(agents=agents)
    assert changed.agent_settings("thyme")["protocol"] == "corrected"
    assert changed.agent_settings("deepeyes")["protocol"] == "published"


@pytest.mark.parametrize("variant", ["published", "corrected"])
def test_specreasons_variant_is_its_agents_protocol(variant):
    job = Jobs(study()).model_pass("specreason", WHERE | {"variant": variant})
    assert job["settings"]["agent"]["protocol"] == variant


def test_there_are_two_protocols():
    with pytest.raises(ConfigError, match="protocol: Input should be 'published' or 'corrected', got 'both'"):
        load_config(PAPER | {"protocol": "both"})
