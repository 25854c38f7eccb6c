"""One word of a person about a purpose, and its record in the chain of such words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from functools import lru_cache
from typing import Any, Final, NamedTuple

from events.batch import is_subject
from events.clock import TIMES_MS
from events.consent_hash import record_hash, who_hash
from events.consent_key import HASH_BYTES, Aspect, record_key
from events.errors import Reject
from events.jurisdictions import UNKNOWN, is_jurisdiction
from events.outcomes import Rejected
from events.purposes import Purpose

SCHEMA = "consent_record"
SALT_BYTES: Final = 16
#: The number of a record of the first version, which stands in no chain.
UNCHAINED: Final = -1
#: What the first record of a chain has for the hash of the one before.
NOTHING: Final = b""

_NOTICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}", re.ASCII)
_BASIS = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
_ACTOR_ID = re.compile(r"[0-9a-f]{1,64}", re.ASCII)


@unique
class ConsentAction(StrEnum):
    ACKNOWLEDGE = "acknowledge"  # I have been shown this notice
    GRANT = "grant"  # I agree to it
    WITHDRAW = "withdraw"
    PAUSE = "pause"
    RESUME = "resume"
    OBJECT = "object"  # GDPR Art. 21


#: Words that name the terms they are said to; all others have none.
TO_TERMS: Final = frozenset({ConsentAction.ACKNOWLEDGE, ConsentAction.GRANT})

#: Words that only ever narrow: they count whatever is wrong with the chain they stand in.
NOES: Final = frozenset({ConsentAction.WITHDRAW, ConsentAction.OBJECT, ConsentAction.PAUSE})

_ASPECT: Final = {
    ConsentAction.GRANT: Aspect.CONSENT,
    ConsentAction.WITHDRAW: Aspect.CONSENT,
    ConsentAction.PAUSE: Aspect.PAUSE,
    ConsentAction.RESUME: Aspect.PAUSE,
}


@unique
class ActorRole(StrEnum):
    """Who wrote a record. It is kept for the record's sake: nothing is ever decided by it."""

    SUBJECT = "subject"
    REPRESENTATIVE = "representative"
    OPERATOR = "operator"


class Actor(NamedTuple):
    """``id`` is opaque: lower-case hexadecimal, at most 64 digits, and empty for the subject, whom
    the record names already. Free text has no place in it."""

    role: ActorRole = ActorRole.SUBJECT
    id: str = ""


THE_SUBJECT: Final = Actor()


class Terms(NamedTuple):
    """What is acknowledged or agreed to: a notice, word by word (SHA-256 of its text), and a lawful
    basis. A tuple, since the gate compares two of them for each batch."""

    notice_version: str
    notice_sha256: bytes
    lawful_basis: str


def is_notice_version(text: str) -> bool:
    """Whether ``text`` can name a version of the notice: letters, digits, `._-`, at most 32."""
    return _NOTICE.fullmatch(text) is not None


def is_lawful_basis(text: str) -> bool:
    """Whether ``text`` can name a lawful basis: lower-case letters, digits and _, at most 32."""
    return _BASIS.fullmatch(text) is not None


def is_actor(actor: Actor) -> bool:
    """Whether ``actor`` has an opaque id, or is the subject and has none."""
    if actor.role is ActorRole.SUBJECT:
        return not actor.id
    return _ACTOR_ID.fullmatch(actor.id) is not None


@dataclass(frozen=True, slots=True)
class Word:
    """What one person says about one purpose. ``terms`` where the action is one of ``TO_TERMS``.
    A pause has no end and no reason: there is no field for either, nor for anybody's rank."""

    subject: str = field(repr=False)
    purpose: Purpose
    action: ConsentAction
    at_ms: int
    terms: Terms | None = None
    actor: Actor = field(default=THE_SUBJECT, repr=False)
    jurisdiction: str = UNKNOWN


@dataclass(frozen=True, slots=True)
class ConsentRecord:
    """``word`` as the record ``number`` of the chain of its person and purpose, behind the record
    whose hash is ``previous``. ``salt`` belongs to the subject: it hides in ``who`` who that is."""

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
            who = who_hash(word.subject, self.salt)
            name = record_hash(word, who, self.number, self.previous)
        object.__setattr__(self, "who", who)
        object.__setattr__(self, "name", name)

    @property
    def key(self) -> bytes:
        """The message key."""
        return record_key(self.word.subject, self.word.purpose, self.name)


def to_record(consent: ConsentRecord) -> dict[str, Any]:
    """The Avro record of a consent record."""
    word = consent.word
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
    }


def from_record(record: Mapping[str, Any]) -> ConsentRecord:
    """The consent record of a decoded Avro record; ``Reject(INVALID_HEADER)`` where it says
    something this version does not know."""
    number, previous, salt = record["number"], _bytes(record, "previous"), _bytes(record, "salt")
    subject, at_ms = record["subject"], record["at_ms"]
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
    if not (is_subject(subject) and at_ms in TIMES_MS and (placed or not chained)):
        raise Reject(Rejected.INVALID_HEADER)
    word = Word(subject, common.purpose, common.action, at_ms, *common[2:])
    return ConsentRecord(word, number, previous, salt) if placed else ConsentRecord(word)


def _bytes(record: Mapping[str, Any], name: str) -> bytes:
    """A field of bytes. Where the writer did not know it, Avro's default is a text."""
    return record[name] or b""


class _Common(NamedTuple):
    """What many records have in common: all but who, when, and the place in the chain."""

    purpose: Purpose
    action: ConsentAction
    terms: Terms | None
    actor: Actor
    jurisdiction: str


@lru_cache(maxsize=4_096)
def _common(told: tuple[str, str, Terms, str, str, str]) -> _Common:
    """Checked once, and one object for equal values: a ledger holds millions of records.
    ``ValueError`` where no record may say so."""
    purpose, action, terms, role, actor_id, jurisdiction = told
    actor = Actor(ActorRole(role), actor_id)
    common = _Common(
        Purpose(purpose), ConsentAction(action), terms if any(terms) else None, actor, jurisdiction
    )
    if not _is_sound(common):
        raise ValueError
    return common


@lru_cache(maxsize=4_096)
def _common_of_the_first_version(told: tuple[str, str, Terms]) -> _Common:
    """The same of a record that knows four actions, and of the terms the version alone."""
    purpose, action, terms = told
    common = _Common(
        Purpose(purpose), ConsentAction(action), terms if any(terms) else None, THE_SUBJECT, UNKNOWN
    )
    named = is_notice_version(terms.notice_version) and not any(terms[1:])
    grants = common.action is ConsentAction.GRANT
    if common.action not in _ASPECT or grants != named or grants != bool(common.terms):
        raise ValueError
    return common


def is_sound(word: Word) -> bool:
    """Whether a record may say ``word``."""
    common = _Common(word.purpose, word.action, word.terms, word.actor, word.jurisdiction)
    return is_subject(word.subject) and word.at_ms in TIMES_MS and _is_sound(common)


def _is_sound(common: _Common) -> bool:
    terms = common.terms
    if not (is_actor(common.actor) and is_jurisdiction(common.jurisdiction)):
        return False
    if common.action not in TO_TERMS:
        return terms is None
    return (
        terms is not None
        and is_notice_version(terms.notice_version)
        and len(terms.notice_sha256) == HASH_BYTES
        and is_lawful_basis(terms.lawful_basis)
    )
