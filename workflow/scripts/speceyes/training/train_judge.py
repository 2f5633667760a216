"""The miniature's judge: a tiny Qwen2 that says whether an answer equals the gold answer.

A model this small does not learn by itself that two words are equal; with two heads of one layer
supervised (during training only) it does within a minute.
"""

from __future__ import annotations

import logging
import random
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BatchEncoding,
    PreTrainedTokenizerBase,
    Qwen2Config,
    Qwen2ForCausalLM,
)
from transformers.models.qwen2.modeling_qwen2 import apply_rotary_pos_emb

from speceyes.judging.prompts import JudgePrompts, load_judge_prompts
from speceyes.judging.questions import Judged
from speceyes.judging.scorers import AskJudge
from speceyes.miniature.scenes import COLORS, SIDES
from speceyes.training.architectures import HEAD, HIDDEN, INITIAL_STD
from speceyes.training.export import export_model
from speceyes.training.judge_data import Case, Level, draw_case
from speceyes.training.loop import Schedule, fit

log = logging.getLogger(__name__)

LAYERS = 3
BATCH = 48
BARE_SHARE = 0.2  # of the steps, at the start: answers of one word or letter
NOISE_EVERY = 6
FORMAT_WEIGHT = 0.2
REPLY_TOKENS = 5  # "Judgement", ":", " ", the digit, end of turn
MATCHING_LAYER = 1
MATCHING_HEADS = 2


def judge_model(tokenizer: PreTrainedTokenizerBase, seed: int) -> Qwen2ForCausalLM:
    """A Qwen2 of the other models' width; the head size is one that servers accept."""
    torch.manual_seed(seed)
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=HIDDEN,
        intermediate_size=3 * HIDDEN,
        num_hidden_layers=LAYERS,
        num_attention_heads=HIDDEN // HEAD,
        num_key_value_heads=HIDDEN // HEAD,
        max_position_embeddings=4096,
        initializer_range=INITIAL_STD,
        tie_word_embeddings=True,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    return Qwen2ForCausalLM(config)  # type: ignore[no-untyped-call]


class Conversations:
    """Cases as the server renders them."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, prompts: JudgePrompts) -> None:
        self.tokenizer = tokenizer
        self.prompts = prompts

    def question(self, case: Case) -> str:
        """The judge's message with the assistant's turn opened."""
        asked = Judged(case.benchmark, case.question, (), case.gold, "", case.answer)
        messages = [{"role": "user", "content": self.prompts.render(asked, AskJudge(case.gold, case.answer))}]
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        assert isinstance(text, str)
        return text

    def with_replies(self, cases: list[Case]) -> BatchEncoding:
        """Conversations with their right replies, padded on the right, with offsets."""
        texts = [f"{self.question(case)}Judgement: {int(case.right)}<|im_end|>" for case in cases]
        batch: BatchEncoding = self.tokenizer(
            texts, padding=True, padding_side="right", return_tensors="pt", return_offsets_mapping=True
        )
        return batch

    def gold_at(self, case: Case) -> tuple[int, int]:
        """Where the gold and the answer begin in the conversation's text."""
        template: str = getattr(self.prompts, case.benchmark)
        before, _, rest = template.partition("{gold}")
        before = before.replace("{question}", case.question)
        gold = self.question(case).index(before) + len(before)
        return gold, gold + len(case.gold) + len(rest.partition("{answer}")[0])


class Matches:
    """Where the matching heads look: from what an answer says to the same in the gold, else to just before the gold."""

    def __init__(self, conversations: Conversations) -> None:
        self.conversations = conversations
        self._word_of_token: dict[int, str] = {}
        for word in (*COLORS, *SIDES, "yes", "no", *"ABCD"):
            for text in (word, f" {word}"):
                ids = conversations.tokenizer(text).input_ids
                if len(ids) == 1:
                    self._word_of_token[ids[0]] = word

    def of(self, case: Case, ids: list[int], offsets: list[list[int]]) -> list[tuple[int, int]]:
        """(query, key) positions of one case."""
        gold, answer = self.conversations.gold_at(case)
        in_gold = _tokens_within(offsets, gold, gold + len(case.gold))
        places = {self._word_of_token.get(ids[i], ""): i for i in in_gold}
        return [
            (i, places.get(word, in_gold[0] - 1))
            for i in _tokens_within(offsets, answer, answer + len(case.answer))
            if (word := self._word_of_token.get(ids[i])) and (case.benchmark != "pope" or word in ("yes", "no"))
        ]


def _tokens_within(offsets: list[list[int]], start: int, stop: int) -> list[int]:
    """Tokens that end inside a span of characters."""
    return [i for i, (first, last) in enumerate(offsets) if first < last and start < last <= stop]


