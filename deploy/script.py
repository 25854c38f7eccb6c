"""What a demo plays: phases of what people say and the events that follow them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from events.codec import Codec
from events.consent import Word
from events.policy import Policy
from events.purposes import Purpose
from producers.publisher import Publisher
from producers.sealer import Sealer
from sinks.reconcile import Check
from sinks.totals import Totals


@dataclass(frozen=True, slots=True)
class Phase:
    """What people say that must count for the events that follow, and those events.

    ``feed`` publishes the events, calls its second argument with the number of new ones, and ends
    early once its third says so.
    """

    words: Sequence[Word]
    feed: Callable[[Publisher, Callable[[int], None], Callable[[], bool]], None]


class Script(Protocol):
    """What is played: ``title`` says what it is (and that it is simulated, where it is)."""

    @property
    def title(self) -> str: ...

    def checks(self, totals: Mapping[Purpose, Totals]) -> Sequence[Check]:
        """What the script itself knows of how it must come out."""
        ...

    def notes(self) -> Sequence[str]:
        """What is to be said of this script once it has been played."""
        ...

    def phases(
        self, policy: Policy, codec: Codec, sealer: Sealer, now_ms: int
    ) -> Iterator[Phase]: ...
