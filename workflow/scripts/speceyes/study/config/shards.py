"""Section `shards`: into how many jobs stages are cut."""

from __future__ import annotations

from pydantic import Field

from speceyes.study.config.fields import Section, Shards


class ShardsConfig(Section):
    """Into how many jobs each expensive stage is cut."""

    draft: Shards = Field(1, description="Jobs, each with its share of every split.")
    screen: Shards = Field(1, description="Jobs per agent, each with its share of every split.")
    agent: Shards = Field(1, description="Jobs per agent, each with its share of every split.")
    specreason: Shards = Field(1, description="Jobs per agent and variant, each with its share of every split.")
