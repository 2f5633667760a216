"""Latencies are compared only when one model of device measured them all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from speceyes.records.tables import read_provenance

MEASURED_ON = "measured_on"  # in the provenance of tables made from other tables' latencies


class DeviceError(Exception):
    """Latencies of different models of device that were about to be compared; the message names a table of each."""


def one_device(tables: Iterable[Path]) -> str:
    """The model of device that measured all tables of passes or replays; "unknown" where they do not say.

    Raises:
        DeviceError: there are several.
    """
    measured: dict[str, list[Path]] = defaultdict(list)
    for table in tables:
        stamp = read_provenance(table)
        measured[stamp.get(MEASURED_ON) or stamp.get("device", {}).get("name", "unknown")].append(table)
    if len(measured) > 1:
        found = ", ".join(f"{name} (tables: {len(paths)}, first {paths[0]})" for name, paths in measured.items())
        raise DeviceError(f"latencies of different devices cannot be compared: {found}; make one device's tables again")
    return next(iter(measured), "unknown")
