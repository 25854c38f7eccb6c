"""A person's secret: opened by the workers, for that person alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from events.sealing import digest
from events.subject_secret import FORGOTTEN, SubjectSecret, new_secret, opened, to_record
from tests.strategies import SEALING

ANNA, BEN = (digest(SEALING.digest_key, name) for name in ("anna", "ben"))


@given(from_ms=st.integers(0, 4_000_000_000_000))
def test_a_secret_is_opened_as_it_was_made(from_ms: int) -> None:
    secret = new_secret(from_ms)
    record = to_record(secret, ANNA, SEALING.public)
    assert opened(record, ANNA, SEALING.private) == secret
    assert secret.value not in record["sealed_secret"]


def test_a_secret_that_was_moved_to_another_person_does_not_open() -> None:
    record = to_record(new_secret(0), ANNA, SEALING.public)
    assert opened(record, BEN, SEALING.private) is None


def test_who_was_forgotten_has_none() -> None:
    assert opened(FORGOTTEN, ANNA, SEALING.private) is None


def test_a_time_that_cannot_be_is_no_secret() -> None:
    record = to_record(SubjectSecret(bytes(32), -1), ANNA, SEALING.public)
    assert opened(record, ANNA, SEALING.private) is None


def test_no_two_secrets_are_alike_and_none_shows_in_a_repr() -> None:
    one, other = new_secret(0), new_secret(0)
    assert one.value != other.value
    assert len(one.value) == 32
    assert repr(one.value) not in repr(one)
