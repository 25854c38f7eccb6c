"""A live producer, as a process of its own: it publishes each batch once and never looks back.

Its batches are those of the scenario's recordings, but what it has published it can never publish
again: it only knows how far it came. So a batch that is lost with the process is lost for good.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from events.batch import InteractionBatch
from events.codec import Codec
from events.settings import Settings
from producers.calendar import parse_start
from producers.find_recordings import find_recordings
from producers.publisher import Publisher
from producers.replay import ReplayPlan, replay
from producers.spool import open_spool
from tests.end_to_end import scenario
from tests.end_to_end.recordings import first_day

#: Between two batches, so that a process lives long enough to be killed somewhere.
_PAUSE_S = 0.0005


class _Collected(list[InteractionBatch]):
    def publish(self, batch: InteractionBatch) -> None:
        self.append(batch)


def batches(recordings: Path) -> list[InteractionBatch]:
    """What `glasshouse replay` makes of these recordings in the scenario, in its order."""
    found = find_recordings(recordings, None, subject=None, screen=None)
    plan = ReplayPlan(
        parse_start(first_day()), found[0].format.value, batch_events=scenario.BATCH_EVENTS
    )
    collected = _Collected()
    replay(found, collected, plan)
    return collected


def how_far(progress: Path) -> int:
    """How many batches were published, by all processes together."""
    return int(progress.read_text() or 0) if progress.exists() else 0


def _not_yet_published(recordings: Path, progress: Path) -> Iterator[InteractionBatch]:
    """Each batch is done once the loop's body is: then that is written down, for good."""
    done = how_far(progress)
    file = os.open(progress, os.O_WRONLY | os.O_CREAT, 0o600)
    for number, batch in enumerate(batches(recordings)[done:], start=done + 1):
        yield batch
        os.pwrite(file, b"%09d" % number, 0)
        time.sleep(_PAUSE_S)
    os.close(file)


def run(servers: str, key_file: Path, spool_dir: Path, recordings: Path, progress: Path) -> None:
    """Publish what was not published yet. The first line says what an earlier process left."""
    settings = Settings(kafka_servers=servers, key_file=key_file)
    with (
        open_spool(spool_dir, settings.spool_limit_bytes) as spool,
        Publisher(settings, Codec(), outbox=spool) as publisher,
    ):
        sys.stdout.write(f"{spool.left_over}\n")
        sys.stdout.flush()
        for batch in _not_yet_published(recordings, progress):
            publisher.publish(batch)


if __name__ == "__main__":
    run(sys.argv[1], *map(Path, sys.argv[2:]))
