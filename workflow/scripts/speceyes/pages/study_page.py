"""The study on one page: what was found, the main table, which threshold to use, and where to look on."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from speceyes.analysis.claims.conclusions import EXTRAPOLATED
from speceyes.analysis.names import agent_name, split_name
from speceyes.judging.scorers import SCORER
from speceyes.method.confidence import headline, metric_name
from speceyes.tables.markdown import escaped

ELSEWHERE = """\
## Where to look on

- [explorer.html](explorer.html): move the threshold, go down to every sample
- [report.html](report.html): figures, tables, run times, rule graph, provenance
- [tables/](tables): every number as CSV, [every column described](tables/README.md); \
[config.yaml](config.yaml): what produced them"""


def study_page(
    *,
    study: str,
    comparable: bool,
    claims: pd.DataFrame,
    level: float,
    settings: pd.DataFrame,
    live: pd.DataFrame | None,
    throughput: pd.DataFrame | None,
    protocols: pd.DataFrame,
    faults: pd.DataFrame,
    main_table: str,
    recommended: pd.DataFrame,
    captions: Mapping[str, tuple[str, str]],
) -> str:
    """The page in Markdown.

    Args:
        study: the study's name.
        comparable: whether it may be held against the paper's numbers.
        claims: the table of the paper's claims.
        level: of the conclusions on them.
        settings: the settings table.
        live: the table of live against replay, None when nothing ran live.
        throughput: the table of throughput under load, None when no load was offered.
        protocols: the table of what the published and the corrected protocol differ by.
        faults: the table of what went wrong in each pass.
        main_table: Table 1 in Markdown.
        recommended: the table of recommended thresholds.
        captions: each figure's title and what to see in it, by name.
    """
    note = "" if comparable else "Models and pictures are the miniature's: not comparable with the paper's numbers.\n\n"
    ways = "[Every sample, at any threshold](explorer.html) · [report](report.html) · [tables](tables/README.md)\n\n"
    found = [*findings(settings), *([] if live is None else [agreement(live)])]
    found += [] if throughput is None else under_load(throughput)
    found += [*protocol_differences(protocols), *faulty_passes(faults)]
    parts = [
        f"# {study}: which of the paper's claims hold?\n\n{note}{ways}{conclusions(claims, level)}",
        "## What was found\n\n" + "\n".join(f"- {line}" for line in found),
        "## Table 1\n\n" + main_table.strip(),
        _thresholds(recommended, shown_metric(settings)),
        "## Figures\n\n" + "\n\n".join(_figure(name, *words) for name, words in captions.items()),
        ELSEWHERE,
    ]
    return "\n\n".join(parts) + "\n"


def conclusions(claims: pd.DataFrame, level: float) -> str:
    """The claims with the conclusions on them, and how these were reached."""
    rows = [
        f"| {row['number']} | {escaped(_claim(row))} | {_conclusion(row)} | {escaped(row['finding'])} |"
        for _, row in claims.iterrows()
    ]
    return (
        "| no. | the paper's claim | conclusion | this study finds |\n|--:|---|---|---|\n" + "\n".join(rows) + "\n\n"
        "A claim holds where every estimate lies where the claim puts it, and fails where one lies elsewhere beyond"
        " chance. Holm's correction for the number of claims keeps all conclusions together right with probability"
        f" {level:g}."
        " Estimates: [claim_tests.csv](tables/claim_tests.csv); conclusions: [claims.csv](tables/claims.csv)."
    )


def _claim(row: pd.Series) -> str:
    return f"{row['claim']} ({row['place']}: {row['paper']})"


def _conclusion(row: pd.Series) -> str:
    if pd.isna(row["samples_needed"]):
        return f"**{row['conclusion']}**"
    if math.isinf(row["samples_needed"]):
        return f"**{row['conclusion']}**; {EXTRAPOLATED:,} times the {row['samples']:.0f} samples would not decide"
    needed = float(f"{row['samples_needed']:.2g}")  # two digits: it is an extrapolation
    return f"**{row['conclusion']}**; about {needed:,.0f} samples instead of {row['samples']:.0f} would decide"


def _thresholds(recommended: pd.DataFrame, metric: str) -> str:
    """The recommended thresholds of one metric."""
    rows = recommended[recommended["metric"] == metric]
    return (
        f"## Which threshold?\n\nFor the metric `{metric_name(metric)}`; all of them in"
        " [recommended_threshold.csv](tables/recommended_threshold.csv).\n\n"
        + "\n".join(_advised(row) for _, row in rows.iterrows())
    )


def _figure(name: str, title: str, text: str) -> str:
    return f"### {title[0].upper()}{title[1:]}\n\n![{text}](figures/{name}.png)\n\n{text}"


def _advised(row: pd.Series) -> str:
    agent = escaped(agent_name(row["agent"]))
    return f"- **{agent}, {escaped(split_name(row['benchmark'], row['split']))}**: {row['sentence']}"


def findings(settings: pd.DataFrame) -> list[str]:
    """One sentence per agent: speedup and accuracy of the funnel at the main table's setting."""
    points = settings[settings["main_table"] & (settings["method"] == "speceyes")]
    shown = points[points["metric"] == shown_metric(settings)]
    return [_finding(str(agent), rows) for agent, rows in shown.groupby("agent", sort=False)]


def shown_metric(settings: pd.DataFrame) -> str:
    """The metric that the page tells of."""
    gated = settings[settings["main_table"] & (settings["method"] == "speceyes")]
    return headline(list(gated["metric"].unique()))


