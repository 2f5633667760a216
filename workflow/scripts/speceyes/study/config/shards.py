"""Section `shards`: into how many jobs stages are cut."""

from __future__ import annotations

from pydantic import Field

from speceyes.study.config.fields import Section, Shards


class ShardsConfig(Section):
    """Into how many jobs each expensive stage of a split is cut."""

    draft: Shards = Field(1, description="Jobs per split and batch size.")
    screen: Shards = Field(1, description="Jobs per agent, split and batch size.")
    agent: Shards = Field(1, description="Jobs per agent and split.")
    specreason: Shards = Field(1, description="Jobs per agent, variant and split.")
