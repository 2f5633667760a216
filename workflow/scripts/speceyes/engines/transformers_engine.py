"""A transformers vision-language model in this process: greedy batches, stop strings, top-K while generating."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import torch

from speceyes.engines.attention import attention_for, without_plans
from speceyes.engines.base import EngineError, Generation, OutOfMemoryError, Request
from speceyes.engines.decoding import SMALLEST, Decoding
from speceyes.engines.in_process import TransformersSettings
from speceyes.engines.kv_cache import cache_with_room
from speceyes.engines.lean_transformers import (
    AutoModelForImageTextToText,
    GenerationConfig,
    disable_progress_bar,
)
from speceyes.engines.memory import MORE_ROOM, enough_memory, is_out_of_memory, keep_freed_memory
from speceyes.engines.padding import of_like_length
from speceyes.engines.picture_features import PictureFeatures
from speceyes.engines.processors import load_codec
from speceyes.engines.qwen_codec import QwenCodec
from speceyes.engines.row_ends import RowEnds
from speceyes.engines.text import cut_after_stop
from speceyes.engines.top_k import TopK

log = logging.getLogger(__name__)


class TransformersEngine:
    """One loaded model answering batches of requests, greedily, from a local folder.

    Args:
        model_path: a folder as written by ``save_pretrained`` (weights, config, tokenizer, image processor).
        settings: see :class:`TransformersSettings`.

    Raises:
        EngineError: the folder holds no model of a known family, or the device cannot be used.
    """

    def __init__(self, model_path: Path, settings: TransformersSettings) -> None:
        self._path = model_path
        self.codec = load_codec(model_path, settings.image)
        self._model = _load_model(model_path, settings)
        self._features = PictureFeatures(self._model) if isinstance(self.codec, QwenCodec) else None
        self._end_of_text = _end_of_text(self._model.generation_config, self.codec.tokenizer)
        # What the config of one call leaves open is taken from the model's own, so that both must be greedy.
        self._config = self._model.generation_config = _greedy_config(
            self._model.generation_config, self.codec.tokenizer
        )

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        """Answer all requests, each with its own limit, stops and top-K; prompts of like length as one batch.

        Raises:
            OutOfMemoryError: the memory does not suffice for the batch.
            EngineError: the model computes no numbers, or functions are offered to it.
        """
        if not requests:
            return []
        if any(request.tools for request in requests):
            raise EngineError(f"{self._path}: functions are called through servers alone: set engine.type to server")
        answered = [
            (place, generation)
            for places in self._batches(requests)
            for place, generation in zip(places, self._answered([requests[place] for place in places]), strict=True)
        ]
        return [generation for _, generation in sorted(answered, key=itemgetter(0))]

    def _batches(self, requests: Sequence[Request]) -> list[list[int]]:
        """The places of those that are answered together."""
        if self._model.device.type != "cpu" or len(requests) <= SMALLEST:
            return [list(range(len(requests)))]
        return of_like_length(self.codec.lengths(requests))

    def _answered(self, requests: Sequence[Request]) -> list[Generation]:
        """Answer requests as one left-padded batch."""
        started = time.perf_counter()
        config = copy.copy(self._config)
        config.max_new_tokens = max(request.max_new_tokens for request in requests)
        ends = RowEnds(requests, self._end_of_text, self.codec)
        top_k = TopK(max(request.top_k for request in requests))
        with torch.inference_mode(), without_plans(), enough_memory(requests):
            inputs = self._encoded(requests)
            self._model.generate(
                **inputs,
                **cache_with_room(self._model.config),
                generation_config=config,
                custom_generate=Decoding(ends, top_k),
            )
        if not top_k.finite:
            raise EngineError(
                f"{self._path}: the model's logits are not finite (NaN or infinite); "
                "try another engine.dtype or engine.attention"
            )
        latency_s = (time.perf_counter() - started) / len(requests)
        prompt_tokens = inputs["attention_mask"].sum(dim=1).tolist()
        return [
            Generation(
                text=cut_after_stop(self.codec.decode(ids), request.stop),
                token_ids=tuple(ids),
                tokens=tuple(map(self.codec.piece, ids)),
                prompt_tokens=prompt_tokens[row],
                stop_reason=ends.reasons[row] or "length",
                latency_s=latency_s,
                top_logprobs=top_k.of_row(row, len(ids), request.top_k),
            )
            for row, (request, ids) in enumerate(zip(requests, ends.token_ids, strict=True))
        ]

    def _encoded(self, requests: Sequence[Request]) -> Any:
        """What the model is called with."""
        inputs = self.codec.encode(requests).to(self._model.device)
        pictures = [picture for request in requests for picture in request.pictures]
        return self._features.in_place_of_pixels(inputs, pictures) if self._features and pictures else inputs


def _load_model(model_path: Path, settings: TransformersSettings) -> Any:
    device = settings.device_map or _device(settings.device)
    if device == "cpu":
        keep_freed_memory()
    disable_progress_bar()  # type: ignore[no-untyped-call]
    attention: str = settings.attention
    if attention == "auto":
        attention = attention_for(model_path, settings.dtype, device)
        log.info("%s: attention is %s on %s", model_path, attention, device)
    try:
        model: Any = AutoModelForImageTextToText.from_pretrained(
            model_path,
            dtype=settings.dtype,
            attn_implementation=attention,
            device_map=device,
            local_files_only=True,
        )
    except (OSError, ValueError, ImportError, RuntimeError, MemoryError) as error:
        place = f"with {attention} on {device}"
        if is_out_of_memory(error):
            raise OutOfMemoryError(f"{model_path}: out of memory when loading {place}; {MORE_ROOM}") from error
        raise EngineError(f"{model_path}: cannot be loaded {place}: {_first_line(error)}") from error
    return model


def _device(name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        raise EngineError(f"device {name!r} cannot be used: {_first_line(error)}; leave it at auto") from error
    return name


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _end_of_text(saved: GenerationConfig, tokenizer: Any) -> tuple[int, ...]:
    """The tokens that end a text: the model's own and the tokenizer's."""
    ends = saved.eos_token_id if isinstance(saved.eos_token_id, list) else [saved.eos_token_id]
    return tuple(sorted({end for end in (*ends, tokenizer.eos_token_id) if end is not None}))


def _greedy_config(saved: GenerationConfig, tokenizer: Any) -> GenerationConfig:
    """The model's own generation config, a repetition penalty included, without sampling; RowEnds ends the texts."""
    config = copy.deepcopy(saved)
    config.eos_token_id = None
    config.pad_token_id = tokenizer.pad_token_id
    config.do_sample = False
    config.temperature = config.top_p = config.top_k = None
    return config
