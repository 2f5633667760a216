"""What the stages leave behind: one typed record per sample and stage."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

FORMAT_VERSION = 1

Box = tuple[int, int, int, int]


def _whole_characters(value: Any) -> Any:
    """Text with a replacement character for every lone surrogate, which UTF-8 cannot encode."""
    if not isinstance(value, str):
        return value
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# What models and tools wrote: JSON's escapes, for one, can spell lone surrogates.
Text = Annotated[str, BeforeValidator(_whole_characters)]


class RecordError(Exception):
    """A journal or table that cannot be read as what it claims to be; the message names file and line."""


class Record(BaseModel):
    """One sample's outcome in one stage. ``status`` is ``ok`` or says in one word what went wrong.

    ``batch_cut_to`` marks a latency: how many samples the batch was cut to, since its planned size did not fit the
    memory; 0 where it did. ``stuck_generations`` counts texts that repeat one token up to their limit
    (:attr:`speceyes.engines.base.Generation.stuck`).

    ``identity`` is a short hash of all that the outcome depends on: question and picture, settings, code, models and
    prompts. A record whose identity is what its sample's would be today is never made again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sample_id: str
    identity: str = ""
    status: str = "ok"
    error: Text = ""
    latency_s: float = 0.0
    generated_tokens: int = 0
    batch_cut_to: int = 0
    stuck_generations: int = 0


class ScreenRecord(Record):
    """Phase I. ``tool_free`` says that tools would not help: the text, lower-cased, starts with "no"."""

    text: Text
    tool_free: bool


class DraftRecord(Record):
    """Phase II. Statuses: ``ok``; ``empty``; ``no_answer`` when it was cut while thinking; ``error``.

    ``top_logprobs`` has one row per token, each descending, K_max wide; both may be empty. ``prompt`` names the
    prompt that it answers (:meth:`speceyes.method.draft.Drafter.prompt`).
    """

    text: Text
    tokens: tuple[Text, ...]
    token_ids: tuple[int, ...] = ()
    top_logprobs: tuple[tuple[float, ...], ...]
    prompt: str = ""


ToolStatus = Literal["ok", "malformed", "unknown_tool", "box_outside", "box_degenerate", "timeout", "failed"]


class ToolUse(BaseModel):
    """One tool call or code block inside a turn, as parsed, with what came of it.

    ``box`` is in the original image's pixels (x1, y1, x2, y2), after scaling and clipping; empty for
    code. ``images`` are content-addressed file names in the study's media folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text
    arguments: Text = ""
    status: ToolStatus
    detail: Text = ""
    box: Box | tuple[()] = ()
    output: Text = ""
    images: tuple[str, ...] = ()
    latency_s: float = 0.0


class Turn(BaseModel):
    """One generation of an agent (or one SpecReason step) with the tool use it led to.

    ``author`` is who wrote the text: the agent's model, or the draft model for an accepted
    speculative step; ``score`` is SpecReason's 0-9 score of the draft's proposal, else None.
    ``prompt`` names the prompt that the text answers (:func:`speceyes.agents.recall.prompt_digest`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Text
    author: Literal["agent", "draft"] = "agent"
    generated_tokens: int
    latency_s: float
    tool: ToolUse | None = None
    score: int | None = None
    prompt: str = ""
    stop_reason: Literal["end_of_text", "stop_string", "length"] = "end_of_text"
    stuck: bool = False


AgentStatus = Literal["ok", "no_answer", "repeats_itself", "error"]


class AgentRecord(Record):
    """A whole agent episode (or SpecReason episode). ``answer`` is what the judge sees.

    Statuses: ``ok``; ``no_answer`` when the allowed generations ran out; ``repeats_itself`` when a
    deterministic loop was cut short; ``error`` with ``error`` saying why.
    """

    answer: Text
    turns: tuple[Turn, ...]
    tool_calls: int


class LiveRecord(Record):
    """One sample through the funnel, timed. ``source`` says whose answer was kept."""

    tool_free: bool
    accepted: bool
    confidence: float
    source: Literal["draft", "agent"]
    answer: Text
    screen_s: float
    draft_s: float
    agent_s: float
    tool_calls: int


class LoadRecord(Record):
    """One question answered while others were under way; ``latency_s`` is from its arrival to its answer.

    ``system`` is who was asked: the agent alone or the funnel. With ``closed`` arrivals ``level`` questions are
    under way at any time; with ``poisson`` arrivals ``level`` of them come per second. ``answer_s`` is when the
    answer was there, in seconds since the run began. The last columns are the run's, the same in all of its rows:
    shares of its time that processors, GPUs, the agent's model and the draft were at work, NaN where nobody can tell.
    """

    agent: str
    system: Literal["agent", "funnel"]
    arrivals: Literal["closed", "poisson"]
    level: float
    repeat: int
    answer_s: float
    answer: Text
    source: Literal["draft", "agent"]
    tool_free: bool
    accepted: bool
    cpu_share: float
    gpu_share: float
    agent_share: float
    draft_share: float


StepName = Literal["screen", "draft", "agent", "specreason"]


class Timed(BaseModel):
    """One measurement: what a step took on a sample, and what came of it.

    ``batch`` is 0 and ``variant`` empty for steps that have none; ``answer`` is the text, of a screening all of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: StepName
    variant: str = ""
    batch: int = 0
    repeat: int
    latency_s: float
    status: str
    answer: Text


class TimingRecord(Record):
    """One sample by the clock: every step, at every batch size, as often as it was repeated."""

    times: tuple[Timed, ...]
