"""Chat completions of an OpenAI-compatible judge: every request has a deadline, a greatest size, and further tries."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from typing import Self

import httpx2
import openai
from pydantic import BaseModel, Field, ValidationError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from speceyes.border import plain
from speceyes.engines.access import DEFAULT_KEY_VARIABLE
from speceyes.engines.server import is_local, passes
from speceyes.judging.settings import ClientSettings

LONGEST_PAUSE_S = 30.0
LARGEST_BODY = 1 << 20  # bytes of an answer of the server's; a verdict takes a few hundred
REFUSING_STATUSES = frozenset({400, 413, 414, 422, 431})  # this prompt, not every one
LONGEST_LINE = 300


class JudgeError(Exception):
    """A judge that cannot be reached or does not judge; one line that says what to do."""


class PromptRefusedError(Exception):
    """One prompt that the server does not take, or that cannot be sent; one line."""


class RequestFailedError(Exception):
    """One request that failed as often as it may be tried; one line. ``garbage``: it answers no completion."""

    def __init__(self, line: str, garbage: bool) -> None:
        super().__init__(line)
        self.garbage = garbage


class _GarbageError(Exception):
    """An answer of the server's that is no chat completion."""


class _Message(BaseModel):
    content: str | None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Completion(BaseModel):
    """What is read of a server's answer."""

    choices: tuple[_Choice, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the judge wrote, stripped; None for null. ``cut``: the greatest number of tokens ended it."""

    text: str | None
    cut: bool


@dataclass(frozen=True, slots=True)
class JudgeSetup:
    """How a judge is asked, wherever it runs.

    Args:
        model: the name that requests use.
        system: system message; empty for none.
        probe: a prompt like the study's own that any judge can answer.
        settings: deadline, tries, pauses, reply length, where the key is.
    """

    model: str
    system: str
    probe: str
    settings: ClientSettings

    def messages(self, prompt: str) -> list[dict[str, str]]:
        system = [{"role": "system", "content": self.system}] if self.system else []
        return [*system, {"role": "user", "content": prompt}]


@cache
def _trusted(*, from_environment: bool) -> ssl.SSLContext:
    """The certificates that servers are trusted by: reading them takes longer than a request."""
    return httpx2.create_ssl_context(trust_env=from_environment)


class Chat:
    """Asks one judge at one address; an asynchronous context."""

    def __init__(self, url: str, asking: JudgeSetup) -> None:
        self._asking = asking
        self.where = f"judge at {url}"
        self._connection = openai.AsyncOpenAI(
            base_url=url,
            api_key=asking.settings.key(),
            max_retries=0,
            timeout=asking.settings.timeout_s,
            default_headers={"Accept-Encoding": "identity"},
            http_client=openai.DefaultAsyncHttpxClient(
                verify=_trusted(from_environment=not is_local(url)),
                trust_env=not is_local(url),
                event_hooks={"response": [_bound_body]},
            ),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._connection.close()

    async def ask(self, prompt: str, attempts: int | None = None) -> Reply:
        """The reply to one prompt; what may pass is tried again.

        Args:
            prompt: the user's message.
            attempts: tries; by default as many as the settings say.

        Raises:
            PromptRefusedError: the server does not take this prompt.
            RequestFailedError: all tries failed.
            JudgeError: no prompt would be taken: wrong model, key or address.
        """
        try:
            prompt.encode()
        except UnicodeEncodeError as error:
            raise PromptRefusedError(f"a prompt that is not Unicode text ({error.reason})") from error
        tries = attempts or self._asking.settings.attempts
        retrying = AsyncRetrying(
            stop=stop_after_attempt(tries), wait=self._pause, retry=retry_if_exception(is_transient), reraise=True
        )
        try:
            reply: Reply = await retrying(self._request, prompt)
        except openai.APIStatusError as error:
            if is_transient(error):
                raise RequestFailedError(f"{self.where} failed {tries} times: {_line(error)}", False) from error
            if error.status_code in REFUSING_STATUSES:
                raise PromptRefusedError(f"{self.where}: {_line(error)}") from error
            raise JudgeError(f"{self.where}: {_line(error)}; {self._advice(error.status_code)}") from error
        except (openai.OpenAIError, TimeoutError, _GarbageError) as error:
            garbage = isinstance(error, _GarbageError)
            raise RequestFailedError(f"{self.where} failed {tries} times: {_line(error)}", garbage) from error
        return reply

    async def probe(self, attempts: int | None = None) -> Reply:
        """The reply to the probe, as for :meth:`ask`; a judge that refuses it refuses every prompt.

        Raises:
            RequestFailedError: all tries failed.
            JudgeError: the judge takes no prompt of this study's form.
        """
        try:
            return await self.ask(self._asking.probe, attempts)
        except PromptRefusedError as error:
            raise JudgeError(
                f"{error}; it refuses a plain prompt of this study: is judge.server.served_name right, "
                "and does it take the system message of judge.yaml?"
            ) from error

    async def _request(self, prompt: str) -> Reply:
        async with asyncio.timeout(self._asking.settings.timeout_s):
            response = await self._connection.chat.completions.with_raw_response.create(
                model=self._asking.model,
                messages=self._asking.messages(prompt),  # type: ignore[arg-type]
                max_tokens=self._asking.settings.max_tokens,
                temperature=0.0,
            )
        return _reply(response.content)

    def _pause(self, state: RetryCallState) -> float:
        """Seconds to the next try: doubled each time, or as long as the server asks for."""
        backoff = self._asking.settings.backoff_s
        pause = wait_exponential_jitter(multiplier=backoff, max=LONGEST_PAUSE_S, jitter=backoff)(state)
        error = state.outcome.exception() if state.outcome else None
        asked = error.response.headers.get("retry-after", "") if isinstance(error, openai.APIStatusError) else ""
        return min(max(pause, float(asked) if asked.isdecimal() else 0.0), LONGEST_PAUSE_S)

    def _advice(self, status: int) -> str:
        if status in (401, 403):
            return f"is the API key right? (judge.client.api_key_variable, {DEFAULT_KEY_VARIABLE})"
        return "is judge.server.served_name right, and the address?"


def probe(asking: JudgeSetup, url: str, attempts: int | None = None) -> None:
    """Have a judge answer one real prompt, whatever it says.

    Raises:
        RequestFailedError: it fails now.
        JudgeError: it would fail for ever.
    """

    async def once() -> None:
        async with Chat(url, asking) as chat:
            await chat.probe(attempts)

    asyncio.run(once())


def is_transient(error: BaseException) -> bool:
    """Whether the same request may succeed later: no connection, timeout, overload, an answer that is no answer."""
    if isinstance(error, openai.APIStatusError):
        return passes(error.status_code)
    return isinstance(error, openai.APIConnectionError | TimeoutError | _GarbageError)


def _reply(body: bytes) -> Reply:
    try:
        choice = _Completion.model_validate_json(body).choices[0]
        text = choice.message.content
        (text or "").encode()
    except ValidationError as error:
        raise _GarbageError(f"not a chat completion ({error.errors(include_input=False)[0]['msg']})") from error
    except UnicodeEncodeError as error:
        raise _GarbageError(f"not Unicode text ({error.reason})") from error
    return Reply(None if text is None else text.strip(), choice.finish_reason == "length")


class _Bounded(httpx2.AsyncByteStream):
    """A body that ends in an error when it is larger than any answer of a judge's."""

    def __init__(self, response: httpx2.Response) -> None:
        self._request = response.request
        self._stream = response.stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:  # type: ignore[union-attr]
            size += len(chunk)
            if size > LARGEST_BODY:
                raise httpx2.ReadError(f"the answer is larger than {LARGEST_BODY:,} bytes", request=self._request)
            yield chunk

    async def aclose(self) -> None:
        with contextlib.suppress(httpx2.HTTPError):
            await self._stream.aclose()  # type: ignore[union-attr]


async def _bound_body(response: httpx2.Response) -> None:
    """Bound what will be read, for error statuses too; a compressed body, which nobody asked for, has no bound."""
    encoding = response.headers.get("content-encoding", "identity")
    if encoding != "identity":
        raise httpx2.ReadError("the answer is compressed, unasked", request=response.request)
    response.stream = _Bounded(response)


def _line(error: BaseException) -> str:
    """An error's message on one line, with what caused it where the client's own words say little."""
    if isinstance(error, TimeoutError | openai.APITimeoutError):
        return "no whole answer in judge.client.timeout_s"
    cause = f" ({error.__cause__})" if isinstance(error, openai.APIConnectionError) and error.__cause__ else ""
    return plain(f"{error}{cause}", LONGEST_LINE)
