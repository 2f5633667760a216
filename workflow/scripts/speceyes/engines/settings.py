"""What the settings of all engines share, and how a server is started; reading them imports no engine."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from speceyes.images import ImageSettings


def _without_nul(word: str) -> str:
    if "\0" in word:
        raise ValueError("holds a NUL, with which no process can be started")
    return word


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise ValueError("is no name of an environment variable: letters, digits and _, no digit first")
    return name


# What a process can be started with.
Word = Annotated[str, AfterValidator(_without_nul)]
Variable = Annotated[str, AfterValidator(_variable)]


class EngineSettings(BaseModel):
    """What every engine's settings have; an engine's own derive from these."""

    # An engine from outside the library has keys that the schema cannot know.
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, json_schema_extra={"additionalProperties": True}
    )

    type: str = Field(description="transformers, server, or an engine class as package.module:Class.")
    image: ImageSettings = Field(default_factory=ImageSettings, description="Size of images as the model sees them.")
    concurrency: int = Field(8, gt=0, description="Agents' samples in flight at once; bounds their memory.")

    @property
    def uses_gpus(self) -> bool:
        """Whether a job that runs the model needs its GPUs."""
        return True

    @property
    def uses_several_gpus(self) -> bool:
        """Whether more than one GPU is of any use."""
        return True

    @property
    def calls_functions(self) -> bool:
        """Whether requests may offer tools."""
        return True

    def check_environment(self) -> None:
        """Asked before any job runs: whether the environment holds what the engine needs.

        Raises:
            Exception: one line that says what is missing.
        """

    @property
    def serves_many(self) -> bool:
        """Whether several threads may ask at once; if not, requests reach the engine one batch after the other."""
        return False

    @property
    def reads_weights(self) -> bool:
        """Whether the model's folder must be on this machine."""
        return True


class ServerSettings(BaseModel):
    """The command that serves a model; ``{port}``, ``{model}`` (its folder) and ``{name}`` are filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    command: tuple[Word, ...] = Field(..., min_length=1, description="Program and arguments.")
    directory: Word = Field(".", description="Folder to start in, relative to the workflow's working directory.")
    served_name: str = Field(..., min_length=1, description="Model name that requests use.")
    ready_timeout_s: float = Field(900.0, gt=0, description="Seconds until the server must have answered a request.")
    stop_timeout_s: float = Field(10.0, gt=0, description="Seconds between asking the server to stop and killing it.")
    environment: dict[Variable, Word] = Field(default_factory=dict, description="Environment variables added for it.")

    @property
    def is_told_its_port(self) -> bool:
        """Whether the command says where to listen."""
        return any("{port}" in word for word in self.command)
