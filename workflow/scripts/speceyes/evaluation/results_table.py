"""The card's numbers as the tables of ``resources/miniature/README.md``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from speceyes.evaluation.card import AgentCard, Card

BEGIN = "<!-- results: written by `make evaluate-miniature` -->"
END = "<!-- end of results -->"

AGENT_ROWS: tuple[tuple[str, Callable[[AgentCard], float]], ...] = (
    ("target inside a crop, hard questions", lambda agent: agent.target_in_crop),
    ("tool used, easy questions", lambda agent: agent.tool_use_easy),
    ("tool used, hard questions", lambda agent: agent.tool_use_hard),
    ("looked more than once, all questions", lambda agent: agent.second_look),
    ("screening follows difficulty", lambda agent: agent.screening_accuracy),
    ("turns per episode", lambda agent: agent.mean_turns),
    ("mean score of steps that lead on", lambda agent: agent.score_right),
    ("mean score of steps that do not", lambda agent: agent.score_wrong),
    ("median latency, times the draft's", lambda agent: agent.latency_ratio),
    ("median latency, times a screening's", lambda agent: agent.screening_ratio),
)


def results_table(card: Card) -> str:
    """Markdown: accuracies, the draft's confidence and its other seeds, the agents' behaviour, the judge."""
    parts = (_measured_on(card), _accuracies(card), _confidence(card), _other_seeds(card), _agents(card), _judge(card))
    return "\n\n".join(part for part in parts if part)


def write_results(readme: Path, card: Card) -> None:
    """Put the tables between the file's two marks.

    Raises:
        ValueError: a mark is missing.
    """
    before, begin, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{readme}: the results' marks are missing: {BEGIN} and {END}")
    readme.write_text(f"{before}{BEGIN}\n{results_table(card)}\n{END}{after}", encoding="utf-8")


def _measured_on(card: Card) -> str:
    return (
        f"Measured on {card.questions} questions about {card.images} pictures of seed {card.seed}, "
        f"{card.draft.n_hard} of them hard; every answer was generated."
    )


def _accuracies(card: Card) -> str:
    models = {"draft": card.draft, "deepeyes": card.deepeyes, "thyme": card.thyme}
    benchmarks = list(card.draft.by_benchmark)
    rows = [
        [name, *(_share(value) for value in (model.easy, model.hard, model.overall, *model.by_benchmark.values()))]
        for name, model in models.items()
    ]
    return _table(["accuracy", "easy", "hard", "overall", *benchmarks], rows)


def _confidence(card: Card) -> str:
    draft = card.draft
    scores = (draft.auroc_min, draft.auroc_mean, draft.auroc_bottom20, draft.auroc_log)
    row = ["draft", *(_share(score) for score in scores), f"{draft.mean_tokens:.1f}"]
    return _table(["AUROC of confidence", "min", "mean", "bottom20", "log", "tokens per answer"], [row])


def _other_seeds(card: Card) -> str:
    """The draft beside those of other training seeds; nothing where there are none."""
    if not card.drafts_of_other_seeds:
        return ""
    drafts = {"0 (shipped)": card.draft} | {str(seed): draft for seed, draft in card.drafts_of_other_seeds.items()}
    rows = [
        [seed, *map(_share, (draft.easy, draft.hard, draft.auroc_min, draft.auroc_bottom20, draft.auroc_log))]
        for seed, draft in drafts.items()
    ]
    return _table(["draft by training seed", "easy", "hard", "AUROC of min", "of bottom20", "of log"], rows)


def _agents(card: Card) -> str:
    rows = [[label, _share(read(card.deepeyes)), _share(read(card.thyme))] for label, read in AGENT_ROWS]
    rows.insert(
        0, ["tool calls valid / code runs", _share(card.deepeyes.tool_call_valid), _share(card.thyme.code_runs)]
    )
    return _table(["agents", "deepeyes", "thyme"], rows)


def _judge(card: Card) -> str:
    return f"The judge's replies to {card.judge.n} held-out cases are right in {_share(card.judge.accuracy)}."


def _share(value: float) -> str:
    return f"{value:.3f}" if value <= 1 else f"{value:.1f}"


def _table(header: list[str], rows: list[list[str]]) -> str:
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows))
