"""Every reason in words, for people: what commands say and what README.md lists."""

from __future__ import annotations

from typing import Final

from events.codec import MAX_SOURCE_BYTES
from events.outcomes import Rejected, Withheld
from events.vocabulary import MAX_BATCH_EVENTS

MEANING: Final[dict[Withheld | Rejected, str]] = {
    Withheld.NOT_ENROLLED: "no grant of this person for this purpose",
    Withheld.NOT_ACKNOWLEDGED: "granted, but the person has acknowledged no notice",
    Withheld.WITHDRAWN: "the person has withdrawn",
    Withheld.OBJECTED: "the person has objected",
    Withheld.PAUSED: "the person has paused",
    Withheld.NOTICE_OUTDATED: (
        "acknowledged or granted under a notice or lawful basis that is no longer in force"
    ),
    Withheld.CHAIN_BROKEN: "records of the person do not follow one another, and may hide a no",
    Withheld.PURPOSE_NOT_REGISTERED: (
        "the policy has no lawful basis or impact assessment for this purpose"
    ),
    Withheld.NO_SECRET: "the person was forgotten, or the batch is from before they came back",
    Withheld.ACTION_NOT_COLLECTED: "the policy does not take this action for this purpose",
    Rejected.UNDECODABLE: "framing or Avro is broken",
    Rejected.UNKNOWN_SCHEMA: "the writer's schema is not known",
    Rejected.INVALID_HEADER: "an identifier, code or size in the header is unusable",
    Rejected.UNEQUAL_COLUMNS: "columns differ in length, or end inside a value",
    Rejected.EMPTY_BATCH: "no events",
    Rejected.TOO_MANY_EVENTS: f"more than {MAX_BATCH_EVENTS:,} events",
    Rejected.TOO_LARGE: f"more than {MAX_SOURCE_BYTES // 2**10} KiB",
    Rejected.NEGATIVE_TIME: "a base time before 1970",
    Rejected.SUBJECT_NOT_OPENED: "the subject is sealed to a key that the worker does not have",
    Rejected.UNKNOWN_ACTION: "no such action",
    Rejected.UNKNOWN_ROLE: "no such target role",
    Rejected.UNKNOWN_DETAIL: (
        "no such button or key class, too many wheel steps, or a detail where none belongs"
    ),
    Rejected.COORDINATE_OUT_OF_RANGE: "outside the declared screen",
    Rejected.IN_FUTURE: "later than now plus the clock tolerance",
    Rejected.BEFORE_RETENTION: "older than the purpose's retention",
    Rejected.EPOCH_DESTROYED: "from a time whose keys were destroyed",
}
