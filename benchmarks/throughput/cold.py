"""How long from starting a program until the first row is readable, with an embedded stack whose
broker, tables, topics, policy and workers have to be started first.

    python -m benchmarks.throughput.cold PREPARED DATA_DIR BEGAN_NS

BEGAN_NS is of the monotonic clock: when whoever starts this did so. As in `glasshouse demo`, this
one program is producer, loader and ClickHouse.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.throughput.child import run_app, tell
from benchmarks.throughput.prepared import Prepared, read_prepared
from benchmarks.throughput.standing import How, begun_stack, settings_of, wait_for_rows
from producers.publisher import Publisher
from sinks.tables import interactions

_NS_PER_S = 1_000_000_000
app = typer.Typer(add_completion=False)


def first_row_s(prepared: Prepared, data_dir: Path, began_ns: int, how: How) -> float:
    """Send the first message once everything is started; seconds until a row of it is readable."""
    with begun_stack(prepared, data_dir, how) as stack:
        with Publisher(stack.settings, stack.codec) as publisher:
            stack.start(how.workers)
            publisher.publish_bytes(*next(prepared.messages()))
        wait_for_rows(stack, lambda rows: rows.get(interactions.TABLE, 0) > 0)
        return (time.monotonic_ns() - began_ns) / _NS_PER_S


@app.command()
def main(
    prepared: Annotated[Path, typer.Argument(help="What `prepare` has written.")],
    data_dir: Annotated[Path, typer.Argument(help="A new folder, for the tables.")],
    began_ns: Annotated[int, typer.Argument(help="When this was started.")],
    *,
    setting: Annotated[list[str] | None, typer.Option(help="name=value, of the product.")] = None,
) -> None:
    """Measure it once."""
    how = How(workers=1, settings=settings_of(setting or ()))
    tell({"seconds": first_row_s(read_prepared(prepared), data_dir, began_ns, how)})


if __name__ == "__main__":
    run_app(app)
