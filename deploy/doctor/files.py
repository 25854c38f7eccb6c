"""Is what lies on this machine's disk usable, and readable for nobody else?"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from deploy.doctor.finding import Finding
from deploy.doctor.keys import check_keys
from events.errors import SettingsError
from events.policy_folder import read_folder
from events.settings import Settings

_OTHERS = 0o077


def check_files(settings: Settings) -> Iterator[Finding]:
    """Policy, keys, and the data directory, in this order."""
    yield _policy(settings)
    if settings.keys_path.exists():  # only machines with workers have one
        yield from check_keys(settings)
    if settings.embedded_clickhouse and settings.data_dir.exists():
        yield _data_dir(settings.data_dir)


def _policy(settings: Settings) -> Finding:
    try:
        folder = read_folder(settings)
    except SettingsError as error:
        return Finding("policy", "; ".join(error.faults), f"put {settings.policies_path} right")
    waits = "; ".join(folder.refusal.faults) if folder.refusal else ""
    newest = folder.history.newest
    if newest is None:
        found = waits or f"none in {folder.path}"
        return Finding("policy", found, "have both sides sign one: `glasshouse policy sign`")
    signers = " and ".join(newest.signers)
    text = f"version {newest.policy.version}, sha256 {newest.policy.sha256[:12]}, by {signers}"
    if folder.waiting:
        text += f"; version {folder.waiting.version} waits: {waits}"
    return Finding("policy", text)


def _data_dir(path: Path) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS:
        return Finding(
            "data directory", f"mode {mode:04o}: others can read it", f"chmod 700 {path}"
        )
    return Finding("data directory", f"mode {mode:04o}")
