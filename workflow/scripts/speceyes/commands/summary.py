"""What a finished study found, in three sentences."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="a finished study's folder, e.g. results/miniature")
    tables = parser.parse_args().results / "tables"

    from speceyes.pages.summary import summary
    from speceyes.tables.csv_files import read_csv

    live = tables / "live_vs_replay.csv"
    try:
        settings, claims = (read_csv(tables / f"{name}.csv") for name in ("settings", "claims"))
        print(summary(settings, claims, read_csv(live) if live.exists() else None))
    except FileNotFoundError as error:
        sys.exit(f"{error.filename} is missing: the study is not finished")
