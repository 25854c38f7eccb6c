"""What keeps secret bytes: the key file itself, or a key service whose keys never leave it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Protocol

_PLAIN = "plain:"


class KeyService(Protocol):
    """Seals secret bytes under keys of its own, one for each name; without the service and that
    key nobody opens them. A name is ``[a-z0-9-]+``.

    All raise ``Retry`` while the service is away or sealed, and ``SettingsError`` where it refuses;
    in neither is anything secret.
    """

    def create(self, name: str) -> None:
        """Make the key ``name``; one that is there stays as it is."""

    def seal(self, name: str, secret: bytes) -> str:
        """``secret`` under the key ``name``, as text for the key file."""

    def open(self, name: str, sealed: str) -> bytes:
        """What was sealed under ``name``. ``ValueError`` if ``sealed`` was not, or not so."""

    def renew(self, name: str, sealed: str) -> str:
        """The same secret under a new version of the key, without opening it here. The old text
        can still be opened until ``retire``."""

    def retire(self, name: str) -> None:
        """From now on nothing is opened that was sealed under an older version of the key."""

    def allow_destruction(self, name: str) -> None:
        """Raises now what ``destroy`` would raise for want of rights, or of the service."""

    def destroy(self, name: str) -> None:
        """Remove the key for good; nothing happens where it is gone already."""

    def names(self) -> frozenset[str]:
        """The keys that are there."""


def in_the_file(secret: bytes) -> str:
    """Secret bytes as they lie in a file that alone keeps them."""
    return _PLAIN + base64.b64encode(secret).decode()


@dataclass(frozen=True, slots=True)
class FileAlone:
    """No service: what is sealed is only written differently. A secret is gone once it is in no
    copy of the file."""

    def create(self, name: str) -> None:
        """Nothing has to be made."""

    def seal(self, name: str, secret: bytes) -> str:
        return in_the_file(secret)

    def open(self, name: str, sealed: str) -> bytes:
        if not sealed.startswith(_PLAIN):
            raise ValueError("is not in the clear")
        try:
            return base64.b64decode(sealed.removeprefix(_PLAIN), validate=True)
        except binascii.Error:
            raise ValueError("is not base64") from None

    def renew(self, name: str, sealed: str) -> str:
        return sealed

    def retire(self, name: str) -> None:
        """There are no versions."""

    def allow_destruction(self, name: str) -> None:
        """Whoever may write the file may."""

    def destroy(self, name: str) -> None:
        """It is gone with the text in the file."""

    def names(self) -> frozenset[str]:
        return frozenset()
