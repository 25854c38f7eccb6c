"""Passwords of several users, one file each, as deploy/secrets.sh makes them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from events.errors import InputError


def passwords_in(folder: Path, prefix: str, users: Iterable[str]) -> dict[str, str]:
    """By user, the password in ``folder/<prefix>_<user>_password``; users without a file are left
    out.

    Raises ``InputError`` if none has one, or if a file is empty or unreadable.
    """
    files = {user: folder / f"{prefix}_{user}_password" for user in users}
    found = {user: _password_in(path) for user, path in files.items() if path.exists()}
    if not found:
        raise InputError(
            f"{folder} holds no file {prefix}_<user>_password: deploy/secrets.sh makes them"
        )
    return found


def _password_in(path: Path) -> str:
    try:
        password = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path} cannot be read") from None
    if not password:
        raise InputError(f"{path} is empty")
    return password
