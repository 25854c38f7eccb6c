"""What a report counts, and which column of ``analytics.window_partials`` it is the sum of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measure:
    """``name`` is the column in reports, ``column`` the one in the partials."""

    name: str
    column: str
    comment: str = ""


MEASURES: tuple[Measure, ...] = (
    Measure("events", "event_count"),
    Measure("moves", "move_count"),
    Measure("presses", "button_down_count", "Mouse buttons pressed."),
    Measure("releases", "button_up_count", "Mouse buttons released."),
    Measure("scrolls", "scroll_count"),
    Measure("wheel_steps", "wheel_steps"),
    Measure("key_presses", "key_down_count"),
    Measure("key_releases", "key_up_count"),
    Measure("letter_keys", "letter_key_count"),
    Measure("digit_keys", "digit_key_count"),
    Measure("whitespace_keys", "whitespace_key_count"),
    Measure("edit_keys", "edit_key_count"),
    Measure("navigation_keys", "navigation_key_count"),
    Measure("modifier_keys", "modifier_key_count"),
    Measure("function_keys", "function_key_count"),
    Measure("enter_keys", "enter_key_count"),
    Measure("other_keys", "other_key_count"),
    Measure("app_switches", "app_switch_count"),
    Measure("navigations", "navigate_count"),
    Measure("path_px", "path_px", "Length of all pointer paths, px."),
)


def for_each(text: str, between: str = ",\n    ") -> str:
    """``text`` once for each measure, with ``{name}``, ``{column}`` and ``{place}`` (from 1)."""
    return between.join(
        text.replace("{name}", measure.name)
        .replace("{column}", measure.column)
        .replace("{place}", str(place))
        for place, measure in enumerate(MEASURES, start=1)
    )


def declared() -> str:
    """The measures as columns of a view, with their types and comments."""
    return ",\n    ".join(
        f"{measure.name} Nullable(UInt64)" + (measure.comment and f" COMMENT '{measure.comment}'")
        for measure in MEASURES
    )
