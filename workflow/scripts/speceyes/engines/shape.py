"""How large a vision-language model's layers are, from which the memory that it needs follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from speceyes.border import problem
from speceyes.documents import DocumentError, read_json

BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


class TextShape(BaseModel):
    """The language model, by the names of its ``config.json``."""

    model_config = ConfigDict(frozen=True)

    hidden_size: int = Field(gt=0)
    intermediate_size: int = Field(gt=0)
    num_hidden_layers: int = Field(gt=0)
    num_attention_heads: int = Field(gt=0)
    num_key_value_heads: int = Field(gt=0)
    head_dim: int | None = None
    vocab_size: int = Field(gt=0)
    tie_word_embeddings: bool = False

    @property
    def head(self) -> int:
        """Values per attention head."""
        return self.head_dim or self.hidden_size // self.num_attention_heads

    @property
    def parameters(self) -> int:
        """All of them but norms and biases."""
        attention = 2 * self.hidden_size * self.head * (self.num_attention_heads + self.num_key_value_heads)
        layer = attention + 3 * self.hidden_size * self.intermediate_size
        embeddings = self.vocab_size * self.hidden_size * (1 if self.tie_word_embeddings else 2)
        return self.num_hidden_layers * layer + embeddings


class VisionShape(BaseModel):
    """The vision tower, by the names of its ``config.json``."""

    model_config = ConfigDict(frozen=True)

    depth: int = Field(gt=0)
    hidden_size: int = Field(gt=0)
    intermediate_size: int = Field(gt=0)
    out_hidden_size: int = Field(gt=0)
    patch_size: int = Field(gt=0)
    spatial_merge_size: int = Field(2, gt=0)
    temporal_patch_size: int = Field(2, gt=0)

    @property
    def patches_per_token(self) -> int:
        """Patches that become one token of the language model."""
        return self.spatial_merge_size**2

    @property
    def values_per_patch(self) -> int:
        """Numbers that a patch of a picture comes as."""
        return 3 * self.temporal_patch_size * self.patch_size**2

    @property
    def parameters(self) -> int:
        """All of them but norms, biases and position embeddings."""
        merged = self.hidden_size * self.patches_per_token
        block = 4 * self.hidden_size**2 + 3 * self.hidden_size * self.intermediate_size
        ends = self.values_per_patch * self.hidden_size + merged**2 + merged * self.out_hidden_size
        return self.depth * block + ends


class Shape(BaseModel):
    """A whole model."""

    model_config = ConfigDict(frozen=True)

    text: TextShape
    vision: VisionShape
    dtype: str = "bfloat16"

    @property
    def parameters(self) -> int:
        """All that take room worth naming."""
        return self.text.parameters + self.vision.parameters

    def cache_values(self, tokens: int) -> int:
        """Numbers in the key-value cache of so many tokens."""
        return tokens * 2 * self.text.num_hidden_layers * self.text.num_key_value_heads * self.text.head


def read_shape(folder: Path) -> Shape:
    """The shape of a model that lies in a folder; older configurations have the text's keys at their top.

    Raises:
        DocumentError: no readable ``config.json``, or none of a model with language and vision.
    """
    config: Any = read_json(folder / "config.json")
    try:
        text = config.get("text_config") or config
        given = text | {"tie_word_embeddings": config.get("tie_word_embeddings", False)}
        dtype = next(
            (part[key] for part in (config, text) for key in ("dtype", "torch_dtype") if key in part), "float32"
        )
        return Shape.model_validate({"text": given, "vision": config.get("vision_config"), "dtype": dtype})
    except (ValidationError, AttributeError, TypeError) as error:
        said = problem(error, "config.json") if isinstance(error, ValidationError) else "not a map"
        raise DocumentError(f"{folder}: {said}") from error
