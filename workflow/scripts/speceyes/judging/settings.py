"""How the judge is asked; apart from the client so that reading it imports none."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from speceyes.engines.access import KeyVariable, api_key


class ClientSettings(BaseModel):
    """How the judge is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    concurrency: int = Field(8, gt=0, description="Requests under way at once.")
    max_tokens: int = Field(64, gt=0, description="Longest reply in tokens.")
    timeout_s: float = Field(120.0, gt=0, description="Seconds until a request without its whole answer is lost.")
    attempts: int = Field(5, gt=0, description="Tries per request, with exponential backoff.")
    backoff_s: float = Field(0.5, ge=0, description="First pause between tries; doubled each time up to 30 s.")
    api_key_variable: KeyVariable | None = Field(
        None,
        description="Environment variable that holds the server's API key; null: OPENAI_API_KEY, where it is set.",
    )

    def key(self) -> str:
        """The API key, from the environment; a placeholder for servers that need none.

        Raises:
            KeyMissingError: a variable named in the configuration that is not set, or holds no key.
        """
        return api_key(self.api_key_variable, "judge.client.api_key_variable")
