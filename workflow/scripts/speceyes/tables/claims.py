"""The paper's claims: what it says, what this study finds, and the conclusion."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from speceyes.analysis.claims.conclusions import Conclusion, PlacedEvidence, conclude
from speceyes.analysis.claims.evidence import Evidence
from speceyes.analysis.claims.stated import Claim, read_claims
from speceyes.analysis.names import agent_name, split_name
from speceyes.tables.inputs import TableInputs

READS = ("claim_tests", "stated_claims")

COLUMNS = [
    *("number", "claim", "place", "paper", "finding", "conclusion"),
    *("agent", "benchmark", "split", "quantity", "estimate", "low", "high", "samples", "samples_needed"),
    *("tests", "inside", "p", "p_adjusted", "tables"),
]


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    claims = read_claims(inputs.path("stated_claims"))
    return claims_table(claims, inputs.csv("claim_tests"), inputs.study.statistics.level)


def claims_table(claims: Sequence[Claim], tested: pd.DataFrame, level: float) -> pd.DataFrame:
    """One row per claim.

    Args:
        claims: as stated.
        tested: from :func:`speceyes.tables.claim_tests.claim_tests`.
        level: of all conclusions together.

    Returns:
        The claim and what the paper prints; ``finding`` in a sentence; ``conclusion``; the estimate that decides
        or stands in the way, with its interval, samples and the samples that would decide; how many estimates
        were ``tests`` and lay ``inside`` their region; p by itself and with the number of claims allowed for;
        the ``tables`` that all of this is made from.
    """
    by_number = {claim.number: _by_test(claim, tested[tested["number"] == claim.number], level) for claim in claims}
    conclusions = conclude(by_number, level)
    rows = [_row(claim, by_number[claim.number], conclusions[claim.number]) for claim in claims]
    return pd.DataFrame(rows, columns=COLUMNS)


def _by_test(claim: Claim, rows: pd.DataFrame, level: float) -> dict[str, list[PlacedEvidence]]:
    """The estimates of each of the claim's tests; none where the study ran nothing that it measures."""
    return {test.test: _placed(rows[rows["test"] == test.test], level) for test in claim.tests}


def _placed(rows: pd.DataFrame, level: float) -> list[PlacedEvidence]:
    """Rows of the table of tests, held against their regions again."""
    found = []
    for row in rows.to_dict("records"):
        evidence = Evidence(**{str(name): row[name] for name in Evidence.__dataclass_fields__})
        at_least, at_most = (float(row[name]) for name in ("at_least", "at_most"))
        ends = (-math.inf if math.isnan(at_least) else at_least, math.inf if math.isnan(at_most) else at_most)
        found.append(PlacedEvidence.of(evidence, *ends, level))
    return found


def _row(claim: Claim, tested: Mapping[str, Sequence[PlacedEvidence]], conclusion: Conclusion) -> dict[str, object]:
    deciding = conclusion.deciding
    shown = (
        {}
        if deciding is None
        else {
            **{name: getattr(deciding.evidence, name) for name in ("agent", "benchmark", "split", "quantity")},
            **{name: getattr(deciding.evidence, name) for name in ("estimate", "low", "high")},
            "samples": deciding.evidence.n,
        }
    )
    return {
        "number": claim.number,
        "claim": claim.claim,
        "place": claim.place,
        "paper": claim.paper,
        "finding": finding(sum(map(len, tested.values())), conclusion),
        "conclusion": conclusion.support,
        **shown,
        "samples_needed": conclusion.samples_needed,
        "tests": conclusion.tests,
        "inside": conclusion.inside,
        "p": conclusion.p,
        "p_adjusted": conclusion.p_adjusted,
        "tables": " ".join(claim.tables),
    }


def finding(estimates: int, conclusion: Conclusion) -> str:
    """What was found, in one sentence: how many estimates lie where they should, and the one that decides.

    Args:
        estimates: made, with and without an interval.
        conclusion: on the claim.
    """
    deciding = conclusion.deciding
    if deciding is None:
        return "not measured in this study" if not estimates else "not measured: no estimate has an interval"
    one = deciding.evidence
    where = ", ".join(part for part in (agent_name(one.agent), split_name(one.benchmark, one.split)) if part)
    most = "the farthest outside" if deciding.distance < 0 else "the least certain"
    unmeasured = estimates - conclusion.tests
    return (
        f"{conclusion.inside} of {conclusion.tests} estimates lie where the claim puts them"
        f"{f' ({unmeasured} more have no interval)' if unmeasured else ''}; {most}: {one.quantity} {one.estimate:.3g}"
        f" [{one.low:.3g}, {one.high:.3g}], should be {region(deciding)} ({where}, n = {one.n})"
        f"{f'; not measured: {_words(conclusion.unmeasured)}' if conclusion.unmeasured else ''}"
    )


def _words(tests: Sequence[str]) -> str:
    return ", ".join(test.replace("_", " ") for test in tests)


def region(tested: PlacedEvidence) -> str:
    """Where an estimate should lie, in words."""
    ends = []
    if math.isfinite(tested.at_least):
        ends.append(f"at least {tested.at_least:g}")
    if math.isfinite(tested.at_most):
        ends.append(f"at most {tested.at_most:g}")
    return " and ".join(ends)
