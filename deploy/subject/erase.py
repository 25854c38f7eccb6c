"""Erase people from every store (GDPR Art. 17), as many at a time as are asked for.

1  list     their names in each store, in a file that is kept apart from the data
2  keep out loaders bring no rows of them any more: each insert asks who was erased
3  stop     a withdrawal for every purpose, so workers pass nothing, and the books say why
4  delete   note the sizes of their batches, then one mutation a table; it waits for every replica
5  settle   what loaders had taken before 2 is in; look again, delete again if there was any
6  forget   their secrets and words are taken out of Kafka: pseudonyms can never be made again
7  sign     a receipt for each

A crash anywhere loses nothing: the same command again does what is left. Until 6 the secret is
there, by which their rows are found; after it nobody can tell whose they were, so it comes last.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka.admin import AdminClient
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.subject import erasure_list
from deploy.subject.compacted import Compacted, words_of
from deploy.subject.custody import Custody
from deploy.subject.outcome import stores_of
from deploy.subject.person import Person
from deploy.subject.receipt import Receipt, signed
from deploy.subject.settle import wait_for_loaders
from events.clock import Clock, to_datetime
from events.errors import Stop
from events.purposes import PURPOSES, Purpose
from events.settings import Settings
from sinks.erase import Erasing, Mutation
from sinks.erased import ANALYTICS, TRAINING
from sinks.limits import in_force
from sinks.prepare import placement_of

OF_PEOPLE = {Purpose.AGENT_TRAINING: TRAINING, Purpose.TEAM_ANALYTICS: ANALYTICS}
#: How often it is looked again: what loaders had taken before they knew comes in once.
_ROUNDS = 3

Say = Callable[[str], None]


@dataclass(slots=True)
class _Table:
    """``before``: rows by pseudonym that were found and deleted."""

    erasing: Erasing
    ids: Sequence[int] = field(repr=False)
    before: Counter[int] = field(default_factory=Counter, repr=False)
    mutations: list[Mutation] = field(default_factory=list)

    def empty(self) -> bool:
        """Delete all rows of these people; whether there were any."""
        rows = self.erasing.rows(self.ids)
        if not rows:
            return False
        self.erasing.note_batches(list(rows))
        self.mutations += self.erasing.delete(list(rows))
        self.before.update(rows)
        return True


@dataclass(frozen=True, slots=True)
class Eraser:
    """``admin``: None where no Kafka is named. ``folder`` is where the list of erasures is;
    ``destroyed`` are the key epochs whose rows nobody can find any more."""

    settings: Settings
    custody: Custody
    compacted: Compacted
    admin: AdminClient | None
    folder: Path
    destroyed: Sequence[int]
    clock: Clock
    say: Say

    def erase(self, people: Sequence[Person], key: Ed25519PrivateKey) -> list[Receipt]:
        """A receipt for each of ``people``, signed with ``key``. Everybody must have a secret.
        Raises ``Stop``, and what the clients raise: then the same call again goes on."""
        began_ms = self.clock.now_ms()
        ids = {purpose: [i for each in people for i in each.ids(purpose)] for purpose in PURPOSES}
        erasure_list.append(self.folder, [each.digest for each in people], ids)
        tables = self._kept_out(ids)
        said = self.compacted.said(people)
        withdrawn = self.compacted.stop(people, said)
        self.say(f"nothing more comes in; {withdrawn} withdrawals recorded")
        self._empty(tables)
        self.compacted.forget([each.digest for each in people])
        self.say("words and secrets are taken out of Kafka")
        ended_ms, days = self.clock.now_ms(), in_force(self.custody.books)
        common = {
            "erasure": str(uuid.uuid4()),
            "people": len(people),
            "began": to_datetime(began_ms).isoformat(),
            "ended": to_datetime(ended_ms).isoformat(),
            "mutations": [asdict(each) for table in tables.values() for each in table.mutations],
            "destroyed_key_epochs": list(self.destroyed),
        }

        def stores(person: Person) -> list[dict[str, Any]]:
            rows = {
                table.erasing.of_people.table: sum(table.before[i] for i in person.ids(purpose))
                for purpose, table in tables.items()
            }
            return stores_of(rows, words_of(said, person), ended_ms, days)

        return [signed(key, each.subject, {**common, "stores": stores(each)}) for each in people]

    def again(self) -> dict[str, int]:
        """Erase everybody on the list once more, after a backup was restored; the rows that were
        back, by table."""
        known = erasure_list.read(self.folder)
        tables = self._kept_out({each: sorted(ids) for each, ids in known.pseudonyms.items()})
        self._empty(tables)
        self.compacted.forget(sorted(known.digests))
        return {each.erasing.of_people.table: each.before.total() for each in tables.values()}

    def _kept_out(self, ids: Mapping[Purpose, Sequence[int]]) -> dict[Purpose, _Table]:
        placement = placement_of(self.settings)
        tables = {
            purpose: _Table(Erasing(client, OF_PEOPLE[purpose], placement), ids[purpose])
            for purpose, client in self.custody.rows.items()
        }
        for table in tables.values():
            table.erasing.keep_out(table.ids)
        return tables

    def _empty(self, tables: Mapping[Purpose, _Table]) -> None:
        """Steps 4 and 5."""
        for table in tables.values():
            table.empty()
            self.say(f"{table.before.total():,} rows gone from {table.erasing.of_people.table}")
        if self.admin:
            wait_for_loaders(self.settings, self.admin, self.clock, self._say_left)
        for _ in range(_ROUNDS):
            found = [table.empty() for table in tables.values()]
            if not any(found):
                return
        raise Stop(
            "rows of these people keep coming in: is there a loader of an older version, which "
            "does not know who was erased? Replace it, and run the same command again"
        )

    def _say_left(self, messages: int) -> None:
        self.say(f"waiting until the loaders have loaded {messages:,} messages")
