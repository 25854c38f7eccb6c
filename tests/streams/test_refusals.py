"""The dead-letter limit: too many refused in a row stop the worker, repeats do not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.errors import DeadLetterLimit
from events.outcomes import Rejected
from streams.decode import Broken
from streams.refusals import RefusalLimit

Fates = list[bool]  # of each message by offset: refused or not


def note(limit: RefusalLimit, fates: Fates, first: int, last: int) -> None:
    """Take in the messages with offsets [first, last)."""
    broken = [Broken(at, 0, Rejected.UNDECODABLE) for at in range(first, last) if fates[at]]
    limit.note(last - first, broken, last - 1)


def run_up_to(fates: Fates, last: int) -> int:
    """How many before ``last`` are refused in a row."""
    return next((back for back in range(last) if not fates[last - 1 - back]), last)


@given(
    fates=st.lists(st.booleans(), min_size=1, max_size=30),
    cuts=st.sets(st.integers(1, 29)),
    limit=st.integers(1, 10),
)
def test_a_take_that_ends_in_more_than_the_limit_stops_the_worker(
    fates: Fates, cuts: set[int], limit: int
) -> None:
    counter = RefusalLimit(limit)
    ends = [*sorted(cut for cut in cuts if cut < len(fates)), len(fates)]
    for first, last in zip([0, *ends], ends, strict=False):
        if run_up_to(fates, last) > limit:
            with pytest.raises(DeadLetterLimit):
                note(counter, fates, first, last)
            return
        note(counter, fates, first, last)
        assert counter.in_a_row == run_up_to(fates, last)


def test_messages_that_are_taken_again_count_once() -> None:
    fates = [True] * 30
    counter = RefusalLimit(25)
    note(counter, fates, 0, 10)
    note(counter, fates, 10, 20)
    for _ in range(5):  # a rebalance: from the last commit once more
        note(counter, fates, 5, 15)
        note(counter, fates, 15, 20)
    assert counter.in_a_row == 15
    note(counter, fates, 20, 30)
    assert counter.in_a_row == 25


def test_the_stop_says_where_and_why_and_what_to_do() -> None:
    with pytest.raises(DeadLetterLimit) as stop:
        RefusalLimit(1).note(
            2, [Broken(7, 0, Rejected.TOO_LARGE), Broken(8, 0, Rejected.UNDECODABLE)], 8
        )
    for text in ("2 messages", "offset 8", "undecodable", "--dead-letter-limit"):
        assert text in str(stop.value)
