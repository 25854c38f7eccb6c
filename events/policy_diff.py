"""What changes from one policy to another, and whether it only takes less. Pure.

The comparison is complete by construction: it goes over the fields that the models have, and what
has no order, or no counterpart, takes more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from events.policy import Policy
from events.policy_order import APART, INSIDE, Order

_ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class Change:
    """A field that differs. ``narrows``: what the new value takes was taken under the old one."""

    field: str
    old: object
    new: object
    narrows: bool

    def __str__(self) -> str:
        return f"{self.field}: {shown(self.old)} -> {shown(self.new)}"


def compare(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Every field of ``new`` that differs from ``old``, in the order of the file."""
    return tuple(changes_of(old, new))


def is_narrowing(changes: Iterable[Change]) -> bool:
    """Whether all of them take less, so that nothing is taken that was not before. Also where
    nothing changes but comments."""
    return all(change.narrows for change in changes)


def changes_of(old: BaseModel, new: BaseModel, path: str = "") -> Iterator[Change]:
    """As ``compare``, for any two of one model."""
    for name, field in type(new).model_fields.items():
        order = order_of(field)
        if order is APART:
            continue
        before, after = getattr(old, name), getattr(new, name)
        if order is INSIDE:
            yield from _inside(before, after, f"{path}{name}.")
        elif before != after:
            yield Change(path + name, before, after, bool(order and order.narrows(before, after)))


def order_of(field: FieldInfo) -> Order | None:
    """The order that a field declares; None where it declares none, or more than one."""
    orders = [entry for entry in field.metadata if isinstance(entry, Order)]
    return orders[0] if len(orders) == 1 else None


def _inside(
    old: Mapping[str, BaseModel], new: Mapping[str, BaseModel], path: str
) -> Iterator[Change]:
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key), new.get(key)
        if before is None or after is None:
            yield Change(f"{path}{key}", before or _ABSENT, after or _ABSENT, narrows=False)
        else:
            yield from changes_of(before, after, f"{path}{key}.")


def shown(value: object) -> str:
    """A value of the policy as a person reads it."""
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple) else str(value)
