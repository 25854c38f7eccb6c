"""A version of the policy as a record of the topic `policy`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from events.errors import Reject
from events.outcomes import Rejected
from events.policy_signature import Side, SignedPolicy

SCHEMA = "policy_version"


def key_of(signed: SignedPolicy) -> bytes:
    """The message key: for people who look at the topic; no reader goes by it."""
    return str(signed.version).encode()


def to_record(signed: SignedPolicy) -> dict[str, Any]:
    """The Avro record of a version."""
    return {
        "version": signed.version,
        "previous_sha256": signed.previous_sha256,
        "policy": signed.data,
        "signatures": {side.value: signature for side, signature in signed.signatures.items()},
    }


def from_record(record: Mapping[str, Any]) -> SignedPolicy:
    """The version of a decoded record, unverified; ``Reject(INVALID_HEADER)`` where it names a side
    that there is not."""
    try:
        signatures = {Side(side): bytes(each) for side, each in record["signatures"].items()}
    except ValueError:
        raise Reject(Rejected.INVALID_HEADER) from None
    return SignedPolicy(record["version"], record["previous_sha256"], record["policy"], signatures)
