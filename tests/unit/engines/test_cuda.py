"""GPUs that a job holds and torch cannot use: one line, before a model is loaded."""

import pytest
import torch
from speceyes.engines import cuda
from speceyes.engines.base import EngineError, Place
from speceyes.engines.cuda import require_cuda
from speceyes.engines.in_process import InProcess, TransformersSettings

OLD_DRIVER = "The NVIDIA driver on your system is too old (found version 11040).\nPlease update."
NO_KERNEL = "CUDA error: no kernel image is available for execution on the device\nCompile with..."


def built_with_cuda(monkeypatch, version="13.0", driver="535.161.08"):
    monkeypatch.setattr(torch.version, "cuda", version)
    monkeypatch.setattr(cuda, "driver_version", lambda: driver)


def failing(message, kind=RuntimeError):
    def fail(*_, **__):
        raise kind(message)

    return fail


@pytest.mark.parametrize(
    ("version", "message", "line"),
    [
        ("13.0", OLD_DRIVER, r"too old .*needs driver 580 or newer, here is 535\.161\.08"),
        ("12.8", NO_KERNEL, r"no kernel image .*needs driver 525 or newer"),
        ("14.1", "No CUDA GPUs are available", r"No CUDA GPUs.*see which driver CUDA 14\.1 needs"),
    ],
)
def test_cuda_that_does_not_start_is_one_line_with_the_driver_that_is_needed(monkeypatch, version, message, line):
    built_with_cuda(monkeypatch, version)
    monkeypatch.setattr(torch.cuda, "init", failing(message))
    with pytest.raises(EngineError, match=line) as caught:
        require_cuda(1)
    assert "\n" not in str(caught.value)


def test_a_torch_without_cuda_is_named(monkeypatch):
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(EngineError, match=r"holds 2 GPUs, but torch .* is a build without CUDA"):
        require_cuda(2)


def test_a_device_that_refuses_work_is_found_before_the_model_is_loaded(monkeypatch):
    built_with_cuda(monkeypatch)
    monkeypatch.setattr(torch.cuda, "init", lambda: None)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch, "zeros", failing("CUDA error: device is busy"))
    with pytest.raises(EngineError, match="device is busy"):
        require_cuda(1)


def test_fewer_devices_than_held_are_counted(monkeypatch):
    built_with_cuda(monkeypatch)
    monkeypatch.setattr(torch.cuda, "init", lambda: None)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(EngineError, match="holds 2 GPUs, but torch sees 0"):
        require_cuda(2)


def test_a_job_that_holds_a_gpu_does_not_run_on_the_cpu(monkeypatch, tmp_path):
    monkeypatch.setattr(torch.version, "cuda", None)
    with (
        pytest.raises(EngineError, match="a build without CUDA"),
        InProcess.open(TransformersSettings(), Place(tmp_path, 1, tmp_path / "log")),
    ):
        pass


def test_a_model_that_is_kept_on_the_cpu_needs_no_cuda(monkeypatch, tiny_qwen3_vl, tmp_path):
    monkeypatch.setattr(torch.version, "cuda", None)
    with InProcess.open(TransformersSettings(device="cpu"), Place(tiny_qwen3_vl, 1, tmp_path / "log")) as engine:
        assert engine.generate([]) == []
