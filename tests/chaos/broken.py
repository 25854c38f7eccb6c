"""Three ways to break the product from outside. Each must be found by a few seeds: a chaos run that
passes these shows nothing."""

from __future__ import annotations

from enum import StrEnum, unique

from sinks.block import Block
from sinks.saver import Saver
from streams import pseudonymise
from streams.ledger import Ledger
from streams.ledger_reader import LedgerReader
from streams.policy_reader import InForce, PolicyReader


@unique
class Break(StrEnum):
    COMMIT_BEFORE_INSERT = "commit-before-insert"
    IDENTITY_LEFT_OUT = "identity-left-out"
    LEDGER_NOT_AWAITED = "ledger-not-awaited"


def break_it(how: Break, life: int) -> None:
    """Break this process. ``life``: the how manieth process in this place it is, from 1."""
    match how:
        case Break.COMMIT_BEFORE_INSERT:
            commit_before_insert()
        case Break.IDENTITY_LEFT_OUT:
            identify_by_the_attempt(life)
        case Break.LEDGER_NOT_AWAITED:
            do_not_await_the_ledger()


def commit_before_insert() -> None:
    """The loader commits a block's offsets, and only then begins to insert it."""
    launch = Saver.launch

    def commit_and_launch(self: Saver, block: Block) -> None:
        self._to_commit.update(block.offsets)
        self._commit()
        launch(self, block)

    Saver.launch = commit_and_launch  # type: ignore[method-assign]


def identify_by_the_attempt(life: int) -> None:
    """What a restarted worker makes of a batch is another row than what the first one made: the
    identity is of the attempt, not of the batch."""
    of_the_batch = pseudonymise.keyed_id

    def of_the_attempt(key: bytes, kind: str, value: bytes) -> int:
        attempt = b"" if kind != "batch" or life == 1 else b"%d" % life
        return of_the_batch(key, kind, value + attempt)

    pseudonymise.keyed_id = of_the_attempt


def do_not_await_the_ledger() -> None:
    """The worker judges by whatever it has read of the ledger, and takes that for proved now. So it
    does with the policy, or what keeps both from it would have it wait all the same."""

    async def as_it_is(self: LedgerReader) -> Ledger:
        return self.ledger

    async def policy_as_it_is(self: PolicyReader) -> InForce:
        assert self._in_force is not None, "a worker starts with one"
        return InForce(self._in_force.policy, self.clock.monotonic_s())

    LedgerReader.current = as_it_is  # type: ignore[method-assign]
    PolicyReader.current = policy_as_it_is  # type: ignore[method-assign]
    proved_now = property(lambda self: self.clock.monotonic_s())
    LedgerReader.proved_s = proved_now  # type: ignore[method-assign,assignment]
