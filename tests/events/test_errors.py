"""The exception tree: every error says what the caller does about it."""

from __future__ import annotations

import inspect

import pytest

from events import errors
from events.errors import GlasshouseError, Reject, Retry, SettingsError, Stop
from events.outcomes import WHOLE_MESSAGE, Rejected, Withheld

OURS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, GlasshouseError)
]


def test_every_error_is_one_of_three() -> None:
    for kind in set(OURS) - {GlasshouseError}:
        assert sum(issubclass(kind, branch) for branch in (Reject, Retry, Stop)) == 1


@pytest.mark.parametrize("kind", OURS)
def test_every_error_stands_in_the_drawing(kind: type[GlasshouseError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "")


def test_a_refusal_says_its_reason_and_nothing_else() -> None:
    refusal = Reject(Rejected.TOO_LARGE)
    assert (str(refusal), refusal.reason) == ("too_large", Rejected.TOO_LARGE)
    assert refusal.args == ("too_large",)


def test_a_settings_error_lists_every_fault() -> None:
    error = SettingsError("policy file p", ["a: wrong", "b: missing"])
    assert str(error) == "policy file p: 2 fault(s)\n  - a: wrong\n  - b: missing"
    assert error.faults == ("a: wrong", "b: missing")


def test_no_reason_is_both_withheld_and_rejected() -> None:
    assert not {reason.value for reason in Withheld} & {reason.value for reason in Rejected}


def test_the_reasons_that_refuse_a_whole_message_are_the_first_eight() -> None:
    assert len(WHOLE_MESSAGE) == 9
    assert Rejected.NEGATIVE_TIME in WHOLE_MESSAGE
    assert Rejected.UNKNOWN_ACTION not in WHOLE_MESSAGE
