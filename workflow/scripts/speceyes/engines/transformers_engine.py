"""A transformers vision-language model in this process: greedy batches, stop strings, top-K while generating."""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import BaseModel, ConfigDict, Field

from speceyes.engines.base import EngineError, Generation, Message, Request, StopReason
from speceyes.engines.images import ImageSettings, fit
from speceyes.engines.lean_transformers import (
    AutoModelForImageTextToText,
    GenerationConfig,
    StoppingCriteria,
    StoppingCriteriaList,
    disable_progress_bar,
)
from speceyes.engines.processors import load_processor
from speceyes.engines.text import cut_after_stop, without_control_tokens
from speceyes.engines.top_k import captured_top_k


class Settings(BaseModel):
    """How a model is loaded and how large it sees images."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dtype: Literal["auto", "float32", "bfloat16"] = Field("auto", description="Weights' type; auto: as stored.")
    attention: Literal["sdpa", "eager", "flash_attention_2"] = Field("sdpa", description="Attention implementation.")
    device: str = Field("auto", description="torch device; auto: the first CUDA device, else the CPU.")
    device_map: str | None = Field(None, description="Spread the model over devices (auto, balanced); replaces device.")
    image: ImageSettings = Field(default_factory=ImageSettings, description="Size of images as the model sees them.")


class TransformersEngine:
    """One loaded model answering batches of requests, greedily, from a local folder.

    Args:
        model_path: a folder as written by ``save_pretrained`` (weights, config, tokenizer, image processor).
        settings: see :class:`Settings`.

    Raises:
        EngineError: the folder holds no model of a known family, or the device cannot be used.
    """

    def __init__(self, model_path: Path, settings: Settings) -> None:
        self._settings = settings
        self._processor = load_processor(model_path)
        self._tokenizer = self._processor.tokenizer
        self._model = _load_model(model_path, settings)
        self._generation = _greedy_config(self._model.generation_config, self._tokenizer)
        self._own_grid = _own_grid(self._processor.image_processor)
        self._pieces: dict[int, str] = {}
        special = (token.content for token in self._tokenizer.added_tokens_decoder.values() if token.special)
        self._control = re.compile("|".join(map(re.escape, special)))

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        """Answer all requests as one left-padded batch, each with its own limit, stops and top-K."""
        if not requests:
            return []
        started = time.perf_counter()
        inputs = self._encode(requests)
        ends = _RowEnds(requests, self._generation.eos_token_id, self)
        config = copy.copy(self._generation)
        config.max_new_tokens = max(request.max_new_tokens for request in requests)
        with torch.inference_mode(), captured_top_k(self._model, max(r.top_k for r in requests)) as top_k:
            self._model.generate(**inputs, generation_config=config, stopping_criteria=StoppingCriteriaList([ends]))
        latency_s = (time.perf_counter() - started) / len(requests)
        prompt_tokens = inputs["attention_mask"].sum(dim=1).tolist()
        return [
            Generation(
                text=cut_after_stop(self.decode(ids), request.stop),
                token_ids=tuple(ids),
                tokens=tuple(map(self.piece, ids)),
                prompt_tokens=prompt_tokens[row],
                stop_reason=ends.reasons[row] or "length",
                latency_s=latency_s,
                top_logprobs=top_k.row(row, len(ids), request.top_k) if top_k is not None and request.top_k else None,
            )
            for row, (request, ids) in enumerate(zip(requests, ends.token_ids, strict=True))
        ]

    def decode(self, token_ids: Sequence[int]) -> str:
        """Text without special tokens; tags such as ``<answer>`` are ordinary added tokens and stay."""
        text: str = self._tokenizer.decode(token_ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def piece(self, token_id: int) -> str:
        """The text of one token by itself."""
        if token_id not in self._pieces:
            self._pieces[token_id] = self._tokenizer.decode([token_id], clean_up_tokenization_spaces=False)
        return self._pieces[token_id]

    def _encode(self, requests: Sequence[Request]) -> Any:
        """Tokenised, left-padded prompts with pixel values and the multimodal token types that M-RoPE needs."""
        images = [
            fit(fit(image, self._settings.image), self._own_grid)
            for request in requests
            for message in request.messages
            for image in message.images
        ]
        pixels: dict[str, Any] = {"images": images, "do_resize": False} if images else {}
        batch = self._processor(
            text=[self.render(request.messages) for request in requests], padding=True, return_tensors="pt", **pixels
        )
        return batch.to(self._model.device)

    def render(self, messages: Sequence[Message]) -> str:
        """The prompt as text, one image placeholder per image.

        An assistant message at the end is left open: its parts follow the generation prompt, so that
        the model continues that very turn, whatever the template does with images in assistant turns.
        """
        continued = messages[-1] if messages[-1].role == "assistant" else None
        closed = messages[:-1] if continued else messages
        prompt: str = self._processor.apply_chat_template(
            [self._chat_form(message) for message in closed], add_generation_prompt=True, tokenize=False
        )
        return prompt + (self._inline(continued) if continued else "")

    def _chat_form(self, message: Message) -> dict[str, Any]:
        if message.role == "assistant":
            return {"role": "assistant", "content": self._inline(message)}
        content = [
            {"type": "text", "text": without_control_tokens(part, self._control)}
            if isinstance(part, str)
            else {"type": "image"}
            for part in message.parts
        ]
        return {"role": message.role, "content": content}

    def _inline(self, message: Message) -> str:
        processor = self._processor
        image = f"{processor.vision_start_token}{processor.image_token}{processor.vision_end_token}"
        return "".join(
            without_control_tokens(part, self._control) if isinstance(part, str) else image for part in message.parts
        )


class _RowEnds(StoppingCriteria):
    """Follows each row to its own end (end of text, stop string, limit) and keeps its tokens up to there."""

    def __init__(self, requests: Sequence[Request], end_of_text: Sequence[int], engine: TransformersEngine) -> None:
        self.token_ids: list[list[int]] = [[] for _ in requests]
        self.reasons: list[StopReason | None] = [None] * len(requests)
        self._requests = requests
        self._end_of_text = frozenset(end_of_text)
        self._engine = engine

    def __call__(self, input_ids: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
        for row, token_id in enumerate(input_ids[:, -1].tolist()):
            if self.reasons[row] is None:
                self.reasons[row] = self._take(self._requests[row], self.token_ids[row], token_id)
        return torch.tensor([reason is not None for reason in self.reasons], device=input_ids.device)

    def _take(self, request: Request, token_ids: list[int], token_id: int) -> StopReason | None:
        if token_id in self._end_of_text:
            return "end_of_text"
        token_ids.append(token_id)
        if request.stop and self._stops(request.stop, token_ids):
            return "stop_string"
        return "length" if len(token_ids) >= request.max_new_tokens else None

    def _stops(self, stops: Sequence[str], token_ids: Sequence[int]) -> bool:
        # A stop string can only be complete now if its last character lies in the newest token
        # (or in a character whose bytes that token completes), so most steps decode nothing.
        piece = self._engine.piece(token_ids[-1])
        if not any(stop[-1] in piece or "\ufffd" in piece for stop in stops):
            return False
        text = self._engine.decode(token_ids)
        return any(stop in text for stop in stops)


def _load_model(model_path: Path, settings: Settings) -> Any:
    device = _device(settings.device)
    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model: Any = AutoModelForImageTextToText.from_pretrained(
            model_path,
            dtype=settings.dtype,
            attn_implementation=settings.attention,
            device_map=settings.device_map or device,
            local_files_only=True,
        )
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        line = str(error).strip().splitlines()[0]
        raise EngineError(f"{model_path}: cannot be loaded with {settings.attention} on {device}: {line}") from error
    return model


def _device(name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        line = str(error).strip().splitlines()[0]
        raise EngineError(f"device {name!r} cannot be used: {line}; leave it at auto") from error
    return name


def _greedy_config(saved: GenerationConfig, tokenizer: Any) -> GenerationConfig:
    """The model's own generation config, a repetition penalty included, without sampling."""
    config = copy.deepcopy(saved)
    ends = saved.eos_token_id if isinstance(saved.eos_token_id, list) else [saved.eos_token_id]
    config.eos_token_id = sorted({end for end in (*ends, tokenizer.eos_token_id) if end is not None})
    config.pad_token_id = tokenizer.pad_token_id
    config.do_sample = False
    config.temperature = config.top_p = config.top_k = None
    return config


def _own_grid(image_processor: Any) -> ImageSettings:
    """The model's own size rule; what already fits it is not resized again.

    The published runs fit every image to multiples of 28 pixels and Qwen3-VL's processor then refits to 32.
    """
    return ImageSettings(
        factor=image_processor.patch_size * image_processor.merge_size,
        min_pixels=image_processor.size["shortest_edge"],
        max_pixels=image_processor.size["longest_edge"],
    )
