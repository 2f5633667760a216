"""The environment files as typed objects, for tests of what they pin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from rattler import MatchSpec

REPOSITORY = Path(__file__).parents[2]
FILES = sorted((REPOSITORY / "workflow" / "envs").glob("*.yaml"))


@dataclass(frozen=True)
class Environment:
    """One file: conda specs, pip requirements in order, and where channels come from."""

    name: str
    channels: list[str]
    conda: list[MatchSpec]
    pip: list[Requirement]

    @classmethod
    def read(cls, path: Path) -> Environment:
        content = yaml.safe_load(path.read_text())
        assert set(content) == {"name", "channels", "dependencies"}, path
        *specs, last = content["dependencies"]
        assert set(last) == {"pip"}, path
        conda = [MatchSpec(spec, strict=True) for spec in specs]
        return cls(content["name"], content["channels"], conda, [Requirement(line) for line in last["pip"]])

    @property
    def pins(self) -> dict[str, Version]:
        """Pinned version by canonical name; fails where a line is no exact pin."""
        pins = {}
        for requirement in self.pip:
            (pin,) = requirement.specifier
            assert pin.operator == "==", requirement
            pins[canonicalize_name(requirement.name)] = Version(pin.version)
        return pins
