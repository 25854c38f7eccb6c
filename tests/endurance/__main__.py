"""python -m tests.endurance outage --minutes 10 --events-per-s 50000 --of clickhouse
python -m tests.endurance soak --minutes 30
"""

from __future__ import annotations

import shutil
import signal
import tempfile
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from events.errors import GlasshouseError
from events.options import err, show_json
from tests.endurance import outage as outages
from tests.endurance import soak as soaks
from tests.endurance.show import show_outage, show_soak
from tests.endurance.stack import running_stack

app = typer.Typer(no_args_is_help=True, help=__doc__, add_completion=False)


class Kafka(StrEnum):
    CONTAINER = "container"
    EMBEDDED = "embedded"


class Server(StrEnum):
    CLICKHOUSE = "clickhouse"
    BROKER = "broker"


_KAFKA = typer.Option(help="Apache Kafka in a container, or the embedded broker, which keeps all.")
_WORKERS = typer.Option(min=1, max=4, help="Worker processes.")
_FOLDER = typer.Option(help="Where the run keeps its files; removed again if it passes.")
_JSON = typer.Option("--json", help="One JSON object.")


@app.command()
def outage(
    *,
    minutes: Annotated[float, typer.Option(min=0.1, help="How long it is away.")] = 10.0,
    events_per_s: Annotated[float, typer.Option(min=100, help="Load, all the time.")] = 50_000.0,
    of: Annotated[Server, typer.Option(help="Who is away.")] = Server.CLICKHOUSE,
    kafka: Annotated[Kafka, _KAFKA] = Kafka.CONTAINER,
    workers: Annotated[int, _WORKERS] = 2,
    folder: Annotated[Path | None, _FOLDER] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """A server is away under load: memory, catching up, exact tables. Exit status 1 if not."""
    place = _place(folder)
    with running_stack(place, kafka.value, workers, events_per_s) as stack:
        outcome = outages.run(stack, of.value, minutes * 60)
    show_json(outages.as_json(outcome)) if as_json else show_outage(outcome)
    _leave(place, outcome.ok)


@app.command()
def soak(
    *,
    minutes: Annotated[float, typer.Option(min=1, help="How long.")] = 30.0,
    maximum: Annotated[
        float, typer.Option(min=0, help="Events/s that the stack carries at most. 0: find out.")
    ] = 0.0,
    events_per_s: Annotated[float, typer.Option(min=0, help="Load. 0: half of the maximum.")] = 0.0,
    kafka: Annotated[Kafka, _KAFKA] = Kafka.CONTAINER,
    workers: Annotated[int, _WORKERS] = 2,
    folder: Annotated[Path | None, _FOLDER] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Half of the maximum load: is memory flat, are the tables exact? Exit status 1 if not."""
    place = _place(folder)
    with running_stack(place, kafka.value, workers, soaks.FIRST_EVENTS_PER_S) as stack:
        outcome = soaks.run(stack, minutes * 60, maximum, events_per_s)
    show_json(soaks.as_json(outcome)) if as_json else show_soak(outcome)
    _leave(place, outcome.ok)


def _place(folder: Path | None) -> Path:
    return (folder or Path(tempfile.mkdtemp(prefix="glasshouse-endurance-"))) / "run"


def _leave(place: Path, ok: bool) -> None:
    if ok:
        shutil.rmtree(place)
        return
    err.print(f"logs and tables are in {place}", highlight=False, soft_wrap=True)
    raise typer.Exit(1)


def _stop(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    signal.signal(signal.SIGTERM, _stop)
    try:
        app(standalone_mode=True)
    except (GlasshouseError, RuntimeError) as error:
        err.print(f"endurance: {error}", highlight=False, soft_wrap=True)
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
