"""A model behind an OpenAI-compatible server: the same requests and generations, over HTTP.

Written for vLLM, which keeps stop strings in the text, continues an open assistant turn on request, and
returns token ids and as many log-probabilities as ``--max-logprobs`` allows. What a confidence is computed
from is either exact or an error: a server that leaves something out is told what to be started with.
"""

from __future__ import annotations

import base64
import io
import math
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from openai import APIConnectionError, APIError, APIStatusError, DefaultHttpxClient, OpenAI, omit
from PIL import Image
from pydantic import BaseModel, Field, ValidationError

from speceyes.border import plain, problem
from speceyes.engines.base import EngineError, Generation, Message, Request, StopReason
from speceyes.engines.served import ServedSettings
from speceyes.engines.server import NotReadyError, is_local, passes
from speceyes.engines.text import cut_after_stop, without_control_tokens
from speceyes.engines.tool_calls import TOOL_CALL, call_text, wire_call, wire_tool
from speceyes.images import fit

CONTROL = re.compile(r"<\|\w+\|>")
CLAMPED = -9999.0  # what vLLM sends for minus infinity, which JSON does not have


class _TopLogprob(BaseModel):
    logprob: float | None


class _Token(BaseModel):
    token: str
    logprob: float | None
    top_logprobs: list[_TopLogprob]


class _Logprobs(BaseModel):
    content: list[_Token]


class _Function(BaseModel):
    name: str
    arguments: str


class _ToolCall(BaseModel):
    function: _Function


class _Message(BaseModel):
    content: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str
    stop_reason: str | int | None = None
    token_ids: list[int]
    logprobs: _Logprobs


class _Usage(BaseModel):
    prompt_tokens: int
    completion_tokens: int


class _Completion(BaseModel):
    """What is used of a reply; a server is not trusted to be one."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage


class ServedEngine:
    """Answers batches of requests, as many at once as ``settings.concurrency`` allows.

    Args:
        url: base URL of a server that answers.
        api_key: the server's key.
        settings: served name, patience, view size.
    """

    def __init__(self, url: str, api_key: str, settings: ServedSettings) -> None:
        self._url = url
        self._settings = settings
        self._client = _client(url, api_key, settings)
        self._pool = ThreadPoolExecutor(settings.concurrency)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        """Answer all requests at once.

        Raises:
            EngineError: the server cannot be reached, refuses, or leaves out what was asked for.
        """
        started = time.perf_counter()
        replies = list(self._pool.map(self._reply, requests))
        latency_s = (time.perf_counter() - started) / max(1, len(requests))
        return [self._generation(request, reply, latency_s) for request, reply in zip(requests, replies, strict=True)]

    def _reply(self, request: Request) -> _Completion:
        messages: Any = self._wire_messages(request)
        tools: Any = [wire_tool(tool) for tool in request.tools]
        try:
            raw = self._client.chat.completions.with_raw_response.create(
                model=self._settings.served_name,
                messages=messages,
                max_tokens=request.max_new_tokens,
                temperature=0.0,
                stop=list(request.stop) or None,
                logprobs=True,
                top_logprobs=request.top_k,
                tools=tools or omit,
                parallel_tool_calls=False if tools else omit,
                extra_body={
                    "include_stop_str_in_output": True,
                    "return_token_ids": True,
                    "continue_final_message": request.continues,
                    "add_generation_prompt": not request.continues and request.opens != "nothing",
                    "ignore_eos": request.ignore_end_of_text,
                },
            )
            return _Completion.model_validate_json(raw.content)
        except APIError as error:
            raise self._error(f"{plain(error.message)}{_remedy(error.message, request.top_k)}") from error
        except ValidationError as error:
            raise self._error(
                f"{problem(error, 'reply')}; the server must return token ids and log-probabilities, as vLLM does"
            ) from error

    def _wire_messages(self, request: Request) -> list[dict[str, Any]]:
        """The dialogue; with tools, a call in an assistant's text and the answer to it in their own form."""
        messages: list[dict[str, Any]] = []
        open_call = ""
        for place, message in enumerate(request.messages):
            said = "".join(part for part in message.parts if isinstance(part, str))
            call = wire_call(said, f"call_{place}") if request.tools and message.role == "assistant" else None
            if call:
                messages.append({"role": "assistant", "content": TOOL_CALL.split(said)[0], "tool_calls": [call]})
            elif message.role == "tool" and open_call:
                messages.append({"role": "tool", "tool_call_id": open_call, "content": said})
            else:
                messages.append(self._wire_form(message))
            open_call = call["id"] if call else ""
        return messages

    def _wire_form(self, message: Message) -> dict[str, Any]:
        content = [
            {"type": "text", "text": without_control_tokens(part, CONTROL)}
            if isinstance(part, str)
            else {"type": "image_url", "image_url": {"url": _data_uri(fit(part, self._settings.image))}}
            for part in message.parts
        ]
        # An answer to a call that could not be read as one.
        return {"role": "user" if message.role == "tool" else message.role, "content": content}

    def _generation(self, request: Request, reply: _Completion, latency_s: float) -> Generation:
        choice = reply.choices[0]
        text, stop_reason = _ending(request, choice)
        entries = choice.logprobs.content
        if not len(entries) == len(choice.token_ids) == reply.usage.completion_tokens:
            raise self._error(
                f"{reply.usage.completion_tokens} tokens, {len(choice.token_ids)} token ids and {len(entries)} rows of "
                "log-probabilities came for one answer; start vLLM without options that merge or hide tokens"
            )
        if stop_reason == "end_of_text" and entries:
            self._check_end(choice)
            entries = entries[:-1]
        return Generation(
            text=text,
            token_ids=tuple(choice.token_ids[: len(entries)]),
            tokens=tuple(entry.token for entry in entries),
            prompt_tokens=reply.usage.prompt_tokens,
            stop_reason=stop_reason,
            latency_s=latency_s,
            top_logprobs=self._top_logprobs(entries, request.top_k) if request.top_k else None,
        )

    def _check_end(self, choice: _Choice) -> None:
        """An answer that ended by itself must have its end-of-text token last, which is not one of the answer's.

        Raises:
            EngineError: the last token belongs to the text, so that it cannot be said which tokens do.
        """
        last = choice.logprobs.content[-1].token
        named = isinstance(choice.stop_reason, int) and choice.stop_reason == choice.token_ids[-1]
        if not (named or not last or CONTROL.fullmatch(last)):
            raise self._error(
                f"the answer ended by itself, but its last token is {last!r}, not an end of text; "
                "ask a server that returns it, as vLLM does without ignore_eos"
            )

    def _top_logprobs(self, entries: Sequence[_Token], top_k: int) -> npt.NDArray[np.float32]:
        rows = [self._top_row(entry, top_k) for entry in entries]
        return np.array(rows, dtype=np.float32).reshape(len(rows), top_k)

    def _top_row(self, entry: _Token, top_k: int) -> list[float]:
        """One token's log-probabilities in descending order.

        Raises:
            EngineError: they are fewer than asked for, or not those of the model.
        """
        found = [top.logprob for top in entry.top_logprobs[:top_k]]
        if len(found) < top_k:
            raise self._error(
                f"asked for {top_k} log-probabilities per token, got {len(found)}; "
                f"start the server with --max-logprobs {top_k}"
            )
        row = sorted((value for value in found if value is not None and math.isfinite(value)), reverse=True)
        if len(row) < top_k:
            raise self._error("log-probabilities that are not finite; start the server with another --dtype")
        if row[-1] <= CLAMPED:
            raise self._error(
                f"a log-probability of {row[-1]:g}, which stands for a token that was masked out; "
                "start the server with --logprobs-mode raw_logprobs"
            )
        return row

    def _error(self, text: str) -> EngineError:
        return EngineError(f"{self._url}, model {self._settings.served_name}: {text}")


