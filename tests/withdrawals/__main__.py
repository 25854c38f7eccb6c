"""How late may an event pass after its person's withdrawal? Measured:

    make withdrawals
    make withdrawals ARGS="--container --restart-every 20 --replay-share 0.1"
    make withdrawals ARGS="--container --freeze-every 15 --json"

Two workers are under load: everybody publishes all the time, withdrawn or not. One after the other
withdraws or pauses. For each, the time from Kafka's acknowledgement (as heard here) to the last
message with rows of that person, in either purpose's topic (as it came to a reader of committed
messages here, so rather too long than too short). Ends with 1 if any took longer than promised.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer
from rich.progress import Progress

from deploy.broker import EmbeddedBroker
from deploy.policy.publish import publish_policies
from events.kafka import create_topics, wait_for_kafka
from events.options import err, show_json
from events.settings import Settings
from streams.keys import new_ring, save_keys
from tests.containers.apache_kafka import ApacheKafka, why_not
from tests.kit.agreed import agreed
from tests.withdrawals.fleet import Fleet
from tests.withdrawals.run import Plan, measure

_PARTITIONS = 4
#: The embedded broker answers a join only after half of it; Kafka takes no less than 6 by default.
_EMBEDDED_SESSION_S, _SESSION_S = 2.0, 6.0


@contextmanager
def kafka_of(servers: str, container: bool, folder: Path) -> Iterator[str]:
    """The Kafka that was asked for: a given one, one in a container, or else the embedded one."""
    if servers:
        yield servers
    elif container:
        if reason := why_not():
            raise SystemExit(reason)
        with ApacheKafka() as kafka:
            yield kafka.servers
    else:
        with EmbeddedBroker(folder / "broker.log") as broker:
            yield broker.servers


def main(
    *,
    withdrawals: Annotated[int, typer.Option(help="How many people withdraw or pause.")] = 1_000,
    over: Annotated[float, typer.Option(help="Seconds over which they do.")] = 120.0,
    batch_every: Annotated[
        float, typer.Option(help="Seconds between two batches (32 events) of a person.")
    ] = 2.0,
    workers: Annotated[int, typer.Option(help="Worker processes.")] = 2,
    restart_every: Annotated[
        float, typer.Option(help="Seconds after which a worker is killed and started. 0: never.")
    ] = 0.0,
    freeze_every: Annotated[
        float, typer.Option(help="Seconds after which a worker is stopped. 0: never.")
    ] = 0.0,
    freeze: Annotated[float, typer.Option(help="Seconds for which it is stopped.")] = 15.0,
    replay_share: Annotated[
        float, typer.Option(help="Batches sent again for each one, also of who has withdrawn.")
    ] = 0.0,
    kafka_servers: Annotated[
        str, typer.Option(help="A Kafka for trials alone: made-up people consent in it.")
    ] = "",
    container: Annotated[bool, typer.Option(help="Apache Kafka in a container.")] = False,
    abort_interval: Annotated[
        float, typer.Option(help="Seconds between that Kafka's looks for old transactions.")
    ] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Measure how late an event may pass after its person's withdrawal."""
    plan = Plan(withdrawals, over, batch_every, replay_share, abort_interval)
    with tempfile.TemporaryDirectory(prefix="withdrawals-") as name:
        folder = Path(name)
        with kafka_of(kafka_servers, container, folder) as servers:
            real = bool(kafka_servers) or container
            settings = Settings(
                kafka_servers=servers,
                kafka_partitions=_PARTITIONS,
                data_dir=folder,
                **agreed(),
                group_prefix=f"withdrawals-{uuid4().hex[:8]}",
                group_session_timeout_s=_SESSION_S if real else _EMBEDDED_SESSION_S,
            )
            save_keys(new_ring(), settings.keys_path)
            admin = wait_for_kafka(settings)
            create_topics(admin, settings)
            publish_policies(settings)
            fleet = Fleet(settings, folder, workers, restart_every, freeze_every, freeze)
            with Progress(console=err, transient=True) as progress:
                task = progress.add_task("withdrawals", total=withdrawals)
                result = measure(
                    settings,
                    admin,
                    fleet,
                    plan,
                    lambda done: progress.update(task, completed=done),
                )
    if as_json:
        show_json(result.to_json())
    else:
        result.show()
    sys.exit(0 if result.within else 1)


if __name__ == "__main__":
    typer.run(main)
