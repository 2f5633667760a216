"""The JSON schema of the configuration, the tables of its keys, and what the paper's study costs: made, not typed.

``make docs``, which is ``python -m speceyes config-docs``, writes each where it belongs.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from speceyes.agents.base import load_agent
from speceyes.benchmarks.base import load_reader
from speceyes.benchmarks.own_data import OwnDataSettings
from speceyes.documents import read_yaml
from speceyes.engines.served import ServedSettings
from speceyes.study.config import Config, load_config
from speceyes.study.estimate import Work, judge_calls, total_hours
from speceyes.study.layout import Layout
from speceyes.study.plan import Plan
from speceyes.study.study import Study

Schema = dict[str, Any]

START = "<!-- keys: made by speceyes.study.config_docs -->"
END = "<!-- end of keys -->"
NOWHERE = f"{os.devnull}/nothing"  # the cost is that of a study whose results do not exist
COST, END_OF_COST = "<!-- cost -->", "<!-- end of cost -->"
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
HEAD = ("| key | value | default | meaning |", "|---|---|---|---|")


def documents(root: Path) -> dict[Path, str]:
    """What the generated files should hold: the schema, and both READMEs with their generated parts.

    Args:
        root: the repository; its ``config/config.yaml`` is the study that is told of.
    """
    study = load_config(read_yaml(root / "config" / "config.yaml"))
    schema = json.dumps(_schema(), indent=2, ensure_ascii=False)
    keys, readme = root / "config" / "README.md", root / "README.md"
    return {
        root / "workflow" / "schemas" / "config.schema.json": schema + "\n",
        keys: _between(keys, START, f"\n\n{key_tables(study)}\n\n", END),
        readme: _between(readme, COST, total_cost(study), END_OF_COST),
    }


def _between(path: Path, start: str, text: str, end: str) -> str:
    """A file's text with what stands between two marks replaced."""
    before, rest = path.read_text(encoding="utf-8").split(start)
    _, after = rest.split(end)
    return f"{before}{start}{text}{end}{after}"


def total_cost(config: Config) -> str:
    """What a study costs of which nothing is there yet, in a line."""
    study = Study(config, Layout(NOWHERE))
    work = Work.of(study)
    hours = float(f"{total_hours(work):.2g}")  # two digits: it rests on assumptions
    known = sum(one.gigabytes or 0.0 for one in work.downloads)
    unknown = sum(one.gigabytes is None for one in work.downloads)
    return (
        f"{sum(Plan(study).jobs().values())} jobs; some {hours:.0f} GPU-hours, were an agent's answer to take"
        f" {work.assumed.agent_s:g} s; downloads of {known:.0f} GB and {unknown} more models or benchmarks; at most"
        f" {judge_calls(work):,} calls to the judge. `make estimate STUDY=config` counts what is there already"
    )


def _schema() -> Schema:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Config.model_json_schema()


def key_tables(study: Config) -> str:
    """One table per top-level section, then one per agent, reader and engine with settings of its own."""
    schema = Config.model_json_schema()
    sections = {name: node for name, node in schema["properties"].items() if _has_keys(_resolved(node, schema))}
    single = {name: node for name, node in schema["properties"].items() if name not in sections}
    tables = [_table("The study", "Keys outside of sections.", schema | {"properties": single}, schema)]
    for name, node in sections.items():
        meaning = (_resolved(node, schema) | node)["description"]
        tables.append(_table(f"`{name}`", meaning, {"properties": {name: node}}, schema))
    return "\n\n".join([*tables, *_own_settings(study)])


def _own_settings(study: Config) -> Iterator[str]:
    models: dict[tuple[str, str], type[BaseModel]] = {
        (f"agents.{name}.settings", agent.type): load_agent(agent.type).Settings for name, agent in study.agents.items()
    } | {
        (f"benchmarks.{name}.settings", benchmark.reader): load_reader(benchmark.reader).Settings
        for name, benchmark in study.benchmarks.items()
    }
    models[("models.NAME.engine", "server")] = ServedSettings
    models[("benchmarks.NAME.settings", "speceyes.benchmarks.own_data:OwnData")] = OwnDataSettings
    for (key, owner), model in models.items():
        schema = model.model_json_schema()
        if schema["properties"]:
            yield _table(f"`{key}`", f"As `{owner}` understands them.", schema, schema)


def _table(title: str, meaning: str, section: Schema, schema: Schema) -> str:
    rows = [f"| {' | '.join(cells)} |" for cells in _rows(section, schema, "")]
    return "\n".join([f"### {title}", "", meaning, "", *HEAD, *rows])


def _rows(section: Schema, schema: Schema, prefix: str) -> Iterator[tuple[str, str, str, str]]:
    """Key, value, default and meaning of every key below a section; NAME stands for a name of the user's own."""
    for name, node in section["properties"].items():
        key, inner = f"{prefix}{name}", _resolved(node, schema)
        if "properties" in inner:
            yield from _rows(inner, schema, f"{key}.")
        elif _has_keys(inner):
            yield from _rows(_resolved(inner["additionalProperties"], schema), schema, f"{key}.NAME.")
        else:
            yield f"`{key}`", _value(inner), _default(name, node, section), node["description"]


def _resolved(node: Schema, schema: Schema) -> Schema:
    """What a node refers to, if it refers to something; of an optional section the section."""
    reference = next((part["$ref"] for part in (node, *node.get("anyOf", ())) if "$ref" in part), None)
    definition: Schema = schema["$defs"][reference.rpartition("/")[2]] if reference else node
    return definition


def _has_keys(node: Schema) -> bool:
    """Whether a node is a section, or a map of sections."""
    named = node.get("additionalProperties")
    return "properties" in node or (isinstance(named, dict) and "$ref" in named)


def _default(name: str, node: Schema, section: Schema) -> str:
    if name in section.get("required", ()):
        return "required"
    return f"`{json.dumps(node['default'], ensure_ascii=False)}`" if "default" in node else "empty"


def _value(node: Schema) -> str:
    """The values a key may have, in words."""
    if choices := node.get("anyOf") or node.get("oneOf"):
        return " or ".join(map(_value, choices))
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    if node["type"] == "array":
        return f"list of {_value(node['items'])}"
    if node["type"] == "object":
        inner = node["additionalProperties"]
        return f"map to {_value(inner)}" if isinstance(inner, dict) else "map"
    bounds = ", ".join(f"{sign} {node[name]}" for name, sign in BOUNDS.items() if name in node)
    return f"{node['type']} {bounds}".rstrip()
