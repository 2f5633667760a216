"""A model behind an OpenAI-compatible server: the same requests and generations, over HTTP.

Written for vLLM, which keeps stop strings in the text and continues an open assistant turn on
request, and returns as many log-probabilities as ``--max-logprobs`` allows.
"""

from __future__ import annotations

import base64
import io
import os
import re
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt
from openai import APIError, OpenAI
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from speceyes.engines.base import EngineError, Generation, Message, Request, StopReason
from speceyes.engines.text import cut_after_stop, without_control_tokens
from speceyes.images import ImageSettings, fit

CONTROL = re.compile(r"<\|\w+\|>")


class Settings(BaseModel):
    """Where the server is and how large its model sees images."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(description="Base URL of the server, e.g. http://127.0.0.1:8000/v1.")
    model: str = Field(min_length=1, description="Served model name.")
    timeout_s: float = Field(600.0, gt=0, description="Longest wait for one generation.")
    retries: int = Field(4, ge=0, description="Further tries, with growing pauses, when the server fails or is busy.")
    image: ImageSettings = Field(default_factory=ImageSettings, description="Size of images as the model sees them.")


class _TopLogprob(BaseModel):
    logprob: float


class _Token(BaseModel):
    token: str
    top_logprobs: list[_TopLogprob]


class _Logprobs(BaseModel):
    content: list[_Token]


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str
    stop_reason: str | int | None = None
    token_ids: list[int] = []
    logprobs: _Logprobs


class _Usage(BaseModel):
    prompt_tokens: int


class _Completion(BaseModel):
    """What is used of a reply; a server is not trusted to be one."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage


class OpenAIEngine:
    """Answers batches of requests concurrently; the key, if the server wants one, is ``OPENAI_API_KEY``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = OpenAI(
            base_url=settings.url,
            api_key=os.environ.get("OPENAI_API_KEY", "none"),
            timeout=settings.timeout_s,
            max_retries=settings.retries,
        )

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        """Answer all requests at once.

        Raises:
            EngineError: the server cannot be reached, refuses, or leaves out what was asked for.
        """
        if not requests:
            return []
        started = time.perf_counter()
        with ThreadPoolExecutor(max_workers=len(requests)) as pool:
            replies = list(pool.map(self._reply, requests))
        latency_s = (time.perf_counter() - started) / len(requests)
        return [self._generation(request, reply, latency_s) for request, reply in zip(requests, replies, strict=True)]

    def _reply(self, request: Request) -> _Completion:
        messages: Any = [self._wire_form(message) for message in request.messages]
        try:
            raw = self._client.chat.completions.with_raw_response.create(
                model=self._settings.model,
                messages=messages,
                max_tokens=request.max_new_tokens,
                temperature=0.0,
                stop=list(request.stop) or None,
                logprobs=True,
                top_logprobs=request.top_k,
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
            raise EngineError(f"{self._settings.url}, model {self._settings.model}: {error.message}") from error
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "reply"
            raise EngineError(
                f"{self._settings.url}: {field}: {first['msg']}; the server must return log-probabilities, as vLLM does"
            ) from error

    def _wire_form(self, message: Message) -> dict[str, Any]:
        content = [
            {"type": "text", "text": without_control_tokens(part, CONTROL)}
            if isinstance(part, str)
            else {"type": "image_url", "image_url": {"url": _data_uri(fit(part, self._settings.image))}}
            for part in message.parts
        ]
        return {"role": message.role, "content": content}

    def _generation(self, request: Request, reply: _Completion, latency_s: float) -> Generation:
        choice = reply.choices[0]
        text, stop_reason = _ending(request, choice)
        entries = choice.logprobs.content
        if stop_reason == "end_of_text" and entries and "".join(entry.token for entry in entries[:-1]) == text:
            entries = entries[:-1]  # the end-of-text token itself
        return Generation(
            text=text,
            token_ids=tuple(choice.token_ids[: len(entries)]),
            tokens=tuple(entry.token for entry in entries),
            prompt_tokens=reply.usage.prompt_tokens,
            stop_reason=stop_reason,
            latency_s=latency_s,
            top_logprobs=self._top_logprobs(entries, request.top_k) if request.top_k else None,
        )

    def _top_logprobs(self, entries: Sequence[_Token], top_k: int) -> npt.NDArray[np.float32]:
        rows = [sorted((top.logprob for top in entry.top_logprobs), reverse=True)[:top_k] for entry in entries]
        if fewest := [len(row) for row in rows if len(row) < top_k]:
            raise EngineError(
                f"{self._settings.url}: asked for {top_k} log-probabilities per token, got {min(fewest)}; "
                f"start the server with --max-logprobs {top_k}"
            )
        return np.array(rows, dtype=np.float32).reshape(len(rows), top_k)


def _ending(request: Request, choice: _Choice) -> tuple[str, StopReason]:
    """The text, its stop string included, and why it ended."""
    text = choice.message.content or ""
    if isinstance(choice.stop_reason, str) and choice.stop_reason not in text:
        text += choice.stop_reason
    text = cut_after_stop(text, request.stop)
    if text.endswith(request.stop):
        return text, "stop_string"
    return text, "length" if choice.finish_reason == "length" else "end_of_text"


def _data_uri(image: Image.Image) -> str:
    """Losslessly, so that the model sees the same pixels as in process."""
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
