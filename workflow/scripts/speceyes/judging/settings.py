"""How the judge is asked; apart from the client so that reading it imports none."""

from __future__ import annotations

import os

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_KEY_VARIABLE = "OPENAI_API_KEY"


class KeyMissingError(Exception):
    """An API key that is not in the environment, or none that can be sent; one line without the key."""


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

    def key(self) -> str:
        """The API key, from the environment; servers without keys get a word that says nothing.

        Raises:
            KeyMissingError: a variable named in the configuration that is not set, or holds no key.
        """
        variable = self.api_key_variable or DEFAULT_KEY_VARIABLE
        key = os.environ.get(variable, "").strip()
        if not key and self.api_key_variable:
            raise KeyMissingError(f"judge.client.api_key_variable: the environment variable {variable} is not set")
        if not (key.isascii() and key.isprintable()):
            raise KeyMissingError(f"the environment variable {variable} holds no API key: not one line of plain text")
        return key or "none"
