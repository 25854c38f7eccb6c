"""A history shows what was said, and where it was tampered with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from events.consent import Actor, ActorRole, ConsentAction
from producers import consent_history as history
from producers.consent_history import Line, contains, lines
from producers.consent_topic import Spoken
from tests.events.test_consent_chain import CHANGES, rewritten
from tests.kit.consent import Message, chained, early, heard_in, message_of, messages_of, record
from tests.strategies import word

SAID = [
    word(action)
    for action in (
        ConsentAction.ACKNOWLEDGE,
        ConsentAction.GRANT,
        ConsentAction.PAUSE,
        ConsentAction.RESUME,
    )
]


def shown(messages: Sequence[Message]) -> list[Line]:
    spoken = Spoken()
    for message in messages:
        found = heard_in(message)
        assert found
        spoken.take(found)
    return lines(spoken)


def faults(messages: Sequence[Message]) -> list[str]:
    return [line.fault for line in shown(messages)]


def test_a_whole_chain_has_no_fault() -> None:
    assert faults(messages_of(SAID)) == [history.SOUND] * 4


@pytest.mark.parametrize("field", CHANGES)
@pytest.mark.parametrize("place", range(4))
def test_a_history_says_which_record_was_changed(field: str, place: int) -> None:
    messages = messages_of(SAID)
    messages[place] = rewritten(messages[place], CHANGES[field])
    found = faults(messages)
    assert found[place] == history.CHANGED
    assert found[place + 1 : place + 2] in ([], [history.BEHIND])


@pytest.mark.parametrize("place", range(3))
def test_a_history_says_behind_what_a_record_was_removed(place: int) -> None:
    messages = messages_of(SAID)
    del messages[place]
    assert faults(messages)[place] == history.MISSING


def test_a_history_says_where_two_records_were_swapped() -> None:
    messages = messages_of(SAID)
    messages[1], messages[2] = messages[2], messages[1]
    assert faults(messages)[1] == history.MISSING


def test_a_history_says_where_a_record_was_put_in() -> None:
    records = chained(SAID)
    put_in = record(word(ConsentAction.GRANT), 1, records[0].name, b"\x01" * 16)
    messages = [message_of(each) for each in (*records[:2], put_in, *records[2:])]
    assert faults(messages)[2] == history.FORK
    beginning = record(word(ConsentAction.GRANT), 0, b"", b"\x01" * 16)
    assert faults([*messages_of(SAID), message_of(beginning)])[4] == history.FORK


def test_a_history_says_what_cannot_be_read() -> None:
    messages = messages_of(SAID)
    messages[3] = (messages[3][0], b"broken")
    assert faults(messages)[3] == history.UNREADABLE


def test_records_of_the_first_version_are_shown_and_are_no_fault_before_a_chain() -> None:
    old = message_of(early(word(ConsentAction.PAUSE)))
    assert faults([old, *messages_of(SAID)])[0] == history.BEFORE_CHAINS
    assert not any(line.is_broken for line in shown([old, *messages_of(SAID)]))
    assert faults([*messages_of(SAID), old])[4] == history.TOO_LATE


def test_that_the_newest_record_was_cut_off_shows_by_a_hash_that_was_kept() -> None:
    messages, kept = messages_of(SAID), chained(SAID)[-1].name
    assert contains(shown(messages), kept)
    cut = shown(messages[:-1])
    assert not any(line.is_broken for line in cut)
    assert not contains(cut, kept)


def test_a_line_tells_all_of_a_record_but_the_salt() -> None:
    said = replace(SAID[1], actor=Actor(ActorRole.OPERATOR, "7f3c9a"), jurisdiction="DE-BY")
    (line,) = shown(messages_of([said]))
    told = line.to_json()
    assert told["action"] == "grant"
    assert (told["actor_role"], told["actor_id"]) == ("operator", "7f3c9a")
    assert (told["jurisdiction"], told["notice_version"]) == ("DE-BY", "2026-11")
    assert told["lawful_basis"] == "consent"
    assert (told["number"], told["previous"], told["fault"]) == (0, None, None)
    assert "salt" not in told
    assert "canary" not in repr(line)
