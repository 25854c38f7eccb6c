"""A real Vault server with a Transit engine and the policies that are deployed."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.broker import free_port
from deploy.process import end, spawn
from events.settings import Settings
from tests.documents import ROOT

_BUILT = ROOT / "build/vault/vault"
_START_S = 60.0
ROLES = ("worker", "officer")


def need_vault() -> str:
    """The path of Vault's or OpenBao's server; the test is skipped where there is none."""
    found = shutil.which(str(_BUILT)) or shutil.which("vault") or shutil.which("bao")
    if found is None:
        pytest.skip("there is no Vault server: make vault, or install Vault or OpenBao")
    return found


@dataclass(slots=True)
class Vault:
    """A server that the test initialised: it has the root token and the only unseal key.
    ``folder`` has the file ``<role>.token`` for each of ``ROLES``."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]
    root: str = field(default="", repr=False)
    unseal_key: str = field(default="", repr=False)
    mounts: int = 0

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The answer to a call as root; fails for any status but success."""
        headers = {"X-Vault-Token": self.root} if self.root else {}
        answer = httpx.request(
            method, f"{self.url}/v1/{path}", headers=headers, json=body, timeout=30, trust_env=False
        )
        assert answer.is_success, answer.text
        return dict(answer.json()) if answer.content else {}

    def settings(self, role: str, **more: Any) -> Settings:
        """Settings of who has the token of ``role``, on the newest mount."""
        own = {"vault_url": self.url, "vault_mount": self.mount}
        return Settings.model_validate({**own, "vault_token_file": self.token_file(role), **more})

    @property
    def mount(self) -> str:
        return f"glasshouse{self.mounts}"

    def token_file(self, role: str) -> Path:
        return self.folder / f"{role}{self.mounts}.token"

    def new_mount(self) -> None:
        """An engine without keys, and a token for each role: with the deployed policies, but for
        the mount's name."""
        self.mounts += 1
        self.ask("POST", f"sys/mounts/{self.mount}", {"type": "transit"})
        for role in ROLES:
            rules = (ROOT / f"deploy/vault/{role}.hcl").read_text(encoding="utf-8")
            own = rules.replace('"glasshouse/', f'"{self.mount}/')
            name = f"{role}{self.mounts}"
            self.ask("PUT", f"sys/policies/acl/{name}", {"policy": own})
            made = self.ask("POST", "auth/token/create", {"policies": [name], "ttl": "1h"})
            self.token_file(role).write_text(made["auth"]["client_token"] + "\n")

    def seal(self) -> None:
        self.ask("PUT", "sys/seal")

    def unseal(self) -> None:
        """Unseal, and wait until it is active."""
        self.ask("PUT", "sys/unseal", {"key": self.unseal_key})
        give_up_s = time.monotonic() + _START_S
        while not httpx.get(f"{self.url}/v1/sys/health", trust_env=False).is_success:
            assert time.monotonic() < give_up_s, "Vault does not become active"
            time.sleep(0.05)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Meanwhile it takes connections and answers nothing."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


@contextmanager
def running_vault(folder: Path) -> Iterator[Vault]:
    """A server, unsealed, with its data in memory."""
    program, port = need_vault(), free_port()
    config = folder / "vault.json"
    listener = {"tcp": {"address": f"127.0.0.1:{port}", "tls_disable": True}}
    config.write_text(
        json.dumps({"storage": {"inmem": {}}, "listener": listener, "disable_mlock": True})
    )
    log = folder / "vault.log"
    process = spawn([program, "server", f"-config={config}"], log)
    try:
        vault = Vault(f"http://127.0.0.1:{port}", folder, process)
        _wait(vault, log)
        made = vault.ask("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        vault.root, vault.unseal_key = made["root_token"], made["keys_base64"][0]
        vault.unseal()
        vault.new_mount()
        yield vault
    finally:
        end(process)


def _wait(vault: Vault, log: Path) -> None:
    give_up_s = time.monotonic() + _START_S
    while True:
        try:
            vault.ask("GET", "sys/seal-status")
            return
        except httpx.HTTPError:
            assert vault.process.poll() is None, log.read_text()
            assert time.monotonic() < give_up_s, "Vault does not start"
            time.sleep(0.1)
