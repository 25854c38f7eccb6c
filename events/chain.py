"""How things are chained, so that a change after the fact shows: each has the hash of the one
before it, and a hash over all that it says and that one.

A chain by itself does not show that its newest links were cut off, or that all of it was made anew;
a hash of a link that is kept elsewhere does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

#: ``previous`` of the link that a chain begins with.
BEGINNING = "0" * 64


def chained(form: bytes, previous: str, parts: Iterable[bytes]) -> str:
    """SHA-256 over ``form`` (what kind of link this is), the hash of the link before and every
    part, hex. Each is preceded by its length, so that no two links have the same bytes."""
    digest = hashlib.sha256()
    for part in (form, previous.encode(), *parts):
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.hexdigest()
