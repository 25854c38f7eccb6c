"""From the bytes of one message of an output topic to the rows of the tables it fills."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from events.codec import Codec
from events.topics import SPEC, Topic
from sinks.coordinates import Coordinates
from sinks.tables import (
    accounting,
    accounting_chain,
    consent_log,
    dead_letters,
    interactions,
    window_partials,
)

#: The topics that are loaded.
LOADED_TOPICS = (
    Topic.TRAINING,
    Topic.WINDOWS,
    Topic.ACCOUNTING,
    Topic.DEAD_LETTERS,
    Topic.CONSENT_LOG,
)

#: The order of insertion: what a purpose got, then what is said about it, so that a stop in
#: between leaves rows that are not accounted yet, never an account of rows that are not there; and
#: accounts that no link covers yet, never a link of accounts that are not there.
TABLES = (
    interactions.TABLE,
    window_partials.TABLE,
    accounting.TABLE,
    accounting.WATERMARKS,
    accounting_chain.TABLE,
    dead_letters.TABLE,
    consent_log.TABLE,
)

Rows = dict[str, pa.Table]
_Record = Mapping[str, Any]

_ROWS: dict[Topic, Callable[[_Record, Coordinates], Rows]] = {
    Topic.TRAINING: lambda record, _: {interactions.TABLE: interactions.interactions(record)},
    Topic.WINDOWS: lambda record, _: {
        window_partials.TABLE: window_partials.window_partials(record)
    },
    Topic.ACCOUNTING: lambda record, at: {
        accounting.TABLE: accounting.accounting(record),
        accounting.WATERMARKS: accounting.watermarks(record, at.time_ms),
        accounting_chain.TABLE: accounting_chain.accounting_chain(record, at),
    },
    Topic.DEAD_LETTERS: lambda record, _: {dead_letters.TABLE: dead_letters.dead_letters(record)},
    Topic.CONSENT_LOG: lambda record, _: {consent_log.TABLE: consent_log.consent_log(record)},
}


#: What makes the rows of a table of what was gathered for it, where that is not the rows.
_UNFOLD = {interactions.TABLE: (interactions.count_rows, interactions.unfolded)}


def count_rows(table: str, part: pa.Table) -> int:
    """How many rows of ``table`` the ``part`` stands for."""
    return _UNFOLD[table][0](part) if table in _UNFOLD else int(part.num_rows)


def bytes_of(table: str, part: pa.Table) -> int:
    """What the rows that the ``part`` stands for take in memory."""
    return count_rows(table, part) * interactions.ROW_BYTES if table in _UNFOLD else part.nbytes


def unfolded(table: str, gathered: pa.Table) -> pa.Table:
    """The rows of ``table`` of all that was gathered for it."""
    whole = gathered.unify_dictionaries()
    return _UNFOLD[table][1](whole) if table in _UNFOLD else whole.combine_chunks()


def rows_of(codec: Codec, at: Coordinates, message: bytes | None) -> Rows:
    """The rows of ``message`` by table, still to be ``unfolded``; the link of an account is not on
    its chain yet (``sinks.chain``). Raises ``Reject``; ``Retry`` if a registry is away."""
    record = codec.decode(SPEC[at.topic].schema, message)
    return _ROWS[at.topic](record, at)