def agreement(live: pd.DataFrame) -> str:
    """What the live runs were compared with, and on how many samples they agree."""
    samples = int(live["n"].sum())
    routes, answers = (f"{int(live[name].sum())} of {samples}" for name in ("same_source", "same_answer"))
    sentence = (
        f"**Live runs against replay** ({len(live)} runs of the funnel, each on the timed samples of its split): the"
        f" same route on {routes} samples, the same answer on {answers}. By the clock the funnel was"
        f" {_range(live['speedup_live'])} times as fast as the agent alone; replay says"
        f" {_range(live['speedup_replay'])}."
    )
    if int(live["same_source"].sum()) == int(live["same_answer"].sum()) == samples:
        return sentence
    return (
        f"{sentence} Where the gate was edited since, it runs again once `live/` is removed; else the batch size or"
        " kernels change answers (the first of each run is named in"
        " [live_vs_replay.csv](tables/live_vs_replay.csv))."
    )


def protocol_differences(protocols: pd.DataFrame) -> list[str]:
    """One sentence per system and agent that ran under both protocols."""
    return [
        _protocol_difference(str(system), str(agent), rows)
        for (system, agent), rows in protocols.groupby(["system", "agent"], sort=False)
    ]


def _protocol_difference(system: str, agent: str, rows: pd.DataFrame) -> str:
    name = escaped(agent_name(agent))
    published, corrected = (int(rows[f"errored_{protocol}"].sum()) for protocol in ("published", "corrected"))
    errors = f"errors in {published} by the published and {corrected} by the corrected one"
    span = _span(rows[f"{SCORER}_difference"])
    return (
        f"**Published and corrected protocol, {name if system == 'agent' else f'SpecReason with {name}'}**: the same"
        f" outcome on {int(rows['same'].sum())} of {int(rows['n'].sum())} samples, {errors}; the corrected"
        f" protocol changes the accuracy by {span} points on {len(rows)} splits ({SCORER} scorer);"
        " see [protocol_effects.csv](tables/protocol_effects.csv)."
    )


def faulty_passes(faults: pd.DataFrame) -> list[str]:
    """What a reader must know of passes that were not as planned; nothing where all were."""
    where = "see [pass_faults.csv](tables/pass_faults.csv)."
    stuck, cut = faults[faults["stuck"] > 0], faults[faults["cut"] > 0]
    said = []
    if len(stuck):
        said.append(
            f"**Texts of one repeated token**: {int(stuck['stuck'].sum())} texts in {len(stuck)} passes repeat one"
            f" token up to their limit, as broken numerics make models do; {where}"
        )
    if len(cut):
        said.append(
            f"**Cut batches**: {int(cut['cut'].sum())} samples in {len(cut)} passes ran in smaller batches than planned"
            f" (down to {int(cut['smallest_batch'].min())}), since the memory did not suffice; their latencies are"
            f" those of the smaller batches; {where}"
        )
    return said


def under_load(throughput: pd.DataFrame) -> list[str]:
    """One sentence per agent: what the funnel gains where most questions are under way."""
    closed = throughput[(throughput["system"] == "funnel") & (throughput["arrivals"] == "closed")]
    most = closed.sort_values("level").groupby("agent", sort=False).tail(1)
    return [_told_under_load(row) for _, row in most.iterrows()]


def _told_under_load(row: pd.Series) -> str:
    agent = escaped(agent_name(row["agent"]))
    return (
        f"**Under load, with {agent}** and {row['level']:g} questions under way, the funnel gives"
        f" {row['answers_per_s']:.2f} answers per second, {row['gain']:.2f} times the agent alone"
        f" [{row['gain_low']:.2f}, {row['gain_high']:.2f}], which it spares"
        f" {100 * row['accepted']:.0f} per cent of the questions (bound: {row['bound']:.2f} times); half of them are"
        f" answered within {row['p50_s']:.1f} s, 95 per cent within {row['p95_s']:.1f} s."
    )


def _range(values: pd.Series) -> str:
    low, high = f"{values.min():.2f}", f"{values.max():.2f}"
    return low if low == high else f"{low} to {high}"


def _span(points: pd.Series) -> str:
    """The least and the largest difference; zero has no sign."""
    ends = (f"{end:+.1f}" for end in (points.min(), points.max()))
    return " to ".join(dict.fromkeys("0.0" if end[1:] == "0.0" else end for end in ends))


def _finding(agent: str, rows: pd.DataFrame) -> str:
    span = _span(100 * rows[f"difference_{SCORER}"])
    better = _names(rows[rows[f"difference_{SCORER}_low"] > 0])
    worse = _names(rows[rows[f"difference_{SCORER}_high"] < 0])
    metric = metric_name(str(rows["metric"].iloc[0]))
    return (
        f"**SpecEyes ({metric}) with {escaped(agent_name(agent))}** is {_range(rows['speedup'])} times as fast as"
        f" the agent alone; its accuracy differs by {span} points ({SCORER} scorer). By an exact test at level"
        f" {rows['level'].iloc[0]:g}, each split by itself, it is better on {better} and worse on {worse} of"
        f" {len(rows)} splits; elsewhere the difference may be chance."
    )


def _names(rows: pd.DataFrame) -> str:
    """How many splits, and which."""
    names = ", ".join(escaped(split_name(row["benchmark"], row["split"])) for _, row in rows.iterrows())
    return f"{len(rows)} ({names})" if names else "0"
