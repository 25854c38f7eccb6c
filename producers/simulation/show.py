"""What the command prints: how much was simulated, and what the streams should make of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from events.clock import to_datetime
from events.options import out, show_json, show_table
from events.purposes import PURPOSES
from producers.deliveries import PublishReport
from producers.simulation.phases import Simulation
from producers.simulation.rates import Rates

#: The name says on what condition the counts are exact (see ``phases``).
_EXPECTED = "expected_if_phases_are_waited_for"


@dataclass(frozen=True, slots=True)
class Sent:
    """A simulation as far as Kafka has acknowledged it."""

    simulation: Simulation
    report: PublishReport
    seconds: float
    stopped: bool

    @property
    def events(self) -> int:
        """Without those that an earlier run had left in the spool."""
        return self.report.events_acknowledged - self.report.left_over_events

    @property
    def messages(self) -> int:
        """Without those that an earlier run had left in the spool."""
        return self.report.raw_messages - self.report.left_over_messages

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds if self.seconds else 0.0


def show_sent(sent: Sent, as_json: bool) -> None:
    """Print what was sent: a sentence and a table, or one JSON object."""
    expected = sent.simulation.expected
    if as_json:
        show_json({
            **_about(sent.simulation),
            "events_sent": sent.events,
            "messages_sent": sent.messages,
            "left_over_batches_sent": sent.report.left_over_messages,
            "seconds": round(sent.seconds, 3),
            "events_per_s": round(sent.events_per_s),
            "stopped": sent.stopped,
            _EXPECTED: expected.to_json(),
        })  # fmt: skip
        return
    out.print(
        f"{'stopped after' if sent.stopped else 'sent'} {sent.events:,} simulated "
        f"events in {sent.messages:,} messages, {expected.faults.total():,} of them broken; "
        f"{sent.seconds:.1f} s, {sent.events_per_s:,.0f} events/s",
        highlight=False,
        soft_wrap=True,
    )
    _show_expected(sent.simulation)
    out.print(
        "What is withheld as withdrawn or paused depends on how far the workers were when those\n"
        "people said so: `glasshouse demo` waits for the workers then, this command does not.",
        highlight=False,
        soft_wrap=True,
    )


def show_rates(simulation: Simulation, rates: Rates, as_json: bool) -> None:
    """Print how fast a dry run was: a sentence and a table, or one JSON object."""
    if as_json:
        show_json({
            **_about(simulation),
            "events": rates.events,
            "messages": simulation.expected.messages,
            "message_bytes": rates.message_bytes,
            "events_per_s_columns": round(rates.columns_events_per_s),
            "events_per_s_encoded": round(rates.encoded_events_per_s),
            _EXPECTED: simulation.expected.to_json(),
        })  # fmt: skip
        return
    out.print(
        f"generated {rates.events:,} simulated events in {simulation.expected.messages:,} messages "
        f"of {rates.message_bytes / max(1, rates.events):.1f} bytes an event, sent none; one core: "
        f"{rates.columns_events_per_s:,.0f} events/s as columns, "
        f"{rates.encoded_events_per_s:,.0f} events/s with their Avro messages",
        highlight=False,
        soft_wrap=True,
    )
    _show_expected(simulation)


def _about(simulation: Simulation) -> dict[str, Any]:
    config = simulation.config
    return {
        "simulated": True,
        "seed": config.seed,
        "employees": config.employees,
        "teams": config.teams,
        "days": config.days,
        "start": f"{to_datetime(config.start_ms):%Y-%m-%d}",
        "broken_messages": simulation.expected.faults.total(),
    }


def _show_expected(simulation: Simulation) -> None:
    outcomes = [simulation.expected.of(purpose) for purpose in PURPOSES]
    rows: list[tuple[object, ...]] = [("passed", *(outcome.passed for outcome in outcomes))]
    for name in ("withheld", "rejected"):
        parts = [getattr(outcome, name) for outcome in outcomes]
        reasons = dict.fromkeys(reason for part in parts for reason in part)
        rows += [
            (f"{name}: {reason.value}", *(part.get(reason, 0) for part in parts))
            for reason in reasons
        ]
    title = "Simulated: what the streams should make of it, in events"
    show_table(title, ("outcome", *(purpose.value for purpose in PURPOSES)), rows)
