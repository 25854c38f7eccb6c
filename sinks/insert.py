"""Insert a block into ClickHouse, again and again until it is in."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential_jitter

from events.errors import Retry, Stop
from events.log import log
from events.metrics import (
    INSERT_RETRIES,
    INSERT_SECONDS,
    INSERT_WAITING_SECONDS,
    INSERTED_ROWS,
)
from sinks.block import Block
from sinks.erased import Sift, everything
from sinks.tables import interactions

#: On a cluster an insert is answered once most replicas of each shard have it, or fails after
#: ``insert_quorum_timeout`` (ms, less than a client waits for an answer). Means nothing elsewhere.
ON_A_MAJORITY: dict[str, Any] = {"insert_quorum": "auto", "insert_quorum_timeout": 120_000}

#: Synchronous and undeduplicated: an insert that was answered is in (on a cluster: on its shards),
#: and a block that is sent again is inserted again (its rows collapse by identity). A recording
#: may touch any number of days.
INSERT_SETTINGS: dict[str, Any] = {
    **ON_A_MAJORITY,
    "distributed_foreground_insert": 1,
    "async_insert": 0,
    "insert_deduplicate": 0,
    "max_partitions_per_insert_block": 0,
}

#: Of the largest table, rows of one block that are the same row collapse when parts merge, as those
#: of two blocks do, and not at once: that would take a third of the insert.
_BY_TABLE: dict[str, dict[str, Any]] = {
    interactions.TABLE: {**INSERT_SETTINGS, "optimize_on_insert": 0}
}

#: After a stop was asked for, a failing insert is repeated this long; then the rows stay in Kafka.
STOP_GRACE_S = 5.0

_FIRST_WAIT_S = 0.2
_LONGEST_WAIT_S = 15.0
_JITTER_S = 1.0
#: How late a block that was dropped during such a wait is let go.
_NAP_S = 0.1

_NOT_MIGRATED = frozenset({16, 60, 81})  # no such column, table, database
#: Errors that the same block meets every time: wrong types, no rights, no such user.
_PERMANENT = _NOT_MIGRATED | {20, 27, 36, 43, 44, 47, 53, 62, 70, 117, 164, 192, 349, 497, 516}


class ArrowClient(Protocol):
    """What is needed of a ClickHouse client to insert."""

    def insert_arrow(
        self, table: str, arrow_table: pa.Table, *, settings: dict[str, Any]
    ) -> object: ...


@dataclass(slots=True)
class Inserter:
    """``give_up_s`` 0: never. ``stopping`` set: give up after ``STOP_GRACE_S`` instead. ``sift``
    says what of a table's rows is inserted, and where; it is asked again for each try."""

    client: ArrowClient
    give_up_s: float
    stopping: threading.Event = field(default_factory=threading.Event)
    sift: Sift = everything

    def insert(self, block: Block) -> None:
        """Insert every table of ``block``, in its order.

        At least once: raises ``Stop`` when ClickHouse refuses for good or after ``give_up_s``, and
        ``Retry`` when a stop, or ``block.is_dropped``, cut the tries short; in each case some
        tables may be in.
        """
        for table, rows in block.tables.items():
            self._insert_table(table, rows, block.is_dropped)

    def _insert_table(self, table: str, rows: pa.Table, is_dropped: threading.Event) -> None:
        inserted: dict[str, int] = {}

        def insert() -> None:
            with INSERT_SECONDS.labels(table).time():
                for name, part in self.sift(table, rows).items():
                    if part.num_rows:
                        settings = _BY_TABLE.get(name, INSERT_SETTINGS)
                        self.client.insert_arrow(name, part, settings=settings)
                    inserted[name] = part.num_rows

        def again(state: RetryCallState) -> None:
            INSERT_RETRIES.labels(table).inc()
            INSERT_WAITING_SECONDS.set(state.seconds_since_start or 0.0)
            log.warning("insert failed, sending the same rows again", table=table, **_why(state))

        try:
            Retrying(
                retry=retry_if_exception(may_pass),
                wait=wait_exponential_jitter(
                    multiplier=_FIRST_WAIT_S, max=_LONGEST_WAIT_S, jitter=_JITTER_S
                ),
                stop=lambda state: is_dropped.is_set() or self._is_over(state),
                sleep=lambda seconds: self._wait(seconds, is_dropped),
                before_sleep=again,
                reraise=True,
            )(insert)
        except (ClickHouseError, OSError) as error:
            raise self._outcome(table, error, is_dropped.is_set()) from None
        finally:
            INSERT_WAITING_SECONDS.set(0)
        for name, count in inserted.items():
            INSERTED_ROWS.labels(name).inc(count)

    def _is_over(self, state: RetryCallState) -> bool:
        limit_s = STOP_GRACE_S if self.stopping.is_set() else self.give_up_s or math.inf
        return (state.seconds_since_start or 0.0) >= limit_s

    def _wait(self, seconds: float, is_dropped: threading.Event) -> None:
        """Wait, but cut a long wait short when a stop is asked for, or nobody wants the block."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0 and not is_dropped.is_set():
            if self.stopping.is_set():
                time.sleep(min(_FIRST_WAIT_S, left_s))
                return
            self.stopping.wait(min(_NAP_S, left_s))

    def _outcome(self, table: str, error: Exception, is_dropped: bool) -> Retry | Stop:
        what = named(error)
        if not may_pass(error):
            hint = (
                "Run `glasshouse migrate` first."
                if getattr(error, "code", None) in _NOT_MIGRATED
                else "Check the user's rights and the version of the server."
            )
            return Stop(f"ClickHouse refuses rows for {table} ({what}). {hint}")
        if self.stopping.is_set() or is_dropped:
            return Retry(f"{table}: {what}")
        return Stop(
            f"ClickHouse took no rows for {table} in {self.give_up_s:g} s (last: {what}). Nothing "
            "is lost: the rows are still in Kafka. Start `glasshouse load` when ClickHouse is back."
        )


def may_pass(error: BaseException) -> bool:
    """Whether ClickHouse may take the same thing later."""
    return (
        isinstance(error, ClickHouseError | OSError)
        and getattr(error, "code", None) not in _PERMANENT
    )


def named(error: BaseException) -> str:
    """Code and name only: ClickHouse's texts may quote values."""
    code, name = getattr(error, "code", None), getattr(error, "name", None)
    return f"error {code} {name or ''}".strip() if code else type(error).__name__


def _why(state: RetryCallState) -> dict[str, Any]:
    error = state.outcome.exception() if state.outcome else None
    return {"tries": state.attempt_number, "error": named(error) if error else ""}