def ask_one_token(url: str, api_key: str, settings: ServedSettings) -> None:
    """A first request, tried once.

    Raises:
        NotReadyError: no connection, or a server that is busy or not up yet.
        EngineError: it refuses.
    """
    with _client(url, api_key, settings).with_options(max_retries=0) as client:
        try:
            client.chat.completions.create(
                model=settings.served_name, messages=[{"role": "user", "content": "1"}], max_tokens=1, temperature=0.0
            )
        except APIError as error:
            if isinstance(error, APIConnectionError) or (
                isinstance(error, APIStatusError) and passes(error.status_code)
            ):
                raise NotReadyError(plain(error.message)) from error
            name = settings.served_name
            raise EngineError(f"{name} is refused: {plain(error.message)}; is served_name right?") from error


def _client(url: str, api_key: str, settings: ServedSettings) -> OpenAI:
    return OpenAI(
        base_url=url,
        api_key=api_key,
        timeout=settings.timeout_s,
        max_retries=settings.retries,
        http_client=DefaultHttpxClient(trust_env=not is_local(url)),
    )


def _remedy(message: str, top_k: int) -> str:
    """What to start the server with, where its refusal is about the number of log-probabilities."""
    return f"; start the server with --max-logprobs {top_k}" if "logprobs" in message else ""


def _ending(request: Request, choice: _Choice) -> tuple[str, StopReason]:
    """The text, its stop string included, and why it ended."""
    text = choice.message.content or ""
    if isinstance(choice.stop_reason, str) and choice.stop_reason not in text:
        text += choice.stop_reason
    text = cut_after_stop(text, request.stop)
    if text.endswith(request.stop):
        return text, "stop_string"
    if request.tools and choice.message.tool_calls:  # one at a time was asked for
        called = choice.message.tool_calls[0].function
        text += call_text(called.name, called.arguments)
    return text, "length" if choice.finish_reason == "length" else "end_of_text"


def _data_uri(image: Image.Image) -> str:
    """Losslessly, so that the model sees the same pixels as in process."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
