"""The demo's script for a simulated organisation, labelled so wherever it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from deploy.script import Phase
from events.codec import Codec
from events.policy import Policy
from producers.publisher import Publisher
from producers.simulation import phases
from producers.simulation.config import SimulationConfig, check_period
from producers.simulation.phases import Simulation
from producers.simulation.publish import Hooks, publish_messages


@dataclass(slots=True)
class SimulatedScript:
    """Plays a simulation. ``simulation`` is there once it has begun; what it expects to pass is
    then to be compared with what passed."""

    config: SimulationConfig
    simulation: Simulation | None = None

    @property
    def title(self) -> str:
        return "simulated organisation"

    def notes(self) -> list[str]:
        return ["Simulated: seed, people and events are made up; nobody did any of this."]

    def phases(self, policy: Policy, codec: Codec, now_ms: int) -> Iterator[Phase]:
        check_period(self.config, policy, now_ms)
        simulation = self.simulation = Simulation.of(self.config, policy, codec)
        for phase in simulation.phases():
            yield Phase(phase.records, partial(_feed, simulation, phase))


def _feed(
    simulation: Simulation,
    phase: phases.Phase,
    publisher: Publisher,
    on_progress: Callable[[int], None],
) -> None:
    publish_messages(simulation, phase, publisher, Hooks(progress=on_progress))
