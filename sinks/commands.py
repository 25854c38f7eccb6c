"""The commands of this package: ``migrate``, ``load``, ``reconcile``, ``query``; and those about
the audit (``sinks.audit_commands``)."""

from __future__ import annotations

import math
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from events.errors import GlasshouseError
from events.options import err, out, show_json, show_table, with_settings
from events.settings import KAFKA_ACCESS, POLICY_ACCESS, REGISTRY_ACCESS, Settings
from sinks import audit_commands

if TYPE_CHECKING:
    from sinks.loader import Loader
    from sinks.reconcile import Check
    from sinks.warehouse import Warehouse

_CLICKHOUSE = (
    "data_dir",
    "clickhouse_url",
    "clickhouse_user",
    "server_timeout_s",
)
_KAFKA = (*KAFKA_ACCESS, "kafka_partitions", "kafka_replicas", *REGISTRY_ACCESS)
_LOADER = (
    "group_prefix",
    "group_session_timeout_s",
    "insert_rows",
    "insert_age_ms",
    "insert_give_up_s",
    "dead_letter_limit",
    "metrics_port",
    "metrics_host",
)
_STATUS_S = 0.5
_INTERRUPTED = 130  # what a shell says of a command that Ctrl-C ended


def register(app: typer.Typer) -> None:
    """Add the commands of this package to ``app``."""
    app.command()(migrate)
    app.command()(load)
    app.command()(reconcile)
    app.command()(query)
    audit_commands.register(app)


@with_settings(*_CLICKHOUSE, "clickhouse_cluster", *POLICY_ACCESS)
def migrate(
    settings: Settings,
    passwords: Annotated[
        Optional[Path],  # noqa: UP045 (Typer reads it at run time)
        typer.Option(
            metavar="FOLDER",
            help="Also make a user glasshouse_<role> for each role that has a password in "
            "FOLDER/clickhouse_<role>_password. Again, after a file has changed.",
        ),
    ] = None,
) -> None:
    """Make the tables and views, and set retention and the smallest group from the policy.

    What is there already is left as it is, but for passwords.
    Example: glasshouse migrate --data-dir mydata
    """
    from events.audit.entry import Act
    from events.audit.recorded import recorded
    from events.password_files import passwords_in
    from events.policy_folder import verified_policy
    from sinks.migrate import passed_over
    from sinks.prepare import placement_of, prepare
    from sinks.rights import ROLES
    from sinks.users import set_passwords

    users = passwords_in(passwords, "clickhouse", ROLES) if passwords else {}
    with _warehouse(settings, new=True) as warehouse, recorded(settings, Act.MIGRATE) as done:
        applied = prepare(warehouse.client, settings)
        done.rows = len(applied)
        lacking = passed_over(warehouse.client)
        set_passwords(warehouse.client, users, placement_of(settings))
    names = ", ".join(f"{each.version:04d}_{each.name}" for each in applied)
    out.print(f"applied: {names}" if applied else "all migrations were applied already")
    for name, what in lacking.items():
        out.print(f"passed over: {name}, since ClickHouse (or this user) has no {what}")
    policy = verified_policy(settings)
    out.print(
        f"retention and smallest group are those of policy version {policy.version} "
        f"({policy.sha256[:12]})",
        highlight=False,
    )
    if users:
        out.print(f"{len(users)} users have the passwords of {passwords}")


@with_settings(*_CLICKHOUSE, *_KAFKA, *_LOADER)
def load(
    settings: Settings,
    until_caught_up: bool = typer.Option(
        False, "--until-caught-up", help="End when all that is in the topics now is loaded."
    ),
) -> None:
    """Load what the workers sent from Kafka into ClickHouse, until Ctrl-C; nothing is lost then.

    Makes the reports that analysts read as well, of each hour and day once it is over.

    Example: glasshouse load --kafka-servers localhost:9092 --until-caught-up
    """
    from events.freed_memory import keep_freed_memory
    from events.metrics import serve_metrics
    from sinks.prepare import open_loader
    from sinks.reports import reporting

    keep_freed_memory()
    stop = threading.Event()
    with _warehouse(settings) as warehouse:
        loader = open_loader(settings, warehouse.client)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        serve_metrics(settings.metrics_port, settings.metrics_host)
        end = _End(loader, stop)
        if until_caught_up:
            threading.Thread(target=end.wait, daemon=True).start()
        with _status(loader), reporting(warehouse.client):
            loader.run(stop)
    rows = sum(loader.loaded.rows.values())
    err.print(f"loaded {loader.loaded.messages:,} messages, {rows:,} rows", highlight=False)
    if end.fault is not None:
        raise end.fault
    if until_caught_up and not end.is_reached:
        raise typer.Exit(_INTERRUPTED)


