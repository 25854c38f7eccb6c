"""The closed vocabularies of the contract. Codes are what travels in packed columns.

A code never changes its meaning; new members go at the end. There is no member that could stand
for typed text: keys exist only as classes.
"""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class Action(IntEnum):
    MOVE = 0
    BUTTON_DOWN = 1
    BUTTON_UP = 2
    SCROLL = 3
    KEY_DOWN = 4
    KEY_UP = 5
    APP_SWITCH = 6
    NAVIGATE = 7
    PAUSE = 8
    RESUME = 9


@unique
class Button(IntEnum):
    LEFT = 0
    RIGHT = 1
    MIDDLE = 2
    BACK = 3
    FORWARD = 4
    OTHER = 5


@unique
class KeyClass(IntEnum):
    LETTER = 0
    DIGIT = 1
    WHITESPACE = 2
    EDIT = 3
    NAVIGATION = 4
    MODIFIER = 5
    FUNCTION = 6
    ENTER = 7
    OTHER = 8


@unique
class Role(IntEnum):
    """What kind of thing the pointer or the focus was on (after WAI-ARIA roles), never which."""

    UNKNOWN = 0
    BUTTON = 1
    LINK = 2
    TEXT_FIELD = 3
    CHECKBOX = 4
    MENU_ITEM = 5
    LIST_ITEM = 6
    TAB = 7
    SCROLLBAR = 8
    SLIDER = 9
    WINDOW = 10
    CANVAS = 11


@unique
class Surface(IntEnum):
    DESKTOP = 0
    BROWSER = 1
    TERMINAL = 2
    OTHER = 3


@unique
class Origin(IntEnum):
    """Where a batch comes from. It travels into every table, so that nobody mistakes it."""

    LIVE = 0
    REPLAY = 1
    SIMULATED = 2


#: Actions whose x and y are a place on the screen. All others carry x = y = 0.
POINTER_ACTIONS = (Action.MOVE, Action.BUTTON_DOWN, Action.BUTTON_UP, Action.SCROLL)

#: A batch has 1 to this many events (from the map: bounds memory, keeps a message under 64 kB).
MAX_BATCH_EVENTS = 4096

#: Largest gap between two events of a batch: what a uint16 of milliseconds holds. After a longer
#: gap a producer starts a new batch, as it would anyway (it sends every few seconds).
MAX_GAP_MS = 65_535

#: Last base time of a batch: the end of the year 9999, so that sums of times stay within 64 bits
#: and every time has a calendar date.
MAX_TIME_MS = 253_402_300_799_999

#: Never inside a screen: a screen is at most 65,535 px wide, so its last pixel is 65,534. A
#: producer writes this for a place it cannot express (negative, or too far).
OUTSIDE_PX = 65_535

#: Largest believable number of wheel steps in one event, either way.
MAX_WHEEL_STEPS = 1_000

#: `application` where the real one is not on the policy's allow-list.
OTHER_APPLICATION = "other"
