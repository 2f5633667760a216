"""What happened to one sample of a study: question, screening, draft with confidences, agents turn by turn, verdicts.

Reads the result tables that exist; a stage that has not run yet is left out.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Print all stages of the sample."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="a study's folder, e.g. results/miniature")
    parser.add_argument("sample", help="e.g. vstar/direct_attributes/0003")
    options = parser.parse_args()

    from speceyes.pages.explain import UnknownSampleError, explain

    try:
        print(explain(options.results, options.sample))
    except UnknownSampleError as error:
        sys.exit(str(error))
