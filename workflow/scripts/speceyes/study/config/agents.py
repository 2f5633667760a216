"""Section `agents`: who answers with tools."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from speceyes.agents.base import load_agent
from speceyes.study.config.classes import fits, loads
from speceyes.study.config.fields import Section


class AgentConfig(Section):
    """One agent: its class, its model, its settings."""

    type: Annotated[str, loads(load_agent)] = Field(description="Agent class as package.module:Class.")
    model: str = Field(description="Key under models.")
    own_draft_prompts: bool = Field(
        False,
        description="Its funnel words the draft's question by draft_NAME.yaml (NAME: the agent's), not draft.yaml.",
    )
    settings: Annotated[dict[str, Any], fits(load_agent, "type")] = Field(
        default_factory=dict, description="The agent's own settings, see below."
    )
