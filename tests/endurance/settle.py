"""The end of every long run: the producer stops, everything arrives, the tables are examined."""

from __future__ import annotations

import json
from typing import Any

from events.errors import GlasshouseError
from events.options import err
from sinks.reconcile import Check
from tests.endurance import exact
from tests.endurance.watch import Watch

_FLUSH_S = 300.0
_ARRIVE_S = 1_800.0
_ASK_AGAIN_S = 5.0


def settle(watch: Watch) -> tuple[list[Check], dict[str, Any]]:
    """The checks, and the producer's last word. Raises ``RuntimeError`` where it does not end, or
    something still waits after half an hour."""
    stack = watch.stack
    status = stack.running.pop("producer").end(_FLUSH_S)
    result_file = stack.folder / "result.json"
    if status != 0 or not result_file.exists():
        raise RuntimeError(f"the producer ended with status {status}: see {stack.folder}")
    result = json.loads(result_file.read_text())
    if not watch.until("arriving", _ARRIVE_S, lambda _: _nothing_waits(watch)):
        raise RuntimeError(f"{stack.waiting():,} messages still wait: see {stack.folder}")
    for name in list(stack.running):
        stack.running.pop(name).end()
    err.print("the tables are examined ...")
    return exact.checks(stack.settings, result), result


def _nothing_waits(watch: Watch) -> bool:
    """By the groups' offsets; asked now and then, since that takes a while."""
    if watch.now_s % _ASK_AGAIN_S > 1.5:
        return False
    try:
        return watch.stack.waiting() == 0
    except GlasshouseError:
        return False
