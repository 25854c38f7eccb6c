"""Under which names a person stands in every store. Only with the keys can this be told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from events.batch import is_subject
from events.errors import InputError, Reject
from events.kept_secrets import all_secrets
from events.purposes import GOVERNANCE, PURPOSES, Purpose
from events.registry import codec_for
from events.sealing import digest
from events.settings import Settings
from events.subject_secret import SCHEMA, SubjectSecret, opened
from streams.key_ring import KeyRing
from streams.pseudonymise import pseudonym_of, subject_id


@dataclass(frozen=True, slots=True)
class Person:
    """``digest`` is what Kafka's compacted topics call the person. ``pseudonyms``: in the rows of
    each purpose, by key epoch; empty where the person has no secret, so that nobody can tell.
    ``governance``: in the books, by epoch."""

    subject: str = field(repr=False)
    digest: bytes = field(repr=False)
    secret: SubjectSecret | None = field(repr=False)
    pseudonyms: Mapping[Purpose, Mapping[int, int]] = field(repr=False)
    governance: Mapping[int, int] = field(repr=False)

    @property
    def in_the_audit_log(self) -> int:
        """What the audit log calls the person from now on: by the newest epoch."""
        return self.governance[max(self.governance)]

    def ids(self, purpose: Purpose) -> tuple[int, ...]:
        """All pseudonyms of a purpose."""
        return tuple(self.pseudonyms[purpose].values())


def persons(subjects: Iterable[str], settings: Settings, ring: KeyRing) -> list[Person]:
    """Each different one of ``subjects``, in their order. ``InputError`` with the place of one that
    cannot be one, never the subject; else as ``events.kept_secrets.all_secrets``, and ``Retry``
    where a registry is away."""
    different = list(dict.fromkeys(subjects))
    for place, subject in enumerate(different, start=1):
        if not is_subject(subject):
            raise InputError(f"subject {place} of {len(different)} is not 1 to 128 bytes of UTF-8")
    kept, codec = all_secrets(settings), codec_for(settings)

    def secret_of(name: bytes) -> SubjectSecret | None:
        try:
            return opened(codec.decode(SCHEMA, kept.get(name)), name, ring.sealing.private)
        except Reject:
            return None

    return [_person(each, ring, secret_of(_digest(each, ring))) for each in different]


def _digest(subject: str, ring: KeyRing) -> bytes:
    return digest(ring.sealing.digest_key, subject)


def _person(subject: str, ring: KeyRing, secret: SubjectSecret | None) -> Person:
    def ids(purpose: Purpose) -> dict[int, int]:
        if secret is None:
            return {}
        return {each.epoch: pseudonym_of(each.keys[purpose], secret.value) for each in ring.live}

    person = _digest(subject, ring)
    return Person(
        subject,
        person,
        secret,
        {purpose: ids(purpose) for purpose in PURPOSES},
        {each.epoch: subject_id(each.keys[GOVERNANCE], person) for each in ring.live},
    )
