"""The demo's script for a simulated organisation, labelled so wherever it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from deploy.script import Phase
from events.codec import Codec
from events.policy import Policy
from events.purposes import Purpose
from producers.publisher import Publisher
from producers.sealer import Sealer
from producers.simulation import phases
from producers.simulation.config import SimulationConfig, check_period
from producers.simulation.phases import Simulation
from producers.simulation.publish import Hooks, publish_messages
from sinks.reconcile import Check
from sinks.totals import Totals


@dataclass(slots=True)
class SimulatedScript:
    """Plays a simulation. ``simulation`` is there once it has begun; what it expects to pass is
    then to be compared with what passed."""

    config: SimulationConfig
    simulation: Simulation | None = None

    @property
    def title(self) -> str:
        return "simulated organisation"

    def checks(self, totals: Mapping[Purpose, Totals]) -> list[Check]:
        """One for each purpose: passed, and each reason, against what the simulation expects."""
        assert self.simulation is not None
        found_checks = []
        for purpose, found in totals.items():
            expected = self.simulation.expected.of(purpose)
            wanted: dict[str, int] = {"passed": expected.passed}
            wanted |= {reason.value: count for reason, count in expected.withheld.items()}
            wanted |= {reason.value: count for reason, count in expected.rejected.items()}
            got = {"passed": found.passed, **found.withheld, **found.rejected}
            details = tuple(
                f"{outcome}: {wanted.get(outcome, 0):,} expected, {got.get(outcome, 0):,} found"
                for outcome in sorted({*wanted, *got})
                if wanted.get(outcome, 0) != got.get(outcome, 0)
            )
            name = f"events as simulated for {purpose.value}"
            found_checks.append(Check(name, expected.total, found.events_in, details))
        return found_checks

    def notes(self) -> list[str]:
        return ["Simulated: seed, people and events are made up; nobody did any of this."]

    def phases(self, policy: Policy, codec: Codec, sealer: Sealer, now_ms: int) -> Iterator[Phase]:
        check_period(self.config, policy, now_ms)
        simulation = self.simulation = Simulation.of(self.config, policy, codec, sealer)
        for phase in simulation.phases():
            yield Phase(phase.words, partial(_feed, simulation, phase))


def _feed(
    simulation: Simulation,
    phase: phases.Phase,
    publisher: Publisher,
    on_progress: Callable[[int], None],
    stopped: Callable[[], bool],
) -> None:
    publish_messages(simulation, phase, publisher, Hooks(progress=on_progress, stopped=stopped))
