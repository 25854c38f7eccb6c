"""A worker has no tables, and does not wait for any."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from streams.no_tables import NoTables


class Recovery:
    started = False

    async def start(self) -> None:
        self.started = True


async def never(*_: object, **__: object) -> None:
    raise AssertionError("it waits")


@pytest.mark.parametrize("stopping", [False, True])
def test_the_manager_of_tables_starts_without_waiting(stopping: bool) -> None:
    consumer = SimpleNamespace(assignment=set, pause_partitions=lambda tps: None)
    manager = NoTables(cast("Any", SimpleNamespace(conf=None, consumer=consumer)))
    recovery = Recovery()
    manager._recovery = cast("Any", recovery)
    manager.sleep = never  # type: ignore[method-assign]
    if stopping:
        manager._stopped.set()
    asyncio.run(manager.on_start())
    assert recovery.started is not stopping
    assert manager._tables_finalized.is_set() is not stopping
    assert manager._tables_registered.is_set() is not stopping
