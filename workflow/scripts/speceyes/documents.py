"""YAML and JSON files, read strictly: every key once, bounded in size and depth."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from speceyes.border import border, open_regular, plain, shown

MAX_BYTES = 2**24
MAX_VALUES = 10**6


class DocumentError(Exception):
    """A file that is no document of its format; the message names the file."""


def read_yaml(path: Path) -> Any:
    """The content of a YAML file, None where it is empty.

    Raises:
        DocumentError: not a file, not UTF-8, not YAML, a key that stands twice, nested too deep, too large.
    """
    with border(path, DocumentError):
        text = _text(path)
        try:
            found = yaml.load(text, _StrictLoader)
        except (yaml.YAMLError, ValueError) as error:
            raise DocumentError(f"{plain(path)}: not YAML: {_yaml_reason(error)}") from error
        _count_values(found)
        return found


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises:
        DocumentError: not a file, not UTF-8, not JSON, a key that stands twice, nested too deep, too large.
    """
    with border(path, DocumentError):
        return parse_json(_text(path))


def parse_json(text: str) -> Any:
    """The value of a JSON text; ``NaN`` and ``Infinity``, which are not JSON, are refused.

    Raises:
        ValueError: not JSON, or a key that stands twice.
        RecursionError: nested too deep.
    """
    try:
        return json.loads(text, object_pairs_hook=_with_keys_once, parse_constant=_not_a_number)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from error


def _text(path: Path) -> str:
    with open_regular(path) as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES // 2**20} MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text (byte {error.start})") from error


def _with_keys_once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {shown(key)} stands twice")
        found[key] = value
    return found


def _not_a_number(word: str) -> Any:
    raise ValueError(f"not JSON: {word} is no number")


class _StrictLoader(yaml.SafeLoader):
    """The safe loader, but a mapping's own keys are distinct; what a merge key ``<<`` brings may be overridden."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        # Here and not in the constructor, which folds merged keys into the node that they are merged into.
        node = super().compose_mapping_node(anchor)
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is no plain value", problem_mark=key_node.start_mark)
            key = "<<" if key_node.tag == "tag:yaml.org,2002:merge" else self.construct_object(key_node)
            if key in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {shown(key)} stands twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return node


def _yaml_reason(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or str(error)
    return plain(said) + (f" (line {mark.line + 1}, column {mark.column + 1})" if mark else "")


def _count_values(document: Any) -> None:
    """Refuse a document whose aliases make it huge or endless when it is walked."""
    count, waiting = 0, [document]
    while waiting:
        value = waiting.pop()
        count += 1
        if count > MAX_VALUES:
            raise ValueError(f"more than {MAX_VALUES} values, counting aliases as often as they stand")
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, list | tuple | set):
            waiting += value
