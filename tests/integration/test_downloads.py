"""Downloads with the hub's real client, against a mirror on this machine that misbehaves as real networks do."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hub_mirror import REVISION, Mirror, serving

SCRIPTS = Path(__file__).parents[2] / "workflow" / "scripts"
WEIGHTS = b"weights " * 40_000  # 320 kB
LARGE = bytes(range(250)) * 100_000  # 25 MB: the client writes every 10 MB
TABLE = "\n".join(["index\tquestion", *(f"{i}\tq" for i in range(300))]) + "\n"
PROGRAM = """
import json, logging, resource, sys
from pathlib import Path
from speceyes.downloads.faults import DownloadError
from speceyes.downloads.hub import download
from speceyes.downloads.registry import Entry, Repository
from speceyes.downloads.settings import TransferSettings
logging.basicConfig(level=logging.INFO)
asked = json.loads(sys.argv[1])
if asked["largest_file"]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (asked["largest_file"], resource.RLIM_INFINITY))
try:
    download(
        Repository(asked["kind"], asked["name"], Entry.model_validate(asked["entry"])),
        Path(asked["target"]),
        Path(asked["pins"]),
        TransferSettings(attempts=asked["attempts"], longest_wait_s=0, connections=2),
    )
except DownloadError as error:
    print(error)
    sys.exit(1)
