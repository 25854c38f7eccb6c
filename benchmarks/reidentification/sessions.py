"""The rows of a session as arrays, and whose they are: the truth that attacks are judged by."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.reidentification.granularity import Granularity
from benchmarks.reidentification.through import START_MS, pipeline_for
from events.clock import MS_PER_MINUTE, MS_PER_S
from producers.recordings import Recording

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: What `analytics.window_partials` says of a minute, as far as pointer recordings fill it.
MEASURES = (
    "move_count",
    "button_down_count",
    "button_up_count",
    "scroll_count",
    "wheel_steps",
    "path_px",
)


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """``person`` and ``number`` count from 0 and are known to the judge only. The n events, in
    order: ``sequence`` of the batch, ``time_ms`` since the session's start, ``action``, ``x_px``,
    ``y_px``, ``detail``, int64 each. ``minutes`` int64[m] are the minutes with an event, from 0;
    ``measures`` float64[m, 6] is what the other purpose's partials say of them, summed."""

    person: int
    number: int
    sequence: Ints
    time_ms: Ints
    action: Ints
    x_px: Ints
    y_px: Ints
    detail: Ints
    minutes: Ints
    measures: Floats

    def __len__(self) -> int:
        return len(self.action)


def sessions_of(
    recordings: Sequence[Recording],
    granularity: Granularity,
    on_each: Callable[[], None] = lambda: None,
    without: Collection[str] = (),
) -> list[Session]:
    """Every recording as its readers see it, in the order of ``recordings``; the actions
    ``without`` are not taken for team analytics."""
    subjects = sorted({recording.subject for recording in recordings})
    pipeline = pipeline_for(subjects, granularity, without)
    sessions = []
    for number, recording in enumerate(recordings):
        tables = pipeline.carry(recording)
        person = subjects.index(recording.subject)
        minutes, measures = minutes_of(tables.partials)
        events = _events(tables.training)
        sessions.append(Session(person, number, **events, minutes=minutes, measures=measures))
        on_each()
    return sessions


def _events(rows: pa.Table) -> dict[str, Ints]:
    """The columns of a session's events, in the order that the table's own columns give."""
    order = np.lexsort((rows["index"].to_numpy(), rows["sequence"].to_numpy()))
    names = ("sequence", "action", "x_px", "y_px", "detail")
    events = {name: rows[name].to_numpy()[order].astype(np.int64) for name in names}
    return {"time_ms": rows["time"].cast(pa.int64()).to_numpy()[order] - START_MS, **events}


def minutes_of(partials: pa.Table) -> tuple[Ints, Floats]:
    """The minutes of a person's partials, since ``START_MS``, and the sums of each."""
    start_s = partials["window_start"].to_numpy().astype(np.int64)
    minute = (start_s * MS_PER_S - START_MS) // MS_PER_MINUTE
    minutes, place = np.unique(minute, return_inverse=True)
    sums = np.zeros((len(minutes), len(MEASURES)))
    for column, name in enumerate(MEASURES):
        np.add.at(sums[:, column], place, partials[name].to_numpy())
    return minutes, sums
