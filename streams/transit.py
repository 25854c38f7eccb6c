"""Vault's Transit engine as the key service; OpenBao has the same API.

API: https://developer.hashicorp.com/vault/api-docs/secret/transit. The engine has a mount of its
own, and in it a key (AES-256-GCM) for each name. The token is read from its file for every call,
so that an agent may renew it; it is in no ``repr``, no text and no exception.
"""

from __future__ import annotations

import base64
import binascii
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from events.errors import Retry, SettingsError

#: A worker's start waits for each answer, its running look is in a thread of its own.
_TIMEOUT_S = 5.0
#: What Vault says of a ciphertext that this key did not make, or of a version that was retired.
_NOT_OPENED = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


@dataclass(frozen=True, slots=True)
class Transit:
    """``url`` is http(s)://host:port, ``mount`` the path of the engine."""

    url: str
    mount: str
    token_file: Path | None
    ca_file: Path | None

    def create(self, name: str) -> None:
        self._ask("POST", f"keys/{name}", {"type": "aes256-gcm96"})

    def seal(self, name: str, secret: bytes) -> str:
        plaintext = base64.b64encode(secret).decode()
        return str(self._ask("POST", f"encrypt/{name}", {"plaintext": plaintext})["ciphertext"])

    def open(self, name: str, sealed: str) -> bytes:
        answer = self._ask("POST", f"decrypt/{name}", {"ciphertext": sealed}, _NOT_OPENED)
        try:
            return base64.b64decode(answer["plaintext"], validate=True)
        except (KeyError, binascii.Error):
            raise ValueError(
                f"key {name} of {self.url} does not open it: it is gone, another one, or its "
                "version was retired"
            ) from None

    def renew(self, name: str, sealed: str) -> str:
        self._ask("POST", f"keys/{name}/rotate")
        return str(self._ask("POST", f"rewrap/{name}", {"ciphertext": sealed})["ciphertext"])

    def retire(self, name: str) -> None:
        newest = self._ask("GET", f"keys/{name}")["latest_version"]
        self._ask("POST", f"keys/{name}/config", {"min_decryption_version": newest})

    def allow_destruction(self, name: str) -> None:
        if name in self.names():
            self._ask("POST", f"keys/{name}/config", {"deletion_allowed": True})

    def destroy(self, name: str) -> None:
        if name in self.names():
            self._ask("POST", f"keys/{name}/config", {"deletion_allowed": True})
            self._ask("DELETE", f"keys/{name}")

    def names(self) -> frozenset[str]:
        return frozenset(self._ask("LIST", "keys", None, (HTTPStatus.NOT_FOUND,)).get("keys", ()))

    def facts(self, name: str) -> dict[str, Any]:
        """What the service says of the key, never the key itself."""
        return self._ask("GET", f"keys/{name}", None, (HTTPStatus.NOT_FOUND,))

    def may(self, *paths: str) -> dict[str, frozenset[str]]:
        """What the token may do at these paths of the mount."""
        full = {f"{self.mount}/{path}": path for path in paths}
        answer = self._call("POST", "sys/capabilities-self", {"paths": list(full)}, ())
        return {path: frozenset(answer.get(name, ())) for name, path in full.items()}

    def _ask(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        empty: tuple[HTTPStatus, ...] = (),
    ) -> dict[str, Any]:
        return self._call(method, f"{self.mount}/{path}", body, empty)

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None, empty: tuple[HTTPStatus, ...]
    ) -> dict[str, Any]:
        """The answer's data; nothing where the status is one of ``empty``."""
        headers = {"X-Vault-Token": self._token(), "X-Vault-Request": "true"}
        try:
            trust = ssl.create_default_context(cafile=self.ca_file)
            with httpx.Client(verify=trust, timeout=_TIMEOUT_S, trust_env=False) as client:
                answer = client.request(method, f"{self.url}/v1/{path}", headers=headers, json=body)
        except httpx.HTTPError as error:
            raise Retry(
                f"key service {self.url} does not answer ({type(error).__name__})"
            ) from None
        except (OSError, ValueError, httpx.InvalidURL):
            where = f"key service {self.url}"
            raise SettingsError(where, [f"vault_ca_file {self.ca_file} cannot be used"]) from None
        return self._data(answer, path, empty)

    def _data(
        self, answer: httpx.Response, path: str, empty: tuple[HTTPStatus, ...]
    ) -> dict[str, Any]:
        status = answer.status_code
        if status == HTTPStatus.NO_CONTENT or status in empty:
            return {}
        if status == HTTPStatus.OK:
            try:
                return dict(answer.json().get("data") or {})
            except (ValueError, AttributeError, TypeError):
                status = 0  # something answers there, but not Vault
        where = f"key service {self.url}"
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise Retry(f"{where} is sealed, or has no active node: unseal it")
        if status == HTTPStatus.FORBIDDEN:
            fault = (
                f"denies {path}: the token of {self.token_file} has expired or lacks the right "
                "(deploy/vault has a policy for workers and one for the key officer)"
            )
            raise SettingsError(where, [fault])
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
            raise Retry(f"{where} answers {path} with status {status}")
        fault = f"answers {path} with status {status}: is a Transit engine mounted at {self.mount}?"
        raise SettingsError(where, [fault])

    def _token(self) -> str:
        try:
            return self.token_file.read_text(encoding="ascii").strip() if self.token_file else ""
        except (OSError, UnicodeDecodeError):
            raise SettingsError(
                f"key service {self.url}", [f"vault_token_file {self.token_file} cannot be read"]
            ) from None
