"""Section `judge`: who decides what rules cannot."""

from __future__ import annotations

from pydantic import Field

from speceyes.judging.settings import ClientSettings, ServerSettings
from speceyes.study.config.fields import Section


class JudgeConfig(Section):
    """Who decides what rules cannot."""

    model: str = Field("judge", description="Key under models.")
    url: str | None = Field(
        None, description="OpenAI-compatible base URL of a judge that runs already; null starts one."
    )
    gpus: int = Field(0, ge=0, description="GPUs of the judging job (tensor parallel size of the server).")
    server: ServerSettings = Field(description="Command that serves the judge when url is null.")
    client: ClientSettings = Field(default_factory=ClientSettings, description="Concurrency, retries, reply length.")
