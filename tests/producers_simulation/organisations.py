"""Small simulated organisations for the tests, and what they send."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from events.batch import InteractionBatch
from events.clock import MS_PER_DAY
from events.codec import Codec
from events.policy import BUNDLED_POLICY, Policy, load_policy
from producers.simulation.config import SimulationConfig
from producers.simulation.generate import SLICES_PER_DAY, generator_of
from producers.simulation.organisation import organisation
from producers.simulation.phases import Simulation
from tests.strategies import SEALER

POLICY: Policy = load_policy(BUNDLED_POLICY)
MONDAY_MS = 20_395 * MS_PER_DAY  # 2025-11-03
NOW_MS = MONDAY_MS + 60 * MS_PER_DAY


def config(**changes: Any) -> SimulationConfig:
    """Thirty people, six teams, a day, 60,000 events, nobody broken or withdrawn."""
    quiet = {"never_share": 0.0, "withdraw_share": 0.0, "pause_share": 0.0, "broken_share": 0.0}
    few = {"start_ms": MONDAY_MS, "employees": 30, "teams": 6, "events": 60_000}
    return SimulationConfig(**{**few, **quiet, **changes})


def batches(chosen: SimulationConfig) -> Iterator[InteractionBatch]:
    """Every batch of the configuration, before any is broken or the number of events is met."""
    generator = generator_of(organisation(chosen, POLICY))
    return generator.batches(0, chosen.days * SLICES_PER_DAY)


def simulation(chosen: SimulationConfig) -> Simulation:
    return Simulation.of(chosen, POLICY, Codec(), SEALER)


#: Organisations of every shape, small enough to be generated a hundred times.
configs = st.builds(
    lambda employees, teams, **more: config(
        employees=employees, teams=min(teams, employees), **more
    ),
    employees=st.integers(1, 40),
    teams=st.integers(1, 8),
    seed=st.integers(0, 2**32 - 1),
    days=st.integers(1, 3),
    events=st.integers(1, 2_000),
    batch_events=st.sampled_from([1, 2, 7, 64, 256, 4_096]),
)
