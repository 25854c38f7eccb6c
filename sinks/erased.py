"""Rows of people who were erased do not come in again, whatever sends them: a loader that was
behind, one that reads the topics again from the beginning, a replay.

Who was erased is asked anew for each insert, so an insert that begins after a person was noted
brings nothing of theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

from sinks.tables import interactions, window_partials

_S_PER_DAY = 86_400

#: What is inserted for a table's rows: by table, in this order.
Sift = Callable[[str, pa.Table], Mapping[str, pa.Table]]


class PeopleClient(Protocol):
    """What is needed of a ClickHouse client to know who was erased."""

    def query_arrow(self, query: str) -> pa.Table: ...


@dataclass(frozen=True, slots=True)
class OfPeople:
    """A table with rows of people. ``events`` is the column that says how many events a row
    stands for; empty: one."""

    table: str
    moment: str
    events: str = ""

    @property
    def people(self) -> str:
        """Where it says who was erased."""
        return f"{self.table.partition('.')[0]}.erased_people"

    @property
    def batches(self) -> str:
        """Where it says what was."""
        return f"{self.table.partition('.')[0]}.erased_batches"


TRAINING = OfPeople(interactions.TABLE, "time")
ANALYTICS = OfPeople(window_partials.TABLE, "window_start", "event_count")

_OF_PEOPLE = {each.table: each for each in (TRAINING, ANALYTICS)}


def everything(table: str, rows: pa.Table) -> Mapping[str, pa.Table]:
    """Keeps nothing out."""
    return {table: rows}


@dataclass(frozen=True, slots=True)
class Erased:
    """What ClickHouse says of who was erased."""

    client: PeopleClient

    def kept_out(self, table: str, rows: pa.Table) -> Mapping[str, pa.Table]:
        """``rows`` but those of people who were erased; and, first, what these batches were, as
        nobody can count them later. Raises as the client."""
        of_people = _OF_PEOPLE.get(table)
        if of_people is None:
            return {table: rows}
        gone = self.client.query_arrow(f"SELECT pseudonym FROM {of_people.people}")["pseudonym"]
        if not len(gone):
            return {table: rows}
        theirs = pc.is_in(rows["pseudonym"], value_set=gone.combine_chunks())
        dropped = rows.filter(theirs)
        if not dropped.num_rows:
            return {table: rows}
        kept = rows.filter(pc.invert(theirs))
        return {of_people.batches: sizes(of_people, dropped), table: kept}


def sizes(of_people: OfPeople, rows: pa.Table) -> pa.Table:
    """A row of ``erased_batches`` for each batch of ``rows``, all of whose rows must be there."""
    events = (of_people.events, "sum") if of_people.events else ("batch", "count")
    wanted = dict.fromkeys([events, ("batch", "count"), (of_people.moment, "min")])
    found = rows.group_by("batch").aggregate(list(wanted))
    return pa.table(
        {
            "batch": found["batch"],
            "events": found["_".join(events)].cast(pa.uint32()),
            "rows": found["batch_count"].cast(pa.uint32()),
            "day": _days(found[f"{of_people.moment}_min"]),
        }
    )


def _days(moments: pa.ChunkedArray) -> pa.ChunkedArray:
    """Days, UTC, of timestamps, or of whole seconds since 1970."""
    if pa.types.is_timestamp(moments.type):
        return moments.cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.date32(), safe=False)
    return pc.divide(moments, _S_PER_DAY).cast(pa.int32()).cast(pa.date32())
