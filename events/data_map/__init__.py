"""The data map: every place where something is kept, what it holds of people, for how long, how a
person is taken out of it, and who reads it.

Data, nothing else. ``tests/test_data_map.py`` compares it with the topics, with the tables and
views that ``migrate`` makes, with the rights, and with the files that commands write: what exists
must be in it, and what is in it must exist.
"""

from __future__ import annotations

from events.data_map.files import FILES, SERVERS
from events.data_map.store import Erasure, Kind, Person, Retention, Store
from events.data_map.tables import TABLES, VIEWS
from events.data_map.topics import TOPICS

__all__ = ["STORES", "Erasure", "Kind", "Person", "Retention", "Store", "of_kind", "store_of"]

STORES: tuple[Store, ...] = (*TOPICS, *TABLES, *VIEWS, *FILES, *SERVERS)


def of_kind(kind: Kind) -> dict[str, Store]:
    """The stores of one kind, by name."""
    return {store.name: store for store in STORES if store.kind is kind}


def store_of(name: str) -> Store:
    """The store of this name; KeyError if there is none."""
    return {store.name: store for store in STORES}[name]
