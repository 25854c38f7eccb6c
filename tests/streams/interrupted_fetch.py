"""Runs `glasshouse worker`, in which a rebalance begins just when the first messages were fetched:

    python -m tests.streams.interrupted_fetch worker

Faust throws such messages away. All else goes its usual way."""

from __future__ import annotations

import asyncio
from typing import Any

from faust.transport.consumer import Consumer

import glasshouse

_PAUSE_S = 0.5


def interrupt_first_fetch() -> None:
    fetch, begun = Consumer._wait_next_records, False

    async def fetch_and_stop(self: Consumer, timeout: float) -> Any:
        nonlocal begun
        records, active = await fetch(self, timeout)
        if records and not begun:
            begun = True
            self.stop_flow()
            asyncio.get_running_loop().call_later(_PAUSE_S, self.resume_flow)
        return records, active

    setattr(Consumer, "_wait_next_records", fetch_and_stop)  # noqa: B010


if __name__ == "__main__":
    interrupt_first_fetch()
    glasshouse.main()
