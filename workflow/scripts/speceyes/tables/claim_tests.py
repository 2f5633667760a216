"""The evidence on the paper's claims: every estimate that bears on one, with its interval and where it should lie."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from speceyes.analysis.claims.conclusions import PlacedEvidence
from speceyes.analysis.claims.evidence import ClaimTables
from speceyes.analysis.claims.named_tests import TESTS
from speceyes.analysis.claims.stated import Claim, read_claims
from speceyes.analysis.measures import replays_by_cell
from speceyes.method.confidence import HEADLINE
from speceyes.method.grid import GridSetting
from speceyes.method.replay import read_replay
from speceyes.tables.inputs import TableInputs

READS = ("settings", "outcomes", "replay", "load", "stated_claims")

COLUMNS = [
    *("number", "test", "agent", "benchmark", "split", "quantity", "estimate", "low", "high", "n"),
    *("at_least", "at_most", "distance", "conclusion"),
]


def make(inputs: TableInputs) -> pd.DataFrame:
    """The table of a study."""
    study, outcomes = inputs.study, inputs.parquet("outcomes")
    tables = ClaimTables(
        settings=inputs.csv("settings"),
        outcomes=outcomes,
        batches=batch_seconds(inputs.paths("replay"), outcomes, HEADLINE),
        load=read_load(inputs.paths("load")),
        top_k=study.main_top_k,
        statistics=study.statistics,
    )
    return claim_tests(read_claims(inputs.path("stated_claims")), tables)


def claim_tests(claims: Sequence[Claim], tables: ClaimTables) -> pd.DataFrame:
    """One row per estimate.

    Returns:
        ``number`` of the claim, the ``test``'s name, where and what was estimated with interval and samples;
        the region in which it should lie (NaN: no such end); ``distance`` inside it in standard errors,
        negative outside; ``conclusion`` of the estimate by itself: ``inside``, ``outside``, ``undecided``.
    """
    rows = [row for claim in claims for row in _rows(claim, tables)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(claim: Claim, tables: ClaimTables) -> Iterator[dict[str, object]]:
    level = tables.statistics.level
    for test in claim.tests:
        at_least = -math.inf if test.at_least is None else test.at_least
        at_most = math.inf if test.at_most is None else test.at_most
        for evidence in TESTS[test.test](tables, test.against):
            tested = PlacedEvidence.of(evidence, at_least, at_most, level)
            yield {
                "number": claim.number,
                "test": test.test,
                **asdict(evidence),
                "at_least": math.nan if test.at_least is None else test.at_least,
                "at_most": math.nan if test.at_most is None else test.at_most,
                "distance": tested.distance,
                "conclusion": tested.by_itself(level),
            }


def read_load(paths: Sequence[Path]) -> pd.DataFrame:
    """What was answered under load; no rows where no load was offered."""
    columns = ["agent", "system", "arrivals", "level", "repeat", "latency_s", "answer_s"]
    parts = [pd.read_parquet(path, columns=columns) for path in paths]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def batch_seconds(replays: Iterable[Path], outcomes: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Seconds of every timed sample at each batch size, under the main table's setting of a metric.

    Returns:
        agent, benchmark, sample_id, image_id, batch_size, latency_s, agent_s.
    """
    images = outcomes.drop_duplicates("sample_id").set_index("sample_id")["image_id"]
    parts = [
        part.assign(agent=cell.agent, benchmark=cell.benchmark, image_id=images.loc[part["sample_id"]].to_numpy())
        for cell, path in replays_by_cell(replays).items()
        for part in _by_batch(path, metric)
    ]
    columns = ["agent", "benchmark", "sample_id", "image_id", "batch_size", "latency_s", "agent_s"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def _by_batch(path: Path, metric: str) -> Iterator[pd.DataFrame]:
    replay = read_replay(path, ["latency_s", "timed"])
    seconds = dict(zip(replay.settings, replay.columns["latency_s"], strict=True))
    timed = replay.columns["timed"][0]
    (alone,) = (values for setting, values in seconds.items() if setting.method == "agent")
    mains = {_but_batch(one) for one in seconds if one.main_table and (one.method, one.metric) == ("speceyes", metric)}
    for setting, values in seconds.items():
        if _but_batch(setting) in mains:
            columns = {"sample_id": replay.sample_ids, "latency_s": values, "agent_s": alone}
            yield pd.DataFrame(columns).loc[timed].assign(batch_size=setting.batch_size)


def _but_batch(setting: GridSetting) -> tuple[object, ...]:
    """A setting but for its batch size."""
    return setting.method, setting.metric, setting.top_k, setting.threshold
