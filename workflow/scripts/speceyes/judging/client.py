"""Asking the judge for verdicts: prompts side by side, verdicts kept on disk, an error where the judge gives none."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Mapping
from typing import Self

from speceyes.border import shown
from speceyes.judging.cache import ReplyCache
from speceyes.judging.chat import Chat, JudgeError, JudgeSetup, PromptRefusedError, Reply, RequestFailedError
from speceyes.judging.replies import judgement
from speceyes.judging.scorers import HoldsVerdict
from speceyes.runtime.progress import Progress

log = logging.getLogger(__name__)

PATIENCE = 5  # replies in a row without a verdict, until the judge has to show that it can judge at all

# Opens a judge and gives its base URL; called when the first reply is missing, closed by the client.
OpenJudge = Callable[[], contextlib.AbstractContextManager[str]]


class JudgeClient:
    """Asks one model; the judge is opened when a verdict is missing, and closed with the client.

    Args:
        open_judge: starts the judge, or names one that runs.
        asking: model name, system message, probe, concurrency, retries, reply length.
        cache: where verdicts are kept as they come; replies without one are not.
    """

    def __init__(self, open_judge: OpenJudge, asking: JudgeSetup, cache: ReplyCache) -> None:
        self._open_judge = open_judge
        self._asking = asking
        self._cache = cache
        self._stack = contextlib.ExitStack()
        self._url: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def replies(self, prompts: Mapping[str, HoldsVerdict]) -> dict[str, str]:
        """The reply to each prompt, with or without a verdict; none for a prompt that could not be answered.

        Args:
            prompts: with what says whether a reply to it holds a verdict.

        Raises:
            JudgeError: the judge could not be opened, takes no prompt, or has given no verdict for a while and
                gives none to the probe either; verdicts received until then are in the cache.
        """
        cached = {prompt: self._cache.get(self._key(prompt)) for prompt in sorted(prompts)}
        found = {prompt: reply for prompt, reply in cached.items() if reply is not None and prompts[prompt](reply)}
        missing = [prompt for prompt in cached if prompt not in found]
        if missing:
            if self._url is None:
                self._url = self._stack.enter_context(self._open_judge())
            found |= asyncio.run(self._ask_all(self._url, missing, prompts, len(found)))
        return found

    async def _ask_all(
        self, url: str, missing: list[str], prompts: Mapping[str, HoldsVerdict], known: int
    ) -> dict[str, str]:
        with Progress("judge", known + len(missing), known, unit=" answers") as progress:
            async with Chat(url, self._asking) as chat:
                watched = _Watched(chat)
                limit = asyncio.Semaphore(self._asking.settings.concurrency)

                async def one(prompt: str) -> tuple[str, str | None]:
                    async with limit:
                        reply = await watched.reply(prompt, prompts[prompt])
                    if reply is not None and prompts[prompt](reply):
                        self._cache.put(self._key(prompt), reply)
                    progress.advance()
                    return prompt, reply

                try:
                    async with asyncio.TaskGroup() as group:
                        tasks = [group.create_task(one(prompt)) for prompt in missing]
                except* JudgeError as errors:
                    raise JudgeError(str(errors.exceptions[0])) from errors.exceptions[0]
        return {prompt: reply for prompt, reply in (task.result() for task in tasks) if reply is not None}

    def _key(self, prompt: str) -> str:
        """All of a request that the reply depends on, as the cache knows it."""
        return json.dumps([self._asking.model, self._asking.settings.max_tokens, *self._asking.messages(prompt)])


class _Watched:
    """A chat that stops when the judge, not an answer, is what is wrong.

    An answer may be refused, fail, or get a reply without a verdict: that concerns this answer alone, which has none
    then. After :data:`PATIENCE` in a row, or one failed request, the judge is given the probe; a judge that cannot
    answer that either ends the job.
    """

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self._bad_in_a_row = 0
        self._probing = asyncio.Lock()

    async def reply(self, prompt: str, holds_verdict: HoldsVerdict) -> str | None:
        """The reply, None where there is none.

        Raises:
            JudgeError: the judge takes no prompt, or gives no verdicts.
        """
        patience, text = PATIENCE, None
        try:
            reply = await self._chat.ask(prompt)
        except PromptRefusedError as error:
            trouble = str(error)
        except RequestFailedError as error:
            patience, trouble = 1, str(error)
        else:
            text = reply.text
            if holds_verdict(text or ""):
                self._bad_in_a_row = 0
                return text
            trouble = _without_verdict(reply)
        log.warning("an answer of %d characters stays without a verdict: %s", len(prompt), trouble)
        self._bad_in_a_row += 1
        if self._bad_in_a_row >= patience:
            await self._probe(trouble)
        return text

    async def _probe(self, trouble: str) -> None:
        async with self._probing:
            if not self._bad_in_a_row:
                return
            try:
                reply = await self._chat.probe()
            except RequestFailedError as error:
                raise JudgeError(str(error)) from error
            if judgement(reply.text or "") is None:
                raise JudgeError(
                    f"{self._chat.where} gives no verdicts: {self._bad_in_a_row} answers in a row without one, "
                    f"the last with {trouble}; a plain case got {_without_verdict(reply)}"
                )
            self._bad_in_a_row = 0


def _without_verdict(reply: Reply) -> str:
    """What is wrong with a reply that holds no verdict."""
    if reply.cut:
        return "a reply cut off before its verdict (judge.client.max_tokens is its greatest length)"
    if reply.text is None:
        return "a reply without content (null)"
    return f"the reply {shown(reply.text)}" if reply.text else "an empty reply"
