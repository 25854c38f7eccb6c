"""Whatever the order of appends, acknowledgements and crashes: it keeps what is unacknowledged."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from events.clock import FixedClock
from producers.unsent import Unsent
from tests.producers.test_spool import (
    LIMIT_BYTES,
    bytes_of,
    opened,
    send_all,
    values,
)
from tests.strategies import NOW_MS


class AnyOrder(RuleBasedStateMachine):
    """Appends, acknowledgements in any order, time, crashes and clean starts; beside it a list."""

    @initialize()
    def begin(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="spool"))
        self.generation = 0
        self.clock = FixedClock(NOW_MS)
        self.kept: list[bytes] = []
        self.in_flight: list[Unsent] = []
        self.appended = 0
        self._open(self.place / "0")

    def _open(self, folder: Path) -> None:
        self.folder = folder
        self.context = opened(folder, self.clock)
        self.spool = self.context.__enter__()
        self.in_flight = []

    @rule(size=st.sampled_from((0, 1, 300, 5_000, 70_000)), count=st.integers(1, 30))
    def append(self, size: int, count: int) -> None:
        for _ in range(count):
            value = b"%d:" % self.appended + b"x" * size
            self.appended += 1
            self.spool.append(b"someone", value, 1)
            self.kept.append(value)

    @rule(count=st.integers(1, 40))
    def hand_over(self, count: int) -> None:
        for _ in range(count):
            if (message := self.spool.first()) is not None:
                self.in_flight.append(message)
                self.spool.handed_over()

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        some = data.draw(st.sets(st.integers(0, len(self.in_flight) - 1), min_size=1))
        for index in sorted(some, reverse=True):
            message = self.in_flight.pop(index)
            self.spool.acknowledged(message.number)
            self.kept.remove(message.value)

    @rule(ms=st.sampled_from((1, 100, 2_000)))
    def time_passes(self, ms: int) -> None:
        self.clock.at_ms += ms
        self.spool.tidy()

    @rule()
    def start_again(self) -> None:
        self.context.__exit__(None, None, None)
        self._open(self.folder)

    @rule()
    def be_killed(self) -> None:
        """What was acknowledged and not tidied may come again, in its place; nothing else may."""
        self.generation += 1
        copy = self.place / str(self.generation)
        shutil.copytree(self.folder, copy)
        self.context.__exit__(None, None, None)
        acknowledged = self.kept
        self._open(copy)
        found = values(list(self.spool._rows.after(0)))
        assert set(acknowledged) <= set(found)
        assert found == sorted(found, key=lambda value: int(value.split(b":")[0]))
        self.kept = found

    @invariant()
    def it_holds_what_is_not_acknowledged(self) -> None:
        assert len(self.spool) == len(self.kept)
        assert bytes_of(self.folder) <= LIMIT_BYTES

    def teardown(self) -> None:
        if not hasattr(self, "context"):
            return
        waiting = values(self.in_flight) + values(send_all(self.spool))
        assert sorted(waiting) == sorted(self.kept)
        assert values(self.in_flight) == [
            value for value in self.kept if value in set(values(self.in_flight))
        ]
        self.context.__exit__(None, None, None)
        shutil.rmtree(self.place)


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
