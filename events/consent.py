"""One word of a person about a purpose, and what such a word may say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import Final, NamedTuple

from events.batch import is_subject
from events.clock import TIMES_MS
from events.consent_key import HASH_BYTES
from events.jurisdictions import UNKNOWN, is_jurisdiction
from events.purposes import Purpose

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
    A pause has no end and no reason: there is no field for either, nor for anybody's rank.
    ``subject`` is empty in a record, which is about whom its ``person`` says."""

    subject: str = field(repr=False)
    purpose: Purpose
    action: ConsentAction
    at_ms: int
    terms: Terms | None = None
    actor: Actor = field(default=THE_SUBJECT, repr=False)
    jurisdiction: str = UNKNOWN


class Common(NamedTuple):
    """What many words have in common: all but who and when."""

    purpose: Purpose
    action: ConsentAction
    terms: Terms | None
    actor: Actor
    jurisdiction: str


def is_sound(word: Word) -> bool:
    """Whether a record may say ``word``."""
    common = Common(word.purpose, word.action, word.terms, word.actor, word.jurisdiction)
    return is_subject(word.subject) and word.at_ms in TIMES_MS and may_be_said(common)


def may_be_said(common: Common) -> bool:
    """Whether there may be such a writer, such a law, and such terms for this action."""
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
