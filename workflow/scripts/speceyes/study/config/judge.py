"""Section `judge`: who decides what rules cannot."""

from __future__ import annotations

from pydantic import Field, model_validator

from speceyes.engines.access import Url
from speceyes.engines.settings import ServerSettings
from speceyes.judging.settings import ClientSettings
from speceyes.study.config.fields import Section


class JudgeConfig(Section):
    """Who decides what rules cannot."""

    model: str = Field("judge", description="Key under models.")
    url: Url | None = Field(
        None, description="OpenAI-compatible base URL of a judge that runs already; null starts one."
    )
    gpus: int = Field(0, ge=0, description="GPUs of the judging job (tensor parallel size of the server).")
    server: ServerSettings = Field(description="Command that serves the judge when url is null.")
    client: ClientSettings = Field(default_factory=ClientSettings, description="Concurrency, retries, reply length.")

    @model_validator(mode="after")
    def _a_server_is_told_its_port(self) -> JudgeConfig:
        if self.url is None and not self.server.is_told_its_port:
            raise ValueError("server.command: {port} is missing; the server must listen where it is told to")
        return self
