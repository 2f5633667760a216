"""The paper's Table 1: every system on every split, as long CSV and as a wide page for people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from speceyes.judging.scorers import SCORER_NAMES
from speceyes.tables.csv_files import write_csv

PEER_STEPS = ["acceptance", "steps"]
KEY = ["system", "agent", "metric", "benchmark", "split"]
METRIC_ORDER = ("", "log", "mean", "bottom20", "min")
SYSTEM_ORDER = ("draft", "agent", "specreason", "speceyes")
SYSTEM_NAMES = {"draft": "Draft only", "specreason": "SpecReason", "speceyes": "SpecEyes"}
AGENT_NAMES = {"deepeyes": "DeepEyes", "thyme": "Thyme"}  # an agent of your own goes by its name in the config


def main_table(settings: pd.DataFrame, peer_steps: pd.DataFrame) -> pd.DataFrame:
    """The long table: one row per system and split, in the paper's order.

    The draft stands once; its speedup is over the study's first agent (column ``speedup_over``).
    Speedups are replayed ones, so that all systems are timed by the same passes.

    Args:
        settings: the settings table.
        peer_steps: from :func:`speceyes.tables.specreason_steps.specreason_steps`; SpecReason's rows get the share of
            proposals kept (``acceptance``) and the ``steps`` per sample.
    """
    first = settings["agent"].iloc[0]
    kept = settings[settings["main_table"] & ((settings["method"] != "draft") | (settings["agent"] == first))]
    kept = kept.assign(system=kept["method"], speedup_over=kept["agent"])
    kept.loc[kept["system"] == "draft", "agent"] = ""
    spread = [f"{name}_{limit}" for name in _estimates() for limit in ("low", "high")]
    differences = [f"{name}_{s}" for s in SCORER_NAMES for name in ("difference", "p")]
    columns = [*KEY, "n", *_estimates(), *spread, *differences, "alpha", "beta", "threshold", "top_k", "batch_size"]
    published = peer_steps[peer_steps["variant"] == "published"].assign(system="specreason")
    place = ["system", "agent", "benchmark", "split"]
    kept = kept.merge(published[[*place, *PEER_STEPS]], on=place, how="left", validate="many_to_one")
    return _ordered(kept)[[*columns, *PEER_STEPS, "speedup_over"]].reset_index(drop=True)


def _estimates() -> list[str]:
    return [*(f"accuracy_{scorer}" for scorer in SCORER_NAMES), "speedup"]


def _ordered(rows: pd.DataFrame) -> pd.DataFrame:
    """Draft, then each agent with its methods; splits in the order in which the study names them."""
    agents = ["", *rows.loc[rows["agent"] != "", "agent"].unique()]
    splits = list(dict.fromkeys(zip(rows["benchmark"], rows["split"], strict=True)))
    place = [splits.index(split) for split in zip(rows["benchmark"], rows["split"], strict=True)]
    rank = pd.DataFrame(
        {
            "agent": rows["agent"].map(agents.index),
            "system": rows["system"].map(SYSTEM_ORDER.index),
            "metric": rows["metric"].map(METRIC_ORDER.index),
            "place": place,
        }
    )
    return rows.loc[rank.sort_values(list(rank.columns)).index]


def system_name(system: str, agent: str, metric: str) -> str:
    """How a system is called on the page: ``SpecEyes (min)``."""
    name = SYSTEM_NAMES.get(system, AGENT_NAMES.get(agent, agent))
    return f"{name} ({metric})" if metric else name


def as_markdown(table: pd.DataFrame) -> str:
    """The wide table in Markdown: accuracy under the corrected scorer with its interval, published beneath."""
    blocks = _blocks(table, _markdown_cell)
    return "\n\n".join(f"{title}\n\n{block.to_markdown()}" for title, block in blocks) + "\n"


def _markdown_cell(row: pd.Series) -> str:
    low, high = 100 * row["accuracy_corrected_low"], 100 * row["accuracy_corrected_high"]
    accuracy = f"{100 * row['accuracy_corrected']:.1f} [{low:.1f}, {high:.1f}]"
    cell = f"{accuracy}; {100 * row['accuracy_published']:.1f}; {row['speedup']:.2f}×"
    if pd.isna(row["acceptance"]):
        return cell
    return f"{cell}; {100 * row['acceptance']:.0f} % kept, {row['steps']:.1f} steps"


def _blocks(table: pd.DataFrame, cell: Callable[[pd.Series], str]) -> list[tuple[str, pd.DataFrame]]:
    """One wide block per benchmark: systems down, splits across."""
    blocks = []
    for benchmark in table["benchmark"].unique():
        rows = table[table["benchmark"] == benchmark]
        splits = list(rows["split"].unique())
        wide: dict[str, dict[str, str]] = {}
        for _, row in rows.iterrows():
            label = system_name(row["system"], row["agent"], row["metric"])
            over = (
                f" · {AGENT_NAMES.get(row['agent'], row['agent'])}"
                if row["system"] in SYSTEM_NAMES and row["agent"]
                else ""
            )
            wide.setdefault(label + over, {})[row["split"]] = cell(row)
        count = ", ".join(f"{split} n = {rows.loc[rows['split'] == split, 'n'].iloc[0]}" for split in splits)
        block = pd.DataFrame.from_dict(wide, orient="index").reindex(columns=splits).fillna("–")
        blocks.append((f"**{benchmark}** ({count})", block.rename_axis("system")))
    return blocks


def as_latex(table: pd.DataFrame) -> str:
    """The wide table in LaTeX (booktabs): accuracy in percent under both scorers and speedup per split."""
    splits = list(dict.fromkeys(zip(table["benchmark"], table["split"], strict=True)))
    lines = [
        rf"\begin{{tabular}}{{l{'rrr' * len(splits)}}}",
        r"\toprule",
        " & ".join(["", *(rf"\multicolumn{{3}}{{c}}{{{_tex(b)} {_tex(s)}}}" for b, s in splits)]) + r" \\",
        " & ".join(["System", *(["pub.", "corr.", "speedup"] * len(splits))]) + r" \\",
    ]
    agent = None
    for (system, on, metric), rows in table.groupby(["system", "agent", "metric"], sort=False):
        if on != agent:
            lines.append(r"\midrule")
            agent = on
        cells = {(row["benchmark"], row["split"]): _latex_cell(row) for _, row in rows.iterrows()}
        found = (cells.get(split, "-- & -- & --") for split in splits)
        lines.append(" & ".join([_tex(system_name(str(system), str(on), str(metric))), *found]) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _latex_cell(row: pd.Series) -> str:
    return (
        f"{100 * row['accuracy_published']:.2f} & {100 * row['accuracy_corrected']:.2f} & {row['speedup']:.2f}$\\times$"
    )


def _tex(text: str) -> str:
    return text.replace("_", r"\_")


def write_main_table(table: pd.DataFrame, csv: Path, markdown: Path, latex: Path) -> None:
    """Write the table in its three forms."""
    write_csv(table, csv)
    note = (
        "Accuracy in percent under the corrected scorer with its interval; under the published scorer; speedup over "
        f"the agent alone. The draft's speedup is over {table['speedup_over'].iloc[0]}. SpecReason: share of the "
        "draft's proposed steps that were kept, steps per sample.\n\n"
    )
    markdown.write_text(note + as_markdown(table), encoding="utf-8")
    latex.write_text(as_latex(table), encoding="utf-8")