class JudgeLoss:
    """Next-token loss on the reply, all of it on the digit and little on the words around it; and where to look."""

    def __init__(self, model: Qwen2ForCausalLM, conversations: Conversations, seed: int, steps: int) -> None:
        self.model, self.conversations = model, conversations
        self.matches = Matches(conversations)
        self.seed, self.steps = seed, steps

    def __call__(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        rng = random.Random(f"{self.seed} {step}")
        cases = [draw_case(rng, self._level(step), held_out=False) for _ in range(BATCH)]
        batch = self.conversations.with_replies(cases)
        ids: torch.Tensor = batch.input_ids.to(self.model.device)
        with torch.autocast(self.model.device.type, torch.bfloat16):
            out = self.model.model(ids, output_hidden_states=True)
            rows, reply = torch.arange(len(cases))[:, None], _reply_positions(batch.attention_mask)
            logits = self.model.lm_head(out.last_hidden_state[rows, reply - 1]).float()
            looking, hits = self._looking(cases, batch, out.hidden_states[MATCHING_LAYER])
        targets = ids[rows, reply]
        each = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none").view_as(targets)
        right = (logits[:, -2].argmax(-1) == targets[:, -2]).float().mean().item()
        return each[:, -2].mean() + FORMAT_WEIGHT * each.mean() + looking, {"right": right, "looks": hits}

    def _level(self, step: int) -> Level:
        """Short answers first; later, long noise in batches of its own, since a batch is as long as its longest."""
        if step < BARE_SHARE * self.steps:
            return "bare"
        return "noise" if step % NOISE_EVERY == 0 else "answers"

    def _looking(self, cases: list[Case], batch: BatchEncoding, states: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Cross-entropy of the matching heads' attention, and how often it is strongest where it should be."""
        jobs = [
            (row, query, key)
            for row, case in enumerate(cases)
            for query, key in self.matches.of(case, batch.input_ids[row].tolist(), batch.offset_mapping[row].tolist())
        ]
        rows, queries, keys = torch.tensor(jobs, device=states.device).T
        scores = _attention_scores(self.model, MATCHING_LAYER, states)[rows, :MATCHING_HEADS, queries]
        future = torch.arange(scores.shape[-1], device=states.device) > queries[:, None]
        scores = scores.masked_fill(future[:, None], -1e9)
        loss = functional.cross_entropy(scores.flatten(0, 1), keys.repeat_interleave(MATCHING_HEADS))
        return loss, (scores.argmax(-1) == keys[:, None]).float().mean().item()


def _reply_positions(mask: torch.Tensor) -> torch.Tensor:
    return mask.sum(1)[:, None] + torch.arange(-REPLY_TOKENS, 0)


def _attention_scores(model: Qwen2ForCausalLM, layer: int, states: torch.Tensor) -> torch.Tensor:
    """A layer's raw attention scores, (batch, heads, queries, keys), from the states that enter it."""
    block: Any = model.model.layers[layer]
    entered = block.input_layernorm(states)
    split = (*states.shape[:2], -1, HEAD)
    query = block.self_attn.q_proj(entered).view(split).transpose(1, 2)
    key = block.self_attn.k_proj(entered).view(split).transpose(1, 2)
    cos, sin = model.model.rotary_emb(entered, torch.arange(states.shape[1], device=states.device)[None])
    query, key = apply_rotary_pos_emb(query, key, cos, sin)
    scores: torch.Tensor = (query @ key.transpose(2, 3)).float() * HEAD**-0.5
    return scores


@torch.no_grad()
def held_out_accuracy(model: Any, conversations: Conversations, seed: int, cases: int) -> float:
    """Share of held-out cases whose generated reply is exactly the right one."""
    tokenizer = conversations.tokenizer
    rng = random.Random(f"{seed} held out")
    levels: list[Level] = rng.choices(("answers", "noise"), (4, 1), k=cases)
    drawn = [draw_case(rng, level, held_out=True) for level in levels]
    right = 0
    for start in range(0, cases, BATCH):
        part = drawn[start : start + BATCH]
        texts = [conversations.question(case) for case in part]
        batch = tokenizer(texts, padding=True, padding_side="left", return_tensors="pt").to(model.device)
        generated = model.generate(**batch, max_new_tokens=2 * REPLY_TOKENS, do_sample=False)
        replies = tokenizer.batch_decode(generated[:, batch.input_ids.shape[1] :], skip_special_tokens=True)
        right += sum(reply == f"Judgement: {int(case.right)}" for reply, case in zip(replies, part, strict=True))
    return right / cases


def train_judge(
    tokenizer_folder: Path,
    prompts: Path,
    checkpoint: Path,
    folder: Path,
    *,
    steps: int,
    seed: int,
    cases: int,
    device: str = "cpu",
) -> float:
    """Train the judge and save it as a folder that the stock classes and servers load.

    Args:
        tokenizer_folder: the miniature's tokenizer.
        prompts: the judge's prompt file.
        checkpoint: written while training; an interrupted run goes on from it.
        folder: where the model is saved, in bfloat16.
        steps: batches of :data:`BATCH` cases.
        seed: of weights and cases.
        cases: how many held-out cases the saved model is measured on.
        device: where it trains.

    Returns:
        The saved model's accuracy on generated replies to held-out cases.
    """
    tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(tokenizer_folder)
    conversations = Conversations(tokenizer, load_judge_prompts(prompts))
    model = judge_model(tokenizer, seed)
    torch.nn.Module.to(model, device)
    fit("judge", {"model": model}, JudgeLoss(model, conversations, seed, steps), Schedule(steps, 2e-3), checkpoint)
    export_model(model, tokenizer, tokenizer_folder, folder)
    saved = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    accuracy = held_out_accuracy(saved, conversations, seed, cases)
    log.info("judge on %d held-out cases: %.4f", cases, accuracy)
    return accuracy
