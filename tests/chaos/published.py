"""Which books the accounting topic holds: tells a fault before the topic from one behind it."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from events.codec import Codec
from events.columns import unpack
from events.schemas import newest
from events.settings import Settings
from events.topics import Topic
from tests.chaos.expected import Place
from tests.producers.read_back import everything_on


def published_books(settings: Settings, partitions: int) -> frozenset[Place]:
    """The coordinates of every book that a reader of committed messages finds."""
    codec, schema = Codec(), newest("accounting")
    places: set[Place] = set()
    for message in everything_on(Topic.ACCOUNTING, settings, partitions):
        record = codec.decode(schema.name, message.value())
        if record["topic"] == Topic.RAW.value:
            offsets = unpack(record, schema.packed)["offset"].tolist()
            places |= {(record["purpose"], record["partition"], offset) for offset in offsets}
    return frozenset(places)


def ranges_of(places: Iterable[Place]) -> str:
    """As ``purpose partition: first-last, ...``, shortest way to see what was lost together."""
    lanes = groupby(sorted(places), key=lambda place: place[:2])
    return "; ".join(
        f"{purpose} {partition}: {_runs([offset for _, _, offset in lane])}"
        for (purpose, partition), lane in lanes
    )


def _runs(offsets: list[int]) -> str:
    """Increasing ``offsets`` as ``1-3, 7``."""
    runs = groupby(enumerate(offsets), key=lambda pair: pair[1] - pair[0])
    edges = [[offset for _, offset in run] for _, run in runs]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in edges)
