"""What is wrong with a configuration, in one line: the key, and what it may be."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from speceyes.border import LONGEST_VALUE, plain, shown

S = TypeVar("S", bound=BaseModel)


class ConfigError(Exception):
    """A configuration that cannot be used: one line naming the key and what it may be."""


def check_known(key: str, names: Collection[str], known: Collection[str]) -> None:
    """Refuse a name that is not known.

    Raises:
        ValueError: names the key, the name and the known ones.
    """
    for name in names:
        if name not in known:
            raise ValueError(f"{key}: {shown(name)} is not among {', '.join(sorted(known))}")


def check_apart(key: str, names: Iterable[str]) -> None:
    """Refuse names that file systems may take for one another: prompts, models and results are named after them.

    Raises:
        ValueError: names both.
    """
    known: dict[str, str] = {}
    for name in names:
        if other := known.get(name.lower()):
            raise ValueError(f"{key}: {name} clashes with {other}; give it another name")
        known[name.lower()] = name


def check_settings(model: type[S], settings: dict[str, Any]) -> S:
    """Settings that a class named in the config validates itself, explained as the rest is."""
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        raise ValueError(explanation(error, model)) from error


def check_numbers(given: object, read: object, key: str = "") -> None:
    """Refuse yes and no, true and false where a number is read: Python counts them as 1 and 0.

    Raises:
        ValueError: names the key.
    """
    if isinstance(given, bool) and not isinstance(read, bool):
        raise ValueError(f"{key}: must be a number, got {given}")
    if isinstance(given, dict) and isinstance(read, dict):
        for name in given.keys() & read.keys():
            check_numbers(given[name], read[name], f"{key}.{name}".lstrip("."))
    elif isinstance(given, list | tuple) and isinstance(read, list | tuple):
        for place, (value, taken) in enumerate(zip(given, read, strict=False)):
            check_numbers(value, taken, f"{key}.{place}")


def explanation(error: ValidationError, model: type[BaseModel]) -> str:
    """The first of a model's errors in one line, and how many more there are."""
    first = error.errors()[0]
    location = [plain(part, LONGEST_VALUE) for part in first["loc"] if not str(part).startswith("[")]
    message = plain(first["msg"].removeprefix("Value error, "))
    if first["type"] == "extra_forbidden":
        message = _unknown_key(location[-1], list(_section(model, location[:-1]).model_fields))
    elif not isinstance(first["input"], dict | list | BaseModel):
        message += f", got {shown(first['input'])}"
        if first["type"] == "string_type" and isinstance(first["input"], int | float | date):
            message += "; put it in quotes"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return ": ".join(part for part in (".".join(location), message) if part) + more


def _unknown_key(key: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"unknown key{f' (did you mean {close[0]}?)' if close else ''}; known are {', '.join(known) or 'none'}"


def _section(model: Any, location: Sequence[str]) -> type[BaseModel]:
    """The model at a location below a model, through maps of models and optional ones."""
    for part in location:
        fields = getattr(model, "model_fields", None)
        model = fields[part].annotation if fields else get_args(model)[1]
        if get_origin(model) is UnionType:
            model = get_args(model)[0]
    section: type[BaseModel] = model
    return section
