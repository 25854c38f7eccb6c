"""A batch taken apart: a message of its own for each event, as the peers' documentation has it, or
for so many events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from events.batch import InteractionBatch
from events.columns import Column

COLUMNS = ("action", "x_px", "y_px", "detail", "role")


@dataclass(frozen=True, slots=True)
class Message:
    """Events on their way: a JSON object, or an array of them. ``time_ms`` is the event time of the
    first, and Kafka's timestamp of the message."""

    partition: int
    key: bytes
    value: bytes = field(repr=False)
    time_ms: int


@dataclass(frozen=True, slots=True, repr=False)
class Apart:
    """The events of ``batch`` from ``first`` on, of somebody in team number ``team``, ``shift_ms``
    later than they were."""

    batch: InteractionBatch
    team: int
    first: int = 0
    shift_ms: int = 0

    def __len__(self) -> int:
        return len(self.batch) - self.first

    @property
    def times_ms(self) -> Column:
        return self.batch.times_ms()[self.first :] + self.shift_ms

    def column(self, name: str) -> Column:
        """int64, so that sums have room."""
        return self.batch.columns[name][self.first :].astype(np.int64)

    def messages(self, partitions: int, together: int = 1) -> Iterator[Message]:
        """JSON, keyed by team; an array of up to ``together`` events, where that is not 1. All
        events of a team are in one partition, so that a window is counted in one place without
        sending every event through Kafka once more."""
        events, times_ms = list(self._events()), self.times_ms.tolist()
        key, partition = team_name(self.team).encode(), self.team % partitions
        for first in range(0, len(events), together):
            text = ",".join(events[first : first + together])
            value = text if together == 1 else f"[{text}]"
            yield Message(partition, key, value.encode(), times_ms[first])

    def _events(self) -> Iterator[str]:
        begin = json.dumps(self._shared(), separators=(",", ":"))[:-1]
        rows = zip(*(self.column(name).tolist() for name in COLUMNS), strict=True)
        for place, (time_ms, row) in enumerate(zip(self.times_ms.tolist(), rows, strict=True)):
            own = "".join(f',"{name}":{code}' for name, code in zip(COLUMNS, row, strict=True))
            yield f'{begin},"index":{self.first + place},"time_ms":{time_ms}{own}}}'

    def _shared(self) -> dict[str, str | int]:
        header = self.batch.header
        return {
            "subject": header.subject,
            "team": team_name(self.team),
            "session": header.session.hex(),
            "batch": f"{header.batch_id.hex()}+{self.shift_ms}",
            "sequence": header.sequence,
            "application": header.application,
            "surface": int(header.surface),
            "origin": int(header.origin),
            "screen_width_px": header.screen_width_px,
            "screen_height_px": header.screen_height_px,
        }


def team_name(number: int) -> str:
    return f"team-{number:05d}"
