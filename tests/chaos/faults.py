"""What can go wrong, as data; and the schedule of faults that a seed stands for."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique
from random import Random


@unique
class Kind(StrEnum):
    """Faults that are inflicted while the stack runs, and then those that lie in the input."""

    WORKER_KILLED = "worker killed (-9)"
    LOADER_KILLED = "loader killed (-9)"
    PRODUCER_KILLED = "producer killed (-9), started with its unsent data"
    WORKER_PAUSED = "worker paused until its partitions had moved (zombie)"
    LOADER_PAUSED = "loader paused until its partitions had moved (zombie)"
    WORKER_ADDED = "worker added (rebalance)"
    WORKER_LEFT = "worker stopped and started (rebalance)"
    SECOND_LOADER = "a second loader reads everything again"
    BROKER_UNREACHABLE = "broker unreachable"
    BROKER_UNREACHABLE_LONG = "broker unreachable for a minute"
    BROKER_SILENT = "broker silent: connections hang"
    LEDGER_SILENT = "broker silent to ledgers and loaders"
    BROKER_KILLED = "broker killed (-9) and restarted with its data"
    CLICKHOUSE_REFUSING = "ClickHouse refuses connections"
    CLICKHOUSE_ERROR = "ClickHouse answers with an error"
    CLICKHOUSE_SILENT_BEFORE = "ClickHouse times out before it applied an insert"
    CLICKHOUSE_SILENT_AFTER = "ClickHouse times out after it applied an insert"
    CLICKHOUSE_SLOW = "ClickHouse slow"
    CLICKHOUSE_KILLED = "ClickHouse killed (-9) and restarted"
    REPEATED = "the same batch published twice"
    REORDERED = "batches published in another order"
    LATE = "batches late by hours"
    PRODUCER_CLOCK = "batches of a producer whose clock is minutes off"
    WORKER_CLOCK = "workers started with a clock that is minutes off"
    BROKEN = "broken messages"
    CONSENT_CHANGED = "consent changed during the run"


#: What every seed may draw, with its share of the draws.
_DRAWN = {
    Kind.WORKER_KILLED: 2,
    Kind.LOADER_KILLED: 2,
    Kind.PRODUCER_KILLED: 4,
    Kind.WORKER_PAUSED: 2,
    Kind.LOADER_PAUSED: 2,
    Kind.WORKER_ADDED: 2,
    Kind.WORKER_LEFT: 2,
    Kind.SECOND_LOADER: 2,
    Kind.BROKER_UNREACHABLE: 2,
    Kind.BROKER_SILENT: 2,
    Kind.CLICKHOUSE_ERROR: 2,
    Kind.CLICKHOUSE_SILENT_BEFORE: 2,
    Kind.CLICKHOUSE_SILENT_AFTER: 3,
    Kind.CLICKHOUSE_SLOW: 2,
    Kind.CLICKHOUSE_KILLED: 2,
}

#: One at a time: they come after the one that a loader dies in.
_OF_CLICKHOUSE = frozenset(kind for kind in _DRAWN if kind.name.startswith("CLICKHOUSE"))

_MINUTE_S = 62.0
#: One seed in so many waits for a broker that is away for a minute.
_LONG_EVERY = 10


@dataclass(frozen=True, slots=True)
class Fault:
    """``at_s`` since the publishing began; ``target`` picks the process; ``for_s`` it lasts."""

    at_s: float
    kind: Kind
    target: int = 0
    for_s: float = 0.0

    def __str__(self) -> str:
        lasting = f", for {self.for_s:.1f} s" if self.for_s else ""
        return f"at {self.at_s:5.1f} s: {self.kind.value}, target {self.target}{lasting}"


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a seed does to the stack. ``worker_clocks_ms``: by how much the clock of each start of
    a worker is off, in turn."""

    faults: tuple[Fault, ...]
    publish_s: float
    loaders: int
    worker_clocks_ms: tuple[int, ...]

    @property
    def silences(self) -> tuple[Fault, ...]:
        """When ledgers cannot be proved current: consent should change just then."""
        return tuple(fault for fault in self.faults if fault.kind is Kind.LEDGER_SILENT)


