"""Child processes that survive Ctrl-C in the terminal, but never their parent."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def spawn(
    command: Sequence[str], log_file: Path, environ: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own, its output appended to ``log_file``,
    with ``environ`` added to this process's own environment.

    The parent ends it when it is done with it, so that Ctrl-C can be answered in order: first the
    producer flushes, then the others stop. On Linux the kernel kills it if the parent dies.
    """
    with log_file.open("ab") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={**os.environ, **(environ or {})},
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509
        )


def die_with_parent() -> None:
    """To be called in a child before its program begins: the kernel kills it if the parent dies.
    On Linux alone; elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end(process: subprocess.Popen[bytes], patience_s: float = 15.0) -> int:
    """Ask ``process`` to stop (SIGTERM), kill it if it does not; returns its exit status."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()
