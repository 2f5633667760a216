"""Section `agents`: who answers with tools."""

from __future__ import annotations

from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from speceyes.agents.base import load_agent
from speceyes.study.config.errors import check_settings
from speceyes.study.config.fields import Section


class AgentConfig(Section):
    """One agent: its class, its model, its settings."""

    type: str = Field(description="Agent class as package.module:Class.")
    model: str = Field(description="Key under models.")
    own_draft_prompts: bool = Field(
        False,
        description="Its funnel words the draft's question by draft_NAME.yaml (NAME: the agent's), not draft.yaml.",
    )
    settings: dict[str, Any] = Field(default_factory=dict, description="The agent's own settings, see below.")

    @field_validator("type")
    @classmethod
    def _type_loads(cls, spec: str) -> str:
        load_agent(spec)
        return spec

    @field_validator("settings")
    @classmethod
    def _settings_fit(cls, settings: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        if "type" in info.data:
            check_settings(load_agent(info.data["type"]).Settings, settings)
        return settings
