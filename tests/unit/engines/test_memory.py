"""What tensors on the CPU leave is used again."""

import subprocess
import sys

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
faults(1)
print(returned, faults(10))
"""


def test_memory_of_a_freed_tensor_is_not_asked_of_the_system_again():
    ran = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    returned, kept = map(int, ran.stdout.split())
    assert kept < returned / 10
