"""Asking the judge: concurrent requests to an OpenAI-compatible server, with retry, backoff and a cache on disk."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Iterable
from typing import Self
from urllib.parse import urlsplit

import openai
from pydantic import BaseModel, Field, ValidationError
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from speceyes.judging.cache import ReplyCache
from speceyes.judging.settings import ClientSettings
from speceyes.runtime.progress import Progress

log = logging.getLogger(__name__)

LONGEST_PAUSE_S = 30.0
TRANSIENT_STATUSES = frozenset({408, 409, 425, 429})  # and every 5xx

# Opens a judge and gives its base URL; called when the first reply is missing, closed by the client.
OpenJudge = Callable[[], contextlib.AbstractContextManager[str]]


class JudgeError(Exception):
    """A judge that cannot be reached or does not answer; one line that says what to do."""


class _Message(BaseModel):
    content: str | None


class _Choice(BaseModel):
    message: _Message


class _Completion(BaseModel):
    """What is read of a server's answer; anything else is garbage and asked for again."""

    choices: tuple[_Choice, ...] = Field(min_length=1)

    @property
    def reply(self) -> str:
        return (self.choices[0].message.content or "").strip()


class JudgeClient:
    """Asks one model; the judge is opened when a reply is missing, and closed with the client.

    Args:
        open_judge: starts the judge, or names one that runs.
        model: the name that requests use.
        system: system message; empty for none.
        cache: where replies are kept as they come.
        settings: concurrency, retries, reply length.
    """

    def __init__(
        self, open_judge: OpenJudge, model: str, system: str, cache: ReplyCache, settings: ClientSettings
    ) -> None:
        self._open_judge = open_judge
        self._model = model
        self._system = [{"role": "system", "content": system}] if system else []
        self._cache = cache
        self._settings = settings
        self._stack = contextlib.ExitStack()
        self._base_url: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def replies(self, prompts: Iterable[str]) -> dict[str, str]:
        """The reply to each distinct prompt; empty for one that the server refuses (too long, say).

        Raises:
            JudgeError: the judge could not be opened, or a request failed for good; replies received until
                then are in the cache.
        """
        known = {prompt: self._cache.get(self._request_text(prompt)) for prompt in sorted(set(prompts))}
        found = {prompt: reply for prompt, reply in known.items() if reply is not None}
        missing = [prompt for prompt, reply in known.items() if reply is None]
        if missing:
            found |= asyncio.run(self._ask_all(missing, len(found)))
        return found

    async def _ask_all(self, prompts: list[str], known: int) -> dict[str, str]:
        if self._base_url is None:
            self._base_url = self._stack.enter_context(self._open_judge())
        gate = asyncio.Semaphore(self._settings.concurrency)
        found: dict[str, str] = {}
        with Progress("judge", known + len(prompts), known, unit=" answers") as progress:
            async with self._connection(self._base_url) as connection:

                async def one(prompt: str) -> None:
                    async with gate:
                        found[prompt] = await self._ask(connection, prompt)
                    progress.advance()

                try:
                    async with asyncio.TaskGroup() as group:
                        for prompt in prompts:
                            group.create_task(one(prompt))
                except* JudgeError as errors:
                    raise JudgeError(str(errors.exceptions[0])) from errors.exceptions[0]
        return found

    def _connection(self, base_url: str) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(
            base_url=base_url,
            api_key="none",
            timeout=self._settings.timeout_s,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(trust_env=not is_local(base_url)),
        )

    async def _ask(self, connection: openai.AsyncOpenAI, prompt: str) -> str:
        """One reply, kept; transient failures and garbage are tried again."""
        where = f"judge at {self._base_url}"
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._settings.attempts),
            wait=wait_exponential_jitter(
                multiplier=self._settings.backoff_s, max=LONGEST_PAUSE_S, jitter=self._settings.backoff_s
            ),
            retry=retry_if_exception(is_transient),
            reraise=True,
        )
        try:
            reply: str = await retrying(self._request, connection, prompt)
        except openai.BadRequestError as error:
            log.warning("%s refused a prompt of %d characters, left unread: %s", where, len(prompt), _line(error))
            return ""
        except (openai.APIError, ValidationError) as error:
            if is_transient(error):
                raise JudgeError(f"{where} failed {self._settings.attempts} times: {_line(error)}") from error
            raise JudgeError(f"{where}: {_line(error)}; is judge.server.served_name right?") from error
        self._cache.put(self._request_text(prompt), reply)
        return reply

    def _request_text(self, prompt: str) -> str:
        """All of a request that the reply depends on, as the cache knows it."""
        return json.dumps([self._model, self._settings.max_tokens, *self._messages(prompt)])

    def _messages(self, prompt: str) -> list[dict[str, str]]:
        return [*self._system, {"role": "user", "content": prompt}]

    async def _request(self, connection: openai.AsyncOpenAI, prompt: str) -> str:
        response = await connection.chat.completions.with_raw_response.create(
            model=self._model,
            messages=self._messages(prompt),  # type: ignore[arg-type]
            max_tokens=self._settings.max_tokens,
            temperature=0.0,
        )
        return _Completion.model_validate_json(response.content).reply


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed later: no connection, timeout, overload, an answer that is no answer."""
    if isinstance(error, openai.APIStatusError):
        return error.status_code in TRANSIENT_STATUSES or error.status_code >= 500
    return isinstance(error, openai.APIConnectionError | ValidationError)


def is_local(url: str) -> bool:
    """Whether a server is on this machine, where no proxy of the environment reaches it."""
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def _line(error: Exception) -> str:
    """An error's message on one line; garbage is not repeated."""
    if isinstance(error, ValidationError):
        return f"not a chat completion ({error.errors(include_input=False)[0]['msg']})"
    return " ".join(str(error).split())[:300]
