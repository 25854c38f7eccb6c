"""What to simulate: one frozen object, checked whole."""

from __future__ import annotations

from dataclasses import dataclass

from events.clock import MS_PER_DAY, to_datetime
from events.errors import InputError
from events.policy import Policy
from events.vocabulary import MAX_BATCH_EVENTS

_MONDAY_0_MS = 4 * MS_PER_DAY  # 1970-01-05 was a Monday

#: People who never rest make about twice as many events a second.
MOST_EVENTS_PER_S = 10.0

_SHARES = ("never_share", "withdraw_share", "pause_share")


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """``start_ms`` is a midnight UTC; ``days`` are working days (Monday to Friday) from there.

    ``events`` other than 0 spreads that many over the whole calendar and ends exactly there (a
    handful of people may, by chance, make fewer); with 0 there are ``events_per_s`` for an average
    person's second at work (the map's figure).
    The shares of people are of ``employees``; ``broken_share`` is of the messages.
    Raises ``InputError`` naming every fault.
    """

    start_ms: int
    seed: int = 1
    employees: int = 200
    teams: int = 12
    days: int = 1
    events: int = 0
    events_per_s: float = 5.0
    batch_events: int = 256
    never_share: float = 0.10
    withdraw_share: float = 0.05
    pause_share: float = 0.05
    broken_share: float = 0.005

    def __post_init__(self) -> None:
        faults = list(_faults(self))
        if faults:
            raise InputError("the simulation cannot run: " + "; ".join(faults))

    @property
    def workdays_ms(self) -> tuple[int, ...]:
        """Midnights UTC of the working days, in order."""
        weeks = self.days // 5 + 2
        days = (self.start_ms + day * MS_PER_DAY for day in range(7 * weeks))
        return tuple(day for day in days if to_datetime(day).weekday() < 5)[: self.days]

    @property
    def end_ms(self) -> int:
        """Midnight after the last working day: every event is before it."""
        return self.workdays_ms[-1] + MS_PER_DAY


def _faults(config: SimulationConfig) -> list[str]:
    ranges = {
        "seed": (0, 2**32 - 1),
        "employees": (1, 999_999),
        "teams": (1, config.employees),
        "days": (1, 2_000),
        "events": (0, 2**62),
        "events_per_s": (0.001, MOST_EVENTS_PER_S),
        "batch_events": (1, MAX_BATCH_EVENTS),
        "broken_share": (0.0, 0.5),
        **dict.fromkeys(_SHARES, (0.0, 1.0)),
    }
    found = [
        f"{name} must be from {low} to {high}"
        for name, (low, high) in ranges.items()
        if not low <= getattr(config, name) <= high
    ]
    if config.start_ms < 0 or config.start_ms % MS_PER_DAY:
        found.append("the start must be a day (a midnight UTC) since 1970")
    if sum(getattr(config, name) for name in _SHARES) > 1.0:
        found.append(f"{', '.join(_SHARES)} must not exceed 1 together")
    return found


def default_start_ms(now_ms: int, days: int) -> int:
    """The Monday two weeks before this week's, or as much earlier as ``days`` working days need to
    end before this week: everything simulated lies in the past."""
    this_monday_ms = now_ms - (now_ms - _MONDAY_0_MS) % (7 * MS_PER_DAY)
    return this_monday_ms - 7 * MS_PER_DAY * max(2, -(-days // 5))


def check_period(config: SimulationConfig, policy: Policy, now_ms: int) -> None:
    """``InputError`` unless all days are over at ``now_ms`` and inside the retention of every
    purpose: otherwise events would be rejected for their dates, and no count could be foretold."""
    if config.end_ms > now_ms:
        raise InputError(
            "the simulated days must be over: choose an earlier --start or less --days"
        )
    retention_days = min(limits.retention_days for limits in policy.purposes.values())
    if config.start_ms < now_ms - (retention_days - 1) * MS_PER_DAY:
        raise InputError(
            f"the simulated days must lie within the policy's retention ({retention_days} days): "
            "choose a later --start"
        )
