"""Every place between two steps of the worker and of the loader where a process may die.

The numbers are those of the steps in the docstrings of ``Worker._carry`` and ``Loader``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Point:
    """The process dies at the ``nth`` call of ``place``, before it or after it.

    ``place`` is ``module:Class.method``. So the program itself knows nothing of this.
    """

    name: str
    command: Literal["worker", "load"]
    place: str
    when: Literal["before", "after"]
    nth: int = 1


_COMMIT = "faust.transport.drivers.aiokafka:AIOKafkaConsumerThread._commit"

WORKER = (
    Point(
        "the ledger is being read", "worker", "streams.ledger_reader:LedgerReader._take", "after"
    ),
    Point(
        "secrets are being read", "worker", "streams.secrets_reader:SecretsReader._take", "after"
    ),
    Point("1 messages are taken", "worker", "streams.worker:Worker._judge", "before", 2),
    Point("2 messages are judged", "worker", "streams.worker:Worker._judge", "after", 2),
    Point("3 the lane is open", "worker", "streams.outbox:Outbox._open", "after"),
    Point("3 all is sent in a transaction", "worker", "streams.outbox:Outbox._send", "after", 2),
    Point("3 all outputs are acknowledged", "worker", "streams.outbox:Outbox._wait", "after", 2),
    Point("3 before the commit", "worker", "streams.outbox:Outbox._commit", "before", 3),
    Point("3 the output is committed", "worker", "streams.outbox:Outbox._commit", "after", 2),
    Point("4 messages are acknowledged", "worker", "streams.worker:Worker._measure", "before", 2),
    Point("4 before the commit", "worker", _COMMIT, "before"),
    Point("4 offsets are committed", "worker", _COMMIT, "after"),
    Point("2 words of consent are taken", "worker", "streams.worker:Worker._log_consent", "before"),
    Point("3 words of consent are judged", "worker", "streams.worker:Worker._log_consent", "after"),
)

LOADER = (
    Point("1 a message is polled", "load", "sinks.loader:Loader._take", "before", 5),
    Point("2 a message is gathered", "load", "sinks.loader:Loader._take", "after", 5),
    Point("2 a link is put on its chain", "load", "sinks.chain.head:Heads.sealed", "after", 5),
    Point("3 before the first table", "load", "sinks.insert:Inserter._insert_table", "before"),
    Point("3 some tables are in", "load", "sinks.insert:Inserter._insert_table", "after", 2),
    Point("3 most tables are in", "load", "sinks.insert:Inserter._insert_table", "before", 5),
    Point("3 a block is in", "load", "sinks.insert:Inserter.insert", "after"),
    Point("4 before the commit", "load", "sinks.saver:Saver._commit", "before"),
    Point("4 offsets are committed", "load", "sinks.saver:Saver._commit", "after"),
)
