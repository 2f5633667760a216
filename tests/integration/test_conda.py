"""Snakemake makes the analysis environment and runs rules in it; conda itself is a stand-in (conda_stand_in.py)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conda_stand_in import Installation
from environments import REPOSITORY, Environment
from small_study import small_study

WORKFLOW = REPOSITORY / "workflow"
SAMPLES = "results/small/index/vstar/direct_attributes/samples.parquet"


@pytest.fixture(scope="module")
def conda(tmp_path_factory) -> Installation:
    """With the versions of Python and pip that the analysis environment pins."""
    environment = Environment.read(WORKFLOW / "envs" / "analysis.yaml")
    installation = Installation(tmp_path_factory.mktemp("conda") / "prefix")
    installation.make({spec.name.normalized: str(spec.version).removesuffix(".*") for spec in environment.conda})
    return installation


@pytest.fixture(scope="module")
def run(conda, tmp_path_factory) -> tuple[Path, str]:
    """The small study's questions drawn and indexed under the default profile, and what Snakemake said."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "study.yaml").write_text(small_study())
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", WORKFLOW / "Snakefile", "--directory", folder,
         "--configfile", folder / "study.yaml", "--cores", "1", "--", SAMPLES],
        check=False, capture_output=True, text=True,
        env=os.environ | {"PATH": f"{conda.programs}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    return folder, done.stderr


def test_the_default_profile_makes_the_environment_and_runs_the_rules_in_it(run):
    folder, said = run
    assert f"workflow specific profile {WORKFLOW}/profiles/default" in said
    (made,) = (path.parent for path in folder.glob(".snakemake/conda/*/conda-meta"))
    assert f"Activating conda environment: {made.relative_to(folder)}" in said
    assert {path.name for path in made.glob("conda-meta/*.json")} == {"python-3.11.13-0.json", "pip-25.2-0.json"}
    assert (folder / SAMPLES).exists()


def test_the_environment_alone_imports_all_that_its_rules_need(run):
    folder, _ = run
    (python,) = folder.glob(".snakemake/conda/*/bin/python")
    library = WORKFLOW / "scripts"
    needed = [
        "speceyes." + str(path.relative_to(library / "speceyes").with_suffix("")).replace("/", ".")
        for package in ("benchmarks", "figures", "tables", "analysis")
        for path in sorted((library / "speceyes" / package).glob("[a-z]*.py"))
    ]
    program = f"import sys, importlib; sys.path.insert(0, {str(library)!r})\n"
    program += f"for name in {needed!r}: importlib.import_module(name)\nprint(sys.modules['pandas'].__file__)"
    done = subprocess.run([python, "-I", "-c", program], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(python.parents[1]))
    assert len(needed) > 20


@pytest.fixture(scope="module")
def definitions(conda) -> dict[str, str]:
    """The containers that Snakemake derives from the workflow's environments, by form."""
    environment = os.environ | {"PATH": f"{conda.programs}{os.pathsep}{os.environ['PATH']}"}

    def definition(form: str) -> str:
        command = [sys.executable, "-m", "snakemake", "--containerize", form, "--workflow-profile", "none"]
        return subprocess.run(
            command, cwd=REPOSITORY, check=True, capture_output=True, text=True, env=environment
        ).stdout

    return {form: definition(form) for form in ("dockerfile", "apptainer")}


@pytest.mark.parametrize("form", ["dockerfile", "apptainer"])
def test_one_container_definition_holds_every_environment(form, definitions):
    text = definitions[form]
    files = sorted((WORKFLOW / "envs").glob("*.yaml"))
    assert len(files) == text.count("#   source: workflow/envs/")
    for file in files:
        assert f"#   source: {file.relative_to(REPOSITORY)}\n" in text
        assert all(f"{name}==" in text for name in re.findall(r"- ([\w.-]+)==", file.read_text()))
    assert len([line for line in text.splitlines() if " env create " in line]) == len(files)


def test_the_steps_of_the_container_definition_make_an_environment_that_works(definitions, conda, tmp_path):
    """Of the smallest one; those of the models and the judge are gigabytes."""
    text = definitions["apptainer"].replace(" /conda-envs/", f" {tmp_path}/conda-envs/")
    copied = re.search(r"(workflow/envs/download\.yaml) (\S+)/environment\.yaml", text)
    assert copied
    source, prefix = copied.groups()
    steps = [line for line in text.split("%post")[1].splitlines() if prefix in line]
    assert [step.split()[:3] for step in steps] == [["mkdir", "-p", prefix], ["conda", "env", "create"]]

    script = "\n".join([steps[0], f"cp {REPOSITORY / source} {prefix}/environment.yaml", steps[1]])
    path = {"PATH": f"{conda.programs}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(["sh", "-e", "-c", script], check=True, capture_output=True, text=True, env=os.environ | path)

    program = f"import sys; sys.path.insert(0, {str(WORKFLOW / 'scripts')!r})\n"
    program += "import speceyes.downloads.hub, speceyes.downloads.prompts; print(sys.prefix)"
    done = subprocess.run([f"{prefix}/bin/python", "-I", "-c", program], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == prefix
