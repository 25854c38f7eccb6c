"""Does a fault to the stack, and tells whether it was met: it counts only where it hit something
that ran, while there was work."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

from events.topics import Topic
from sinks.decode import LOADED_TOPICS
from tests.chaos.faults import Fault, Kind
from tests.chaos.processes import Place
from tests.chaos.stack import ChaosStack
from tests.kit.http_faults import Fault as HttpFault
from tests.kit.http_faults import Kind as HttpKind

#: Longest that something to hit is waited for, and that partitions may take to move.
_PATIENCE_S = 30.0
_LOOK_S = 0.1
_INSERT = "INSERT INTO"
#: What ledgers and loaders call themselves to Kafka, unlike Faust and the producers of a run.
_OF_THE_PRODUCT = "glasshouse"
_MEMORY_LIMIT_EXCEEDED = 241


def inflict(chaos: ChaosStack, fault: Fault) -> bool:
    """Do it, for as long as it lasts; whether it was met."""
    return chaos.is_publishing() and _HOW[fault.kind](chaos, fault)


def _until(condition: Callable[[], bool]) -> bool:
    give_up_s = time.monotonic() + _PATIENCE_S
    while not condition():
        if time.monotonic() > give_up_s:
            return False
        time.sleep(_LOOK_S)
    return True


# Processes.


def _kill(place: Place, fault: Fault, topic: Topic) -> bool:
    with place.lock:
        if not _until(lambda: bool(place.partitions(topic))):
            return False
        place.kill()
        time.sleep(fault.for_s)
        place.start()
    return True


def _pause(place: Place, others: list[Place], fault: Fault, topic: Topic) -> bool:
    """Stopped until the others say they have its partitions; then it goes on as if nothing had
    happened."""
    with place.lock:
        if not _until(lambda: bool(place.partitions(topic))):
            return False
        mine = place.partitions(topic)
        place.signal(signal.SIGSTOP)
        try:
            moved = _until(lambda: mine <= set().union(*(one.partitions(topic) for one in others)))
            time.sleep(fault.for_s)
        finally:
            place.signal(signal.SIGCONT)
    return moved


def _worker_killed(chaos: ChaosStack, fault: Fault) -> bool:
    return _kill(chaos.workers[fault.target], fault, Topic.RAW)


def _loader_killed(chaos: ChaosStack, fault: Fault) -> bool:
    return _kill(chaos.loaders[fault.target % len(chaos.loaders)], fault, LOADED_TOPICS[0])


def _producer_killed(chaos: ChaosStack, fault: Fault) -> bool:
    place = chaos.producers[fault.target]
    with place.lock:
        if not place.is_alive():
            return False
        place.kill()
        time.sleep(fault.for_s)
        place.start()
    return True


def _worker_paused(chaos: ChaosStack, fault: Fault) -> bool:
    place = chaos.workers[fault.target]
    others = [one for one in chaos.workers if one is not place]
    return _pause(place, others, fault, Topic.RAW)


def _loader_paused(chaos: ChaosStack, fault: Fault) -> bool:
    place = chaos.loaders[fault.target]
    others = [one for one in chaos.loaders if one is not place]
    return _pause(place, others, fault, LOADED_TOPICS[0])


def _worker_added(chaos: ChaosStack, _: Fault) -> bool:
    place = chaos.workers[-1]
    with place.lock:
        if place.is_alive():
            return False
        place.start()
    return _until(lambda: bool(place.partitions(Topic.RAW)))


def _worker_left(chaos: ChaosStack, fault: Fault) -> bool:
    place = chaos.workers[fault.target]
    with place.lock:
        if not _until(lambda: bool(place.partitions(Topic.RAW))):
            return False
        ended_well = place.stop()
        time.sleep(fault.for_s)
        place.start()
    return ended_well


def _second_loader(chaos: ChaosStack, fault: Fault) -> bool:
    """One with a group of its own: every row comes twice, from two processes at one time."""
    one = chaos.start_second_loader()
    inserts = _until(lambda: one.measure("glasshouse_inserted_rows_total") > 0)
    time.sleep(fault.for_s)
    one.process.kill()
    one.process.wait()
    return inserts


# The network, and the broker.


def _broker_unreachable(chaos: ChaosStack, fault: Fault) -> bool:
    with chaos.network:
        hit = chaos.kafka.proxy.cut()
        time.sleep(fault.for_s)
        chaos.kafka.proxy.restore()
    return hit > 0


def _silent_to(whom: Callable[[str], bool]) -> Callable[[ChaosStack, Fault], bool]:
    """The broker does not speak to clients of such a name."""

    def inflict_it(chaos: ChaosStack, fault: Fault) -> bool:
        with chaos.network:
            hit = chaos.kafka.proxy.fall_silent(whom)
            time.sleep(fault.for_s)
            chaos.kafka.proxy.speak()
        return hit > 0

    return inflict_it


def _broker_killed(chaos: ChaosStack, _: Fault) -> bool:
    with chaos.network:
        return chaos.kafka.kill_and_restart()


# ClickHouse.


def _clickhouse_refusing(chaos: ChaosStack, fault: Fault) -> bool:
    with chaos.database:
        before = chaos.insert_failures()
        chaos.clickhouse.refuse_connections()
        met = _is_felt(chaos, fault, before)
        chaos.clickhouse.take_connections()
    return met


def _is_felt(chaos: ChaosStack, fault: Fault, failures_before: int) -> bool:
    """Waits as long as the fault lasts, and on until an insert has failed."""
    time.sleep(fault.for_s)
    _until(lambda: chaos.insert_failures() > failures_before or not chaos.is_publishing())
    return chaos.insert_failures() > failures_before


def _planned(
    kind: HttpKind, times: int, seconds: float, code: int = 0
) -> Callable[[ChaosStack, Fault], bool]:
    """``times`` inserts meet ``kind``; ``seconds`` are of each."""

    def inflict_it(chaos: ChaosStack, fault: Fault) -> bool:
        with chaos.database:
            chaos.clickhouse.fail(HttpFault(kind, _INSERT, times, seconds, code=code))
            time.sleep(fault.for_s)
            met = _until(lambda: chaos.clickhouse.met().get(kind, 0) > 0)
            chaos.clickhouse.fail()
        return met

    return inflict_it


def _clickhouse_killed(chaos: ChaosStack, fault: Fault) -> bool:
    with chaos.database:
        before = chaos.insert_failures()
        chaos.clickhouse.kill()
        met = _is_felt(chaos, fault, before)
        chaos.clickhouse.start()
    return met


_HOW: dict[Kind, Callable[[ChaosStack, Fault], bool]] = {
    Kind.WORKER_KILLED: _worker_killed,
    Kind.LOADER_KILLED: _loader_killed,
    Kind.PRODUCER_KILLED: _producer_killed,
    Kind.WORKER_PAUSED: _worker_paused,
    Kind.LOADER_PAUSED: _loader_paused,
    Kind.WORKER_ADDED: _worker_added,
    Kind.WORKER_LEFT: _worker_left,
    Kind.SECOND_LOADER: _second_loader,
    Kind.BROKER_UNREACHABLE: _broker_unreachable,
    Kind.BROKER_UNREACHABLE_LONG: _broker_unreachable,
    Kind.BROKER_SILENT: _silent_to(lambda client: True),
    Kind.LEDGER_SILENT: _silent_to(lambda client: client == _OF_THE_PRODUCT),
    Kind.BROKER_KILLED: _broker_killed,
    Kind.CLICKHOUSE_REFUSING: _clickhouse_refusing,
    Kind.CLICKHOUSE_ERROR: _planned("error", 3, 0.0, _MEMORY_LIMIT_EXCEEDED),
    Kind.CLICKHOUSE_SILENT_BEFORE: _planned("silence_before", 2, 1.5),
    Kind.CLICKHOUSE_SILENT_AFTER: _planned("silence_after", 3, 1.0),
    Kind.CLICKHOUSE_SLOW: _planned("slow", 4, 1.0),
    Kind.CLICKHOUSE_KILLED: _clickhouse_killed,
}
