"""What a process holds in memory, as Linux says."""

from __future__ import annotations

from pathlib import Path


def peak_bytes(pid: int) -> int:
    """The most memory that a process has had at any time."""
    return _status(pid, "VmHWM")


def held_bytes(pid: int) -> int:
    """The memory that a process has now."""
    return _status(pid, "VmRSS")


def _status(pid: int, name: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1_024 for line in lines if line.startswith(f"{name}:"))
