"""The parts of a running Glasshouse, put together for one command: broker, workers, loader.

With servers named in the settings those are used; without, the embedded broker and the embedded
ClickHouse engine stand in. Nothing else differs.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka.admin import AdminClient
from pydantic import SecretStr

from deploy.broker import EmbeddedBroker
from deploy.kept_secrets import keep, restore
from deploy.lag import lags
from deploy.policy.publish import publish_policies
from deploy.policy.rehearsal import PLAIN_WORDS, rehearse, rehearsed_settings
from deploy.process import end, spawn
from events.codec import Codec
from events.errors import Retry, ServerMissing, Stop
from events.kafka import create_topics, end_offsets, topic_ids, wait_for_kafka
from events.policy import BUNDLED_POLICY, Policy
from events.policy_folder import verified_policy
from events.registry import codec_for
from events.settings import ENV_PREFIX, Settings
from events.topics import Topic
from sinks.loader import Loader
from sinks.prepare import make_tables, open_loader, prepare
from sinks.progress import Loaded
from sinks.warehouse import Warehouse, open_warehouse
from streams.keys import load_ring, new_ring, save_keys

_POLL_S = 0.1
#: Asking for the ends of all topics takes a good part of a second: not to be done too often.
_CATCH_UP_S = 2.0
_LOG_DIR = "logs"
_REHEARSAL_DIR = "simulated-signatures"

#: The embedded broker answers a join only after about half of this, and takes less than Kafka does.
_EMBEDDED_SESSION_S = 3.0


@dataclass(slots=True)
class Stack:
    """A broker with its topics, an open warehouse with its tables, and what runs between them."""

    settings: Settings
    policy: Policy
    codec: Codec
    admin: AdminClient
    warehouse: Warehouse
    raw_topic_id: str
    embedded_kafka: bool
    broker_pid: int | None = None  # where it is embedded
    _workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _loader: Loader | None = None
    _loader_thread: threading.Thread | None = None
    _loader_failure: BaseException | None = None
    _stop_loader: threading.Event = field(default_factory=threading.Event)

    @property
    def log_dir(self) -> Path:
        return self.settings.data_dir / _LOG_DIR

    @property
    def loaded_rows(self) -> int:
        """Rows inserted so far, all tables together."""
        return sum(self.loaded.rows.values())

    @property
    def loaded(self) -> Loaded:
        """What the loader has inserted so far; it is readable."""
        return self._loader.loaded if self._loader else Loaded()

    @property
    def pids(self) -> dict[str, int]:
        """Of the processes that it has started. The loader, and an embedded ClickHouse, are threads
        of this one."""
        found = {f"worker {n}": worker.pid for n, worker in enumerate(self._workers, start=1)}
        return found if self.broker_pid is None else {**found, "broker": self.broker_pid}

    def start(self, workers: int) -> None:
        """Start worker processes and the loader. Consent that must count for the first message
        has to be acknowledged before: a worker's ledger may be ``ledger_max_age_ms`` behind."""
        environ = environ_of(self.settings)
        for number in range(1, workers + 1):
            command = [sys.executable, "-m", "glasshouse", "worker"]
            log = self.log_dir / f"worker-{number}.log"
            self._workers.append(spawn(command, log, environ))
        self._keep_secrets()  # before a row of theirs can be read
        self._loader = open_loader(self.settings, self.warehouse.client)
        self._loader_thread = threading.Thread(target=self._load, name="loader")
        self._loader_thread.start()

    def stop(self) -> None:
        """Stop workers, then the loader, which saves what it has read. Nothing is lost in a Kafka
        that keeps it; what the embedded broker holds is gone, so ``settle`` before this."""
        for worker in self._workers:
            end(worker)
        self._stop_loader.set()
        if self._loader_thread:
            self._loader_thread.join()
        self._keep_secrets()

    def _keep_secrets(self) -> None:
        if self.embedded_kafka:
            keep(self.settings)

    def settle(
        self, raw_ends: Mapping[int, int], on_wait: Callable[[], None] = lambda: None
    ) -> None:
        """Return once every raw message before ``raw_ends`` and every consent record is judged,
        and all they led to is in ClickHouse. ``on_wait`` is called a few times a second.

        Raises ``Stop`` if a worker or the loader has ended, or if nothing moves any more for
        ``server_timeout_s``.
        """
        ends = {
            Topic.RAW: raw_ends,
            Topic.CONSENT: end_offsets(self.settings, Topic.CONSENT, [0]),
        }
        waiting, moved_s = -1, time.monotonic()
        while waiting:
            self.check()
            on_wait()
            try:
                found = lags(self.admin, self.settings.worker_group, ends)
            except Retry:
                continue
            left = sum(lag.messages for lag in found)
            if left != waiting:
                waiting, moved_s = left, time.monotonic()
            elif time.monotonic() - moved_s > self.settings.server_timeout_s:
                raise ServerMissing(
                    f"{left} messages wait for a worker, and nothing has moved for "
                    f"{self.settings.server_timeout_s:g} s; logs are in {self.log_dir}"
                )
            time.sleep(_POLL_S)
        while not (self._loader and self._loader.wait_until_caught_up(_CATCH_UP_S)):
            self.check()
            on_wait()

    def check(self) -> None:
        """Raise ``Stop`` if a worker or the loader has ended."""
        if self._loader_failure:
            raise self._loader_failure
        for number, worker in enumerate(self._workers, start=1):
            if worker.poll() is not None:
                log = self.log_dir / f"worker-{number}.log"
                raise Stop(f"worker {number} ended with status {worker.returncode}: see {log}")

    def _load(self) -> None:
        try:
            if self._loader:
                self._loader.run(self._stop_loader)
        except BaseException as error:  # handed to the thread that waits for it
            self._loader_failure = error