def schedule_of(seed: int, *, real_kafka: bool) -> Schedule:
    """The same seed has the same schedule, on either broker; on a real one the broker is killed
    as well. Of three seeds

    - the first has a loader that dies with rows which ClickHouse does not take
    - the second has workers whose ledgers fall behind while nothing else happens
    - the third has both at one time

    and then each has a worker that is hit, and whatever is drawn.
    """
    rng = Random(f"{seed} faults")
    publish_s = rng.uniform(8.0, 11.0)
    faults: list[Fault] = []
    first_s = database_s = 0.5
    if seed % 3 == 2:
        faults = _ledger_falls_behind(rng, 1.0)
        first_s = database_s = faults[0].at_s + faults[0].for_s
        publish_s += 4.0
    else:
        faults = _loader_dies_with_a_block(rng)
        database_s = faults[0].at_s + faults[0].for_s
        faults += _ledger_falls_behind(rng, 2.5) if seed % 3 == 0 else []
    # Soon, so that whoever comes back has work.
    hit = Kind.WORKER_KILLED if seed % 2 else Kind.WORKER_PAUSED
    at_s = first_s + rng.uniform(0.0, 2.0)
    faults.append(Fault(at_s, hit, rng.randrange(2), rng.uniform(0.2, 1.0)))
    kinds, shares = zip(*_DRAWN.items(), strict=True)
    for kind in rng.choices(kinds, shares, k=rng.randint(3, 4)):
        earliest_s = database_s if kind in _OF_CLICKHOUSE else first_s
        at_s = rng.uniform(earliest_s, publish_s - 0.5)
        faults.append(Fault(at_s, kind, rng.randrange(2), rng.uniform(1.0, 3.0)))
    if seed % _LONG_EVERY == _LONG_EVERY - 3:
        at_s = rng.uniform(first_s, publish_s - 1.0)
        faults.append(Fault(at_s, Kind.BROKER_UNREACHABLE_LONG, 0, _MINUTE_S))
    for _ in range(rng.randint(1, 2) if real_kafka else 0):
        faults.append(Fault(rng.uniform(first_s, publish_s - 1.0), Kind.BROKER_KILLED))
    return Schedule(
        faults=tuple(sorted(faults, key=lambda fault: fault.at_s)),
        publish_s=publish_s,
        loaders=_loaders(seed, faults),
        worker_clocks_ms=_clocks_ms(seed),
    )


def _loaders(seed: int, faults: list[Fault]) -> int:
    paused = any(fault.kind is Kind.LOADER_PAUSED for fault in faults)
    return 2 if paused else Random(f"{seed} loaders").randint(1, 2)


def _clocks_ms(seed: int) -> tuple[int, ...]:
    rng = Random(f"{seed} clocks")
    return tuple(rng.choice((0, 0, 0, -120_000, 90_000, 120_000)) for _ in range(6))


def _loader_dies_with_a_block(rng: Random) -> list[Fault]:
    """A loader is killed while it holds rows that ClickHouse does not take."""
    at_s = rng.uniform(1.0, 2.5)
    return [
        Fault(at_s, Kind.CLICKHOUSE_REFUSING, 0, rng.uniform(3.0, 4.0)),
        Fault(at_s + rng.uniform(1.0, 2.0), Kind.LOADER_KILLED, rng.randrange(2)),
    ]


def _ledger_falls_behind(rng: Random, at_s: float) -> list[Fault]:
    """Workers go on receiving events while they cannot read consent."""
    return [Fault(at_s + rng.random(), Kind.LEDGER_SILENT, 0, rng.uniform(6.0, 7.0))]
