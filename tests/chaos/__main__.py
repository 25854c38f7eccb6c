"""The command: `python -m tests.chaos --seeds 50`, or `--broken HOW`, which must fail."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Optional

import typer

from events.errors import GlasshouseError
from events.options import err
from tests.chaos import kafka as brokers
from tests.chaos.broken import Break
from tests.chaos.kafka import Kafka
from tests.chaos.run import Plan, Verdict, run_seed
from tests.chaos.show import as_json, sum_up, tell, tell_of_the_broken
from tests.containers.apache_kafka import why_not
from tests.end_to_end.recordings import USERS, write_recordings

_INTERRUPTED = 130


class Broker(StrEnum):
    EMBEDDED = "embedded"
    CONTAINER = "container"


def main(
    *,
    seeds: Annotated[int, typer.Option(help="How many seeds to run, from 1 on.")] = 10,
    seed: Annotated[Optional[int], typer.Option(help="Run this one alone.")] = None,  # noqa: UP045
    recordings: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder of the Balabit training files. Default: made-up recordings."),
    ] = None,
    kafka: Annotated[
        Broker, typer.Option(help="embedded, or Apache Kafka in a container, which is killed too.")
    ] = Broker.EMBEDDED,
    broken: Annotated[
        Optional[Break],  # noqa: UP045
        typer.Option(
            help="Break the product on purpose; stop at the first seed whose tables show it."
        ),
    ] = None,
    keep: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder for the logs of seeds that fail."),
    ] = None,
    as_one: Annotated[bool, typer.Option("--json", help="One JSON object in the end.")] = False,
) -> None:
    """Run the whole pipeline under faults and compare its tables, row by row, with an oracle.

    Exit status 0: every seed passed, or, with --broken, one was caught. 1 otherwise.
    """
    numbers = [seed] if seed is not None else list(range(1, seeds + 1))
    flags = f" --recordings {recordings}" if recordings else ""
    flags += f" --kafka {kafka}" * (kafka is not Broker.EMBEDDED)
    flags += f" --broken {broken}" if broken else ""
    verdicts: list[Verdict] = []
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # tidies up as Ctrl-C does
    try:
        with _recordings(recordings) as folder, _kafka(kafka) as cluster:
            for number in numbers:
                with err.status(f"seed {number}") as status:
                    plan = Plan(
                        folder,
                        cluster,
                        broken,
                        keep=keep,
                        say=lambda what, number=number: status.update(f"seed {number}: {what}"),  # type: ignore[misc]
                    )
                    verdicts.append(run_seed(number, plan))
                tell(verdicts[-1], f"python -m tests.chaos --seed {number}{flags}")
                if broken and verdicts[-1].is_caught:
                    break
    except KeyboardInterrupt:
        err.print("stopped: every process is ended, and every folder removed")
        raise typer.Exit(_INTERRUPTED) from None
    except GlasshouseError as error:
        err.print(f"chaos: {error}", markup=False)
        raise typer.Exit(1) from None
    if broken and not as_one:
        tell_of_the_broken(verdicts, broken)
    elif as_one:
        as_json(verdicts, kafka.value, broken)
    else:
        sum_up(verdicts, kafka.value)
    if broken:
        raise typer.Exit(int(not verdicts[-1].is_caught))
    raise typer.Exit(int(not all(verdict.ok for verdict in verdicts)))


@contextmanager
def _recordings(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="chaos-recordings-") as made:
        yield write_recordings(Path(made) / "recordings", USERS[:6])


@contextmanager
def _kafka(broker: Broker) -> Iterator[Kafka | None]:
    if broker is Broker.EMBEDDED:
        yield None
        return
    if reason := why_not():
        err.print(f"chaos: {reason}", markup=False)
        raise typer.Exit(1)
    with brokers.contained() as cluster:
        yield cluster


if __name__ == "__main__":
    typer.run(main)
