"""A key's name becomes a class, and nothing else of it is left."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.vocabulary import KeyClass
from producers.key_classes import key_class


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("a", "Z", "é", "ß", "я", "漢", "\u0301"), KeyClass.LETTER),
        (("0", "7", "²", "٣"), KeyClass.DIGIT),
        (("space", "tab", " ", "\t", "\u00a0"), KeyClass.WHITESPACE),
        (("backspace", "delete", "insert", "\x7f", "\x08"), KeyClass.EDIT),
        (("up", "left", "home", "end", "page_up", "page_down"), KeyClass.NAVIGATION),
        (("shift", "shift_r", "ctrl_l", "alt_gr", "cmd", "caps_lock"), KeyClass.MODIFIER),
        (("f1", "f12", "f24"), KeyClass.FUNCTION),
        (("enter", "\r", "\n"), KeyClass.ENTER),
        (("esc", "f25", "f0", "", "!", "€", "\x03", "media_next", "hunter2"), KeyClass.OTHER),
    ],
)
def test_keys_have_the_class_a_person_would_say(names: tuple[str, ...], expected: KeyClass) -> None:
    assert [key_class(name) for name in names] == [expected] * len(names)


@given(st.text())
@settings(deadline=None)
def test_any_name_at_all_becomes_one_of_the_classes(name: str) -> None:
    assert key_class(name) in set(KeyClass)
