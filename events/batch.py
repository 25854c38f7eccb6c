"""The interaction batch: 1 to 4,096 events of one person in one session and application."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import numpy as np

from events.columns import Column, fitted, unpack
from events.errors import Reject
from events.outcomes import Rejected
from events.schemas import PackedColumn, newest, of_version
from events.sealing import MAX_SEALED_BYTES
from events.steps import places, steps
from events.vocabulary import MAX_BATCH_EVENTS, MAX_TIME_MS, Origin, Surface

SCHEMA = "interaction_batch"
#: The columns of a batch. Versions 1 and 2 of the schema have them as they are; version 3 has steps
#: in the place of x and y.
_COLUMNS = of_version(SCHEMA, 2).packed
COLUMN_NAMES = tuple(column.name for column in _COLUMNS)
_WRITTEN = newest(SCHEMA).packed
_WIDTHS = tuple((column.name, column.dtype.itemsize) for column in _WRITTEN)
_AS_THEY_ARE = tuple(column for column in _WRITTEN if column.name in COLUMN_NAMES)

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
    record.update(_packed(batch.columns))
    return record


def _packed(columns: Mapping[str, Column]) -> dict[str, bytes]:
    """All fields for ``columns``, also those that are no longer written."""
    fit = fitted(columns, _COLUMNS)
    packed = {"x_px": b"", "y_px": b"", "steps": steps(fit.pop("x_px"), fit.pop("y_px"))}
    packed.update((name, column.tobytes()) for name, column in fit.items())
    return packed


def columns_of(records: Sequence[Mapping[str, Any]]) -> dict[str, Column]:
    """Columns over all events of sound ``records``, written as now, in their order."""
    columns: dict[str, Column] = {
        column.name: np.frombuffer(b"".join([r[column.name] for r in records]), column.dtype)
        for column in _AS_THEY_ARE
    }
    columns["x_px"], columns["y_px"] = places([record["steps"] for record in records])
    return columns


def layout_of(record: Mapping[str, Any]) -> tuple[PackedColumn, ...]:
    """The columns that a decoded record has. Raises ``Reject(UNEQUAL_COLUMNS)`` where it has places
    as well as steps."""
    if not (record["x_px"] or record["y_px"]):
        return _WRITTEN
    if record["steps"]:
        raise Reject(Rejected.UNEQUAL_COLUMNS)
    return _COLUMNS


def as_written_now(record: dict[str, Any]) -> dict[str, Any]:
    """A decoded record of any version, with the columns of the newest. Raises
    ``Reject(UNEQUAL_COLUMNS)`` where it cannot have them."""
    layout = layout_of(record)
    return record if layout is _WRITTEN else record | _packed(unpack(record, layout))


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
    """How many events a decoded record has, which is as written now. Raises ``Reject`` with the
    reason that refuses it whole."""
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
    count = len(record["action"])
    for name, width in _WIDTHS:
        if len(record[name]) != count * width:
            raise Reject(Rejected.UNEQUAL_COLUMNS)
    if count == 0:
        raise Reject(Rejected.EMPTY_BATCH)
    if count > MAX_BATCH_EVENTS:
        raise Reject(Rejected.TOO_MANY_EVENTS)
    return count


def from_record(record: dict[str, Any]) -> InteractionBatch:
    """The batch of a decoded record, its subject still sealed. Raises ``Reject`` with the reason
    that refuses it whole."""
    record = as_written_now(record)
    count_events(record)
    return InteractionBatch(header_of(record), columns_of([record]))
