"""One folder for any static host: the study's page, explorer, report, tables and figures, with links between them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Write the folder and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="a finished study's folder, e.g. results/miniature")
    parser.add_argument("target", type=Path, help="the folder to write, e.g. build/publish/miniature")
    options = parser.parse_args()

    from speceyes.pages.publish import UnfinishedStudyError, publish

    try:
        written = publish(options.results, options.target)
    except UnfinishedStudyError as error:
        sys.exit(str(error))
    megabytes = sum(path.stat().st_size for path in options.target.rglob("*") if path.is_file()) / 1e6
    print(f"{options.target}: {', '.join(path.name for path in written)} ({megabytes:.0f} MB); open index.html")
