"""The JSON schema of the configuration, the tables of its keys, and what the paper's study costs: made, not typed.

Each is written where it belongs: the schema beside the workflow, tables and costs into the two READMEs.
"""

from __future__ import annotations

import argparse
from pathlib import Path

ROOT = Path(__file__).parents[4]


def main() -> None:
    """Write the generated files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository whose files are written")
    options = parser.parse_args()

    from speceyes.study.config_docs import documents

    for path, text in documents(options.root).items():
        path.write_text(text, encoding="utf-8")
