"""``analytics.window_partials``: what one batch adds to one minute of one person."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from events.clock import MS_PER_MINUTE, MS_PER_S
from events.columns import unpack
from events.errors import Reject
from events.outcomes import Rejected
from events.schemas import newest
from events.vocabulary import Origin
from sinks.tables.checked import codes, in_time, picked

TABLE = "analytics.window_partials"
_LAYOUT = newest("window_partials").packed
_AS_THEY_ARE = ("pseudonym", "batch", "epoch")
_TURNED = ("window_start_ms", "team", "application", "origin", *_AS_THEY_ARE)
MEASURES = tuple(column.name for column in _LAYOUT if column.name not in _TURNED)


def window_partials(record: Mapping[str, Any]) -> pa.Table:
    """The rows of one WindowPartials record. Raises ``Reject``, also for a start off the minute."""
    columns = unpack(record, _LAYOUT)
    starts_ms = in_time(columns["window_start_ms"])
    if np.any(starts_ms % MS_PER_MINUTE):
        raise Reject(Rejected.INVALID_HEADER)
    return pa.table(
        {
            "window_start": (starts_ms // MS_PER_S).astype(np.uint32),
            "team": picked(columns["team"], record["teams"]),
            "application": picked(columns["application"], record["applications"]),
            "origin": codes(columns["origin"], Origin, Rejected.INVALID_HEADER),
            **{name: columns[name] for name in (*_AS_THEY_ARE, *MEASURES)},
        }
    )
