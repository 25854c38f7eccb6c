"""The target `policy_version`: a worker that is handed any bytes as a version of the policy."""

from __future__ import annotations

from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from events.clock import SystemClock
from events.codec import Codec
from events.policy_topic import to_record
from events.settings import Settings
from streams.policy_reader import PolicyReader
from tests.events.policies import EMPLOYEES, EMPLOYER, FIRST, NARROWER, WIDER, Pen

#: The same in every run, so that an input that was found is found again.
PEN = Pen(
    {
        EMPLOYER: Ed25519PrivateKey.from_private_bytes(b"employer".ljust(32)),
        EMPLOYEES: Ed25519PrivateKey.from_private_bytes(b"employees".ljust(32)),
    }
)
V1 = PEN.signed(FIRST, EMPLOYER, EMPLOYEES)
V2 = PEN.signed(NARROWER, EMPLOYEES, before=FIRST)
V3 = PEN.signed(WIDER, EMPLOYER, EMPLOYEES, before=NARROWER)
_IN_FORCE = PEN.history(V1)


def records() -> list[dict[str, Any]]:
    """What was agreed, and a widening with one signature."""
    half = PEN.signed(WIDER, EMPLOYER, before=NARROWER)
    return [to_record(signed) for signed in (V1, V2, V3, half)]


def taken(data: bytes, codec: Codec) -> str:
    """Nothing but what was signed is ever in force, whatever comes."""
    reader = PolicyReader(Settings(), codec, PEN.anchors, SystemClock())
    reader.history = _IN_FORCE
    reader._take(cast(Any, _Record(data)))
    newest = reader.history.newest
    assert newest is not None
    assert newest.signed.data in (FIRST, NARROWER), "a policy that nobody signed is in force"
    return "refused" if reader.refusals else "sound"


class _Record:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def value(self) -> bytes:
        return self._data

    def offset(self) -> int:
        return 1
