"""The engine type ``server``: a model behind an OpenAI-compatible server. Reading this module imports no client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from speceyes.engines.access import KeyVariable, Url, api_key
from speceyes.engines.base import Engine, EngineError, Place
from speceyes.engines.settings import EngineSettings, ServerSettings, Word

VLLM = (
    "vllm",
    "serve",
    "{model}",
    "--host=127.0.0.1",
    "--port={port}",
    "--served-model-name={name}",
    "--max-logprobs=-1",
)


class ServedSettings(ServerSettings, EngineSettings):
    """A server that runs already (``url``), or the command that a job starts, waits for, watches and stops."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": False})

    type: Literal["server"] = Field("server", description="Asks a server, vLLM or one that answers as vLLM does.")
    url: Url | None = Field(
        None, description="Base URL of a server that runs already, e.g. http://gpu1:8000/v1; null starts command."
    )
    command: tuple[Word, ...] = Field(VLLM, min_length=1, description="Program and arguments; default: vLLM.")
    served_name: str = Field("model", min_length=1, description="Model name that requests use.")
    api_key_variable: KeyVariable | None = Field(
        None, description="Environment variable with the server's key; null: OPENAI_API_KEY, where it is set."
    )
    concurrency: int = Field(32, gt=0, description="Requests under way at once.")
    timeout_s: float = Field(600.0, gt=0, description="Longest wait for one generation.")
    retries: int = Field(4, ge=0, description="Further tries, with growing pauses, when the server fails or is busy.")

    @model_validator(mode="after")
    def _a_server_is_told_its_port(self) -> ServedSettings:
        if self.url is None and not self.is_told_its_port:
            raise ValueError("command: {port} is missing; the server must listen where it is told to")
        return self

    def key(self) -> str:
        """The server's API key.

        Raises:
            KeyMissingError: the variable that the configuration names is not set, or holds no key.
        """
        return api_key(self.api_key_variable, "engine.api_key_variable")

    def check_environment(self) -> None:
        self.key()

    @property
    def uses_gpus(self) -> bool:
        return self.url is None

    @property
    def serves_many(self) -> bool:
        return True

    @property
    def reads_weights(self) -> bool:
        return self.url is None


class Served:
    """A model behind a server."""

    Settings: ClassVar[type[EngineSettings]] = ServedSettings

    @staticmethod
    @contextmanager
    def open(settings: ServedSettings, place: Place) -> Iterator[Engine]:
        """An engine once the server has answered; see :class:`speceyes.engines.base.EngineType`."""
        from speceyes.engines.served_engine import ServedEngine, ask_one_token  # noqa: PLC0415 - the client
        from speceyes.engines.server import NotReadyError, running_server  # noqa: PLC0415

        def probe(url: str) -> None:
            ask_one_token(url, key, settings)

        key = settings.key()
        if settings.url:
            try:
                probe(settings.url)
            except (NotReadyError, EngineError) as error:
                raise EngineError(f"engine.url: {settings.url} does not answer: {error}") from error
            with ServedEngine(settings.url, key, settings) as engine:
                yield engine
        else:
            output = place.log.with_suffix(f".{settings.served_name}.log")
            with (
                running_server(settings, str(place.model), output, "engine", probe) as url,
                ServedEngine(url, key, settings) as engine,
            ):
                yield engine