@with_settings(*_CLICKHOUSE, *KAFKA_ACCESS)
def reconcile(
    settings: Settings, as_json: bool = typer.Option(False, "--json", help="One JSON object.")
) -> None:
    """Prove that every event is accounted for and that the tables hold what was passed.

    Exit status 1 if a check fails. Run it while no worker and no loader is busy. With
    --kafka-servers it also proves that nothing at the end of the topic was left out.
    Example: glasshouse reconcile --json
    """
    from sinks.prepare import require_tables
    from sinks.prove import prove

    with _warehouse(settings) as warehouse:
        require_tables(warehouse.client)
        checks, unmerged = prove(warehouse.client, settings)
    good = all(check.ok for check in checks)
    if as_json:
        show_json(
            {"ok": good, "checks": [asdict(check) for check in checks], "unmerged_rows": unmerged}
        )
    else:
        show_checks(checks, unmerged)
        if not settings.kafka_servers:
            out.print("Kafka was not asked: messages that nobody judged yet are not missed")
    raise typer.Exit(0 if good else 1)


@with_settings(*_CLICKHOUSE)
def query(
    sql: str = typer.Argument(..., help="One SQL statement that only reads."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object a line."),
    *,
    settings: Settings,
) -> None:
    """Ask ClickHouse one question, read-only; the answer as a table, or with --json as JSON lines.

    With --json a 64-bit number is written with all its digits; write toString(pseudonym) for a
    reader that cuts numbers above 2^53.
    Example: glasshouse query "SELECT * FROM analytics.team_hours ORDER BY events DESC LIMIT 5"
    """
    from events.audit.entry import Act
    from events.audit.recorded import recorded
    from sinks.query import TABLE_ROWS, ask, ask_json, hash_of

    with (
        _warehouse(settings) as warehouse,
        recorded(settings, Act.QUERY, detail=f"query hash {hash_of(warehouse, sql)}") as done,
    ):
        if as_json:
            for chunk in ask_json(warehouse, sql):
                sys.stdout.buffer.write(chunk)
                done.rows += chunk.count(b"\n")
            sys.stdout.buffer.flush()
            return
        answer = ask(warehouse, sql)
        done.rows = len(answer.cells)
    show_table("", answer.columns, answer.cells)
    if answer.cut:
        err.print(f"only the first {TABLE_ROWS:,} rows are shown; --json gives all")


@contextmanager
def _warehouse(settings: Settings, new: bool = False) -> Iterator[Warehouse]:
    from sinks.data_dir import require_made
    from sinks.warehouse import open_warehouse

    if settings.embedded_clickhouse and not new:
        require_made(settings.data_dir)
    said: list[float] = []

    def say_once(waited_s: float) -> None:
        if not said:
            err.print(f"waiting for ClickHouse at {settings.clickhouse_url}", highlight=False)
        said.append(waited_s)

    with open_warehouse(settings, say_once) as warehouse:
        yield warehouse


@contextmanager
def _status(loader: Loader) -> Iterator[None]:
    """A line that tells how much is loaded, while a person watches."""
    if not err.is_terminal:
        yield
        return
    done = threading.Event()

    def show() -> None:
        with err.status("joining the loader group ...") as line:
            while not done.wait(_STATUS_S):
                rows = sum(loader.loaded.rows.values())
                line.update(f"{loader.loaded.messages:,} messages, {rows:,} rows loaded")

    watcher = threading.Thread(target=show, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


@dataclass(slots=True)
class _End:
    """Waits, in a thread of its own, until all is loaded that is in the topics as it starts."""

    loader: Loader
    stop: threading.Event
    is_reached: bool = False
    fault: GlasshouseError | None = None

    def wait(self) -> None:
        try:
            self.is_reached = self.loader.wait_until_caught_up(math.inf)
        except GlasshouseError as error:
            self.fault = error
        finally:
            self.stop.set()


def show_checks(checks: Sequence[Check], unmerged: Mapping[str, int]) -> None:
    """A table of checks, where their faults are, and the verdict."""
    rows = [
        (check.name, check.expected, check.found, "ok" if check.ok else "FAILED")
        for check in checks
    ]
    show_table("", ("check", "expected", "found", ""), rows)
    for check in checks:
        for detail in check.details:
            out.print(f"{check.name}: {detail}", highlight=False)
        if check.expired:
            out.print(
                f"{check.name}: {check.expired:,} older ones are not compared, since retention may "
                "have dropped them",
                highlight=False,
            )
    for table, count in unmerged.items():
        if count:
            out.print(f"{table}: {count:,} repeated rows wait to be merged", highlight=False)
    good = all(check.ok for check in checks)
    out.print("every event is accounted for" if good else "NOT every event is accounted for")
