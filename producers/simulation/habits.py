"""How applications are used: which kinds of step, which targets, which keys. All is data here.

A *table* holds 256 answers, each as often as it is likely; a random byte picks one. That is a
draw from a distribution at the price of one look-up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum, unique
from typing import Any

import numpy as np
from numpy.typing import NDArray

from events.vocabulary import KeyClass, Role, Surface

Array = NDArray[Any]


@unique
class Kind(IntEnum):
    """One thing a person sets out to do."""

    HOVER = 0
    CLICK = 1
    DOUBLE_CLICK = 2
    DRAG = 3
    SCROLL = 4
    FIELD = 5  # click into a text field and type
    TYPE = 6
    NAVIGATE = 7
    BREAK = 8  # the person pauses the recording, and resumes


@unique
class Style(IntEnum):
    READING = 0
    WRITING = 1
    FORMS = 2
    DRAWING = 3


_WRITING = ("chat", "code-editor", "documents", "email", "notes", "terminal")
_READING = ("browser", "calendar", "file-manager", "video-call")
_DRAWING = ("design", "presentations")
_BROWSER = ("browser", "crm", "helpdesk")


def style_of(application: str) -> Style:
    """How an application is used; one that is not known here is filled in like a form."""
    for names, style in (
        (_WRITING, Style.WRITING),
        (_READING, Style.READING),
        (_DRAWING, Style.DRAWING),
    ):
        if application in names:
            return style
    return Style.FORMS


def surface_of(application: str) -> Surface:
    """Where an application runs."""
    if application == "terminal":
        return Surface.TERMINAL
    return Surface.BROWSER if application in _BROWSER else Surface.DESKTOP


def table(weights: Mapping[Any, float]) -> Array:
    """256 codes (uint8), each as often as its weight asks for."""
    edges = np.cumsum(list(weights.values())) / sum(weights.values())
    picked = np.searchsorted(edges, (np.arange(256) + 0.5) / 256)
    return np.array([int(code) for code in weights], np.uint8)[picked]


def pick(rng: np.random.Generator, tables: Array, rows: Array) -> Array:
    """For each of ``rows`` a draw from that row of ``tables`` (rows x 256)."""
    return np.asarray(tables[rows, rng.integers(0, 256, len(rows), np.uint8)])


def _tables(rows: Sequence[Mapping[Any, float]]) -> Array:
    return np.stack([table(weights) for weights in rows])


#: By style.
KINDS = _tables(
    [
        {
            Kind.HOVER: 14,
            Kind.CLICK: 30,
            Kind.DOUBLE_CLICK: 4,
            Kind.DRAG: 3,
            Kind.SCROLL: 30,
            Kind.FIELD: 5,
            Kind.NAVIGATE: 13,
            Kind.BREAK: 1,
        },
        {
            Kind.HOVER: 8,
            Kind.CLICK: 26,
            Kind.DOUBLE_CLICK: 5,
            Kind.DRAG: 5,
            Kind.SCROLL: 14,
            Kind.FIELD: 10,
            Kind.TYPE: 29,
            Kind.NAVIGATE: 2,
            Kind.BREAK: 1,
        },
        {
            Kind.HOVER: 8,
            Kind.CLICK: 42,
            Kind.DOUBLE_CLICK: 6,
            Kind.DRAG: 4,
            Kind.SCROLL: 10,
            Kind.FIELD: 22,
            Kind.TYPE: 4,
            Kind.NAVIGATE: 3,
            Kind.BREAK: 1,
        },
        {
            Kind.HOVER: 10,
            Kind.CLICK: 34,
            Kind.DOUBLE_CLICK: 8,
            Kind.DRAG: 32,
            Kind.SCROLL: 10,
            Kind.FIELD: 5,
            Kind.BREAK: 1,
        },
    ]
)

#: By kind of step: what it is aimed at.
ROLES = _tables(
    [
        {Role.UNKNOWN: 5, Role.BUTTON: 2, Role.LINK: 2, Role.MENU_ITEM: 1},
        {
            Role.BUTTON: 34,
            Role.LINK: 15,
            Role.CHECKBOX: 8,
            Role.MENU_ITEM: 14,
            Role.LIST_ITEM: 15,
            Role.TAB: 10,
            Role.UNKNOWN: 4,
        },
        {Role.LIST_ITEM: 6, Role.TEXT_FIELD: 3, Role.CANVAS: 1},
        {Role.CANVAS: 4, Role.SLIDER: 2, Role.SCROLLBAR: 2, Role.WINDOW: 1, Role.LIST_ITEM: 1},
        {Role.WINDOW: 6, Role.LIST_ITEM: 3, Role.CANVAS: 1},
        {Role.TEXT_FIELD: 1},
        {Role.TEXT_FIELD: 1},
        {Role.LINK: 1},
        {Role.UNKNOWN: 1},
    ]
)

#: By role: width of the target along the movement, px, at 100 % scaling. A scrolled window is
#: hit anywhere; a text field counts by its height, which is what limits the aim.
WIDTH_PX = np.array([64, 48, 40, 24, 16, 24, 28, 36, 16, 16, 160, 20], np.float32)

#: By style: classes of the keys typed.
KEYS = _tables(
    [
        {
            KeyClass.LETTER: 70,
            KeyClass.WHITESPACE: 14,
            KeyClass.EDIT: 6,
            KeyClass.ENTER: 5,
            KeyClass.NAVIGATION: 3,
            KeyClass.OTHER: 2,
        },
        {
            KeyClass.LETTER: 68,
            KeyClass.WHITESPACE: 16,
            KeyClass.EDIT: 6,
            KeyClass.DIGIT: 2,
            KeyClass.ENTER: 2,
            KeyClass.NAVIGATION: 3,
            KeyClass.MODIFIER: 2,
            KeyClass.OTHER: 1,
        },
        {
            KeyClass.LETTER: 40,
            KeyClass.DIGIT: 32,
            KeyClass.WHITESPACE: 12,
            KeyClass.EDIT: 6,
            KeyClass.ENTER: 5,
            KeyClass.NAVIGATION: 4,
            KeyClass.OTHER: 1,
        },
        {
            KeyClass.LETTER: 50,
            KeyClass.MODIFIER: 20,
            KeyClass.FUNCTION: 5,
            KeyClass.WHITESPACE: 10,
            KeyClass.EDIT: 10,
            KeyClass.OTHER: 5,
        },
    ]
)
