"""Heads of chains that are kept where nobody who can change ClickHouse can change them: in a file
that an officer saved, and in Kafka, with the offsets of the loaders' group.

A chain by itself does not show that its newest links were cut off, or that all of it was made anew.
A hash of a link, kept elsewhere, shows both for all that is before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from events.errors import InputError, ServerMissing
from events.kafka import client_config, partitions_of, topic_ids, wait_for_kafka
from events.settings import Settings
from events.topics import Topic
from sinks.chain.entries import LogHead
from sinks.chain.finding import Fault, Findings, link_place
from sinks.chain.head import hash_noted
from sinks.chain.walk import Head

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client

_FORMAT = 1
_ASK_TIMEOUT_S = 10.0

_IS_THERE = """
SELECT count()
FROM governance.accounting_chain
WHERE topic_id = {topic_id:String} AND partition = {partition:UInt32} AND hash = {hash:String}
"""


def save_heads(heads: Sequence[Head], file: Path, logs: Sequence[LogHead] = ()) -> None:
    """Write ``heads``, and those of audit ``logs``, to a new file. ``InputError`` where there is
    one, or none can be made."""
    content = {
        "format": _FORMAT,
        "heads": [asdict(head) for head in heads],
        "logs": [asdict(head) for head in logs],
    }
    try:
        with file.open("x", encoding="utf-8") as out:
            json.dump(content, out, indent=2)
            out.write("\n")
    except FileExistsError:
        raise InputError(f"{file} exists already, and was left as it is: name a new file") from None
    except OSError as error:
        raise InputError(f"{file} cannot be written ({type(error).__name__})") from None


def saved_heads(file: Path) -> list[Head]:
    """What ``save_heads`` wrote of chains. ``InputError`` for anything else."""
    with _read(file) as content:
        return [
            Head(str(one["topic_id"]), int(one["partition"]), int(one["offset"]), str(one["hash"]))
            for one in content["heads"]
        ]


def saved_log_heads(file: Path) -> list[LogHead]:
    """What ``save_heads`` wrote of audit logs. ``InputError`` for anything else."""
    with _read(file) as content:
        return [
            LogHead(str(one["log"]), int(one["number"]), int(one["at_ms"]), str(one["hash"]))
            for one in content.get("logs", [])
        ]


@contextmanager
def _read(file: Path) -> Iterator[Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            raise ValueError
        yield content
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{file} is no file of heads that --save-heads wrote ({type(error).__name__})"
        ) from None


def heads_in_kafka(settings: Settings) -> list[Head]:
    """The heads that the loaders' group committed with its offsets; ``offset`` is the committed
    one. None of a broker that keeps no notes. Raises ``ServerMissing``."""
    admin = wait_for_kafka(settings)
    partitions = partitions_of(admin, Topic.ACCOUNTING)
    if not partitions:
        return []
    topic_id = topic_ids(admin, [Topic.ACCOUNTING])[Topic.ACCOUNTING]
    wanted = [TopicPartition(Topic.ACCOUNTING.value, number) for number in partitions]
    consumer = Consumer(client_config(settings, **{"group.id": settings.loader_group}))
    try:
        positions = consumer.committed(wanted, _ASK_TIMEOUT_S)
    except KafkaException as error:
        raise ServerMissing(
            f"Kafka did not tell the offsets of group {settings.loader_group} "
            f"({error.args[0].name()}). Run the same command again."
        ) from None
    finally:
        consumer.close()
    noted = [(each, hash_noted(each.metadata, topic_id)) for each in positions]
    return [Head(topic_id, each.partition, each.offset, text) for each, text in noted if text]


def miss_heads(client: Client, findings: Findings, heads: Iterable[Head], keeper: str) -> None:
    """Put every head whose link is not there into ``findings``, as known to ``keeper``."""
    for head in heads:
        asked = {"topic_id": head.topic_id, "partition": head.partition, "hash": head.hash}
        ((count,),) = client.query(_IS_THERE, asked).result_rows
        if not count:
            place = link_place(head.topic_id, head.partition, head.offset)
            findings.add(Fault.HEAD_MISSING, [f"{place}, which {keeper} knows"])
