"""How the judge is served and asked; apart from client and server so that reading it imports neither."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ClientSettings(BaseModel):
    """How the judge is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrency: int = Field(8, gt=0, description="Requests under way at once.")
    max_tokens: int = Field(64, gt=0, description="Longest reply in tokens.")
    timeout_s: float = Field(120.0, gt=0, description="Seconds until a request without its whole answer is lost.")
    attempts: int = Field(5, gt=0, description="Tries per request, with exponential backoff.")
    backoff_s: float = Field(0.5, ge=0, description="First pause between tries; doubled each time up to 30 s.")
    api_key_variable: str | None = Field(
        None,
        pattern=r"^[A-Za-z_]\w*$",
        description="Environment variable that holds the server's API key; null: OPENAI_API_KEY, where it is set.",
    )


class ServerSettings(BaseModel):
    """The command that serves the judge; ``{port}`` and ``{model}`` are filled in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: tuple[str, ...] = Field(..., min_length=1, description="Program and arguments.")
    directory: str = Field(".", description="Folder to start in, relative to the workflow's working directory.")
    served_name: str = Field(..., description="Model name that requests use.")
    ready_timeout_s: float = Field(900.0, gt=0, description="Seconds until the server must have answered a request.")
    stop_timeout_s: float = Field(10.0, gt=0, description="Seconds between asking the server to stop and killing it.")
    environment: dict[str, str] = Field(default_factory=dict, description="Environment variables added for it.")
