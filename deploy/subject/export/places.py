"""The part of the page that shows what each store holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deploy.pack.blocks import Block, Grid, Heading, Text
from deploy.subject.export.gather import Held
from deploy.subject.export.records import GLIMPSE

#: Days that are listed one by one; of more, the first and the last.
_DAYS = 31


def places(held: Sequence[Held]) -> Iterator[Block]:
    """Every place that holds something: how much of which day, the first records and the last."""
    yield Heading(2, "What is held, place by place")
    for each in held:
        if each.count:
            yield from _place(each)


def _place(held: Held) -> Iterator[Block]:
    store = held.store
    yield Heading(3, f"{store.name}: {held.count:,} records")
    yield Text(f"{store.holds}. A person stands in it as {'; '.join(store.people)}.")
    yield Text(f"How a person is taken out of it: {store.erasure.value}.")
    if held.note:
        yield Text(held.note)
    if held.days:
        yield Grid("Records by day", ("day", "records"), list(_days(held.days)))
    first, last = held.glimpse.first, held.glimpse.last
    yield from _records("The first records", first)
    yield from _records("The last records", last)
    told = [(name, held.meanings[name]) for name in _names(first) if held.meanings.get(name)]
    if told:
        yield Grid("What stands in a record", ("name", "means"), told)
    if held.count > 2 * GLIMPSE:
        yield Text(f"All {held.count:,} are in export.json, under stores, {store.name}.")


def _days(days: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    found = sorted(days.items())
    if len(found) <= _DAYS:
        yield from ((day, f"{count:,}") for day, count in found)
        return
    (first, _), (last, _) = found[0], found[-1]
    yield f"{first} to {last}, {len(found):,} days", f"{sum(days.values()):,}"


def _records(caption: str, records: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
    if not records:
        return
    names = _names(records)
    rows = [[_cell(record.get(name)) for name in names] for record in records]
    yield Grid(caption, names, rows)


def _names(records: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for record in records for name in record))


def _cell(value: object) -> str:
    match value:
        case None | "":
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return f"{len(value):,} values"
        case dict():
            return ", ".join(f"{name}: {_cell(each)}" for name, each in value.items()) or "-"
    return str(value)
