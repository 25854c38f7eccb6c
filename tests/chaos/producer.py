"""A live producer with a spool, as a process of its own: it publishes each message when it is due,
and writes down how far it came. Killed and started again, it goes on from there."""

from __future__ import annotations

import json
import os
import pickle
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from events.codec import Codec
from events.settings import Settings
from producers import publisher as publishing
from producers.client import producer_config
from producers.publisher import Publisher
from producers.spool import open_spool
from tests.chaos.made import Due

#: The name it gives itself, so that a proxy can tell it from ledgers and loaders.
CLIENT = "chaos-producer"
_TICK_S = 0.05


@dataclass(frozen=True, slots=True)
class Bench:
    """The folder of one producer: what it is to publish, how far it came, its spool."""

    folder: Path

    @property
    def spool_dir(self) -> Path:
        return self.folder / "spool"

    @property
    def begun(self) -> Path:
        """Written at the first start: when the publishing began, wall time in s."""
        return self.folder / "begun"

    def begin(self, begun_s: float) -> None:
        """Have it publish. Whoever looks finds the whole moment, or nothing."""
        draft = self.folder / "begun.draft"
        draft.write_text(str(begun_s))
        draft.replace(self.begun)

    def write(self, messages: Sequence[Due]) -> None:
        """Lay out what is to be published."""
        self.folder.mkdir(parents=True)
        plan = [(due.at_s, due.key, due.sent.value, due.events) for due in messages]
        (self.folder / "plan").write_bytes(pickle.dumps(plan))

    def plan(self) -> list[tuple[float, bytes, bytes, int]]:
        found: list[tuple[float, bytes, bytes, int]] = pickle.loads(
            (self.folder / "plan").read_bytes()
        )
        return found

    def done(self) -> int:
        """How many messages were published, by all processes together."""
        file = self.folder / "done"
        return int(file.read_text() or 0) if file.exists() else 0

    def not_yet_done(self) -> Iterator[tuple[float, bytes, bytes, int]]:
        """Each message is done once the loop's body is: then that is written down."""
        done = self.done()
        file = os.open(self.folder / "done", os.O_WRONLY | os.O_CREAT, 0o600)
        for number, entry in enumerate(self.plan()[done:], start=done + 1):
            yield entry
            os.pwrite(file, b"%09d" % number, 0)
        os.close(file)


def named(settings: Settings) -> dict[str, Any]:
    """The configuration of every producer of ours, under the name of this one."""
    return {**producer_config(settings), "client.id": CLIENT}


def run(servers: str, folder: Path) -> None:
    """Publish all that is not published yet, each when it is due; a line says when it is ready."""
    setattr(publishing, "producer_config", named)  # noqa: B010 (it is of another module)
    settings, bench = Settings(kafka_servers=servers), Bench(folder)
    with (
        open_spool(bench.spool_dir, settings.spool_limit_bytes) as spool,
        Publisher(settings, Codec(), outbox=spool) as publisher,
    ):
        sys.stdout.write(json.dumps({"left_over": spool.left_over}) + "\n")
        sys.stdout.flush()
        while not bench.begun.exists():
            time.sleep(_TICK_S)
        begun_s = float(bench.begun.read_text())
        for at_s, key, value, events in bench.not_yet_done():
            while (early_s := begun_s + at_s - time.time()) > 0:
                publisher.poll()
                time.sleep(min(early_s, _TICK_S))
            publisher.publish_bytes(key, value, events)


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]))
