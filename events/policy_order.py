"""In which direction each field of the policy takes less. Every field says so itself.

A field without an order counts as one that takes more whenever it changes (policy_diff.py), so one
that somebody adds and forgets here cannot be widened with one signature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Order:
    """``narrows(old, new)``: whether nothing is taken under ``new`` that was not taken, as finely,
    under ``old``. ``meaning`` says so in words."""

    meaning: str
    narrows: Callable[[Any, Any], bool]


LESS = Order("less takes less", lambda old, new: bool(new <= old))
MORE = Order("more takes less", lambda old, new: bool(new >= old))
SUBSET = Order("fewer take less", lambda old, new: set(new) <= set(old))

#: Not just any larger number: on a grid of 6 px a place says something that a grid of 4 px had
#: left out, and both together, before and after, tell it to 2 px.
MULTIPLE = Order("a multiple takes less", lambda old, new: new % old == 0)

#: What cannot be put into an order: any other value needs both.
SAME = Order("any other value needs both", lambda old, new: bool(old == new))

#: The values have fields of their own, which are compared one by one.
INSIDE = Order("field by field", lambda old, new: bool(old == new))

#: Goes up with every version, or follows from the bytes: `events/policy_history.py` checks these.
APART = Order("not a limit", lambda old, new: True)
