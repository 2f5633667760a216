"""What does not fit is said in one line; what tensors on the CPU leave is used again."""

import subprocess
import sys

import pytest
import torch
from asked_models import ask, settings
from speceyes.engines.base import OutOfMemoryError
from speceyes.engines.transformers_engine import TransformersEngine
from transformers import AutoModelForImageTextToText

PROGRAM = """
import resource
import torch
from speceyes.engines.memory import keep_freed_memory

def faults(rounds):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(rounds):
        torch.ones(8_000_000)  # 32 MB, freed at once
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

returned = faults(10)
keep_freed_memory()
faults(2)
print(returned, faults(10))
"""


def test_memory_of_a_freed_tensor_is_not_asked_of_the_system_again():
    ran = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    returned, kept = map(int, ran.stdout.split())
    assert kept < returned / 4  # the first of ten may still be


@pytest.mark.parametrize(
    ("requests", "remedy"),
    [(2, r"2 prompts at once.* draft\.batch_size"), (1, r"a single prompt .*max_pixels smaller")],
)
@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.\nmore"),
        RuntimeError("CUDA error: out of memory"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:121] . DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
    ids=["torch", "CUDA", "cuBLAS", "CPU", "Python"],
)
def test_out_of_memory_is_one_line_that_says_what_to_change(engine, monkeypatch, requests, remedy, error):
    def too_much(**_):
        raise error

    monkeypatch.setattr(engine._model, "generate", too_much)
    with pytest.raises(OutOfMemoryError, match=f"out of memory with {remedy}") as caught:
        engine.generate([ask()] * requests)
    assert "\n" not in str(caught.value)


def test_an_error_that_is_not_about_memory_stays_itself(engine, monkeypatch):
    def wrong(**_):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(engine._model, "generate", wrong)
    with pytest.raises(RuntimeError, match="shapes do not match"):
        engine.generate([ask()])


def test_a_model_that_does_not_fit_says_so(family, monkeypatch):
    def too_much(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(AutoModelForImageTextToText, "from_pretrained", too_much)
    with pytest.raises(OutOfMemoryError, match="out of memory when loading with sdpa on cpu; set engine"):
        TransformersEngine(family[0], settings(family[1]))
