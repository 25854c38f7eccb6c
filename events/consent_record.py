"""A word as a record of the consent topic, in the chain of such words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from events.batch import is_subject
from events.clock import TIMES_MS
from events.consent import (
    THE_SUBJECT,
    Actor,
    ActorRole,
    Common,
    ConsentAction,
    Terms,
    Word,
    is_notice_version,
    may_be_said,
)
from events.consent_hash import record_hash, who_hash
from events.consent_key import HASH_BYTES, Aspect, early_key, record_key
from events.errors import Reject
from events.jurisdictions import UNKNOWN
from events.outcomes import Rejected
from events.purposes import Purpose
from events.sealing import DIGEST_BYTES, digest

SCHEMA = "consent_record"
SALT_BYTES: Final = 16
#: The number of a record of the first version, which stands in no chain.
UNCHAINED: Final = -1
#: What the first record of a chain has for the hash of the one before.
NOTHING: Final = b""

_ASPECT: Final = {
    ConsentAction.GRANT: Aspect.CONSENT,
    ConsentAction.WITHDRAW: Aspect.CONSENT,
    ConsentAction.PAUSE: Aspect.PAUSE,
    ConsentAction.RESUME: Aspect.PAUSE,
}


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """``word`` as the record ``number`` of the chain of its person and purpose, behind the record
    whose hash is ``previous``. ``person`` is the keyed digest of the name. ``salt`` belongs to the
    record: it hides in ``who`` whose that is. One of the first version still has the name."""

    person: bytes = field(repr=False)
    word: Word
    number: int = UNCHAINED
    previous: bytes = field(default=NOTHING, repr=False)
    salt: bytes = field(default=b"", repr=False)
    who: bytes = field(init=False, repr=False, compare=False)
    #: What its key calls the record: the hash, or for the first version its aspect's name.
    name: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        word = self.word
        if self.number == UNCHAINED:
            who, name = b"", _ASPECT[word.action].value.encode()
        else:
            who = who_hash(self.person, self.salt)
            name = record_hash(word, who, self.number, self.previous)
        object.__setattr__(self, "who", who)
        object.__setattr__(self, "name", name)

    @property
    def key(self) -> bytes:
        """The message key."""
        word = self.word
        if self.number == UNCHAINED:
            return early_key(word.subject, word.purpose, _ASPECT[word.action])
        return record_key(self.person, word.purpose, self.name)


def to_record(consent: ConsentRecord) -> dict[str, Any]:
    """The Avro record of a consent record. ValueError where the name can be read: none that can,
    and so none of the first version, is ever written."""
    word = consent.word
    if word.subject or consent.number == UNCHAINED:
        raise ValueError("a record is written without a name, and in a chain")
    version, sha256, basis = word.terms or ("", b"", "")
    return {
        "subject": word.subject,
        "purpose": word.purpose.value,
        "action": word.action.value,
        "notice_version": version,
        "at_ms": word.at_ms,
        "notice_sha256": sha256,
        "lawful_basis": basis,
        "actor_role": word.actor.role.value,
        "actor_id": word.actor.id,
        "jurisdiction": word.jurisdiction,
        "number": consent.number,
        "previous": consent.previous,
        "salt": consent.salt,
        "person": consent.person,
    }


def from_record(record: Mapping[str, Any], digest_key: bytes) -> ConsentRecord:
    """The consent record of a decoded Avro record; ``Reject(INVALID_HEADER)`` where it says
    something this version does not know. ``digest_key`` says whose one of the first version is."""
    number, previous, salt = record["number"], _bytes(record, "previous"), _bytes(record, "salt")
    subject, person, at_ms = record["subject"], _bytes(record, "person"), record["at_ms"]
    chained = number != UNCHAINED
    sha256 = _bytes(record, "notice_sha256")
    terms = Terms(record["notice_version"], sha256, record["lawful_basis"])
    said = (record["purpose"], record["action"], terms)
    written = (record["actor_role"], record["actor_id"], record["jurisdiction"])
    try:
        common = _common((*said, *written)) if chained else _common_of_the_first_version(said)
    except ValueError:
        raise Reject(Rejected.INVALID_HEADER) from None
    placed = number >= 0 and len(previous) in (len(NOTHING), HASH_BYTES) and len(salt) == SALT_BYTES
    whole = placed and _is_nameless(subject, person) if chained else is_subject(subject)
    if not (whole and at_ms in TIMES_MS):
        raise Reject(Rejected.INVALID_HEADER)
    word = Word(subject, common.purpose, common.action, at_ms, *common[2:])
    if not chained:
        return ConsentRecord(digest(digest_key, subject), word)
    return ConsentRecord(person, word, number, previous, salt)


def _is_nameless(subject: str, person: bytes) -> bool:
    return not subject and len(person) == DIGEST_BYTES


def _bytes(record: Mapping[str, Any], name: str) -> bytes:
    """A field of bytes. Where the writer did not know it, Avro's default is a text."""
    return record[name] or b""


@lru_cache(maxsize=4_096)
def _common(told: tuple[str, str, Terms, str, str, str]) -> Common:
    """Checked once, and one object for equal values: a ledger holds millions of records.
    ``ValueError`` where no record may say so."""
    purpose, action, terms, role, actor_id, jurisdiction = told
    actor = Actor(ActorRole(role), actor_id)
    common = Common(
        Purpose(purpose), ConsentAction(action), terms if any(terms) else None, actor, jurisdiction
    )
    if not may_be_said(common):
        raise ValueError
    return common


@lru_cache(maxsize=4_096)
def _common_of_the_first_version(told: tuple[str, str, Terms]) -> Common:
    """The same of a record that knows four actions, and of the terms the version alone."""
    purpose, action, terms = told
    common = Common(
        Purpose(purpose), ConsentAction(action), terms if any(terms) else None, THE_SUBJECT, UNKNOWN
    )
    named = is_notice_version(terms.notice_version) and not any(terms[1:])
    grants = common.action is ConsentAction.GRANT
    if common.action not in _ASPECT or grants != named or grants != bool(common.terms):
        raise ValueError
    return common
