"""Two results of one study: which tables differ, run times and what hangs on them apart.

What is timed differs from run to run, so columns of seconds, speedups and their intervals are left out, and so are the
tables that follow from them (provenance, the cost-accuracy front). Everything else must be equal, row by row.

python bench/compare_studies.py results/before results/after
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import pandas as pd

TIMED = re.compile("speedup|latency|_s$|sentence|^p_|written")
TIMED_TABLES = {"provenance.csv", "pareto.csv", "published_vs_ours.csv"}
STAGES = ("index", "draft", "screen", "agent", "specreason", "live", "confidence", "replay", "judge", "tables")
NESTED = {"turns"}  # JSON text with times inside


def untimed(path: Path) -> pd.DataFrame:
    """A table without what tells the time."""
    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    kept = frame[[column for column in frame if not TIMED.search(str(column))]].copy()
    for name in NESTED & set(kept):
        kept[name] = kept[name].str.replace(r'"latency_s": [^,}]+', "", regex=True)
    return kept


def difference(before: Path, after: Path) -> str:
    """What differs between two tables; empty when nothing does."""
    try:
        pd.testing.assert_frame_equal(untimed(before), untimed(after), rtol=1e-9, atol=1e-12)
    except AssertionError as error:
        return " ".join(str(error).split())[:300]
    return ""


def tables(folder: Path) -> dict[str, Path]:
    """Every table of a study that does not follow from run times, by its name below the folder."""
    found = (path for stage in STAGES for path in (folder / stage).rglob("*") if path.suffix in (".csv", ".parquet"))
    return {str(path.relative_to(folder)): path for path in found if path.name not in TIMED_TABLES}


def main() -> None:
    """Print every difference; the exit status is 1 if there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before", type=Path, help="a finished study's folder")
    parser.add_argument("after", type=Path, help="the same study, made again")
    folders = parser.parse_args()
    before, after = tables(folders.before), tables(folders.after)
    lines = [f"{name}: only in one of the two" for name in sorted(before.keys() ^ after.keys())]
    shared = sorted(before.keys() & after.keys())
    lines += [f"{name}: {found}" for name in shared if (found := difference(before[name], after[name]))]
    print("\n".join([*lines, f"{len(shared)} tables compared, {len(lines)} differences"]))
    sys.exit(1 if lines else 0)


if __name__ == "__main__":
    main()
