"""How bundles of messages become takes: nothing is held back, lost or put in another order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from streams.bundles import AsItIs, bundled
from streams.takes import Take, takes

WITHIN_S = 7.0


@dataclass
class FakeStream:
    """Bundles of these sizes come in these groups; between two groups nothing is waiting."""

    groups: Sequence[Sequence[int]]
    slept_s: list[float] = field(default_factory=list)
    left: int = 0  # in the queue

    @property
    def channel(self) -> Any:
        return SimpleNamespace(queue=SimpleNamespace(empty=lambda: self.left == 0))

    async def events(self) -> AsyncIterator[Any]:
        offset = 0
        for group in self.groups:
            for number, size in enumerate(group, start=1):
                self.left = len(group) - number
                yield SimpleNamespace(value=tuple(range(offset, offset + size)))
                offset += size


def taken(stream: FakeStream, most: int, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    async def sleep(seconds: float) -> None:
        stream.slept_s.append(seconds)

    async def collect() -> list[list[int]]:
        found = takes(cast(Any, stream), most, WITHIN_S)
        return [cast(Any, take.messages) async for take in found]

    with monkeypatch.context() as patch:
        patch.setattr("streams.takes.asyncio.sleep", sleep)
        return asyncio.run(collect())


MOST = 8
GROUPS = st.lists(st.lists(st.integers(1, MOST), min_size=1, max_size=6), max_size=6)


@given(groups=GROUPS)
def test_every_message_is_taken_once_in_order_and_no_take_is_too_large(
    groups: list[list[int]],
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        found = taken(FakeStream(groups), MOST, patch)
    assert [message for take in found for message in take] == list(range(sum(map(sum, groups))))
    assert all(0 < len(take) <= MOST for take in found)


@given(groups=GROUPS)
def test_nothing_is_held_while_nothing_more_is_there(groups: list[list[int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        found = taken(FakeStream(groups), MOST, patch)
    ends = {take[-1] + 1 for take in found}
    total = 0
    for group in groups:
        total += sum(group)
        assert total in ends


def test_a_full_bundle_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = FakeStream([[MOST], [MOST]])
    assert list(map(len, taken(stream, MOST, monkeypatch))) == [MOST, MOST]
    assert stream.slept_s == []


def test_the_first_of_a_few_messages_waits_once_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = FakeStream([[1], [2, 3]])
    assert list(map(len, taken(stream, MOST, monkeypatch))) == [1, 5]
    assert stream.slept_s == [WITHIN_S]


def record(offset: int) -> ConsumerRecord[bytes, bytes]:
    value = b"%d" % offset
    return ConsumerRecord("topic", 3, offset, 1_000 + offset, 0, None, value, None, -1, -1, ())


def test_a_bundle_stands_where_its_last_message_does() -> None:
    messages = [record(offset) for offset in (4, 5, 9)]
    bundle = bundled(messages)
    assert (bundle.topic, bundle.partition, bundle.offset) == ("topic", 3, 9)
    assert bundle.timestamp == 1_009
    assert bundle.value == tuple(messages)
    assert "5" not in repr(bundle)


def test_faust_hands_a_bundle_on_as_it_is() -> None:
    bundle = bundled([record(1)])
    assert AsItIs().loads(cast(Any, bundle.value)) is bundle.value


def test_a_take_says_whose_it_is() -> None:
    event = SimpleNamespace(message=SimpleNamespace(partition=3), value=(record(1), record(2)))
    take = Take((cast(Any, event),))
    assert take.partition == 3
    assert [message.offset for message in take.messages] == [1, 2]
