"""Rows cut into interaction batches: one person, session and application, no long gap."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from events.batch import COLUMN_NAMES, Header, InteractionBatch
from events.vocabulary import Origin
from producers.simulation.bursts import within
from producers.simulation.habits import Array
from producers.simulation.organisation import Organisation
from producers.simulation.steps import Steps
from producers.simulation.timeline import Rows

#: A producer sends what it has when nothing has happened for this long. Far below the contract's
#: largest gap in a batch.
FLUSH_GAP_MS = 5_000


@dataclass(slots=True)
class Sessions:
    """By person: which session runs (even before lunch, odd after, -1 none yet) and the number of
    its next batch. ``ids`` are today's, before and after lunch: 16 bytes a person, end to end."""

    number: Array
    next_sequence: Array
    ids: tuple[bytes, bytes] = (b"", b"")


def cut(rows: Rows, steps: Steps, batch_events: int) -> Array:
    """The first row of every batch."""
    person, application = steps.person[rows.step], steps.application[rows.step]
    new = np.ones(len(rows), bool)
    new[1:] = (
        (person[1:] != person[:-1])
        | (application[1:] != application[:-1])
        | (np.diff(rows.time_ms) > FLUSH_GAP_MS)
    )
    runs = np.flatnonzero(new)
    pieces = -(-np.diff(np.r_[runs, len(rows)]) // batch_events)
    return np.repeat(runs, pieces) + within(pieces) * batch_events


def batches(
    people: Organisation,
    rows: Rows,
    steps: Steps,
    sessions: Sessions,
    slice_start_ms: int,
    batch_ids: bytes,
    first: Array,
) -> Iterator[InteractionBatch]:
    """The batches that begin at rows ``first``, in order of time; ``sessions.next_sequence`` moves
    on. ``batch_ids`` holds 16 bytes for each, end to end."""
    person, sequence = _sequences(rows, steps, sessions, first)
    application = steps.application[rows.step[first]].tolist()
    base = (rows.time_ms[first] + np.int64(slice_start_ms)).tolist()
    ends = np.r_[first[1:], len(rows)].tolist()
    starts, persons, sequences = first.tolist(), person.tolist(), sequence.tolist()
    halves = (sessions.number[person] & 1).tolist()
    columns = _columns(rows, first)
    for number in np.argsort(rows.time_ms[first], kind="stable").tolist():
        who, what = persons[number], application[number]
        width_px, height_px = people.screen_px[who].tolist()
        header = Header(
            batch_id=batch_ids[16 * number : 16 * number + 16],
            subject=people.subjects[who],
            team=people.teams[people.team[who]],
            session=sessions.ids[halves[number]][16 * who : 16 * who + 16],
            sequence=sequences[number],
            application=people.applications[what],
            surface=people.surfaces[what],
            origin=int(Origin.SIMULATED),
            screen_width_px=width_px,
            screen_height_px=height_px,
            base_time_ms=base[number],
        )
        at = slice(starts[number], ends[number])
        yield InteractionBatch(header, {name: column[at] for name, column in columns})


def _columns(rows: Rows, first: Array) -> list[tuple[str, Array]]:
    delta = np.diff(rows.time_ms, prepend=rows.time_ms[:1])
    delta[first] = 0
    delta = delta.astype(np.uint16)
    return [
        (name, delta if name == "time_delta_ms" else getattr(rows, name)) for name in COLUMN_NAMES
    ]


def _sequences(rows: Rows, steps: Steps, sessions: Sessions, first: Array) -> tuple[Array, Array]:
    """Of every batch its person and its number in the session."""
    person = steps.person[rows.step[first]]
    who, made = np.unique(person, return_counts=True)
    sequence = sessions.next_sequence[person] + within(made)
    sessions.next_sequence[who] += made
    return person, sequence
