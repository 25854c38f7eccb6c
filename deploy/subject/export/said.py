"""What the person said, and the secret that their pseudonyms hang on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.subject.export.case import Case
from deploy.subject.export.records import Found, OnRead, block_of, moment
from events.consent_record import SCHEMA
from events.purposes import PURPOSES
from events.schemas import newest
from producers.consent_history import lines
from producers.consent_topic import Said, read_said


def consent(case: Case, on_read: OnRead) -> Found:
    """Every record of the ledger, whether or not it follows the one before."""
    if case.raw is None:
        return Found((), note="No Kafka was named, so the ledger was not looked at.")
    person, digest_key = case.person.digest, case.ring.sealing.digest_key
    records = list(_records(read_said([person], digest_key, case.settings, case.codec), person))
    on_read(len(records))
    return Found(
        [block_of(records)],
        meanings={
            **{each["name"]: each.get("doc", "") for each in newest(SCHEMA).parsed["fields"]},
            "hash": "What names this record: keep the last of each purpose, as a receipt.",
            "fault": "What is wrong with the record, where it does not follow the one before it.",
        },
    )


def _records(said: Said, person: bytes) -> Iterator[dict[str, Any]]:
    for purpose in PURPOSES:
        spoken = said[person, purpose]
        for line in lines(spoken):
            salt = line.record.salt.hex() if line.record else ""
            yield {"purpose": purpose.value, **line.to_json(), "salt": salt or None}


def secret(case: Case, on_read: OnRead) -> Found:
    """That there is one, and since when it counts. Not the secret itself: it says nothing of the
    person, and whoever has it and the keys could find their rows."""
    kept = case.person.secret
    if kept is None:
        return Found((), note="There is none: nothing of the person passes, or can be found again.")
    on_read(1)
    record = {
        "name": case.person.digest.hex(),
        "counts_from": moment(kept.from_ms),
        "secret": "32 random bytes, not shown",
    }
    return Found(
        [block_of([record])],
        meanings={
            "name": "What the person is called where only a name to look up is needed.",
            "counts_from": "Batches that begin earlier are not let through.",
        },
    )
