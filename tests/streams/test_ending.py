"""A worker that is told to end while its broker does not answer."""

from __future__ import annotations

import queue
import signal
from pathlib import Path

import pytest
from faust.worker import Worker as FaustWorker

from events.clock import SystemClock
from streams.ending import END_WITHIN_S, EndingWorker
from streams.worker import EXIT_STOPPED
from tests.endurance.brokers import FrozenBroker
from tests.strategies import everyone_agrees
from tests.streams.test_worker import (
    PARTITIONS,
    provided,
    publish,
    runs_of,
    start,
    wait_until_accounted,
)

_MARGIN_S = 10.0


@pytest.mark.service
def test_a_worker_whose_broker_is_frozen_ends_in_time_and_says_so_if_it_had_to_give_up(
    tmp_path: Path,
) -> None:
    with FrozenBroker(tmp_path / "broker.log") as broker:
        settings = provided(broker, tmp_path)
        publish(settings, everyone_agrees(), runs_of(SystemClock().now_ms() - 3_600_000))
        log_file = tmp_path / "worker.log"
        worker = start(settings, log_file)
        try:
            wait_until_accounted(settings, 2 * PARTITIONS * (30 * 3 + 2), worker)
            broker.go_away()
            worker.send_signal(signal.SIGTERM)
            status = worker.wait(END_WITHIN_S + _MARGIN_S)
        finally:
            worker.kill()
            worker.wait()
    assert status in (0, EXIT_STOPPED)  # whether it has to give up depends on what was under way
    assert (status == EXIT_STOPPED) == ("was told to end" in log_file.read_text())


def test_who_cannot_leave_the_group_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.ending.END_WITHIN_S", 0.05)
    monkeypatch.setattr(FaustWorker, "_schedule_shutdown", lambda *_: None)
    worker = object.__new__(EndingWorker)
    worker._signal_stop_time = None
    said: queue.SimpleQueue[str] = queue.SimpleQueue()
    worker.give_up = said.put
    worker._schedule_shutdown(signal.SIGTERM)
    assert said.get(timeout=10).startswith("was told to end")
