"""The recommended threshold: chosen on calibration images with a guarantee, evaluated on the rest.

Learn-then-Test (Angelopoulos et al., 2110.01052): thresholds, fixed beforehand, are tested from the
safest down for the hypothesis "this threshold loses more than ε of accuracy against the agent"; the
last one before the first that cannot be rejected is recommended. Testing in a fixed order needs no
correction for many thresholds, so with probability at least 1 - δ over the calibration images the
recommended threshold loses at most ε. Each test is a betting martingale (Waudby-Smith and Ramdas,
2010.09686) over images: valid for any sample size, and it uses gains of the draft as well as losses.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from speceyes.analysis.calibration import CHOOSE, FIT, REPORT, image_parts
from speceyes.analysis.learned_gates import LEARNED, with_learned_gates
from speceyes.analysis.outcomes import confidence_column
from speceyes.analysis.proportions import by_image, image_numbers, paired_difference
from speceyes.analysis.settings import StatisticsSettings
from speceyes.judging.scorers import SCORER
from speceyes.method.gate import accepts
from speceyes.records.arrays import Counts, Floats, Mask
from speceyes.tables.inputs import TableInputs

READS = ("outcomes",)


# From nearly 1 down, evenly spaced before the sigmoid, so that they do not depend on the data; each is a decimal
# that the configuration takes as it is printed.
DECIMALS = 6
THRESHOLDS: Floats = np.unique(np.round(1 / (1 + np.exp(-np.linspace(13.8, -4.6, 185))), DECIMALS))[::-1]
HELD_OUT = ("accepted", "accuracy", "difference", "difference_low", "difference_high", "speedup")
IMAGES_AT_ONCE = 8192  # whose losses at every threshold are in memory
MAX_STAKE = 0.75  # share of the largest bet that cannot ruin the bettor


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    study = inputs.study
    points = pd.DataFrame([point.model_dump() for point in study.points if point.metric in study.metrics])
    cells = points[["agent", "benchmark"]].drop_duplicates()
    points = pd.concat([points, *(cells.assign(metric=learned, threshold=np.nan) for learned in LEARNED)])
    outcomes = with_learned_gates(inputs.parquet("outcomes"), study.metrics, study.main_top_k, study.statistics)
    return recommended_thresholds(outcomes, points, study.main_top_k, study.statistics)


def recommended_thresholds(
    outcomes: pd.DataFrame, operating_points: pd.DataFrame, top_k: int, settings: StatisticsSettings
) -> pd.DataFrame:
    """One row per agent, split and metric, under the corrected scorer.

    Args:
        outcomes: from :func:`speceyes.analysis.outcomes.outcomes`.
        operating_points: agent, benchmark, metric, threshold of the paper's choice (NaN: it has none).
        top_k: K of the gate.
        settings: ε, δ, the share of calibration images, and how intervals are made.

    Returns:
        ``threshold`` (NaN when none can be certified) with ``threshold_accepted``, its accuracy,
        difference to the agent with interval, and speedup on the images not used to choose it;
        ``paper_*`` the same for the paper's threshold on the same images; ``sentence`` for a user. A learned gate
        spends some of the calibration images on itself: its threshold is chosen on the others.
    """
    rows = []
    parts = {str(benchmark): image_parts(cells, settings) for benchmark, cells in outcomes.groupby("benchmark")}
    for point in operating_points.itertuples(index=False):
        cells = outcomes[(outcomes["agent"] == point.agent) & (outcomes["benchmark"] == point.benchmark)]
        choosing = (CHOOSE,) if point.metric in LEARNED else (FIT, CHOOSE)
        for split, cell in cells.groupby("split", sort=False):
            named = {"agent": point.agent, "benchmark": point.benchmark, "split": split, "metric": point.metric}
            gate = GateOutcomes.of(cell, confidence_column(str(point.metric), top_k))
            part = parts[str(point.benchmark)].loc[list(gate.image_ids)].to_numpy()
            chosen = _recommend(
                gate.where(np.isin(part, choosing)),
                gate.where(part == REPORT),
                None if np.isnan(point.threshold) else float(point.threshold),  # type: ignore[arg-type]
                settings,
            )
            row = named | {"top_k": top_k} | chosen
            rows.append(row | {"sentence": sentence(row)})
    return pd.DataFrame(rows)


@dataclass(frozen=True, slots=True)
class GateOutcomes:
    """What a gate decides about, per sample: rights are 1 or 0, seconds are of each phase."""

    image_ids: npt.NDArray[np.object_]
    confidence: Floats
    draft_right: Floats
    agent_right: Floats
    screen_s: Floats
    draft_s: Floats
    agent_s: Floats

    @classmethod
    def of(cls, cell: pd.DataFrame, confidence: str) -> GateOutcomes:
        """The scored samples of one cell; a sample that screening sends to the agent has confidence 0."""
        scored = cell[cell[f"draft_{SCORER}"].notna() & cell[f"agent_{SCORER}"].notna()]
        tool_free = scored["tool_free"].to_numpy(dtype=bool)
        return cls(
            image_ids=scored["image_id"].to_numpy(),
            confidence=np.where(tool_free, scored[confidence], 0.0),
            draft_right=scored[f"draft_{SCORER}"].to_numpy(dtype=float),
            agent_right=scored[f"agent_{SCORER}"].to_numpy(dtype=float),
            screen_s=scored["screen_s"].to_numpy(dtype=float),
            draft_s=np.where(tool_free, scored["draft_s"], 0.0),
            agent_s=scored["agent_s"].to_numpy(dtype=float),
        )

    def where(self, rows: Mask | Counts) -> GateOutcomes:
        """Some of the samples."""
        return GateOutcomes(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def lost(self, threshold: float) -> Floats:
        """Accuracy lost on each sample against the agent: 1, 0 or -1 (the draft was right and the agent wrong)."""
        return np.where(accepts(self.confidence, threshold), self.agent_right - self.draft_right, 0.0)


def choose_threshold(gate: GateOutcomes, epsilon: float, delta: float, generator: np.random.Generator) -> float | None:
    """The lowest threshold that is certified to lose at most ``epsilon``, or None when not even the safest is.

    Args:
        gate: the calibration samples.
        epsilon: accuracy that may be lost.
        delta: probability with which the certificate may be wrong.
        generator: puts the images into the order in which the bets are placed.
    """
    if not len(gate.image_ids):
        return None
    images = image_numbers(gate.image_ids)
    order = generator.permutation(int(images.max()) + 1)
    p_values = betting_p_values(_excess(gate, images, order, epsilon), epsilon)
    certified = int(np.argmax(np.append(p_values, np.inf) > delta))
    return float(THRESHOLDS[certified - 1]) if certified else None


def _excess(gate: GateOutcomes, codes: Counts, order: Counts, epsilon: float) -> Iterator[Floats]:
    """What each image loses above ε at every threshold, (thresholds,), as a share of the most rows about an image.

    Args:
        gate: the samples.
        codes: the number of each sample's image.
        order: of the images.
        epsilon: ε.
    """
    most = np.bincount(codes).max()
    place = np.argsort(order)[codes]
    rows = np.argsort(place, kind="stable")
    for start in range(0, len(order), IMAGES_AT_ONCE):
        low, high = np.searchsorted(place[rows], (start, start + IMAGES_AT_ONCE))
        some = rows[low:high]
        part = gate.where(some)
        lost = np.column_stack([part.lost(threshold) for threshold in THRESHOLDS])
        excess = np.zeros((min(IMAGES_AT_ONCE, len(order) - start), len(THRESHOLDS)))
        np.add.at(excess, place[some] - start, lost - epsilon)
        yield from excess / most


def betting_p_values(excess: Iterable[Floats], epsilon: float) -> Floats:
    """P-values of "the mean excess is above 0", one per column, valid at every sample size.

    A bettor stakes on the next value being negative, each stake set from the past alone. Were the
    hypothesis true, capital would not grow in expectation, so it reaches 1/p with probability at most p.

    Args:
        excess: (tests,) of each image in turn, each value in [-1 - ε, 1 - ε].
        epsilon: ε.
    """
    limit = MAX_STAKE / (1 - epsilon)
    # The past starts with one neutral observation: nothing lost.
    total, squares = np.full(1, -epsilon), np.full(1, epsilon**2)
    log_capital, best = np.zeros(1), np.zeros(1)
    for value in excess:
        stake = np.clip(-total / squares, 0.0, limit)  # about the best expected growth: mean over mean square
        log_capital = log_capital + np.log1p(-stake * value)
        best = np.maximum(best, log_capital)
        total, squares = total + value, squares + value**2
    return np.exp(-best)


def _recommend(
    calibrating: GateOutcomes, rest: GateOutcomes, paper: float | None, settings: StatisticsSettings
) -> dict[str, Any]:
    """Choose on some images, report on the others, beside the paper's threshold."""
    generator = np.random.default_rng(settings.seed)
    chosen = choose_threshold(calibrating, settings.epsilon, settings.delta, generator)
    row: dict[str, Any] = {
        "threshold": np.nan if chosen is None else chosen,
        "epsilon": settings.epsilon,
        "delta": settings.delta,
        "calibration_images": len(np.unique(calibrating.image_ids.astype(str))),
        "calibration_n": len(calibrating.image_ids),
        "images_needed": images_needed(settings),
        "n": len(rest.image_ids),
        "agent_accuracy": float(rest.agent_right.mean()) if len(rest.image_ids) else np.nan,
    }
    row |= _prefixed("threshold", held_out(rest, chosen, settings))
    row |= {"paper_threshold": np.nan if paper is None else paper}
    return row | _prefixed("paper", held_out(rest, paper, settings))


