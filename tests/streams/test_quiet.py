"""A library's complaint is heard once in a while; our own lines always are."""

from __future__ import annotations

import logging

import pytest

from events.clock import FixedClock
from streams.quiet import EVERY_S, OnceInAWhile


def line(name: str, number: int, text: str = "node %s is away") -> logging.LogRecord:
    return logging.LogRecord(name, logging.ERROR, "client.py", number, text, ("1",), None)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(1_000_000)


def test_the_same_complaint_is_heard_once_in_a_while(clock: FixedClock) -> None:
    quiet = OnceInAWhile(("aiokafka", "faust"), clock)
    assert quiet.filter(line("aiokafka.client", 7))
    assert not quiet.filter(line("aiokafka.client", 7))
    clock.at_ms += int(EVERY_S * 1_000) - 1
    assert not quiet.filter(line("aiokafka.client", 7))
    clock.at_ms += 1
    assert quiet.filter(line("aiokafka.client", 7))


def test_another_complaint_is_heard_at_once(clock: FixedClock) -> None:
    quiet = OnceInAWhile(("aiokafka",), clock)
    assert quiet.filter(line("aiokafka.client", 7))
    assert quiet.filter(line("aiokafka.client", 8))


def test_our_own_lines_are_always_heard(clock: FixedClock) -> None:
    quiet = OnceInAWhile(("aiokafka",), clock)
    assert quiet.filter(line("glasshouse", 7))
    assert quiet.filter(line("glasshouse", 7))
