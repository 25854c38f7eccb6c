"""The whole way through a worker and into the loader's tables, of a hostile message among sound
ones: the books add up, and nothing becomes of the sound ones that would not have without it."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from events.batch import SCHEMA
from events.topics import Topic
from sinks.coordinates import Coordinates
from sinks.decode import rows_of
from streams.decode import RawMessage
from streams.emit import emit
from streams.pipeline import Outcome, process
from streams.pseudonymise import keyed_id
from tests.fuzz import seeds
from tests.strategies import NOW_MS, fixed_id, record_of, sound_batch

_SOUND = 2
_HOSTILE_AT = 1
_TABLES = (Topic.TRAINING, Topic.WINDOWS)


def judged(data: bytes) -> str:
    """What became of the hostile message in the middle of a take of sound ones."""
    outcome = _of([(0, _sound(0)), (_HOSTILE_AT, data), (2, _sound(1))])
    for books in outcome.accounts:
        assert books.offset.tolist() == [0, 1, 2]
        counts = (
            books.passed_count + sum(books.withheld().values()) + sum(books.rejected().values())
        )
        assert np.array_equal(counts, books.event_count)
        assert books.event_count[_HOSTILE_AT] >= 1
        expected = 1 if outcome.broken else books.event_count[_HOSTILE_AT]
        assert books.event_count[_HOSTILE_AT] == expected
    assert len(outcome.broken) <= 1
    found = _rows(outcome)
    for topic, table in _without().items():
        assert found[topic].equals(table), f"rows of sound messages in {topic} have changed"
    return outcome.broken[0].reason.value if outcome.broken else "sound"


def _of(raw: list[tuple[int, bytes]]) -> Outcome:
    messages = [RawMessage(offset, NOW_MS, value) for offset, value in raw]
    return process(messages, seeds.RULES, seeds.everyone_agrees(), seeds.SECRETS, NOW_MS)


@cache
def _sound(number: int) -> bytes:
    """A batch whose id is in no seed."""
    batch = sound_batch(batch_id=fixed_id("sound", number), sequence=number)
    return seeds.PLAIN.encode(SCHEMA, record_of(batch))


@cache
def _without() -> dict[Topic, pa.Table]:
    """The rows of the sound messages alone."""
    return _rows(_of([(0, _sound(0)), (2, _sound(1))]))


def _rows(outcome: Outcome) -> dict[Topic, pa.Table]:
    """Rows of the sound messages, as the loader would insert them. It must accept all there is."""
    ids = [
        keyed_id(key, "batch", fixed_id("sound", number))
        for key in seeds.RULES.ring.epochs[0].keys.values()
        for number in range(_SOUND)
    ]
    found: dict[Topic, list[pa.Table]] = {topic: [] for topic in _TABLES}
    emitted: Counter[Topic] = Counter()
    for emission in emit(outcome, seeds.SOURCE, 0, {}, seeds.REGISTERED):
        at = Coordinates(emission.topic, seeds.TOPIC_ID, 3, emitted[emission.topic], NOW_MS)
        emitted[emission.topic] += 1
        for table in rows_of(seeds.REGISTERED, at, emission.value).values():
            if emission.topic in found:
                mine = pc.is_in(table["batch"], pa.array(ids, pa.uint64()))
                found[emission.topic].append(_plain(table.filter(mine)))
    return {
        topic: pa.concat_tables(parts).sort_by([("batch", "ascending")])
        for topic, parts in found.items()
    }


def _plain(table: pa.Table) -> pa.Table:
    """Words in the place of dictionaries, which differ with what else is in a message."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(place, field.name, table[field.name].cast(pa.string()))
    return table
