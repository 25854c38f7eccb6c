"""The broker of a long run, which can be away for a while: Apache Kafka in a container, which is
killed and started again; or the embedded one, which would forget all and is only frozen."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from deploy.broker import EmbeddedBroker
from tests.containers.apache_kafka import ApacheKafka, why_not


class Broker(Protocol):
    """``name`` is that of its limit; ``pid`` None while it is killed."""

    @property
    def name(self) -> str: ...
    @property
    def servers(self) -> str: ...
    @property
    def pid(self) -> int | None: ...
    def go_away(self) -> None: ...
    def come_back(self) -> None: ...


class DurableKafka(ApacheKafka):
    """One that keeps its data on disk while it is killed, with a heap that is touched at once: else
    its memory would grow up to the heap's size whatever happens."""

    name = "kafka"

    def __init__(self) -> None:
        super().__init__()
        self.tmpfs.clear()  # what is in memory is gone with the process; the image has a volume
        self.with_envs(
            KAFKA_HEAP_OPTS="-Xms768M -Xmx768M",
            KAFKA_OPTS="-XX:+AlwaysPreTouch",
            KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS="6000",
        )

    @property
    def pid(self) -> int | None:
        container: Any = self.get_wrapped_container()
        container.reload()
        return int(container.attrs["State"]["Pid"]) or None

    def go_away(self) -> None:
        """As by kill -9."""
        self.get_wrapped_container().kill()

    def come_back(self) -> None:
        self.get_wrapped_container().start()


class FrozenBroker(EmbeddedBroker):
    """The embedded broker: while it is away its port takes connections and nobody answers."""

    name = "embedded broker"

    def go_away(self) -> None:
        os.kill(self._known(), signal.SIGSTOP)

    def come_back(self) -> None:
        os.kill(self._known(), signal.SIGCONT)

    def _known(self) -> int:
        assert self.pid is not None, "it is not started"
        return self.pid


@contextmanager
def broker_of(kind: str, folder: Path) -> Iterator[Broker]:
    """A broker that runs. Raises ``RuntimeError`` where there are no containers."""
    if kind == "embedded":
        frozen = FrozenBroker(folder / "broker.log")
        with frozen:
            yield frozen
        return
    if reason := why_not():
        raise RuntimeError(f"no Kafka in a container: {reason}. Or use --kafka embedded.")
    with DurableKafka() as kafka:
        yield kafka
