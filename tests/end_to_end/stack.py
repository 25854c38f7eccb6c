"""A whole Glasshouse for a test: a broker of its own, a data directory, and every command as a
process that can be stopped, killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from confluent_kafka.admin import AdminClient

from deploy.broker import EmbeddedBroker, free_port
from deploy.lag import lags
from deploy.policy.publish import publish_policies
from deploy.process import spawn
from events.errors import Retry
from events.kafka import create_topics, end_offsets, partitions_of, wait_for_kafka
from events.settings import ENV_PREFIX, Settings
from events.topics import Topic
from sinks.decode import LOADED_TOPICS
from streams.keys import new_ring, save_keys
from tests.end_to_end.recordings import USERS
from tests.kit.agreed import agreed
from tests.kit.secrets import give_secrets
from tests.strategies import SEALING, SUBJECTS

_ROOT = Path(__file__).resolve().parents[2]
#: Far beyond what anything here takes: a slow machine is not a fault.
DEADLINE_S = 150.0
_POLL_S = 0.02
#: Joins are answered after about half of this, and the partitions of the killed given up after it.
_SESSION_S = 2.0


def wait_until(condition: Callable[[], bool], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Return once ``condition`` holds; fails with ``what`` if it does not in time."""
    give_up_s = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < give_up_s, f"not in {deadline_s:g} s: {what}"
        time.sleep(_POLL_S)


def environ(**settings: object) -> dict[str, str]:
    """The variables of a process that has these settings and no others: nothing of the settings
    of whoever runs the tests."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}
    own |= {f"{ENV_PREFIX}{name.upper()}": str(value) for name, value in settings.items()}
    return {**own, "PYTHONPATH": str(_ROOT), "COLUMNS": "200", "NO_COLOR": "1"}


def glasshouse(
    *arguments: object, folder: Path, deadline_s: float = DEADLINE_S, **settings: object
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, in ``folder``: a settings file elsewhere does not matter."""
    return subprocess.run(
        [sys.executable, "-m", "glasshouse", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environ(**settings),
        timeout=deadline_s,
    )


@dataclass(slots=True)
class Running:
    """A worker or a loader. What it says goes to ``log_file``."""

    process: subprocess.Popen[bytes]
    log_file: Path
    metrics_port: int

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit status."""
        self.process.send_signal(how)
        return self.process.wait(DEADLINE_S)

    def measure(self, metric: str) -> float:
        """The sum of what this process's metrics say under names that start with ``metric``; 0
        while it does not answer."""
        return sum(self.measures(metric))

    def measures(self, metric: str) -> list[float]:
        """All of these; none while it does not answer."""
        try:
            with urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=5) as answer:
                lines = answer.read().decode().splitlines()
        except OSError:
            return []
        return [float(line.rpartition(" ")[2]) for line in lines if line.startswith(metric)]


@dataclass(slots=True)
class Stack:
    """``folder`` holds the data directory and the logs. ``more`` are settings of every process."""

    folder: Path
    servers: str
    admin: AdminClient
    more: Mapping[str, object]
    running: list[Running] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @property
    def data_dir(self) -> Path:
        return Path(str(self.more.get("data_dir", self.folder / "data")))

    @property
    def log_dir(self) -> Path:
        return self.folder / "logs"

    @property
    def settings(self) -> Settings:
        return Settings.model_validate(self._settings())

    def _settings(self) -> dict[str, Any]:
        return {
            "kafka_servers": self.servers,
            "data_dir": self.data_dir,
            "group_session_timeout_s": _SESSION_S,
            **agreed(),
            **self.more,
        }

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a command to its end and remember what it said."""
        done = glasshouse(*arguments, folder=self.folder, **self._settings())
        self.said.append(done.stdout + done.stderr)
        return done

    def must(self, *arguments: object) -> str:
        """Standard output of a command, which must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments[0]}: {done.stderr}{done.stdout}"
        return done.stdout

    def start(self, command: str, **settings: object) -> Running:
        """Start ``worker`` or ``load``, with its own settings where they differ."""
        return self.start_module("glasshouse", command, **settings)

    def start_module(self, module: str, *arguments: object, **settings: object) -> Running:
        """Start a module of Python, which is to behave like `glasshouse`."""
        port = free_port()
        log_file = self.log_dir / f"{arguments[0]}-{len(self.running) + 1}.log"
        process = spawn(
            [sys.executable, "-m", module, *map(str, arguments)],
            log_file,
            environ(**{**self._settings(), "metrics_port": port, **settings}),
        )
        self.running.append(Running(process, log_file, port))
        return self.running[-1]

    def committed_and_lag(
        self, group: str, ends: Mapping[Topic, Mapping[int, int]]
    ) -> tuple[int, int]:
        """Messages before ``ends`` that ``group`` has committed, and that it has not."""
        while True:
            try:
                found = lags(self.admin, group, ends)
            except Retry:
                continue
            return sum(min(lag.committed, lag.end) for lag in found), sum(
                lag.messages for lag in found
            )

    def ends(self, *topics: Topic) -> dict[Topic, dict[int, int]]:
        """Where the topics end now."""
        return {
            topic: end_offsets(self.settings, topic, partitions_of(self.admin, topic))
            for topic in topics
        }

    def wait_until_judged(self) -> None:
        """Wait until the workers have committed all that is in their topics now."""
        ends = self.ends(Topic.RAW, Topic.CONSENT)
        group = self.settings.worker_group

        def is_done() -> bool:
            self.assert_all_run()
            return self.committed_and_lag(group, ends)[1] == 0

        wait_until(is_done, "the workers have no lag")

    def wait_until_loaded(self) -> None:
        """Wait until the loaders have committed all that is in their topics now."""
        ends = self.ends(*LOADED_TOPICS)
        group = self.settings.loader_group
        wait_until(lambda: self.committed_and_lag(group, ends)[1] == 0, "the loaders have no lag")

    def load(self) -> None:
        """Load all that is in the topics now."""
        self.must("load", "--until-caught-up")

    def assert_all_run(self) -> None:
        """Fails with the log of a process that ended by itself."""
        for one in self.running:
            status = one.process.poll()
            assert status in (None, 0, -signal.SIGKILL), one.log_file.read_text()

    def logs(self) -> str:
        """What processes have written to log files."""
        return "\n".join(file.read_text() for file in sorted(self.log_dir.iterdir()))


@contextmanager
def running_stack(folder: Path, **settings: object) -> Iterator[Stack]:
    """A stack with topics, a policy, keys and tables, whose workers and loaders the test starts.
    Whatever still runs at the end is killed."""
    (folder / "logs").mkdir(parents=True)
    with EmbeddedBroker(folder / "logs" / "broker.log") as broker:
        admin = wait_for_kafka(Settings(kafka_servers=broker.servers))
        stack = Stack(folder, broker.servers, admin, settings)
        create_topics(admin, stack.settings)
        publish_policies(stack.settings)
        try:
            if not stack.settings.keys_path.exists():
                save_keys(replace(new_ring(), sealing=SEALING), stack.settings.keys_path)
            give_secrets(stack.settings, [*SUBJECTS, *USERS])
            stack.must("migrate")
            yield stack
        finally:
            for one in stack.running:
                one.process.kill()
                one.process.wait()
