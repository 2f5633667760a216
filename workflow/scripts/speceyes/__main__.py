"""The library's tools; `python -m speceyes COMMAND --help` explains each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = {
    "run": ("speceyes.runtime.launch", "Snakemake, also where the last run was killed; refuses beside a living one"),
    "estimate": ("speceyes.commands.estimate", "what a study will still cost, before it runs"),
    "explain": ("speceyes.commands.explain", "what happened to one sample, from the question to the verdicts"),
    "summary": ("speceyes.commands.summary", "what a finished study found, in three sentences"),
    "publish": ("speceyes.commands.publish", "copy what a reader opens into one folder for a static host"),
    "config-docs": ("speceyes.commands.config_docs", "write the configuration's schema and tables of keys"),
    "train-miniature": ("speceyes.commands.train_miniature", "make the miniature's models from seeds"),
    "evaluate-miniature": ("speceyes.commands.evaluate_miniature", "measure the miniature's models, write their card"),
    "evaluate-drafts": ("speceyes.commands.evaluate_drafts", "measure drafts of other training seeds for that card"),
    "contact-sheet": ("speceyes.commands.contact_sheet", "draw the miniature's questions with what its models say"),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command with the arguments that follow its name."""
    parser = argparse.ArgumentParser(
        prog="python -m speceyes",
        description=__doc__,
        epilog="\n".join(f"  {name:<20} {meaning}" for name, (_, meaning) in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of those below")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="what the command takes")
    options = parser.parse_args(arguments)
    sys.argv = [f"{parser.prog} {options.command}", *options.arguments]
    import_module(COMMANDS[options.command][0]).main()


if __name__ == "__main__":
    main()