@contextmanager
def running_stack(settings: Settings, say: Callable[[str], None]) -> Iterator[Stack]:
    """A stack whose broker and warehouse are up; workers and loader start with ``start``.

    Where the settings name no side's key, both are made in the data directory, and the example
    policy is signed with them; ``say`` is told so. Raises ``Stop`` for anything that is wrong,
    before any of it has started where it can be known.
    """
    is_rehearsal = not (settings.employer_public_key or settings.employees_public_key)
    if not is_rehearsal:
        verified_policy(settings)
    with ExitStack() as parts:
        warehouse = parts.enter_context(open_warehouse(settings))
        if is_rehearsal:
            settings = _rehearsed(settings, say)
        (settings.data_dir / _LOG_DIR).mkdir(parents=True, exist_ok=True, mode=0o700)
        if not settings.keys_path.exists():
            save_keys(new_ring(), settings.keys_path)
        load_ring(settings)  # the workers do this; here its faults can still be told
        # Tables need no Kafka: they are made while it starts. What the policy says of them waits
        # until Kafka has taken the policy.
        tables = parts.enter_context(ThreadPoolExecutor(1, "tables")).submit(
            make_tables, warehouse.client, settings
        )
        embedded_kafka, broker_pid = settings.embedded_kafka, None
        if embedded_kafka:
            broker = EmbeddedBroker(settings.data_dir / _LOG_DIR / "broker.log")
            servers, broker_pid = parts.enter_context(broker).servers, broker.pid
            say(f"embedded broker at {servers} (in memory)")
            own = {
                "kafka_servers": servers,
                "group_session_timeout_s": min(
                    settings.group_session_timeout_s, _EMBEDDED_SESSION_S
                ),
            }
            settings = settings.model_copy(update=own)
        admin = wait_for_kafka(settings, lambda s: say(f"waiting for Kafka, {s:.0f} s"))
        create_topics(admin, settings)
        publish_policies(settings)
        if embedded_kafka:
            restore(settings)
        tables.result()
        prepare(warehouse.client, settings)
        stack = Stack(
            settings=settings,
            policy=verified_policy(settings),
            codec=codec_for(settings),
            admin=admin,
            warehouse=warehouse,
            raw_topic_id=topic_ids(admin, [Topic.RAW])[Topic.RAW],
            embedded_kafka=embedded_kafka,
            broker_pid=broker_pid,
        )
        parts.callback(stack.stop)
        yield stack


def _rehearsed(settings: Settings, say: Callable[[str], None]) -> Settings:
    folder = settings.data_dir / _REHEARSAL_DIR
    settings = rehearsed_settings(settings, folder)
    agreed = rehearse(settings, folder, BUNDLED_POLICY)
    say(f"policy version {agreed.policy.version} is {PLAIN_WORDS}")
    return settings


def environ_of(settings: Settings) -> dict[str, str]:
    """Every setting but the metrics port, as variables, so that a child process has the same."""
    return {
        f"{ENV_PREFIX}{name.upper()}": str(_plain(getattr(settings, name)))
        for name in Settings.model_fields
        if name not in ("metrics_port", "metrics_host") and getattr(settings, name) is not None
    }


def _plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
