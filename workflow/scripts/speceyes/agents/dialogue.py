"""What every agent's dialogue shares: how it opens, where its answer stands, how it becomes a record."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from PIL import Image

from speceyes.engines.base import Generation, Message
from speceyes.prompts import Prompt
from speceyes.records.types import AgentRecord, ToolUse, Turn

ROLES = ("screening", "agent", "verify")
ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)


def questions_and_system(system: str, image: Image.Image, text: str) -> tuple[Message, ...]:
    """System message, if there is one, and the user's picture with its question."""
    opening = (Message("system", (system,)),) if system else ()
    return (*opening, Message("user", (image, text)))


def answer_text(text: str) -> str | None:
    """What stands between the answer tags, or None without them."""
    found = ANSWER.search(text)
    return found[1].strip() if found else None


def verify_messages(role: Prompt, history: Sequence[Message], step: str) -> tuple[Message, ...]:
    """A history under the verifier's system prompt, a proposed step as the assistant's, the question for a score."""
    messages = [message for message in history if message.role != "system"]
    if messages[-1].role == "assistant":
        messages[-1] = Message("assistant", (*messages[-1].parts, step))
    else:
        messages.append(Message("assistant", (step,)))
    system = (Message("system", (role.system,)),) if role.system else ()
    return (*system, *messages, Message("user", (role.user,)))


def generation_turn(
    generation: Generation, author: Literal["agent", "draft"], tool: ToolUse | None, score: int | None
) -> Turn:
    """A generation as a turn of the record."""
    return Turn(
        text=generation.text,
        author=author,
        generated_tokens=len(generation.token_ids),
        latency_s=generation.latency_s,
        tool=tool,
        score=score,
    )


def episode_record(sample_id: str, turns: Sequence[Turn], status: str) -> AgentRecord:
    """An episode as a record: the answer is the last turn's (its whole text without answer tags)."""
    last = turns[-1].text if turns else ""
    tagged = answer_text(last)
    return AgentRecord(
        sample_id=sample_id,
        status=status,
        latency_s=sum(turn.latency_s + (turn.tool.latency_s if turn.tool else 0.0) for turn in turns),
        generated_tokens=sum(turn.generated_tokens for turn in turns),
        answer=last if tagged is None else tagged,
        turns=tuple(turns),
        tool_calls=sum(turn.tool is not None for turn in turns),
    )
