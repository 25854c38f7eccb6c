"""A policy that is in force, for tests: the example, signed with keys made for this run."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from deploy.policy.rehearsal import rehearse, rehearsed_settings
from events.policy import BUNDLED_POLICY
from events.settings import Settings


def agreed_in(folder: Path, draft: Path = BUNDLED_POLICY) -> dict[str, Any]:
    """The settings under which ``draft`` is in force, with keys and policies in ``folder``."""
    settings = rehearsed_settings(Settings(), folder)
    rehearse(settings, folder, draft)
    names = ("policy_dir", "employer_public_key", "employees_public_key")
    return {name: getattr(settings, name) for name in names}


@cache
def agreed() -> dict[str, Any]:
    """The same for all tests of this process, which change nothing in it."""
    folder = Path(tempfile.mkdtemp(prefix="agreed-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return agreed_in(folder)


def agreed_flags() -> list[str]:
    """The same on a command line."""
    return [f"--{name.replace('_', '-')}={value}" for name, value in agreed().items()]
