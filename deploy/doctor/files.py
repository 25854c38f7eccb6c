"""Is what lies on this machine's disk usable, and readable for nobody else?"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from deploy.doctor.finding import Finding
from deploy.doctor.keys import check_keys
from events.errors import SettingsError
from events.policy import load_policy
from events.settings import Settings

_OTHERS = 0o077


def check_files(settings: Settings) -> Iterator[Finding]:
    """Policy, keys, and the data directory, in this order."""
    yield _policy(settings.policy_file)
    if settings.keys_path.exists():  # only machines with workers have one
        yield from check_keys(settings)
    if settings.embedded_clickhouse and settings.data_dir.exists():
        yield _data_dir(settings.data_dir)


def _policy(path: Path) -> Finding:
    try:
        policy = load_policy(path)
    except SettingsError as error:
        return Finding("policy", "; ".join(error.faults), f"put {path} right")
    return Finding("policy", f"version {policy.version}, sha256 {policy.sha256[:12]}")


def _data_dir(path: Path) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        return Finding(
            "data directory", f"mode {mode:04o}: others can read it", f"chmod 700 {path}"
        )
    return Finding("data directory", f"mode {mode:04o}")
