"""The password of a private key: from a file, or asked for. Never a flag, which others can read."""

from __future__ import annotations

from pathlib import Path

import typer

from events.errors import InputError


def password_in(path: Path) -> bytes:
    """What a file holds, but for the end of its line. ``InputError`` where that is nothing."""
    try:
        password = path.read_bytes().strip(b"\r\n")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    if not password:
        raise InputError(f"{path} is empty: it must hold a password")
    return password


def new_password() -> bytes:
    """Asked for twice."""
    asked = "Password of the new private key"
    return str(typer.prompt(asked, hide_input=True, confirmation_prompt=True, err=True)).encode()


def asked_password(path: Path) -> bytes:
    """Asked for once."""
    return str(typer.prompt(f"Password of {path}", hide_input=True, err=True)).encode()
