"""Recordings through the product's own steps at one grid and tick, up to the rows of its tables.

Only Kafka and ClickHouse are left out: producer, codec, gate, minimise, pseudonymise, window, emit
and the loader's reader are the product's. What comes out is what the readers of a purpose see.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import pyarrow as pa

from benchmarks.in_process import InProcess, in_process
from benchmarks.reidentification.granularity import Granularity
from events.batch import SCHEMA, InteractionBatch, to_record
from events.clock import MS_PER_DAY, FixedClock
from events.policy import BUNDLED_POLICY, Policy, PurposePolicy, load_policy
from events.purposes import Purpose
from events.sealing_file import ROOM_BYTES
from events.topics import Topic
from producers.recordings import Recording
from producers.replay import ReplayPlan, replay
from producers.sealer import Sealer
from sinks.coordinates import Coordinates
from sinks.decode import rows_of, unfolded
from sinks.tables import interactions, window_partials
from streams.decode import RawMessage
from streams.emit import Emission
from streams.keys import new_ring

#: 2026-03-02 09:00 UTC, a Monday: every session begins at this moment, as people in an office do,
#: so that the time of day tells nobody apart.
START_MS = 1_772_442_000_000
NOW_MS = START_MS + 30 * MS_PER_DAY

_REPORTED = Purpose.TEAM_ANALYTICS
_BATCH_EVENTS = 256  # as the product's own replay does
_TAKE_MESSAGES = 256


def policy_at(granularity: Granularity, without: Collection[str] = ()) -> Policy:
    """The policy of this repository with another grid and tick, for both purposes, and with the
    actions ``without`` no longer taken for team analytics."""
    policy = load_policy(BUNDLED_POLICY)
    limits = {
        purpose: _limited(section, granularity, without if purpose is _REPORTED else ())
        for purpose, section in policy.purposes.items()
    }
    return policy.model_copy(update={"purposes": limits})


def _limited(
    section: PurposePolicy, granularity: Granularity, without: Collection[str]
) -> PurposePolicy:
    changed = {
        "grid_px": granularity.grid_px,
        "tick_ms": granularity.tick_ms,
        "actions": [action for action in section.actions if action not in without],
    }
    return PurposePolicy.model_validate({**section.model_dump(), **changed})


@dataclass(frozen=True, slots=True, repr=False)
class Tables:
    """The rows of one recording: ``training`` of `training.interactions`, ``partials`` of
    `analytics.window_partials`, as the loader would insert them."""

    training: pa.Table
    partials: pa.Table


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Everybody that ``steps`` know has agreed to both purposes."""

    steps: InProcess
    sealer: Sealer

    def carry(self, recording: Recording, team: str = "everybody") -> Tables:
        """The recording's rows, of a session that began at ``START_MS``."""
        parts: dict[str, list[pa.Table]] = {}
        for emission in self._emissions(_batches(recording, team)):
            at = Coordinates(emission.topic, "benchmark", 0, 0, NOW_MS)
            for table, rows in rows_of(self.steps.rules.codec, at, emission.value).items():
                parts.setdefault(table, []).append(rows)
        training, partials = (
            unfolded(table, pa.concat_tables(parts[table]))
            for table in (interactions.TABLE, window_partials.TABLE)
        )
        return Tables(training, partials)

    def _emissions(self, batches: list[InteractionBatch]) -> Iterable[Emission]:
        codec = self.steps.rules.codec
        for first in range(0, len(batches), _TAKE_MESSAGES):
            messages = [
                RawMessage(
                    first + place,
                    NOW_MS,
                    codec.encode(SCHEMA, to_record(self.sealer.sealed(batch))),
                )
                for place, batch in enumerate(batches[first : first + _TAKE_MESSAGES])
            ]
            for emission in self.steps.emissions(messages, NOW_MS):
                if emission.topic in (Topic.TRAINING, Topic.WINDOWS):
                    yield emission


def pipeline_for(
    subjects: Iterable[str], granularity: Granularity, without: Collection[str] = ()
) -> Pipeline:
    """A pipeline in which ``subjects`` have granted every purpose, under fresh keys and the policy
    that ``policy_at`` makes."""
    ring = new_ring()
    steps = in_process(subjects, policy_at(granularity, without), ring, START_MS)
    return Pipeline(steps, Sealer(ring.sealing.exported(ROOM_BYTES)))


class _Collected:
    """In the place of a publisher."""

    def __init__(self) -> None:
        self.batches: list[InteractionBatch] = []

    def publish(self, batch: InteractionBatch) -> None:
        self.batches.append(batch)


def _batches(recording: Recording, team: str) -> list[InteractionBatch]:
    collected = _Collected()
    plan = ReplayPlan(first_ms=START_MS, team=team, batch_events=_BATCH_EVENTS)
    replay([recording], collected, plan, clock=FixedClock(NOW_MS))
    return collected.batches