"""


@pytest.fixture
def mirror():
    parquet = pa.BufferOutputStream()
    pq.write_table(pa.table({"id": [str(i) for i in range(900)]}), parquet)
    files = {
        "weights.bin": WEIGHTS,
        "config.json": b'{"a": 1}',
        "table.tsv": TABLE.encode(),
        "Full/rows.parquet": parquet.getvalue().to_pybytes(),
        "README.md": b"not wanted",
    }
    with serving(Mirror(files)) as served:
        yield served


class DownloadFolder:
    """A folder in which downloads are started as separate processes, as Snakemake does."""

    def __init__(self, mirror: Mirror, folder: Path) -> None:
        self.mirror = mirror
        self.target = folder / "resources" / "it"
        self.pins = folder / "pins"
        self.home = folder / "home"
        self.files: dict[str, dict] = {"weights.bin": {}, "*.json": {}}

    def start(self, revision=REVISION, name="owner/name", kind="model", attempts=1, largest_file=None, **environment):
        asked = {
            "kind": kind,
            "name": name,
            "entry": {"revision": revision, "files": self.files},
            "target": str(self.target),
            "pins": str(self.pins),
            "attempts": attempts,
            "largest_file": largest_file,
        }
        clean = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "HUGGING"))}
        variables = {
            "PYTHONPATH": str(SCRIPTS),
            "HF_HOME": str(self.home),
            "HF_ENDPOINT": self.mirror.url,
            **environment,
        }
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, json.dumps(asked)],
            env=clean | variables | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, **settings) -> str:
        """The last output line; empty on success."""
        process = self.start(**settings)
        out, err = process.communicate(timeout=90)
        assert process.returncode in (0, 1), err
        assert out.count("\n") <= 1, out
        assert (process.returncode == 1) == bool(out), err
        self.log = err
        return out.strip()

    def parts(self) -> list[Path]:
        return list(self.target.parent.rglob("*.part"))

    def got(self, path: str) -> bytes:
        return (self.target / path).read_bytes()


@pytest.fixture
def place(mirror, tmp_path):
    return DownloadFolder(mirror, tmp_path)


def test_wanted_files_only_complete_and_nothing_else(place):
    assert place.run() == ""
    assert sorted(path.name for path in place.target.iterdir()) == ["config.json", "weights.bin"]
    assert place.got("weights.bin") == WEIGHTS
    assert place.parts() == []
    assert "download owner/name: 320k of 320k" in place.log


def test_making_the_target_again_asks_for_nothing(place):
    place.run()
    for path in place.target.iterdir():
        path.unlink()
    place.target.rmdir()
    place.mirror.requests.clear()
    assert place.run() == ""
    assert place.mirror.requests == []
    assert place.got("weights.bin") == WEIGHTS


def test_a_target_with_files_is_left_alone(place):
    place.target.mkdir(parents=True)
    (place.target / "mine").write_text("x")
    assert "holds files already" in place.run()
    assert (place.target / "mine").read_text() == "x"


def test_a_killed_download_goes_on_at_the_byte_where_it_stopped(place):
    place.mirror.files["weights.bin"] = LARGE
    place.mirror.stall_after["weights.bin"] = 22_000_000
    process = place.start()
    kept = wait_for_bytes(place, 10_000_000)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    place.mirror.released.set()
    assert not place.target.exists()
    place.mirror.stall_after.clear()
    assert place.run() == ""
    assert place.mirror.ranges["weights.bin"] == ["", f"bytes={kept}-"]
    assert place.got("weights.bin") == LARGE


def wait_for_bytes(place, count: int) -> int:
    """Until that much of a file has arrived and no more comes."""
    assert place.mirror.stalled.wait(60)
    deadline = time.monotonic() + 30
    size = 0
    while size < count and time.monotonic() < deadline:
        time.sleep(0.05)
        size = sum(path.stat().st_size for path in place.parts() if path.name == "weights.bin.part")
    time.sleep(0.3)
    return sum(path.stat().st_size for path in place.parts() if path.name == "weights.bin.part")


def test_a_broken_connection_is_resumed_in_the_same_run(place):
    place.mirror.files["weights.bin"] = LARGE
    place.mirror.cut_after["weights.bin"] = [12_000_000, 100_000]
    assert place.run(attempts=3) == ""
    assert place.mirror.ranges["weights.bin"][0] == ""
    assert place.mirror.ranges["weights.bin"][-1].startswith("bytes=")
    assert place.got("weights.bin") == LARGE


def test_a_busy_server_is_asked_again(place):
    place.mirror.status["weights.bin"] = [503, 502]
    assert place.run(attempts=4) == ""
    assert place.got("weights.bin") == WEIGHTS


def test_a_server_that_stays_broken_is_one_line_and_the_rest_is_kept(place):
    place.mirror.status["weights.bin"] = [503] * 50
    line = place.run(attempts=2)
    assert line.startswith(f"owner/name at {REVISION}: http://127.0.0.1")
    assert line.endswith("answered with status 503; run again to go on where it stopped")
    place.mirror.status.clear()
    place.mirror.ranges.clear()
    assert place.run() == ""
    assert list(place.mirror.ranges) == ["weights.bin"]


def test_damaged_bytes_are_discarded_and_fetched_anew(place):
    place.mirror.listed_sha256["weights.bin"] = hashlib.sha256(WEIGHTS).hexdigest()
    place.mirror.files["weights.bin"] = WEIGHTS[:-1] + b"!"
    line = place.run()
    assert "weights.bin: damaged on the way (sha256 is " in line
    assert line.endswith("discarded, run again to fetch this file anew")
    assert not place.target.exists()
    assert place.parts() == []
    place.mirror.files["weights.bin"] = WEIGHTS
    assert place.run() == ""
    assert place.got("weights.bin") == WEIGHTS


def test_small_files_are_checked_by_their_git_object(place):
    place.mirror.listed_too["config.json"] = b'{"a": 2}'
    assert "config.json: damaged on the way (git sha1 is " in place.run()


def test_the_registry_decides_what_is_right(place):
    place.files["weights.bin"] = {"sha256": "0" * 64}
    line = place.run()
    assert "weights.bin: sha256 is " in line
    assert "the registry says 000000" in line
    assert place.mirror.ranges == {}, "nothing may be downloaded that is known to be wrong"
    place.files["weights.bin"] = {"md5": hashlib.md5(b"other").hexdigest()}
    assert "damaged on the way (md5 is" in place.run()
    place.files["weights.bin"] = {"bytes": 5}
    assert "bytes is 320000 at the endpoint, the registry says 5" in place.run()


def test_rows_are_counted(place):
    place.files = {"table.tsv": {"rows": 300}, "Full/*.parquet": {"rows": 900}, "*.json": {"rows": 1}}
    assert place.run(kind="dataset") == ""
    place.target.rename(place.target.with_name("elsewhere"))
    place.files["table.tsv"] = {"rows": 301}
    assert "table.tsv: 300 rows, the registry says 301" in place.run(kind="dataset")


def test_a_file_that_is_not_what_its_name_says(place):
    place.mirror.files["Full/rows.parquet"] = b"<html>"
    place.files = {"Full/*.parquet": {"rows": 900}}
    assert "Full/*.parquet: " in (line := place.run(kind="dataset"))
    assert line.endswith("this is not the published file")


def test_a_file_that_nobody_has_is_named_and_an_optional_one_is_not_missed(place):
    place.files["absent.bin"] = {}
    assert place.run() == (
        f"owner/name at {REVISION}: no file matches absent.bin; correct the registry or the endpoint"
    )
    place.files["absent.bin"] = {"optional": True}
    assert place.run() == ""


def test_a_listed_file_that_cannot_be_had(place):
    place.mirror.listed_too["gone.json"] = b"{}"
    assert "a listed file is missing at http" in place.run()


def test_a_hostile_listing_cannot_write_outside(place):
    place.mirror.listed_too["../../evil.json"] = b"{}"
    assert "lists a path outside the repository" in place.run()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "owner/other"}, "not found at http"),
        ({"revision": "f" * 40}, "no such revision at http"),
        ({"name": "no such id"}, "correct the id in the config"),
    ],
)
def test_a_wrong_name_or_revision(place, settings, message):
    assert message in place.run(**settings)


def test_a_private_repository_needs_the_token(place):
    place.mirror.token = "secret"
    assert "set HF_TOKEN" in place.run()
    assert place.run(HF_TOKEN="secret") == ""


def test_an_open_revision_is_resolved_once_and_pinned(place):
    assert place.run(revision=None) == ""
    pin = place.pins / "owner--name.yaml"
    assert f"revision: {REVISION}\n" in pin.read_text()
    assert "pinned in" in place.log
    place.target.rename(place.target.with_name("first"))
    pin.write_text(f"revision: {'e' * 40}\n")
    assert "no such revision" in place.run(revision=None)
    pin.write_text("revision: main\n")
    process = place.start(revision=None)
    assert "holds no revision of 40 hexadecimal digits" in process.communicate(timeout=60)[1]


def test_offline_nothing_is_asked_and_what_is_here_is_enough(place):
    line = place.run(HF_HUB_OFFLINE="1")
    assert "offline mode is on and not every file is here; unset HF_HUB_OFFLINE" in line
    assert place.mirror.requests == []
    place.run()
    place.target.rename(place.target.with_name("first"))
    place.mirror.requests.clear()
    assert place.run(HF_HUB_OFFLINE="1") == ""
    assert place.mirror.requests == []
    assert place.got("weights.bin") == WEIGHTS


def test_offline_in_the_middle_keeps_what_is_there(place):
    place.mirror.status["weights.bin"] = [403]
    assert "answered with status 403" in place.run()
    assert "not every file is here" in place.run(HF_HUB_OFFLINE="1")
    assert place.run() == ""


def test_files_in_the_hubs_cache_are_not_downloaded_again(place):
    snapshot = place.home / "hub" / "models--owner--name" / "snapshots" / REVISION
    snapshot.mkdir(parents=True)
    for name in ("weights.bin", "config.json"):
        (snapshot / name).write_bytes(place.mirror.files[name])
    assert place.run() == ""
    assert place.mirror.ranges == {}
    (place.target / "config.json").unlink()
    place.target.rename(place.target.with_name("first"))
    for path in place.target.parent.glob(".downloads/*/*"):
        path.unlink()
    assert place.run(HF_HUB_OFFLINE="1") == ""
    assert place.got("config.json") == b'{"a": 1}'


def test_a_damaged_file_in_the_hubs_cache_is_passed_over(place):
    snapshot = place.home / "hub" / "models--owner--name" / "snapshots" / REVISION
    snapshot.mkdir(parents=True)
    (snapshot / "weights.bin").write_bytes(WEIGHTS[:-1] + b"?")
    assert place.run() == ""
    assert place.got("weights.bin") == WEIGHTS


def test_a_disk_that_fills_up_keeps_what_arrived(place, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    place.mirror.files["weights.bin"] = LARGE
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        line = fill_by_limit(place)
    else:
        place.target = small / "it"
        line = fill_by_ballast(place, small / "ballast")
    try:
        assert line.endswith("is full; make room and run again to go on where it stopped")
        (part,) = place.parts()
        kept = part.stat().st_size
        assert kept >= 10_000_000
        assert place.run() == ""
        assert place.mirror.ranges["weights.bin"][-1] == f"bytes={kept}-"
        assert place.got("weights.bin") == LARGE
    finally:
        subprocess.run(["umount", small], capture_output=True, check=False)


def fill_by_ballast(place, ballast: Path) -> str:
    """Something else fills the disk while the download is under way."""
    place.mirror.stall_after["weights.bin"] = 12_000_000
    process = place.start()
    wait_for_bytes(place, 10_000_000)
    ballast.write_bytes(bytes(20_000_000))
    place.mirror.released.set()
    line = process.communicate(timeout=60)[0].strip()
    ballast.unlink()
    place.mirror.stall_after.clear()
    return line


def fill_by_limit(place) -> str:
    return place.run(largest_file=12_000_000)


def test_a_file_too_large_for_the_disk_is_noticed_before(place):
    place.mirror.listed_bytes["config.json"] = 10**17
    assert "100000000.000 GB are still to come, but" in place.run()
    assert place.mirror.ranges == {}


def test_a_size_limit_for_files_is_a_full_disk(place):
    place.mirror.files["weights.bin"] = LARGE
    assert "is full; make room" in fill_by_limit(place)
    assert place.run() == ""


def test_an_endpoint_that_goes_away(place):
    place.mirror.status["weights.bin"] = [503] * 50
    place.run()
    assert place.run(HF_ENDPOINT="http://127.0.0.1:9") == (
        f"owner/name at {REVISION}: http://127.0.0.1:9 cannot be reached (ConnectError); "
        "run again to go on where it stopped"
    )
