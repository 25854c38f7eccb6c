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
    return np.asarray(np.repeat(runs, pieces) + within(pieces) * batch_events)


@dataclass(frozen=True, slots=True)
class Pieces:
    """``rows``, of which ``first`` begin a batch each; ``ids`` has 16 bytes for each, end to end.
    The rows' times count from ``slice_start_ms``, ms UTC."""

    rows: Rows
    steps: Steps
    first: Array
    ids: bytes
    slice_start_ms: int


def batches(people: Organisation, pieces: Pieces, sessions: Sessions) -> Iterator[InteractionBatch]:
    """The batches of ``pieces``, in order of time. ``sessions.next_sequence`` moves on."""
    rows, first = pieces.rows, pieces.first
    step = rows.step[first]
    who, what = pieces.steps.person[step], pieces.steps.application[step]
    made = _Made(
        person=who.tolist(),
        application=what.tolist(),
        sequence=_sequences(who, sessions).tolist(),
        half=(sessions.number[who] & 1).tolist(),
        base_ms=(rows.time_ms[first] + np.int64(pieces.slice_start_ms)).tolist(),
    )
    columns = _columns(rows, first)
    starts, ends = first.tolist(), np.r_[first[1:], len(rows)].tolist()
    for number in np.argsort(rows.time_ms[first], kind="stable").tolist():
        header = _header(people, made, sessions, pieces.ids, number)
        at = slice(starts[number], ends[number])
        yield InteractionBatch(header, {name: column[at] for name, column in columns})


@dataclass(frozen=True, slots=True)
class _Made:
    """What differs between the headers, as plain numbers: one of each list a batch."""

    person: list[int]
    application: list[int]
    sequence: list[int]
    half: list[int]
    base_ms: list[int]


def _header(
    people: Organisation, made: _Made, sessions: Sessions, ids: bytes, number: int
) -> Header:
    who, what = made.person[number], made.application[number]
    width_px, height_px = people.screen_px[who].tolist()
    return Header(
        batch_id=ids[16 * number : 16 * number + 16],
        subject=people.subjects[who],
        team=people.teams[people.team[who]],
        session=sessions.ids[made.half[number]][16 * who : 16 * who + 16],
        sequence=made.sequence[number],
        application=people.applications[what],
        surface=people.surfaces[what],
        origin=int(Origin.SIMULATED),
        screen_width_px=width_px,
        screen_height_px=height_px,
        base_time_ms=made.base_ms[number],
    )


def _columns(rows: Rows, first: Array) -> list[tuple[str, Array]]:
    delta = np.diff(rows.time_ms, prepend=rows.time_ms[:1])
    delta[first] = 0
    delta = delta.astype(np.uint16)
    return [
        (name, delta if name == "time_delta_ms" else getattr(rows, name)) for name in COLUMN_NAMES
    ]


def _sequences(person: Array, sessions: Sessions) -> Array:
    """Of every batch its number in the session of its ``person`` (ascending)."""
    who, made = np.unique(person, return_counts=True)
    sequence = sessions.next_sequence[person] + within(made)
    sessions.next_sequence[who] += made
    return np.asarray(sequence)
