"""Take the rows of some people out of a table, and keep them out.

Each step may be done again after a crash anywhere. Statements name pseudonyms as they are: no query
tells them apart from any other number, and the server's log of statements expires.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sinks.erased import OfPeople
from sinks.insert import ON_A_MAJORITY
from sinks.sql import Placement

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

#: Pseudonyms in one statement: some 400 kB of text, well within what a server keeps of a mutation.
AT_ONCE = 20_000

_LONG: dict[str, Any] = {"max_query_size": 1 << 24}
#: A statement is answered once every replica has rewritten its parts.
_WAITED_FOR: dict[str, Any] = {**_LONG, "mutations_sync": 2}

_MUTATIONS = """
SELECT mutation_id, is_done, parts_to_do
FROM system.mutations WHERE database = {database:String} AND table = {table:String}
"""


@dataclass(frozen=True, slots=True)
class Mutation:
    """What a server calls it; ``is_done`` once no active part holds what it deletes."""

    table: str
    id: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class Erasing:
    """``client`` is of the custodian of the table's purpose."""

    client: Client
    of_people: OfPeople
    placement: Placement

    def keep_out(self, ids: Sequence[int]) -> None:
        """From now on an insert that begins brings no rows of these pseudonyms."""
        for part in _parts(ids):
            self.client.insert(
                self.of_people.people,
                [[each] for each in part],
                column_names=["pseudonym"],
                settings=ON_A_MAJORITY,
            )

    def rows(self, ids: Sequence[int]) -> dict[int, int]:
        """How many rows there are of each pseudonym, with the repeats that wait to be merged; those
        without any are left out."""
        found: dict[int, int] = {}
        for part in _parts(ids):
            text = (
                f"SELECT pseudonym, count() FROM {self.of_people.table} "
                f"WHERE pseudonym IN ({_listed(part)}) GROUP BY pseudonym"
            )
            answer = self.client.query(text, settings=_LONG).result_rows
            found |= {int(pseudonym): int(count) for pseudonym, count in answer}
        return found

    def note_batches(self, ids: Sequence[int]) -> None:
        """Write down the sizes of the batches that are about to go, for the books."""
        events = f"sum({self.of_people.events})" if self.of_people.events else "count()"
        for part in _parts(ids):
            text = (
                f"INSERT INTO {self.of_people.batches} (batch, events, rows, day) "
                f"SELECT batch, {events}, count(), toDate(min({self.of_people.moment})) "
                f"FROM {self.of_people.table} FINAL "
                f"WHERE pseudonym IN ({_listed(part)}) GROUP BY batch"
            )
            self.client.command(text, settings={**_LONG, **ON_A_MAJORITY})

    def delete(self, ids: Sequence[int]) -> list[Mutation]:
        """Remove all rows of these pseudonyms from every active part: one mutation for ``AT_ONCE``
        of them. It waits until that is done; the mutations that did it."""
        holder = self.placement.holder(self.of_people.table)
        before = {each.id for each in self._mutations(holder)}
        for part in _parts(ids):
            text = f"ALTER TABLE {holder}{{on_cluster}} DELETE WHERE pseudonym IN ({_listed(part)})"
            self.client.command(self.placement.resolve(text), settings=_WAITED_FOR)
        return [each for each in self._mutations(holder) if each.id not in before]

    def _mutations(self, holder: str) -> list[Mutation]:
        database, table = holder.split(".")
        named = {"database": database, "table": table}
        found = self.client.query(_MUTATIONS, parameters=named).result_rows
        return [Mutation(holder, str(row[0]), bool(row[1]) and not row[2]) for row in found]


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Sorted, so that their order tells nothing of who was named first."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), AT_ONCE):
        yield ordered[start : start + AT_ONCE]


def _listed(ids: Sequence[int]) -> str:
    return ", ".join(str(int(each)) for each in ids)
