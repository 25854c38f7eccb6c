"""What kind of key was pressed: all that is ever kept of a key's name.

Names are pynput's (as DuckTrack records them); the classes follow the W3C's "UI Events
KeyboardEvent key Values", where the lock keys are modifiers.
"""

from __future__ import annotations

import unicodedata

from events.vocabulary import KeyClass

_NAMES: dict[KeyClass, tuple[str, ...]] = {
    KeyClass.WHITESPACE: ("space", "tab"),
    KeyClass.EDIT: ("backspace", "delete", "insert", "clear", "undo", "redo"),
    KeyClass.NAVIGATION: ("up", "down", "left", "right", "home", "end", "page_up", "page_down"),
    KeyClass.MODIFIER: (
        *("shift", "shift_l", "shift_r", "ctrl", "ctrl_l", "ctrl_r"),
        *("alt", "alt_l", "alt_r", "alt_gr", "cmd", "cmd_l", "cmd_r"),
        *("caps_lock", "num_lock", "scroll_lock", "fn"),
    ),
    KeyClass.FUNCTION: tuple(f"f{number}" for number in range(1, 25)),
    KeyClass.ENTER: ("enter", "return"),
    KeyClass.OTHER: (
        *("esc", "menu", "pause", "print_screen"),
        *("media_play_pause", "media_stop", "media_next", "media_previous"),
        *("media_volume_up", "media_volume_down", "media_volume_mute"),
    ),
}
_CLASS_OF_NAME = {name: kind for kind, names in _NAMES.items() for name in names}

#: What a terminal or a Ctrl chord delivers in place of a named key.
_CONTROLS = {
    "\t": KeyClass.WHITESPACE,
    "\r": KeyClass.ENTER,
    "\n": KeyClass.ENTER,
    "\x08": KeyClass.EDIT,
    "\x7f": KeyClass.EDIT,
}
#: First letter of Unicode's general category; a combining mark is part of a letter.
_CATEGORIES = {
    "L": KeyClass.LETTER,
    "M": KeyClass.LETTER,
    "N": KeyClass.DIGIT,
    "Z": KeyClass.WHITESPACE,
}


def key_class(name: str) -> KeyClass:
    """The class of a key by its name or character; OTHER for every name that is not known."""
    if len(name) == 1:
        by_category = _CATEGORIES.get(unicodedata.category(name)[0], KeyClass.OTHER)
        return _CONTROLS.get(name, by_category)
    return _CLASS_OF_NAME.get(name, KeyClass.OTHER)
