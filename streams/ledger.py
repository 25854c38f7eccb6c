"""What every person said about every purpose. Pure state; the reader feeds it."""

from __future__ import annotations

from dataclasses import dataclass, field

from events.consent import Terms
from events.consent_chain import SILENT, Chain, Entry, objection
from events.outcomes import Withheld
from events.purposes import Purpose


@dataclass(slots=True)
class Ledger:
    """A chain for each person and purpose; ``person`` is what the topic's keys call them, a keyed
    digest. ``doubtful`` chains are broken, and not all was said anew since."""

    doubtful: int = 0
    _chains: dict[tuple[bytes, Purpose], Chain] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self._chains)

    def take(self, person: bytes, purpose: Purpose, entry: Entry) -> bool:
        """Take a record in; whether it followed. Records must come in the topic's order."""
        chain = self._chains.setdefault((person, purpose), Chain())
        before = chain.standing.doubtful
        followed = chain.take(entry)
        self.doubtful += chain.standing.doubtful - before
        return followed

    def forget(self, person: bytes, purpose: Purpose, name: bytes) -> None:
        """Take in that the record called ``name`` was taken out of the topic. When the last one of
        a chain is gone it is as if the person had never spoken."""
        chain = self._chains.get((person, purpose))
        if chain is None:
            return
        before = chain.standing.doubtful
        chain.forget(name)
        self.doubtful += chain.standing.doubtful - before
        if not chain.entries:
            del self._chains[person, purpose]

    def objection(self, person: bytes, purpose: Purpose, terms: Terms) -> Withheld | None:
        """Why events of ``person`` may not flow for ``purpose`` under the ``terms`` in force; None
        if they may."""
        chain = self._chains.get((person, purpose))
        return objection(chain.standing if chain else SILENT, terms)
