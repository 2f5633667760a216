"""Asking the judge: concurrent requests to an OpenAI-compatible server, with retry, backoff and a cache on disk."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import diskcache
import openai
from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from speceyes.judging.settings import ClientSettings
from speceyes.progress import Progress

log = logging.getLogger(__name__)

TRANSIENT = (openai.APIConnectionError, openai.APITimeoutError, openai.RateLimitError, openai.InternalServerError)


class JudgeError(Exception):
    """A judge that cannot be reached or does not answer; one line that says what to do."""


class JudgeClient:
    """Asks one model at one address; every reply is kept under the hash of model and prompt."""

    def __init__(self, base_url: str, model: str, identity: str, cache_dir: Path, settings: ClientSettings) -> None:
        self._settings = settings
        self._model = model
        self._identity = identity
        self._base_url = base_url
        self._cache = diskcache.Cache(str(cache_dir))

    def replies(self, prompts: Sequence[str]) -> dict[str, str]:
        """The reply to each distinct prompt.

        Raises:
            JudgeError: a request failed for good; replies received until then are in the cache.
        """
        return asyncio.run(self._replies(sorted(set(prompts))))

    def cached(self, prompt: str) -> str | None:
        """A reply from an earlier run."""
        reply: str | None = self._cache.get(self._key(prompt))
        return reply

    def _key(self, prompt: str) -> str:
        return hashlib.sha256(f"{self._identity}\0{self._settings.max_tokens}\0{prompt}".encode()).hexdigest()

    async def _replies(self, prompts: list[str]) -> dict[str, str]:
        found = {prompt: reply for prompt in prompts if (reply := self.cached(prompt)) is not None}
        todo = [prompt for prompt in prompts if prompt not in found]
        gate = asyncio.Semaphore(self._settings.concurrency)
        client = openai.AsyncOpenAI(
            base_url=self._base_url, api_key="none", timeout=self._settings.timeout_s, max_retries=0
        )
        with Progress("judge", len(prompts), len(found)) as progress:

            async def one(prompt: str) -> None:
                async with gate:
                    found[prompt] = await self._ask(client, prompt)
                self._cache.set(self._key(prompt), found[prompt])
                progress.advance()

            try:
                async with client, asyncio.TaskGroup() as group:
                    for prompt in todo:
                        group.create_task(one(prompt))
            except* JudgeError as errors:
                raise JudgeError(str(errors.exceptions[0])) from None
        return found

    async def _ask(self, client: openai.AsyncOpenAI, prompt: str) -> str:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._settings.attempts),
            wait=wait_exponential_jitter(initial=0.5, max=30),
            retry=retry_if_exception_type(TRANSIENT),
        )
        try:
            async for attempt in retrying:
                with attempt:
                    response = await client.chat.completions.create(
                        model=self._model,
                        messages=[{"role": "user", "content": prompt}],
                        max_tokens=self._settings.max_tokens,
                        temperature=0.0,
                    )
                    return (response.choices[0].message.content or "").strip() if response.choices else ""
        except RetryError as error:
            last = error.last_attempt.exception()
            raise JudgeError(f"judge at {self._base_url} failed {self._settings.attempts} times: {last}") from error
        except openai.APIError as error:
            raise JudgeError(
                f"judge at {self._base_url} refused the request: {error}; is the model name right?"
            ) from error
        raise JudgeError(f"judge at {self._base_url} gave no answer")
