"""One word of a person about a purpose: the record on the compacted topic, and its key."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Any

from events.batch import is_subject
from events.clock import TIMES_MS
from events.errors import Reject
from events.outcomes import Rejected
from events.purposes import Purpose

SCHEMA = "consent_record"
_NOTICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)


@unique
class ConsentAction(StrEnum):
    GRANT = "grant"
    WITHDRAW = "withdraw"
    PAUSE = "pause"
    RESUME = "resume"


@unique
class Aspect(StrEnum):
    """Grant and withdraw answer one question, pause and resume another. Compaction keeps the last
    answer to each, so no record has to repeat what an earlier one said."""

    CONSENT = "consent"
    PAUSE = "pause"


ASPECT: dict[ConsentAction, Aspect] = {
    ConsentAction.GRANT: Aspect.CONSENT,
    ConsentAction.WITHDRAW: Aspect.CONSENT,
    ConsentAction.PAUSE: Aspect.PAUSE,
    ConsentAction.RESUME: Aspect.PAUSE,
}


def is_notice_version(text: str) -> bool:
    """Whether ``text`` can name a version of the notice: letters, digits, `._-`, at most 32."""
    return _NOTICE.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """``notice_version`` is the notice the person was shown; only a grant has one."""

    subject: str = field(repr=False)
    purpose: Purpose
    action: ConsentAction
    notice_version: str
    at_ms: int

    @property
    def key(self) -> bytes:
        """Message key: the same for two records exactly when the later replaces the earlier."""
        return _key(self.subject, self.purpose, ASPECT[self.action])


def _key(subject: str, purpose: Purpose, aspect: Aspect) -> bytes:
    return json.dumps([subject, purpose.value, aspect.value], ensure_ascii=False).encode()


def key_parts(key: bytes | None) -> tuple[str, Purpose, Aspect] | None:
    """Subject, purpose and aspect of a message key; None where it is not the key of a record, byte
    by byte: Kafka compacts by the bytes, so another spelling is another key."""
    try:
        subject, purpose, aspect = json.loads(key or b"")
        if isinstance(subject, str) and is_subject(subject):
            parts = subject, Purpose(purpose), Aspect(aspect)
            return parts if _key(*parts) == key else None
    except (TypeError, ValueError, RecursionError):
        pass
    return None


def to_record(consent: ConsentRecord) -> dict[str, Any]:
    """The Avro record of a consent record."""
    return {
        "subject": consent.subject,
        "purpose": consent.purpose.value,
        "action": consent.action.value,
        "notice_version": consent.notice_version,
        "at_ms": consent.at_ms,
    }


def from_record(record: Mapping[str, Any]) -> ConsentRecord:
    """The consent record of a decoded Avro record; ``Reject(INVALID_HEADER)`` where it says
    something this version does not know."""
    try:
        consent = ConsentRecord(
            subject=record["subject"],
            purpose=Purpose(record["purpose"]),
            action=ConsentAction(record["action"]),
            notice_version=record["notice_version"],
            at_ms=record["at_ms"],
        )
    except ValueError:
        raise Reject(Rejected.INVALID_HEADER) from None
    granted = consent.action is ConsentAction.GRANT
    if (
        not is_subject(consent.subject)
        or consent.at_ms not in TIMES_MS
        or granted != bool(consent.notice_version)
        or (granted and not is_notice_version(consent.notice_version))
    ):
        raise Reject(Rejected.INVALID_HEADER)
    return consent
