"""What is known, and what is found out, while one person's data is gathered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from deploy.dead_letters.held import Held
from deploy.subject.custody import Custody
from deploy.subject.export.records import OnRead
from deploy.subject.person import Person
from events.codec import Codec
from events.policy_history import Agreed
from events.settings import Settings
from streams.key_ring import KeyRing


@dataclass(slots=True)
class Case:
    """``raw`` is what Kafka has of the raw topic; None where no Kafka is named. ``with_raw``:
    whether it is to be looked through. ``progress`` shows what is being read.

    Found out on the way, in the order of the data map: ``places``, the coordinates of the person's
    raw messages, by partition; ``outcomes``, what became of their events, by purpose.
    """

    person: Person
    settings: Settings
    ring: KeyRing
    custody: Custody
    codec: Codec
    agreed: Agreed
    made_ms: int
    raw: Held | None
    with_raw: bool
    progress: Callable[[str], AbstractContextManager[OnRead]]
    places: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list), repr=False)
    outcomes: Mapping[str, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter), repr=False
    )

    @property
    def names_in_the_books(self) -> list[int]:
        """What the books call the person, under every key that is left."""
        return list(self.person.governance.values())
