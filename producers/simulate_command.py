"""The command `simulate`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from events.clock import SystemClock, to_datetime, to_ms
from events.errors import InputError
from events.options import out, show_json, show_table, with_settings
from events.settings import Settings
from producers.connect import CONNECTION, connect

if TYPE_CHECKING:
    from producers.deliveries import PublishReport
    from producers.simulation.config import SimulationConfig
    from producers.simulation.phases import Simulation
    from producers.simulation.publish import Pace

_INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C ended
_SETTINGS = (*CONNECTION, "batch_events", "producer_buffer_bytes", "policy_file")


def register(app: typer.Typer) -> None:
    """Add `simulate` to ``app``."""
    app.command()(with_settings(*_SETTINGS)(simulate))


def simulate(
    *,
    settings: Settings,
    employees: Annotated[int, typer.Option(help="People, named sim-000001 and so on.")] = 200,
    teams: Annotated[int, typer.Option(help="Teams; some are small.")] = 12,
    days: Annotated[int, typer.Option(help="Working days, Monday to Friday.")] = 1,
    events: Annotated[
        int,
        typer.Option(
            help="Spread this many events over all days, and end exactly there. 0: as many as "
            "people make, 5 a second at work each."
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(help="Same seed and options, same events.")] = 1,
    broken_share: Annotated[
        float, typer.Option(help="Share of the messages that is broken, in every way.")
    ] = 0.005,
    never_share: Annotated[
        float, typer.Option(help="Share of the people who never consent.")
    ] = 0.10,
    withdraw_share: Annotated[
        float, typer.Option(help="Share of the people who withdraw half-way.")
    ] = 0.05,
    pause_share: Annotated[
        float, typer.Option(help="Share of the people who pause half-way, and later resume.")
    ] = 0.05,
    start: Annotated[
        Optional[str],  # noqa: UP045 (Typer reads it at run time)
        typer.Option(
            metavar="DATE",
            help="First day, UTC. (default: the Monday two weeks before this week's; name a day "
            "for the same events tomorrow)",
        ),
    ] = None,
    speed: Annotated[
        str,
        typer.Option(help="max, or how many times real time; nobody is waited for at night."),
    ] = "max",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Generate only, without Kafka; say how fast.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Simulate an organisation at work into Kafka. Everything in it is labelled as simulated.

    Pointers follow Fitts's law and minimum jerk. Some people never consent, withdraw or pause.

    Example: glasshouse simulate --employees 500 --events 5000000 --kafka-servers localhost:9092
    """
    from producers.simulation.config import SimulationConfig, check_period, default_start_ms

    now_ms = SystemClock().now_ms()
    config = SimulationConfig(
        start_ms=_day(start) if start else default_start_ms(now_ms, days),
        seed=seed,
        employees=employees,
        teams=teams,
        days=days,
        events=events,
        batch_events=settings.batch_events,
        never_share=never_share,
        withdraw_share=withdraw_share,
        pause_share=pause_share,
        broken_share=broken_share,
    )
    pace = _pace(speed)
    from events.policy import load_policy

    policy = load_policy(settings.policy_file)
    check_period(config, policy, now_ms)
    if dry_run:
        _dry_run(config, settings, as_json)
        return
    connect(settings)
    sent = _send(config, settings, pace)
    _show_sent(sent, as_json)
    if sent.stopped:
        raise typer.Exit(_INTERRUPTED)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A simulation as far as Kafka has acknowledged it."""

    simulation: Simulation
    report: PublishReport
    seconds: float
    stopped: bool


def _simulation(config: SimulationConfig, settings: Settings) -> Simulation:
    from events.policy import load_policy
    from events.registry import codec_for
    from producers.simulation.phases import Simulation

    return Simulation.of(config, load_policy(settings.policy_file), codec_for(settings))


def _send(config: SimulationConfig, settings: Settings, pace: Pace | None) -> _Sent:
    from events.registry import codec_for
    from producers.ctrl_c import asked_to_stop
    from producers.progress import counted
    from producers.publisher import Publisher
    from producers.simulation.publish import Hooks, publish_simulation

    simulation, clock = _simulation(config, settings), SystemClock()
    started_s = clock.monotonic_s()
    with (
        asked_to_stop() as stop,
        Publisher(settings, codec_for(settings)) as publisher,
        counted("simulating") as progress,
    ):
        hooks = Hooks(progress=progress, stopped=stop.is_set)
        complete = publish_simulation(simulation, publisher, hooks, pace)
    # Only now is everything acknowledged.
    return _Sent(simulation, publisher.report, clock.monotonic_s() - started_s, not complete)


def _show_sent(sent: _Sent, as_json: bool) -> None:
    config, expected = sent.simulation.config, sent.simulation.expected
    rate = sent.report.events_acknowledged / sent.seconds if sent.seconds else 0.0
    if as_json:
        show_json({
            **_about(config),
            "events_sent": sent.report.events_acknowledged,
            "messages_sent": sent.report.raw_messages,
            "broken_messages": expected.faults.total(),
            "expected_if_phases_are_waited_for": expected.to_json(),
            "seconds": round(sent.seconds, 3),
            "events_per_s": round(rate),
            "stopped": sent.stopped,
        })  # fmt: skip
        return
    out.print(
        f"{'stopped after' if sent.stopped else 'sent'} {sent.report.events_acknowledged:,} "
        f"simulated events in {sent.report.raw_messages:,} messages, "
        f"{expected.faults.total():,} of them broken; "
        f"{sent.seconds:.1f} s, {rate:,.0f} events/s",
        highlight=False,
    )
    _show_expected(sent.simulation)
    out.print(
        "What is withheld as withdrawn or paused depends on how far the workers were when those "
        "people said so;\n`glasshouse demo` waits for that, this command does not.",
        highlight=False,
        soft_wrap=True,
    )


def _dry_run(config: SimulationConfig, settings: Settings, as_json: bool) -> None:
    from events.registry import codec_for
    from producers.progress import counted
    from producers.simulation.rates import measure

    simulation = _simulation(config, settings)
    with counted("simulating") as progress:
        rates = measure(simulation, codec_for(settings), SystemClock(), progress)
    if as_json:
        show_json({
            **_about(config),
            "events": rates.events,
            "messages": simulation.expected.messages,
            "bytes": rates.message_bytes,
            "events_per_s_columns": round(rates.columns_events_per_s),
            "events_per_s_encoded": round(rates.encoded_events_per_s),
            "expected_if_phases_are_waited_for": simulation.expected.to_json(),
        })  # fmt: skip
        return
    out.print(
        f"generated {rates.events:,} simulated events in {simulation.expected.messages:,} messages "
        f"of {rates.message_bytes / max(1, rates.events):.1f} bytes an event, sent none; one core: "
        f"{rates.columns_events_per_s:,.0f} events/s as columns, "
        f"{rates.encoded_events_per_s:,.0f} events/s with the Avro messages",
        highlight=False,
        soft_wrap=True,
    )
    _show_expected(simulation)


def _show_expected(simulation: Simulation) -> None:
    from events.purposes import PURPOSES

    outcomes = [simulation.expected.of(purpose) for purpose in PURPOSES]
    rows: list[tuple[object, ...]] = [("passed", *(outcome.passed for outcome in outcomes))]
    for word, name in (("withheld", "withheld"), ("rejected", "rejected")):
        parts = [getattr(outcome, name) for outcome in outcomes]
        reasons = dict.fromkeys(reason for part in parts for reason in part)
        rows += [
            (f"{word}: {reason.value}", *(part.get(reason, 0) for part in parts))
            for reason in reasons
        ]
    title = "Simulated: what the streams should make of it, in events"
    show_table(title, ("outcome", *(purpose.value for purpose in PURPOSES)), rows)


def _about(config: SimulationConfig) -> dict[str, Any]:
    return {
        "simulated": True,
        "seed": config.seed,
        "employees": config.employees,
        "teams": config.teams,
        "days": config.days,
        "start": f"{to_datetime(config.start_ms):%Y-%m-%d}",
    }


def _day(text: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputError("--start is not a date such as 2026-03-02") from None
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _pace(text: str) -> Pace | None:
    from producers.simulation.publish import Pace

    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not (math.isfinite(speed) and speed > 0):
        raise InputError("--speed is neither max nor a number above 0, such as 1 or 60")
    return Pace(speed)
