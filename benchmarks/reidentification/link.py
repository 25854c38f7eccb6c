"""The attack across purposes: which pseudonym of team analytics is this session of agent training?

Both purposes are made of the same events, so their minutes have the same sums. Whoever reads
`training.interactions` and `analytics.window_partials` can add up the rows of a session by the
minute and look for the person whose partials say the same. No role reads both; this measures what
the roles hold back, and what else would.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.reidentification.measures import top_1
from benchmarks.reidentification.sessions import MEASURES, Floats, Ints, Session
from events.clock import MS_PER_MINUTE
from events.vocabulary import Action

#: Stretches that are looked for, of each session.
_PROBES = 5


@dataclass(frozen=True, slots=True)
class Sight:
    """What the attacker has to compare. ``minutes`` of a session are looked for; ``rounded`` is to
    what the sums of team analytics are rounded, and ``window`` for how many minutes they stand;
    without ``clock`` the attacker does not know when a session began."""

    minutes: int
    rounded: int = 1
    window: int = 1
    clock: bool = True


def minutes_of_rows(session: Session, without: Sequence[Action] = ()) -> tuple[Ints, Floats]:
    """What the rows of a session add up to in each minute, in the order of ``MEASURES``, with the
    actions ``without`` left out: the product's window partials, from the other purpose's rows."""
    keep = ~np.isin(session.action, [int(action) for action in without])
    action, sequence = session.action[keep], session.sequence[keep]
    minutes, of = np.unique(session.time_ms[keep] // MS_PER_MINUTE, return_inverse=True)
    step = np.hypot(np.diff(session.x_px[keep], prepend=0), np.diff(session.y_px[keep], prepend=0))
    step[np.diff(sequence, prepend=-1) != 0] = 0.0  # no path from one batch to the next
    # A partial is a batch's share of a minute; its path is rounded by itself.
    names, first, partial = np.unique(
        sequence * (len(minutes) + 1) + of, return_index=True, return_inverse=True
    )
    length = np.rint(np.bincount(partial, weights=step, minlength=len(names)))
    wheel = np.where(action == Action.SCROLL, np.abs(session.detail[keep]), 0)
    counted = (Action.MOVE, Action.BUTTON_DOWN, Action.BUTTON_UP, Action.SCROLL)
    columns = [np.bincount(of, weights=action == each, minlength=len(minutes)) for each in counted]
    columns.append(np.bincount(of, weights=wheel, minlength=len(minutes)))
    columns.append(np.bincount(of[first], weights=length, minlength=len(minutes)))
    return minutes, np.column_stack(columns)


def dense(minutes: Sequence[tuple[Ints, Floats]], window: int = 1) -> Floats:
    """float64[sessions, windows, measures]: sums by windows of ``window`` minutes, zeros where
    there is nothing."""
    most = max(int(at.max(initial=0)) for at, _ in minutes) // window + 1
    sums = np.zeros((len(minutes), most, len(MEASURES)))
    for place, (at, values) in enumerate(minutes):
        np.add.at(sums[place], at // window, values)
    return sums


def linked(rows: Floats, partials: Floats, sight: Sight, seed: int) -> float:
    """How often the session whose rows these are is found among all that have partials. Both are of
    ``dense``; session i of one is session i of the other."""
    released = np.rint(partials / sight.rounded) * sight.rounded
    scale = partials.std(axis=(0, 1)) + 1e-9  # so that px and counts weigh alike
    released, known = released / scale, np.rint(rows / sight.rounded) * sight.rounded / scale
    likeness, truth = [], []
    for session, start in _stretches(rows, sight.minutes, seed):
        wanted = known[session, start : start + sight.minutes]
        likeness.append(-_distance(wanted, released, start if sight.clock else None))
        truth.append(session)
    return top_1(np.array(likeness), np.array(truth))


def _stretches(rows: Floats, minutes: int, seed: int) -> Iterator[tuple[int, int]]:
    """Sessions and starts in them, at random, such that something happens in the first minute."""
    draw = np.random.default_rng(seed)
    for session, sums in enumerate(rows):
        active = np.flatnonzero(sums[:, : MEASURES.index("wheel_steps")].any(axis=1))
        whole = active[active <= len(sums) - minutes]
        for start in draw.choice(whole, min(_PROBES, len(whole)), replace=False):
            yield session, int(start)


def _distance(wanted: Floats, released: Floats, start: int | None) -> Floats:
    """float64[sessions]: how far each is from ``wanted``, at ``start`` or where it is nearest."""
    if start is not None:
        here = released[:, start : start + len(wanted)]
        return np.asarray(np.abs(here - wanted).sum(axis=(1, 2)))
    stretches = sliding_window_view(released, len(wanted), axis=1)
    apart = np.abs(stretches - wanted.T[None, None]).sum(axis=(2, 3))
    return np.asarray(apart.min(axis=1))


def chance_of_equal_minutes(sessions: Sequence[Session]) -> float:
    """How probable it is that two minutes of two different people have all sums equal."""
    values = np.concatenate([session.measures for session in sessions])
    person = np.repeat([session.person for session in sessions], [len(s.minutes) for s in sessions])
    kinds = np.unique(values, axis=0, return_inverse=True)[1].reshape(-1)
    table = np.zeros((kinds.max() + 1, person.max() + 1))
    np.add.at(table, (kinds, person), 1)
    equal = (table.sum(axis=1) ** 2).sum() - (table**2).sum()
    every = table.sum() ** 2 - (table.sum(axis=0) ** 2).sum()
    return float(equal / every)
