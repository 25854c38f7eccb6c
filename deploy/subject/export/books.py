"""What became of the person's messages: what the books say of each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from deploy.subject.export.case import Case
from deploy.subject.export.records import Blocks, Found, OnRead
from deploy.subject.export.tables import batches, meanings, selected
from events.purposes import PURPOSES, Purpose
from streams.account import account_id

ACCOUNTING, DEAD_LETTERS = "governance.accounting", "governance.dead_letters"

#: Offsets or ids in one question. They are numbers of ours, and stand in its text: parameters go
#: in an address, which has less room; of a text a server takes 256 KiB.
_AT_ONCE = 2_000

_AT = """
SELECT * FROM {table} FINAL
WHERE topic_id = {{topic_id:String}} AND partition = {{partition:UInt32}}
    AND `offset` IN ({offsets})
ORDER BY `offset`
"""

#: The index that finds a batch is not used where repeats are to collapse: so the places first.
_CALLED = """
SELECT * FROM governance.accounting FINAL
WHERE purpose = {{purpose:String}} AND (topic_id, partition, `offset`) IN (
    SELECT topic_id, partition, `offset` FROM governance.accounting
    WHERE purpose = {{purpose:String}} AND batch IN ({ids})
) AND batch IN ({ids})
ORDER BY topic_id, partition, `offset`
"""

_EXPIRED = (
    "Of messages that are no longer in the raw topic, those that led to rows which are still there "
    "are found. What was withheld or rejected longer ago is in the books under numbers that "
    "nobody can lead back to the person."
)
_NOT_LOOKED_FOR = (
    "The raw topic was not looked through, so only messages are here that led to rows."
)


def accounts(case: Case, on_read: OnRead) -> Found:
    """Of each message of the person's that Kafka still has, and of each that led to rows which are
    still there: what became of its events, and why."""
    return Found(
        _counted(case, _accounts(case, on_read)),
        meanings=meanings(case.custody.books, ACCOUNTING),
        note=_EXPIRED if case.with_raw and case.raw else f"{_NOT_LOOKED_FOR} {_EXPIRED}",
    )


def dead_letters(case: Case, on_read: OnRead) -> Found:
    """Which of the person's messages were refused whole."""
    return Found(
        _at_their_places(DEAD_LETTERS, case, on_read),
        meanings=meanings(case.custody.books, DEAD_LETTERS),
        note="Found by the person's messages in the raw topic: those of others, and of messages "
        "that are no longer there, lead to nobody.",
    )


def _accounts(case: Case, on_read: OnRead) -> Blocks:
    yield from _at_their_places(ACCOUNTING, case, on_read)
    seen = {(part, offset) for part, offsets in case.places.items() for offset in offsets}
    for purpose in PURPOSES:
        for ids in _in_parts(_ids(case, purpose)):
            statement, asked = _CALLED.format(ids=ids), {"purpose": purpose.value}
            for block in selected(case.custody.books, statement, asked, on_read):
                yield [text for text in block if not _is_seen(case, json.loads(text), seen)]


def _ids(case: Case, purpose: Purpose) -> Iterator[int]:
    """What the books of a purpose call the batches that the person's rows are of."""
    epochs = {each.epoch: each for each in case.ring.live}
    for epoch, batch in batches(case, purpose):
        if epoch in epochs:
            yield account_id(epochs[epoch], batch)


def _is_seen(case: Case, account: dict[str, Any], seen: set[tuple[int, int]]) -> bool:
    is_there = case.raw is not None and account["topic_id"] == case.raw.topic_id
    return is_there and (account["partition"], int(account["offset"])) in seen


def _at_their_places(table: str, case: Case, on_read: OnRead) -> Blocks:
    for partition, offsets in sorted(case.places.items()):
        for some in _in_parts(offsets):
            topic_id = case.raw.topic_id if case.raw else ""
            asked = {"topic_id": topic_id, "partition": partition}
            statement = _AT.format(table=table, offsets=some)
            yield from selected(case.custody.books, statement, asked, on_read)


def _in_parts(numbers: Iterable[int]) -> Iterator[str]:
    """The numbers with commas between them, so many at a time."""
    coming = map(str, numbers)
    while some := ", ".join(islice(coming, _AT_ONCE)):
        yield some


def _counted(case: Case, blocks: Iterable[list[bytes]]) -> Blocks:
    """The same accounts, which then stand in ``case.outcomes`` too."""
    for block in blocks:
        for account in map(json.loads, block):
            outcomes = case.outcomes[account["purpose"]]
            outcomes["passed"] += account["passed_count"]
            outcomes.update(account["withheld"])
            outcomes.update(account["rejected"])
        yield block
