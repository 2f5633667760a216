"""A real SLURM on this machine: two nodes, four fake GPUs each, for as long as a test needs it.

Needs root on Debian or a relative of it; installs slurm-wlm where it is missing. A SLURM that somebody
else configured on this machine is left alone.
"""

from __future__ import annotations

import os
import platform
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CONFIG = Path("/etc/slurm")
OURS = "# written by tests/cluster/slurm.py"
NODES = ("gn1", "gn2")
GPUS = 4
DEVICES = [Path(f"/dev/fakegpu{number}") for number in range(GPUS)]
NULL_DEVICE = os.makedev(1, 3)

SLURM_CONF = """{ours}
ClusterName=speceyes
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
ReturnToService=2
SchedulerParameters=sched_min_interval=0,bf_interval=5,batch_sched_delay=0
KillWait=2
MinJobAge=600
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdSpoolDir={folder}/spool-%n
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmdLogFile={folder}/slurmd-%n.log
{nodes}
PartitionName=cpu Nodes={names} Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={names} MaxTime=INFINITE State=UP
"""
NODE = "NodeName={name} NodeAddr=127.0.0.1 Port={port} CPUs=8 RealMemory=512000 Gres=gpu:a100:{gpus} State=UNKNOWN"
GRES_CONF = """{ours}
AutoDetect=off
NodeName={names} Name=gpu Type=a100 File=/dev/fakegpu[0-{last}]
"""


class Slurm:
    """What tests ask of the running cluster."""

    def jobs(self, folder: Path, *filters: str) -> list[str]:
        """Ids of a folder's jobs that are not over, of those on a node (``--nodelist=gn1``) or in a state."""
        lines = ask("squeue", "--noheader", "--format=%i %Z", *filters).splitlines()
        return [line.partition(" ")[0] for line in lines if line.endswith(f" {folder}")]

    def node_state(self, node: str) -> str:
        return ask("sinfo", "--noheader", "--Node", "--nodes", node, "--partition=cpu", "--format=%T").strip()

    def cancel(self, *jobs: str) -> None:
        ask("scancel", *jobs)

    def drain(self, node: str) -> None:
        ask("scontrol", "update", f"NodeName={node}", "State=DRAIN", "Reason=test")

    def resume(self, node: str) -> None:
        with suppress(subprocess.CalledProcessError):  # a node that is not drained cannot be resumed
            ask("scontrol", "update", f"NodeName={node}", "State=RESUME")


def ask(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def eventually(what: str, holds: Callable[[], bool], within_s: float = 60) -> None:
    """Wait until something holds; a test fails with what it was if it never does."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {within_s:g} s: {what}"
        time.sleep(0.2)


@contextmanager
def running_slurm(folder: Path) -> Iterator[Slurm]:
    """Configure and start the daemons; stop them and take the configuration away again whatever happens."""
    _install()
    _configure(folder)
    daemons = [subprocess.Popen(["slurmctld", "-D"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)]
    try:
        eventually("slurmctld answers", _controller_is_up)
        for node in NODES:
            daemons.append(subprocess.Popen(["slurmd", "-D", "-N", node], cwd=folder, stderr=subprocess.DEVNULL))
        slurm = Slurm()
        eventually("both nodes are idle", lambda: all(slurm.node_state(node) == "idle" for node in NODES))
        yield slurm
    finally:
        with suppress(subprocess.CalledProcessError, FileNotFoundError):
            ask("scancel", "--user=root")
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait(30)
        for path in (CONFIG / "slurm.conf", CONFIG / "gres.conf", *DEVICES):
            path.unlink(missing_ok=True)


def _controller_is_up() -> bool:
    return subprocess.run(["scontrol", "ping"], check=False, capture_output=True).returncode == 0


def _install() -> None:
    if os.geteuid() != 0:
        raise PermissionError(
            "bringing up SLURM takes root: run these tests as root in a container or a virtual machine"
        )
    if not all(map(shutil.which, ("slurmctld", "slurmd", "sbatch"))):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "--yes", "--no-install-recommends", "slurm-wlm"]):
            subprocess.run(["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120", *words], check=True, env=environment)


def _configure(folder: Path) -> None:
    found = CONFIG / "slurm.conf"
    if found.exists() and not found.read_text().startswith(OURS):
        raise FileExistsError(f"{found} is somebody else's: these tests need a machine without a SLURM of its own")
    for path in (CONFIG, folder / "state", *(folder / f"spool-{node}" for node in NODES)):
        path.mkdir(parents=True, exist_ok=True)
    for device in DEVICES:
        device.unlink(missing_ok=True)
        os.mknod(device, 0o666 | stat.S_IFCHR, NULL_DEVICE)
    names = ",".join(NODES)
    nodes = "\n".join(NODE.format(name=name, port=17000 + number, gpus=GPUS) for number, name in enumerate(NODES))
    host = platform.node().partition(".")[0]
    found.write_text(SLURM_CONF.format(ours=OURS, host=host, folder=folder, nodes=nodes, names=names))
    (CONFIG / "gres.conf").write_text(GRES_CONF.format(ours=OURS, names=names, last=GPUS - 1))
