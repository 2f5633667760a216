"""Two runs over the same questions, sample by sample: what models said, how sure they were, and who answered.

Stages are found by their folders' names and samples by their ids, so that the two may be of versions of the workflow
that lay out their results differently. Texts, boxes, answers, statuses and routes must be equal; of confidences and
log-probabilities the largest difference is printed. Times are left out.

python bench/compare_samples.py results/before results/after
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

COMPARED = {
    "screen": ("status", "text", "tool_free"),
    "draft": ("status", "text", "top_logprobs"),
    "confidence": ("confidence",),
    "agent": ("status", "answer", "turns"),
    "live": ("status", "tool_free", "accepted", "source", "answer", "confidence", "tool_calls"),
}
MEASURED = {"top_logprobs", "confidence"}
KEYS = ["sample_id", "metric", "top_k"]  # those of them that a stage's tables have


def records(folder: Path, stage: str) -> pd.DataFrame:
    """A stage's records by sample; of confidences by metric and K as well."""
    paths = sorted((folder / stage).rglob("*.parquet"))
    if not paths:
        sys.exit(f"{folder}: no tables of the stage {stage}")
    frame = pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)
    return frame.set_index([key for key in KEYS if key in frame]).sort_index()


def said(turns: str) -> list[tuple[str, object, str]]:
    """Of every turn its text, the tool's box and what came of the call."""
    tools = [(turn["text"], turn["tool"] or {}) for turn in json.loads(turns)]
    return [(text, tool.get("box", []), tool.get("status", "")) for text, tool in tools]


def largest_difference(before: pd.Series, after: pd.Series) -> float:
    """Between two columns of numbers, or of rows of them; infinite where they differ in number."""
    pairs = [
        [np.concatenate([np.ravel(part) for part in np.atleast_1d(value)] or [[]]) for value in pair]
        for pair in zip(before, after, strict=True)
    ]
    return max(
        (float(np.abs(a - b).max(initial=0.0)) if a.shape == b.shape else float("inf") for a, b in pairs), default=0.0
    )


def compare(stage: str, before: pd.DataFrame, after: pd.DataFrame) -> bool:
    """Print what two runs of a stage have in common; whether all that must be equal is."""
    common = before.index.intersection(after.index)
    alone = len(before) + len(after) - 2 * len(common)
    lines, same = [f"{len(common)} records, {alone} in one alone"], alone == 0
    for column in COMPARED[stage]:
        one, other = (frame.loc[common, column] for frame in (before, after))
        if column in MEASURED:
            lines.append(f"{column} within {largest_difference(one, other):.1e}")
            continue
        if column == "turns":
            one, other = one.map(said), other.map(said)
        equal = [a == b for a, b in zip(one, other, strict=True)]
        same = same and all(equal)
        lines.append(f"{column} equal on {sum(equal)}")
    print(f"{stage}: {'; '.join(lines)}")
    return same


def main() -> None:
    """Compare every stage; the exit status is 1 if anything differs that must not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="a study's folder")
    parser.add_argument("after", type=Path, help="the same questions, models and settings, run again")
    parser.add_argument("--stages", nargs="+", choices=COMPARED, default=list(COMPARED))
    given = parser.parse_args()
    same = [compare(stage, records(given.before, stage), records(given.after, stage)) for stage in given.stages]
    sys.exit(0 if all(same) else 1)


if __name__ == "__main__":
    main()
