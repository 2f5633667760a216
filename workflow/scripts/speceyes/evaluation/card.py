"""The miniature's card: how good its models are on generated answers."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from speceyes.miniature.generate import Sizes


class _Facts(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Accuracy(_Facts):
    """Shares of right answers, with how many questions they stand on."""

    easy: float
    hard: float
    overall: float
    n: int
    n_hard: int
    by_benchmark: dict[str, float]


class DraftCard(Accuracy):
    """The draft: ``auroc_*`` is how well each confidence (K = 64) ranks its right answers above its wrong ones."""

    auroc_min: float
    auroc_mean: float
    auroc_bottom20: float
    auroc_log: float
    mean_tokens: float
    median_latency_s: float


class AgentCard(Accuracy):
    """An agent.

    ``answered`` is the share of questions that ended with an answer; ``target_in_crop`` the share of
    hard questions of which some crop shows the target's whole box; ``tool_use_*`` the share of
    questions with a tool use, ``second_look`` that of all questions with more than one;
    ``screening_accuracy`` how often "no" meets an easy question and "yes" a
    hard one. ``score_*`` is the mean score of a draft's proposed first step that answers rightly or
    shows the target, and on one that does not, ``score_auroc`` how well scores tell them apart.
    ``latency_ratio`` compares median latencies, the agent's with the draft's, and ``screening_ratio``
    the agent's with its screening's; the agent's are of a ninth of the questions, asked one after the other.
    """

    answered: float
    target_in_crop: float
    tool_use_easy: float
    tool_use_hard: float
    second_look: float
    screening_accuracy: float
    mean_turns: float
    score_right: float
    score_wrong: float
    score_auroc: float
    n_proposals: int
    median_latency_s: float
    latency_ratio: float
    screening_ratio: float


class DeepEyesCard(AgentCard):
    """``tool_call_valid`` is the share of tool calls that were well formed and gave a crop."""

    tool_call_valid: float


class ThymeCard(AgentCard):
    """``code_runs`` is the share of code blocks that ran to their end in the sandbox."""

    code_runs: float


class JudgeCard(_Facts):
    """The judge's generated replies to held-out cases."""

    accuracy: float
    n: int


class Card(_Facts):
    """Everything, with what was measured (``models``: what each one's folder holds, as a hash) and on what.

    ``drafts_of_other_seeds`` are not shipped: they say how far the draft's numbers hang on its training seed.
    """

    models: dict[str, str]
    seed: int
    sizes: Sizes
    questions: int
    images: int
    draft: DraftCard
    deepeyes: DeepEyesCard
    thyme: ThymeCard
    judge: JudgeCard
    drafts_of_other_seeds: dict[int, DraftCard] = {}
