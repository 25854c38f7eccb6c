"""The peers, and what the harness calls: one run of one of them, checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from benchmarks.peers.environment import Environment
from benchmarks.peers.feed import BATCH_EVENTS, feed_of, workload_of
from benchmarks.peers.run import Place, running
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import Purpose

#: As many as the machine that the targets are for has cores: peers use them all, as ours does.
WORKERS = 2
#: Two for each process: evenly spread, and few.
PARTITIONS = 2 * WORKERS


@dataclass(frozen=True, slots=True)
class PeerRun:
    """``seconds`` from the first message handed to the broker until all rows, windows and accounts
    could be read; ``cpu_s`` of the peer's processes, the broker and ClickHouse meanwhile.
    ``checked``: what could be read was what an independent count says; without it there is no
    rate. ``title``: what the events were."""

    title: str
    events: int
    seconds: float
    cpu_s: float
    checked: bool

    @property
    def events_per_s(self) -> float | None:
        return self.events / self.seconds if self.checked else None

    @property
    def cpu_us_an_event(self) -> float | None:
        return self.cpu_s / self.events * 1e6 if self.checked else None


@dataclass(frozen=True, slots=True)
class Peer:
    """``doing`` says in a sentence what it does. ``usual_events`` are enough for about half a
    minute, so that start and last insert weigh little: a rate is of the steady state. ``together``
    events are in a message."""

    name: str
    package: str
    doing: str
    usual_events: int
    environment: Environment
    together: int = 1

    @property
    def version(self) -> str:
        return self.environment.version_of(self.package)

    def run(
        self,
        recordings: Path | None,
        events: int,
        work_dir: Path,
        *,
        workers: int = WORKERS,
        on_progress: Callable[[int], None] = lambda events: None,
    ) -> PeerRun:
        """At least ``events`` events through the peer, once, in a new folder of ``work_dir``.
        Without ``recordings`` they are simulated. ``on_progress`` is told how many are accounted
        for.

        Raises ``NotInstalled``, ``InputError``, and ``Stop`` where the peer ends or stands still.
        """
        python = self.environment.installed()
        limits = load_policy(BUNDLED_POLICY).purposes[Purpose.AGENT_TRAINING]
        feed = feed_of(workload_of(recordings, events), limits, PARTITIONS, self.together)
        work_dir.mkdir(parents=True, exist_ok=True)
        folder = Path(mkdtemp(prefix=f"{self.environment.folder}-", dir=work_dir))
        command = [str(python), "-m", self.environment.program]
        place = Place(command, folder.resolve(), PARTITIONS, workers)
        with running(place, feed, limits, on_progress) as peer:
            peer.wait_until_all_take_part()
            measured = peer.measure()
        return PeerRun(
            title=feed.title,
            events=feed.events,
            seconds=measured.seconds,
            cpu_s=measured.cpu_s,
            checked=measured.found == measured.expected,
        )


def peers() -> Sequence[Peer]:
    """What people would use instead, the slowest first."""
    return (
        Peer(
            "Faust",
            "faust-streaming",
            "one event a message: an agent counts each in a windowed table, another takes many at "
            "a time for the insert",
            120_000,
            Environment("plain_faust"),
        ),
        Peer(
            "Quix Streams",
            "quixstreams",
            "one event a message: a StreamingDataFrame with a tumbling window in its state, and "
            "sinks that insert at each checkpoint",
            600_000,
            Environment("quix_streams"),
        ),
        Peer(
            "a consumer loop",
            "confluent-kafka",
            "one event a message, no framework: windows are counted in a dictionary, which a "
            "restart loses",
            2_000_000,
            Environment("consumer_loop"),
        ),
        Peer(
            f"{BATCH_EVENTS} events a message, a consumer loop",
            "confluent-kafka",
            "the same loop and the same work on each event, but as many events a message as "
            "Glasshouse has: what batches gain without columns",
            4_000_000,
            Environment("consumer_loop"),
            together=BATCH_EVENTS,
        ),
    )
