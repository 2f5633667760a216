"""The miniature's tokenizer: byte-level BPE with Qwen's split pattern, special tokens and ChatML template."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from speceyes.miniature.questions import random_question
from speceyes.miniature.scenes import COLORS, SHAPES, SIDES, random_scene
from speceyes.training.transcripts import COORDINATES, after_zoom, code_block, direct_step, draft_answer, tool_call

SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
TAGS = tuple(
    f"<{slash}{name}>"
    for name in ("think", "tool_call", "answer", "tool_response", "code", "sandbox_output", "tools")
    for slash in ("", "/")
)
VOCABULARY = 768
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CHAT_TEMPLATE = """\
{%- for message in messages %}
{{- '<|im_start|>' + message.role + '\n' }}
{%- if message.content is string %}{{- message.content }}
{%- else %}
{%- for part in message.content %}
{%- if part.type == 'image' %}{{- '<|vision_start|><|image_pad|><|vision_end|>' }}
{%- elif part.type == 'text' %}{{- part.text }}
{%- endif %}
{%- endfor %}
{%- endif %}
{{- '<|im_end|>\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}
"""
JUDGE_SENTENCES = (
    "It is {word}.",
    "The answer is {word}.",
    "The dot is {word}.",
    "The dot is on the {word} side.",
    "I see a {word} dot.",
    "Option A. {word}",
    "Yes, there is a {word} dot on the {shape}.",
    "No, there is no {word} dot on the {shape}.",
    "Judgement: 1",
    "Judgement: 0",
    "Score: 9",
)


def _corpus(prompt_texts: list[str]) -> Iterator[str]:
    rng = random.Random(0)
    words = (*COLORS, *SIDES, "yes", "no")
    for _ in range(1500):
        scene = random_scene(rng, ("plain", "tiny", "plain"))
        plate = rng.choice(scene.plates)
        for kind in ("color", "side", "presence"):
            question = random_question(rng, scene, kind, plate)
            yield f"Question: {question.text}\nOptions: \n" + "".join(
                f"{letter}. {option}\n" for letter, option in zip("ABCD", question.options, strict=False)
            )
            yield from (write(question, question.word) for write in (draft_answer, direct_step, after_zoom))
        yield tool_call(plate)
        yield code_block(plate)
        yield rng.choice(JUDGE_SENTENCES).format(word=rng.choice(words), shape=rng.choice(SHAPES))
    for _ in range(300):
        yield from prompt_texts
        yield from ("system\n", "user\n", "assistant\n", "yes", "no", *"ABCD", "The", "Now", "from")


def _prompt_texts(prompts: Path) -> list[str]:
    return [path.read_text(encoding="utf-8") for path in sorted(prompts.glob("*.yaml"))]


def build_tokenizer(prompts: Path, folder: Path) -> None:
    """Train the tokenizer on the world's sentences and save it as transformers expects a Qwen2 tokenizer."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    added = len(SPECIAL) + len(TAGS) + len(COORDINATES)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - added, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(_corpus(_prompt_texts(prompts)), trainer)
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.add_tokens([AddedToken(tag, normalized=False) for tag in TAGS])
    tokenizer.add_tokens([AddedToken(str(n), single_word=True, normalized=False) for n in COORDINATES])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    model = json.loads(tokenizer.to_str())["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"], ensure_ascii=False))
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n", encoding="utf-8")
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE, encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(_settings(), indent=2) + "\n")


def _settings() -> dict[str, Any]:
    return {
        "tokenizer_class": "Qwen2Tokenizer",
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "additional_special_tokens": list(SPECIAL[1:]),
        "padding_side": "left",
        "model_max_length": 4096,
        "clean_up_tokenization_spaces": False,
        "add_prefix_space": False,
        "errors": "replace",
    }
