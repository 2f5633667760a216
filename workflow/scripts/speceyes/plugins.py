"""Classes that the configuration names, from this library or from a package of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from speceyes.border import reason, shown


def load_class(spec: str, what: str, members: Sequence[str]) -> Any:
    """The class named ``package.module:Class``.

    Args:
        spec: the name as the configuration gives it.
        what: what it should be, for the message.
        members: names that such a class has.

    Raises:
        ValueError: the module cannot be imported, or it has no such class; one line says why.
    """
    module_name, _, class_name = spec.partition(":")
    try:
        found = getattr(import_module(module_name), class_name)
    except (Exception, SystemExit) as error:  # a module may raise anything while it is imported
        said = reason(error) if isinstance(error, Exception) else "it ends the program when it is imported"
        raise ValueError(f"{what} {shown(spec)}: {said}; write it as package.module:Class") from error
    missing = [name for name in members if not hasattr(found, name)]
    if not isinstance(found, type) or missing:
        kind = f"has no {missing[0]}" if isinstance(found, type) else "is no class"
        raise ValueError(f"{what} {shown(spec)}: {class_name} {kind}; name a class as docs/extending.md describes")
    return found
