"""Secrets are made once, for those who have none, and taken away for good."""

from __future__ import annotations

from dataclasses import replace

import pytest

from events.clock import FixedClock
from events.codec import Codec
from events.compacted import last_values
from events.errors import SettingsError
from events.sealing import digest
from events.settings import Settings
from events.subject_secret import SCHEMA, SubjectSecret, opened
from events.topics import Topic
from producers.enrolment import Enrolment
from tests.strategies import NOW_MS, SEALING


@pytest.fixture
def enrolment(own_kafka: Settings) -> Enrolment:
    sealing = SEALING.exported(for_registrar=True)
    return Enrolment(own_kafka, Codec(), sealing, FixedClock(NOW_MS))


def secret(enrolment: Enrolment, subject: str) -> SubjectSecret | None:
    name = digest(SEALING.digest_key, subject)
    value = last_values(enrolment.settings, Topic.SECRETS)[name]
    return opened(Codec().decode(SCHEMA, value), name, SEALING.private)


@pytest.mark.service
def test_everybody_gets_a_secret_once_and_keeps_it(enrolment: Enrolment) -> None:
    assert enrolment.enrol(["anna", "ben", "anna"]) == 2
    first = secret(enrolment, "anna")
    assert first is not None
    assert first.from_ms == 0
    assert enrolment.enrol(["anna", "cleo"]) == 1
    assert secret(enrolment, "anna") == first
    assert secret(enrolment, "ben") != first
    values = last_values(enrolment.settings, Topic.SECRETS)
    assert len(values) == 3
    assert not [name for name in (b"anna", b"ben", b"cleo") if name in b"".join([*values.values()])]


@pytest.mark.service
def test_who_was_forgotten_has_none_and_gets_another_from_then_on(enrolment: Enrolment) -> None:
    enrolment.enrol(["anna", "ben"])
    first, other = secret(enrolment, "anna"), secret(enrolment, "ben")
    enrolment.forget([digest(SEALING.digest_key, "anna")])
    assert secret(enrolment, "anna") is None
    assert secret(enrolment, "ben") == other
    assert enrolment.enrol(["anna"]) == 1
    back = secret(enrolment, "anna")
    assert back is not None
    assert first is not None
    assert back.value != first.value
    assert back.from_ms == NOW_MS


@pytest.mark.service
def test_whoever_has_only_the_public_key_enrols_nobody(enrolment: Enrolment) -> None:
    producers = replace(enrolment, sealing=SEALING.exported())
    with pytest.raises(SettingsError, match="--registrar"):
        producers.enrol(["anna"])
    assert last_values(enrolment.settings, Topic.SECRETS) == {}
