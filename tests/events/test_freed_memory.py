"""Arrays of the same size, again and again, are made of the same memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

from events.freed_memory import keep_freed_memory

_FAULTS = """
import resource, sys
import numpy as np
from events.freed_memory import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
def step():
    columns = [np.ones(500_000) for _ in range(4)]
    return columns[0].sum()
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    command = [sys.executable, "-c", _FAULTS, how]
    return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


def test_memory_that_was_freed_is_not_asked_of_the_system_again() -> None:
    if not keep_freed_memory():
        pytest.skip("the C library is not glibc")
    assert faults("kept") * 10 < faults("given back")
