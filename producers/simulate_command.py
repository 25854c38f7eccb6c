"""The command `simulate`."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from events.clock import SystemClock, to_ms
from events.errors import InputError
from events.options import with_settings
from events.settings import POLICY_ACCESS, Settings
from events.topics import Topic
from producers.connect import CONNECTION, connect
from producers.publishing import PUBLISHING

if TYPE_CHECKING:
    from events.policy import Policy
    from producers.simulation.config import SimulationConfig
    from producers.simulation.publish import Pace
    from producers.simulation.show import Sent

_INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C ended
_SETTINGS = (*CONNECTION, "batch_events", *PUBLISHING, *POLICY_ACCESS)


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
        bool,
        typer.Option(
            "--dry-run",
            help="Generate only, by the example policy and without Kafka; say how fast.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Simulate an organisation at work into Kafka. Everything in it is labelled as simulated.

    Pointers follow Fitts's law and minimum jerk. Some people never consent, withdraw or pause.

    Example: glasshouse simulate --employees 500 --events 5000000 --kafka-servers localhost:9092
    """
    from events.policy import BUNDLED_POLICY, load_policy
    from events.policy_folder import verified_policy
    from producers.simulation.config import SimulationConfig, check_period, default_start_ms
    from producers.simulation.show import show_sent

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
    policy = load_policy(BUNDLED_POLICY) if dry_run else verified_policy(settings)
    check_period(config, policy, now_ms)
    if dry_run:
        _dry_run(config, settings, policy, as_json)
        return
    connect(settings, Topic.RAW, Topic.CONSENT, Topic.SECRETS)
    sent = _send(config, settings, policy, pace)
    show_sent(sent, as_json)
    if sent.stopped:
        raise typer.Exit(_INTERRUPTED)


def _send(config: SimulationConfig, settings: Settings, policy: Policy, pace: Pace | None) -> Sent:
    from events.registry import codec_for
    from producers.ctrl_c import asked_to_stop
    from producers.progress import counted
    from producers.publishing import publishing
    from producers.simulation.phases import Simulation
    from producers.simulation.publish import Hooks, publish_simulation
    from producers.simulation.show import Sent

    codec, clock = codec_for(settings), SystemClock()
    started_s = clock.monotonic_s()
    with (
        asked_to_stop() as stop,
        publishing(settings, codec) as publisher,
        counted("simulating", lambda: publisher.spooled) as progress,
    ):
        simulation = Simulation.of(config, policy, codec, publisher.sealer)
        hooks = Hooks(progress=progress, stopped=stop.is_set)
        complete = publish_simulation(simulation, publisher, hooks, pace)
    seconds = clock.monotonic_s() - started_s  # only now is everything acknowledged
    return Sent(simulation, publisher.report, seconds, stopped=not complete)


def _dry_run(config: SimulationConfig, settings: Settings, policy: Policy, as_json: bool) -> None:
    from events.registry import codec_for
    from producers.progress import counted
    from producers.sealer import Sealer
    from producers.simulation.phases import Simulation
    from producers.simulation.rates import measure
    from producers.simulation.show import show_rates

    codec = codec_for(settings)
    sealer = Sealer.to_nobody()
    simulation = Simulation.of(config, policy, codec, sealer)
    with counted("simulating") as progress:
        rates = measure(simulation, codec, sealer, SystemClock(), progress)
    show_rates(simulation, rates, as_json)


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
