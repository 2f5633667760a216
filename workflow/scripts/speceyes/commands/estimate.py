"""What a study will still cost before it runs: downloads, disk, GPU time and memory, judge calls; what is done.

With the results of a pilot its times price the rest, and the images to time are planned from it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main() -> None:
    """Print the estimate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="a whole study, e.g. config/config.yaml")
    parser.add_argument("--pilot", type=Path, help="results of its pilot, which price the rest")
    parser.add_argument(
        "--width", type=float, default=0.3, help="of a speedup's interval, as a share of it (default: %(default)s)"
    )
    given = parser.parse_args()

    from speceyes.documents import DocumentError, read_yaml
    from speceyes.study.config import load_config
    from speceyes.study.config.errors import ConfigError
    from speceyes.study.estimate import Work, render
    from speceyes.study.study import Study

    try:
        study = Study(load_config(read_yaml(given.config)))
        print(render(Work.of(study, Study.of(given.pilot) if given.pilot else None, given.width)))
    except (ConfigError, DocumentError) as error:
        sys.exit(str(error))
