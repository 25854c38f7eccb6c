"""The interaction batch: 1 to 4,096 events of one person in one session and application."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np

from events.columns import Column, count_rows, pack, unpack
from events.errors import Reject
from events.outcomes import Rejected
from events.schemas import newest
from events.sealing import MAX_SEALED_BYTES
from events.vocabulary import MAX_BATCH_EVENTS, MAX_TIME_MS, Origin, Surface

SCHEMA = "interaction_batch"
COLUMN_NAMES = tuple(column.name for column in newest(SCHEMA).packed)

_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_SUBJECT_BYTES = range(1, 129)
_SCREEN_PX = range(1, 65_536)
_SEQUENCE = range(0, 2**31)
_SURFACES = frozenset(Surface)
_ORIGINS = frozenset(Origin)


def is_identifier(text: str) -> bool:
    """Whether ``text`` can name a team or an application."""
    return _IDENTIFIER.fullmatch(text) is not None


def is_subject(text: str) -> bool:
    """Whether ``text`` can identify a person: 1 to 128 bytes of UTF-8."""
    try:
        return len(text.encode()) in _SUBJECT_BYTES
    except UnicodeEncodeError:  # half a character: from a file name or an argument, never from Avro
        return False


@dataclass(frozen=True, slots=True)
class Header:
    """What the events of a batch have in common. Nothing of the person shows in its ``repr``.

    ``subject`` names the person, ``sealed_subject`` is what stands for the name wherever a batch is
    written; of a batch that was read and not opened, it is all there is.
    """

    batch_id: bytes = field(repr=False)  # 16 bytes
    subject: str = field(repr=False)
    team: str = field(repr=False)
    session: bytes = field(repr=False)  # 16 bytes
    sequence: int = field(repr=False)
    application: str = field(repr=False)
    surface: int
    origin: int
    screen_width_px: int
    screen_height_px: int
    base_time_ms: int = field(repr=False)
    sealed_subject: bytes = field(default=b"", repr=False)


_HEADER_NAMES = tuple(Header.__slots__)
_header_values = itemgetter(*_HEADER_NAMES)


@dataclass(frozen=True, slots=True)
class InteractionBatch:
    """A header and one array per column of the schema, all of the same length (``columns``:
    time_delta_ms u16, action u8, x_px u16, y_px u16, detail i16, role u8)."""

    header: Header
    columns: Mapping[str, Column] = field(repr=False)

    def __len__(self) -> int:
        return len(self.columns["action"])

    def times_ms(self) -> Column:
        """Event times, int64 ms UTC."""
        deltas = np.cumsum(self.columns["time_delta_ms"], dtype=np.int64)
        return np.asarray(deltas + self.header.base_time_ms)


def to_record(batch: InteractionBatch) -> dict[str, Any]:
    """The Avro record of a sealed batch. OverflowError where a column's value does not fit its
    type; ValueError where the name can be read, since none that can is ever written."""
    if batch.header.subject or not batch.header.sealed_subject:
        raise ValueError("a batch is sealed before it is written")
    record: dict[str, Any] = {name: getattr(batch.header, name) for name in _HEADER_NAMES}
    record.update(pack(batch.columns, newest(SCHEMA).packed))
    return record


def _names_someone(record: Mapping[str, Any]) -> bool:
    """Sealed, as since version 2 of the schema; or readable, as before."""
    if record["sealed_subject"]:
        return not record["subject"] and len(record["sealed_subject"]) <= MAX_SEALED_BYTES
    return is_subject(record["subject"])


def header_of(record: Mapping[str, Any]) -> Header:
    """The header of a decoded record as it is written, its subject still sealed: nothing of it is
    checked."""
    return Header(*_header_values(record))


def count_events(record: Mapping[str, Any]) -> int:
    """How many events a decoded record has. Raises ``Reject`` with the reason that refuses it
    whole."""
    if (
        not _names_someone(record)
        or not is_identifier(record["team"])
        or not is_identifier(record["application"])
        or record["sequence"] not in _SEQUENCE
        or record["surface"] not in _SURFACES
        or record["origin"] not in _ORIGINS
        or record["screen_width_px"] not in _SCREEN_PX
        or record["screen_height_px"] not in _SCREEN_PX
        or record["base_time_ms"] > MAX_TIME_MS
    ):
        raise Reject(Rejected.INVALID_HEADER)
    if record["base_time_ms"] < 0:
        raise Reject(Rejected.NEGATIVE_TIME)
    (count,) = count_rows(record, newest(SCHEMA).packed).values()
    if count == 0:
        raise Reject(Rejected.EMPTY_BATCH)
    if count > MAX_BATCH_EVENTS:
        raise Reject(Rejected.TOO_MANY_EVENTS)
    return count


def from_record(record: Mapping[str, Any]) -> InteractionBatch:
    """The batch of a decoded record, its subject still sealed. Raises ``Reject`` with the reason
    that refuses it whole."""
    count_events(record)
    return InteractionBatch(header_of(record), unpack(record, newest(SCHEMA).packed))
