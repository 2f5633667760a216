"""Classes and functions that the configuration names, from this library or from a package of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    found, class_name = _found(spec, what, "Class")
    missing = [name for name in members if not hasattr(found, name)]
    if not isinstance(found, type) or missing:
        kind = f"has no {missing[0]}" if isinstance(found, type) else "is no class"
        raise ValueError(f"{what} {shown(spec)}: {class_name} {kind}; name a class as docs/extending.md describes")
    return found


def load_function(spec: str, what: str) -> Callable[..., object]:
    """The function named ``package.module:function``.

    Args:
        spec: the name as the configuration gives it.
        what: what it should be, for the message.

    Raises:
        ValueError: the module cannot be imported, or it has no such function; one line says why.
    """
    found, name = _found(spec, what, "function")
    if not callable(found) or isinstance(found, type):
        raise ValueError(f"{what} {shown(spec)}: {name} is no function")
    function: Callable[..., object] = found
    return function


def _found(spec: str, what: str, kind: str) -> tuple[Any, str]:
    """What a name leads to, and its last part."""
    module_name, _, name = spec.partition(":")
    try:
        return getattr(import_module(module_name), name), name
    except (Exception, SystemExit) as error:  # a module may raise anything while it is imported
        said = reason(error) if isinstance(error, Exception) else "it ends the program when it is imported"
        raise ValueError(f"{what} {shown(spec)}: {said}; write it as package.module:{kind}") from error
