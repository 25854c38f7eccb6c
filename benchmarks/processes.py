"""What processes take, as Linux' own books say: memory in bytes, processor time in seconds."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

_TICKS_A_S = os.sysconf("SC_CLK_TCK")
#: Places in /proc/PID/stat behind the name, which may hold anything.
_USER, _SYSTEM = 11, 12


def peak_bytes(pid: int) -> int:
    """The most memory that a process has had at any time. ``OSError`` where it has ended."""
    return _status(pid, "VmHWM")


def held_bytes(pid: int) -> int:
    """The memory that a process has now. ``OSError`` where it has ended."""
    return _status(pid, "VmRSS")


def cpu_s(pid: int) -> float:
    """Processor time since the start of a process, all its threads, also those that have ended; to
    a hundredth of a second. ``OSError`` where it has ended."""
    return _cpu_s(Path(f"/proc/{pid}/stat"))[1]


def cpu_by_thread_s(pid: int) -> dict[str, float]:
    """The same of the threads that there are now, by their names; digits at the end left out."""
    found: defaultdict[str, float] = defaultdict(float)
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            name, seconds = _cpu_s(task / "stat")
        except OSError:
            continue  # it has just ended
        found[name.rstrip("0123456789")] += seconds
    return dict(found)


def _cpu_s(stat: Path) -> tuple[str, float]:
    head, _, rest = stat.read_text(encoding="ascii", errors="replace").rpartition(")")
    fields = rest.split()
    ticks = int(fields[_USER]) + int(fields[_SYSTEM])
    return head.partition("(")[2], ticks / _TICKS_A_S


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    found = [int(line.split()[1]) * 1_024 for line in lines if line.startswith(f"{name}:")]
    if not found:
        raise ProcessLookupError(f"process {pid} has ended, and nobody has asked how")
    return found[0]