def _prefixed(name: str, values: Mapping[str, float]) -> dict[str, float]:
    return {f"{name}_{quantity}": value for quantity, value in values.items()}


def images_needed(settings: StatisticsSettings) -> int:
    """Calibration images below which nothing can be certified, even if no accuracy is lost at all."""
    stake = min(MAX_STAKE / (1 - settings.epsilon), 1 / settings.epsilon)
    return math.ceil(math.log(1 / settings.delta) / math.log1p(stake * settings.epsilon))


def held_out(gate: GateOutcomes, threshold: float | None, settings: StatisticsSettings) -> dict[str, float]:
    """What a threshold does on samples that did not choose it; NaN without samples or threshold.

    Returns:
        accepted (share), accuracy, its difference to the agent's with limits, and speedup.
    """
    if threshold is None or not len(gate.image_ids):
        return dict.fromkeys(HELD_OUT, np.nan)
    accepted = accepts(gate.confidence, threshold)
    gained = 0.0 - gate.lost(threshold)
    images = image_numbers(gate.image_ids)
    won, lost, rows = (
        by_image(np.asarray(which, dtype=float), images) for which in (gained > 0, gained < 0, np.ones_like(gained))
    )
    compared = paired_difference(won, lost, rows, settings.level)
    seconds = gate.screen_s + gate.draft_s + np.where(accepted, 0.0, gate.agent_s)
    values = (
        accepted.mean(),
        (gate.agent_right + gained).mean(),
        compared.difference,
        compared.low,
        compared.high,
        np.nansum(gate.agent_s) / np.nansum(seconds) if np.nansum(seconds) > 0 else np.nan,
    )
    return {name: float(value) for name, value in zip(HELD_OUT, values, strict=True)}


def sentence(row: Mapping[str, Any]) -> str:
    """What a user needs to know about one row."""
    risk = f"with probability at least {1 - row['delta']:.0%}"
    most = f"at most {100 * row['epsilon']:g} points"
    images = row["calibration_images"]
    if np.isnan(row["threshold"]):
        reason = f"even the safest thresholds lose too much on {images} calibration images"
        if images < row["images_needed"]:
            reason = f"{images} calibration images are fewer than the {row['images_needed']} that this takes"
        return (
            f"No threshold can be certified to lose {most} of accuracy {risk}: {reason}; "
            "use the agent alone, or relax ε."
        )
    return (
        f"Use τ = {row['threshold']!s} on the {row['metric']} confidence: {risk} over the {images} calibration "
        f"images, the accuracy lost against the agent is {most}; on the other {row['n']} samples the difference is "
        f"{100 * row['threshold_difference']:+.1f} points [{100 * row['threshold_difference_low']:+.1f}, "
        f"{100 * row['threshold_difference_high']:+.1f}] at {row['threshold_speedup']:.2f}× speed."
    )
