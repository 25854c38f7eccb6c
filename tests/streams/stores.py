"""The two places in which keys can be kept, for tests that must hold for both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from events.clock import Clock
from events.settings import Settings
from streams.key_file import Service
from streams.key_officer import KeyOfficer
from streams.key_ring import KeyRing
from streams.keys import load_ring
from tests.kit.vault_server import Vault


@dataclass(frozen=True, slots=True)
class Store:
    """A key file of its own, and a key service where ``vault`` is one."""

    path: Path
    vault: Vault | None = None

    @property
    def kind(self) -> Service:
        return "file" if self.vault is None else "vault"

    def settings(self, role: str, **more: object) -> Settings:
        """What a worker or the officer is given."""
        own = {"key_file": self.path, "server_timeout_s": 1, **more}
        return self.vault.settings(role, **own) if self.vault else Settings.model_validate(own)

    def officer(self, clock: Clock) -> KeyOfficer:
        return KeyOfficer(self.settings("officer"), clock)

    def ring(self) -> KeyRing:
        """As a worker opens it."""
        return load_ring(self.settings("worker"))
