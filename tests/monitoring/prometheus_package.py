"""Prometheus and promtool, where they are installed or unpacked (`make promtool`)."""

from __future__ import annotations

import shutil

import pytest

from tests.documents import ROOT

_UNPACKED = ROOT / "build/prometheus/usr/bin"


def need(program: str) -> str:
    """The path of ``program``; the test is skipped where it is not."""
    found = shutil.which(program) or shutil.which(program, path=str(_UNPACKED))
    if found is None:
        pytest.skip(f"there is no {program}: make promtool, or install Prometheus")
    return found
