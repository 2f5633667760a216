"""Every figure, drawn from a folder of tables and laid out, but not written."""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import speceyes.figures
from matplotlib.figure import Figure
from speceyes.figures import style
from synthetic_tables import named

_MODULES = {
    m.name: importlib.import_module(f"speceyes.figures.{m.name}")
    for m in pkgutil.iter_modules(speceyes.figures.__path__)
}
FIGURES: dict[str, ModuleType] = {name: module for name, module in sorted(_MODULES.items()) if hasattr(module, "draw")}


def laid_out(name: str, tables: Path) -> Figure:
    """The figure of a folder's tables with everything in its place."""
    return laid_out_from(name, named(tables, FIGURES[name].READS))


def laid_out_from(name: str, tables: Mapping[str, Path]) -> Figure:
    """The same from tables by name; pixels would cost several times as much. A warning is an error."""
    drawn: list[Figure] = []

    def keep(figure: Figure, *_: Any) -> None:
        figure.draw_without_rendering()
        drawn.append(figure)

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        patch.setattr(style, "save", keep)
        FIGURES[name].draw(tables, Path(f"{name}.png"), Path(f"{name}.pdf"))
    (figure,) = drawn
    assert figure.axes
    return figure
