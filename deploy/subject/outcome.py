"""What became of one person in every store of the data map: said in the receipt, whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from events.clock import MS_PER_DAY, to_datetime
from events.data_map import STORES, Erasure, Store
from events.topics import Topic


def stores_of(
    rows: Mapping[str, int], words: int, ended_ms: int, days: Mapping[str, int]
) -> list[dict[str, Any]]:
    """One entry for each store in which a person stands. ``before`` and ``after`` are counted where
    there is something to count: ``rows`` deleted by table, ``words`` about consent; for all others
    it says what will become of it, and until when it is there at most; ``days`` are those after
    which rows expire, by table."""
    counted = {**rows, Topic.CONSENT.value: words, Topic.SECRETS.value: 1}
    found = []
    for store in STORES:
        if store.is_personal:
            entry: dict[str, Any] = {
                "store": store.name,
                "kind": store.kind.value,
                "how": store.erasure.value,
            }
            if store.name in counted:
                entry |= {"before": counted[store.name], "after": 0}
            else:
                entry |= _left(store, ended_ms, days)
            found.append(entry)
    return found


def _left(store: Store, ended_ms: int, days: Mapping[str, int]) -> dict[str, Any]:
    left = days.get(store.name, store.retention.days)
    if left is None or store.erasure is Erasure.STAYS:
        return {"why": store.retention.reason}
    return {"gone_by": to_datetime(ended_ms + left * MS_PER_DAY).isoformat()}
