"""The words that figures come with."""

import yaml


def caption(figure):
    """What to see in a figure."""
    with (WORKFLOW / "report" / "figures.yaml").open(encoding="utf-8") as handle:
        return yaml.safe_load(handle)[figure]
