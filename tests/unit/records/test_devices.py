"""Latencies say which device measured them, and those of different devices are never compared."""

from __future__ import annotations

import re

import pytest
from speceyes.analysis.answers import scored_answers
from speceyes.analysis.measures import settings_and_ledger
from speceyes.analysis.settings import StatisticsSettings
from speceyes.method.grid import GridSetting
from speceyes.method.replay import write_replay
from speceyes.records.devices import DeviceError, one_device
from speceyes.records.tables import read_provenance, read_table, write_table
from speceyes.records.types import AgentRecord, LiveRecord, TimingRecord
from speceyes.runtime.provenance import device, driver_version
from speceyes.tables.live_vs_replay import LiveRun, live_vs_replay
from synthetic_study import SyntheticStudy

VSTAR = ("deepeyes", "vstar", "direct_attributes")
POPE = ("deepeyes", "pope", "random")


def moved(path, kind, name):
    """The same table, as if another device had measured it."""
    write_table(path, kind, list(read_table(path, kind)), read_provenance(path) | {"device": {"name": name}})


@pytest.fixture
def study(tmp_path):
    splits = {VSTAR[1:]: 8, POPE[1:]: 6}
    return SyntheticStudy(tmp_path / "study", splits, agents=("deepeyes",)).write()


@pytest.fixture
def replay(study, tmp_path):
    def replay(cell):
        path = tmp_path / f"{cell[1]}.parquet"
        write_replay(path, study.passes(*cell), study.grid(cell[1]), {"device": {"name": "what composed it"}})
        return path

    return replay


def test_answers_may_come_from_another_device_than_times(study, replay):
    moved(study.passes(*VSTAR).agents[0], AgentRecord, "NVIDIA A100")
    assert one_device([replay(VSTAR)]) == "unknown"


def test_replays_of_two_devices_share_no_table(study, replay):
    replays = {VSTAR: replay(VSTAR)}
    moved(study.passes(*POPE).timing, TimingRecord, "NVIDIA A100")
    replays[POPE] = replay(POPE)
    assert (one_device([replays[VSTAR]]), one_device([replays[POPE]])) == ("unknown", "NVIDIA A100")
    with pytest.raises(DeviceError, match=re.escape(f"NVIDIA A100 (tables: 1, first {replays[POPE]})")):
        settings_and_ledger(replays, scored_answers(study.answer_tables()), StatisticsSettings())


def test_a_live_run_is_not_held_against_another_devices_replay(study, replay):
    live = study.live(*VSTAR)
    moved(live, LiveRecord, "NVIDIA H100")
    setting = GridSetting("speceyes", "min", 16, 0.97, 6)
    run = LiveRun(*VSTAR, setting, live, replay(VSTAR), study.passes(*VSTAR).confidences)
    with pytest.raises(DeviceError, match=re.escape("NVIDIA H100 (tables: 1")):
        live_vs_replay([run], None)


def test_this_machines_device_has_a_name():
    assert device()["name"]


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023", "535.104.05"),
        (
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (archlinux-builder@)",
            "580.95.05",
        ),
        ("something else", None),
    ],
)
def test_the_driver_is_what_its_kernel_module_says(tmp_path, line, version):
    (tmp_path / "version").write_text(f"{line}\nGCC version:  gcc version 12.3.0\n")
    assert driver_version(tmp_path / "version") == version
    assert driver_version(tmp_path / "nothing") is None
