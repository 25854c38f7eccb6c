"""A peer's own virtual environment: its packages are not the product's, and some do not agree."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from events.errors import Stop

_PEERS = Path(__file__).resolve().parent
ROOT = _PEERS.parent.parent
_ENVIRONMENTS = ROOT / "build" / "peers"
_INSTALL_S = 600
_INSTALL = (
    *("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"),
    *("--only-binary", ":all:", "--require-hashes", "--requirement"),
)


class NotInstalled(Stop):
    """The packages of a peer cannot be had here."""


@dataclass(frozen=True, slots=True)
class Environment:
    """``folder`` names the peer's folder in this package, with its program and its lock."""

    folder: str

    @property
    def lock(self) -> Path:
        return _PEERS / self.folder / "requirements.lock"

    @property
    def program(self) -> str:
        return f"benchmarks.peers.{self.folder}.program"

    def version_of(self, package: str) -> str:
        """The version that the lock has of ``package``."""
        found = re.search(
            rf"^{re.escape(package)}==([^\s;\\]+)", self.lock.read_text(), re.MULTILINE
        )
        assert found is not None, f"{package} is not in {self.lock}"
        return found[1]

    @property
    def is_installed(self) -> bool:
        """Whether what is locked now is there."""
        return self._ready.exists() and self._ready.read_text() == self._wanted

    def installed(self) -> Path:
        """The Python that has exactly what is locked, made where it is not there yet. Raises
        ``NotInstalled`` with the installer's own reason."""
        python = self._place / "bin" / "python"
        if not self.is_installed:
            _run([sys.executable, "-m", "venv", "--clear", str(self._place)])
            _run([str(python), *_INSTALL, str(self.lock)])
            self._ready.write_text(self._wanted)
        return python

    @property
    def _place(self) -> Path:
        return _ENVIRONMENTS / self.folder

    @property
    def _ready(self) -> Path:
        return self._place / ".ready"

    @property
    def _wanted(self) -> str:
        return hashlib.sha256(self.lock.read_bytes() + sys.version.encode()).hexdigest()


def _run(command: list[str]) -> None:
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=_INSTALL_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"no end after {_INSTALL_S} s: {' '.join(command)}") from None
    if ended.returncode:
        last = (ended.stderr or ended.stdout).strip().splitlines()[-1:]
        raise NotInstalled(f"{' '.join(command[:4])} failed: {' '.join(last)}")
