"""The workflow as a module of another repository's workflow."""

from __future__ import annotations

import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml
from environments import REPOSITORY
from small_study import SIZES, keep_splits
from speceyes.records.tables import read_table
from speceyes.records.types import DraftRecord

QUESTIONS = 4
DRAFTS = "results/miniature/draft/draft/vstar/direct_attributes/b6/1-of-1.parquet"
SNAKEFILE = f"""
import json

module speceyes:
    snakefile: SOURCE
    config: json.load(open("settings.json"))

use rule * from speceyes as speceyes_*

rule answers:
    default_target: True
    input: {DRAFTS!r}
    output: "size.txt"
    shell: "wc --bytes {{input}} > {{output}}"
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, says nothing."""

    def log_message(self, *arguments: object) -> None:
        """Requests are no news."""


@pytest.fixture(scope="module")
def hosted(tmp_path_factory):
    """A host on the loopback with a bare repository of this workflow, tagged, and the clone that it was made from."""
    root = tmp_path_factory.mktemp("host")
    bare = root / "owner" / "speceyes"
    work = root / "work"
    names = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.check_output(names, cwd=REPOSITORY).decode().split("\0")
    for name in filter(None, files):
        if (REPOSITORY / name).exists():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, work / name)
    identity = ["-c", "user.name=tests", "-c", "user.email=tests@localhost"]
    for command in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "all"], ["tag", "v1"]):
        subprocess.run(["git", *command], cwd=work, check=True)
    subprocess.run(["git", "clone", "-q", "--bare", work, bare], check=True)
    subprocess.run(["git", "update-server-info"], cwd=bare, check=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=root))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", work
    server.shutdown()


WHERE = 'path="workflow/Snakefile", tag="v1"'
SOURCES = {
    "a folder": repr(str(REPOSITORY / "workflow" / "Snakefile")),
    "a host": f'github("owner/speceyes", {WHERE})',
}


def snakemake(folder: Path, source: str, host: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a workflow that imports this one from a source; what asks for GitHub is sent to the host."""
    config = yaml.safe_load((REPOSITORY / "config" / "miniature.yaml").read_text())
    for model in config["models"].values():
        model["path"] = str(REPOSITORY / model["path"])
    config["prompts"] = str(REPOSITORY / config["prompts"])
    keep_splits(config, {"vstar": {"direct_attributes": QUESTIONS}})
    config["miniature"]["sizes"] = SIZES | {"vstar_direct": QUESTIONS}
    (folder / "settings.json").write_text(json.dumps(config))
    (folder / "Snakefile").write_text(SNAKEFILE.replace("SOURCE", source))
    redirect = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{host}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
    }
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment = outside | redirect | {"XDG_CACHE_HOME": str(folder / "cache")}
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--scheduler", "greedy", *arguments]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, env=environment)


@pytest.mark.parametrize("source", SOURCES)
def test_a_workflow_elsewhere_imports_this_one_and_runs_a_model(source, hosted, tmp_path):
    done = snakemake(tmp_path, SOURCES[source], hosted[0])
    assert done.returncode == 0, done.stderr[-4000:]
    assert (tmp_path / "size.txt").read_text().endswith(f"{DRAFTS}\n")
    answers = list(read_table(tmp_path / DRAFTS, DraftRecord))
    assert len(answers) == QUESTIONS
    assert all(answer.status == "ok" for answer in answers)


@pytest.mark.parametrize("source", ["an address", "a local repository"])
def test_a_source_without_the_library_is_refused_with_what_to_write_instead(source, hosted, tmp_path):
    host, work = hosted
    written = {
        "an address": repr(f"{host}work/workflow/Snakefile"),
        "a local repository": f"gitfile({str(work)!r}, {WHERE})",
    }
    done = snakemake(tmp_path, written[source], host, "--dry-run")
    assert done.returncode == 1
    assert "import it by github(...) or gitlab(...), or from the folder of a clone" in done.stdout + done.stderr
