"""The paper's Table 1 for people: a wide page in Markdown, and LaTeX that fits a page's text width."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from speceyes.analysis.names import agent_name, benchmark_name, place_name, split_name
from speceyes.runtime.atomic import write_whole
from speceyes.tables.main_table import SYSTEM_NAMES, system_name
from speceyes.tables.markdown import escaped

PACKAGES = ("booktabs", "longtable")


def as_markdown(table: pd.DataFrame) -> str:
    """The wide table in Markdown: accuracy under the corrected scorer with its interval, published beneath."""
    blocks = _blocks(table, _markdown_cell)
    return "\n\n".join(f"{title}\n\n{block.to_markdown(disable_numparse=True)}" for title, block in blocks) + "\n"


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
            over = f" · {agent_name(row['agent'])}" if row["system"] in SYSTEM_NAMES and row["agent"] else ""
            wide.setdefault(escaped(label + over), {})[row["split"]] = cell(row)
        count = ", ".join(
            f"{place_name(split)} n = {rows.loc[rows['split'] == split, 'n'].iloc[0]}" for split in splits
        )
        block = pd.DataFrame.from_dict(wide, orient="index").reindex(columns=splits).fillna("–")
        block.columns = pd.Index([escaped(place_name(split)) for split in splits])
        blocks.append((f"**{escaped(benchmark_name(benchmark))}** ({escaped(count)})", block.rename_axis("system")))
    return blocks


def as_latex(table: pd.DataFrame) -> str:
    """The main table as a ``longtable``; accuracies in percent, every special character of a name escaped."""
    rows = pd.DataFrame(
        {
            "Split": [split_name(*place) for place in zip(table["benchmark"], table["split"], strict=True)],
            "Agent": [agent_name(agent) for agent in table["agent"]],
            "System": [
                "agent alone" if row["system"] == "agent" else system_name(row["system"], row["agent"], row["metric"])
                for _, row in table.iterrows()
            ],
            "Corrected": [_with_interval(row, "accuracy_corrected", 100, 1) for _, row in table.iterrows()],
            "Published": [_with_interval(row, "accuracy_published", 100, 1) for _, row in table.iterrows()],
            "Speedup": [_with_interval(row, "speedup", 1, 2) for _, row in table.iterrows()],
        }
    )
    rows = rows.sort_values(
        "Split", key=lambda names: names.map({n: i for i, n in enumerate(names.unique())}), kind="stable"
    )
    styled = rows.style.hide(axis="index").format(escape="latex").format_index(escape="latex", axis=1)
    body = styled.to_latex(environment="longtable", hrules=True, column_format="@{}lllrrr@{}")
    needed = "".join(f"% \\usepackage{{{package}}}\n" for package in PACKAGES)
    return f"{needed}{{\\scriptsize\\setlength{{\\tabcolsep}}{{3pt}}\n{body}}}\n"


def _with_interval(row: pd.Series, name: str, unit: float, digits: int) -> str:
    """``81.2 [76.0, 85.9]``; a dash where there is no number."""
    value, low, high = (unit * row[column] for column in (name, f"{name}_low", f"{name}_high"))
    if pd.isna(value):
        return "--"
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def write_main_table(table: pd.DataFrame, markdown: Path, latex: Path) -> None:
    """Set the table for a page and for a paper."""
    first = escaped(agent_name(table["speedup_over"].iloc[0]))
    note = (
        "Accuracy in percent under the corrected scorer with its interval; under the published scorer; speedup over "
        f"the agent alone. The draft's speedup is over {first}. SpecReason: share of the draft's proposed steps that "
        "were kept, steps per sample.\n\n"
    )
    write_whole(markdown, note + as_markdown(table))
    write_whole(latex, as_latex(table))
