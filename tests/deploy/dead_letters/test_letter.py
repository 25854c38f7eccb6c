"""Where a message is, as people write it; and what is said of it."""

from __future__ import annotations

import pytest

from deploy.dead_letters.advice import next_step, where_it_is
from deploy.dead_letters.held import Held, Whereabouts, whereabouts
from deploy.dead_letters.letter import Letter, parse, written
from deploy.dead_letters.show import picked
from events.errors import InputError
from events.outcomes import Rejected

RAW = "interactions.raw"
HELD = {RAW: Held("now", {0: 5}), "consent": Held("c", {0: 0})}


def letter(topic: str = RAW, topic_id: str = "now", partition: int = 0, offset: int = 7) -> Letter:
    return Letter(topic, topic_id, partition, offset, "undecodable", 0)


def test_a_place_is_read_as_it_is_written() -> None:
    assert parse(written((3, 2**62))) == (3, 2**62)


@pytest.mark.parametrize(
    "text",
    ["", "3", "3:", ":3", "3:4:5", "-1:2", "1:-2", "a:b", "1: 2", "\u0663:4", "1:" + "9" * 20],
)
def test_what_names_no_place_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="PARTITION:OFFSET"):
        parse(text)


@pytest.mark.parametrize(
    ("one", "where"),
    [
        (letter(), Whereabouts.IN_KAFKA),
        (letter(offset=5), Whereabouts.IN_KAFKA),
        (letter(offset=4), Whereabouts.GONE),
        (letter(partition=1), Whereabouts.GONE),
        (letter(topic_id="before"), Whereabouts.GONE),
        (letter(topic="accounting"), Whereabouts.UNKNOWN),
        (letter(topic="consent", topic_id="c"), Whereabouts.UNKNOWN),
        (Letter(RAW, "before", 0, 1, "undecodable", 0, (9,)), Whereabouts.REDRIVEN),
    ],
)
def test_where_a_message_is(one: Letter, where: Whereabouts) -> None:
    assert whereabouts(one, HELD) is where
    assert where_it_is(one, where)


def test_the_letter_of_the_present_topic_comes_before_newer_ones_of_others() -> None:
    letters = [letter(topic_id="another"), letter()]
    assert picked(letters, HELD[RAW]) is letters[1]
    assert picked(letters, None) is letters[0]


def test_only_what_would_be_accepted_is_to_be_published_again() -> None:
    assert "redrive 0:7" in next_step((0, 7), Whereabouts.IN_KAFKA, None)
    for refused in Rejected:
        assert "redrive 0:7" not in next_step((0, 7), Whereabouts.IN_KAFKA, refused)
    for where in (Whereabouts.GONE, Whereabouts.REDRIVEN, Whereabouts.UNKNOWN):
        assert "redrive" not in next_step((0, 7), where, None)
