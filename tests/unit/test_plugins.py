"""A class that the configuration names is loaded, or one line says why not."""

import pytest
from speceyes.agents.base import load_agent
from speceyes.benchmarks.base import load_reader

LOADERS = {"agent class": load_agent, "benchmark reader": load_reader}


@pytest.fixture
def outside(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize("what", LOADERS)
@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("os:system", "system is no class"),
        ("math:pi", "pi is no class"),
        ("pathlib:Path", "Path has no "),
        ("speceyes.prompts:Prompt", "Prompt has no "),
        ("os", "write it as package.module:Class"),
        ("os:", "write it as package.module:Class"),
        ("", "write it as package.module:Class"),
        (":X", "write it as package.module:Class"),
        ("no.such.module:X", "No module named 'no'"),
        ("..relative:X", "write it as package.module:Class"),
        ("os:\x1b[31m", r"'os:\x1b[31m'"),
        ("x" * 200_000 + ":X", "(200002 characters)"),
    ],
)
def test_a_name_that_leads_nowhere_is_one_line(what, spec, said):
    with pytest.raises(ValueError) as caught:
        LOADERS[what](spec)
    assert str(caught.value).startswith(what)
    assert said in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("divides", "1 / 0", "division by zero"),
        ("unfinished", "class X(", "was never closed"),
        ("ends", "raise SystemExit", "ends the program"),
        ("mistypes", "nothing", "name 'nothing' is not defined"),
        ("asserts", "assert False", "AssertionError"),
    ],
)
def test_a_module_that_fails_at_import_is_one_line(outside, name, source, said):
    (outside / f"{name}.py").write_text(source)
    with pytest.raises(ValueError, match="write it as package") as caught:
        load_agent(f"{name}:X")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
