"""What a reader of the output topics finds in the messages, in the shapes of `tests/oracle.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from events.codec import Codec
from events.columns import Column, unpack
from events.purposes import Purpose
from events.schemas import newest
from events.topics import SPEC, Topic
from events.vocabulary import Action, KeyClass
from streams.emit import Emission
from tests.oracle import Expected, Row

_CODEC = Codec()
_COUNTS = (
    "event_count",
    *(f"{action.name.lower()}_count" for action in Action),
    *(f"{key_class.name.lower()}_key_count" for key_class in KeyClass),
    "wheel_steps",
    "path_px",
)
_PER_BATCH = ("pseudonym", "session", "epoch", "sequence")
_HEAD = ("surface", "origin", "screen_width_px", "screen_height_px")
_PER_EVENT = ("action", "x_px", "y_px", "detail", "role")


def read(emission: Emission, codec: Codec = _CODEC) -> tuple[dict[str, Any], dict[str, Column]]:
    """The record of an emission, and its unpacked columns."""
    name = SPEC[emission.topic].schema
    record = codec.decode(name, emission.value)
    return record, unpack(record, newest(name).packed)


def read_back(emissions: Iterable[Emission], codec: Codec = _CODEC) -> Expected:
    """All rows and books; fails where one identity stands for two different rows."""
    found = Expected()
    for emission in emissions:
        record, columns = read(emission, codec)
        lists = {name: column.tolist() for name, column in columns.items()}
        if emission.topic is Topic.TRAINING:
            _merge(found.training, _training(record, lists))
        elif emission.topic is Topic.WINDOWS:
            _merge(found.partials, _partials(record, lists))
        elif emission.topic is Topic.ACCOUNTING:
            _merge(found.books, _books(record, lists))
    return found


def _merge(found: dict[Any, Any], more: Iterable[tuple[Any, Any]]) -> None:
    for identity, row in more:
        assert found.setdefault(identity, row) == row, "two rows with one identity"


def _training(record: Mapping[str, Any], lists: dict[str, list[int]]) -> Iterable[tuple[Row, Row]]:
    at = 0
    for place, batch in enumerate(lists["batch"]):
        common = [lists[name][place] for name in _PER_BATCH]
        common.append(record["applications"][lists["application"][place]])
        common += [lists[name][place] for name in _HEAD]
        time_ms = lists["base_time_ms"][place]
        for _ in range(lists["event_count"][place]):
            time_ms += lists["time_delta_ms"][at]
            event = [lists[name][at] for name in _PER_EVENT]
            yield (batch, lists["index"][at]), (*common, time_ms, *event)
            at += 1
    assert at == len(lists["index"])


def _partials(record: Mapping[str, Any], lists: dict[str, list[int]]) -> Iterable[tuple[Row, Row]]:
    for place, batch in enumerate(lists["batch"]):
        row = (
            record["teams"][lists["team"][place]],
            record["applications"][lists["application"][place]],
            *(lists[name][place] for name in ("pseudonym", "epoch", "origin")),
            *(lists[name][place] for name in _COUNTS),
        )
        yield (batch, lists["window_start_ms"][place]), row


def _books(
    record: Mapping[str, Any], lists: dict[str, list[int]]
) -> Iterable[tuple[tuple[str, int], tuple[int, Counter[str]]]]:
    purpose = Purpose(record["purpose"])
    reasons = {
        reason: [int.from_bytes(data[at : at + 4], "little") for at in range(0, len(data), 4)]
        for kind in ("withheld", "rejected")
        for reason, data in record[kind].items()
    }
    for place, offset in enumerate(lists["offset"]):
        fates = Counter({reason: counts[place] for reason, counts in reasons.items()})
        fates["passed"] = lists["passed_count"][place]
        assert fates.total() == lists["event_count"][place], "a message's books do not add up"
        yield (purpose.value, offset), (lists["batch"][place], +fates)
