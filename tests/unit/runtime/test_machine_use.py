"""How busy the machine is."""

from __future__ import annotations

import math
import time

import pytest
from speceyes.runtime.machine_use import machine_use


def spin(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_processor_time_counts_and_waiting_does_not():
    with machine_use() as worked:
        spin(0.1)
    with machine_use() as waited:
        time.sleep(0.1)
    assert worked.cpu_share > waited.cpu_share
    assert 0 < worked.cpu_share <= 1.2
    assert waited.seconds >= 0.1


@pytest.fixture
def driver(tmp_path, monkeypatch):
    """A stand-in for NVIDIA's program that prints lines until it is stopped."""

    def install(*lines: str) -> None:
        program = tmp_path / "nvidia-smi"
        said = "\n".join(lines)
        program.write_text(f"#!/bin/sh\nprintf '{said}\\n'\nexec sleep 60\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return install


def test_the_gpus_share_is_the_mean_of_what_the_driver_says(driver):
    driver("100", "50", "[N/A]")
    with machine_use() as use:
        time.sleep(0.3)
    assert use.gpu_share == 0.75


def test_without_a_driver_nobody_knows_the_gpus_share(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with machine_use() as use:
        pass
    assert math.isnan(use.gpu_share)
