"""The views over the tables. They hold no data, so each ``migrate`` makes them anew.

What analysts read is ``analytics.reports``, by a view for each ``GroupView`` (``groups.sql``). What
a loader writes there comes from views too (``draft.sql``), so that it needs no right to read rows
of people; ``due.sql`` says which are to be written. What ``reconcile`` reads only counts
(``training_counts.sql`` and the like), so that whoever proves the books needs no right to read a
purpose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from events.vocabulary import Action, KeyClass
from sinks.sql import Placement
from sinks.views.measures import declared, for_each

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client


@dataclass(frozen=True, slots=True)
class Window:
    """``start`` is SQL for the start of the window that a time is in, ``{}``. A report of such
    windows is made for a ``unit_s`` at one time, which starts at ``unit``."""

    title: str
    seconds: int
    start: str
    unit: str
    unit_s: int


@dataclass(frozen=True, slots=True)
class GroupView:
    """``child`` is the view whose windows are the parts of this one's; empty: events are."""

    view: str
    group: str
    window: Window
    child: str = ""

    @property
    def draft(self) -> str:
        return f"draft_{self.view}"


_OF_HOUR = ("toStartOfHour({})", 3_600)
_MINUTE = Window("minute", 60, "toStartOfMinute({})", *_OF_HOUR)
_5_MINUTES = Window("5 minutes", 300, "toStartOfFiveMinutes({})", *_OF_HOUR)
_HOUR = Window("hour", 3_600, "toStartOfHour({})", *_OF_HOUR)
_DAY = Window("day", 86_400, "toStartOfDay({})", "toStartOfDay({})", 86_400)

#: Each after the one that it is made of.
GROUP_VIEWS: tuple[GroupView, ...] = (
    GroupView("team_minutes", "team", _MINUTE),
    GroupView("team_5_minutes", "team", _5_MINUTES, child="team_minutes"),
    GroupView("team_hours", "team", _HOUR, child="team_5_minutes"),
    GroupView("team_days", "team", _DAY, child="team_hours"),
    GroupView("application_hours", "application", _HOUR),
    GroupView("application_days", "application", _DAY, child="application_hours"),
)

_WHAT = {
    "team": "What each team did",
    "application": "How the whole organisation used each application",
}


#: Users that nobody can log in as, and the tables they read: a view reads with the rights of one,
#: whoever made it and whoever asks. None reads two purposes.
DEFINERS: dict[str, tuple[str, ...]] = {
    "glasshouse_views": (
        "analytics.window_partials",
        "analytics.watermarks",
        "analytics.group_limit",
        "analytics.reports",
    ),
    "glasshouse_training_counts": ("training.interactions", "training.erased_batches"),
    "glasshouse_analytics_counts": ("analytics.window_partials", "analytics.erased_batches"),
}

#: By which a loader makes reports. The drafts have a parameter, the unit.
DUE_REPORTS = "due_reports"
MAKER_VIEWS = (*(each.draft for each in GROUP_VIEWS), DUE_REPORTS)

#: Views of the database ``governance``.
COUNT_VIEWS = (
    "training_sizes",
    "training_rows",
    "training_erased",
    "training_skips",
    "analytics_sizes",
    "analytics_rows",
    "analytics_erased",
    "analytics_broken",
)

_ACTIONS = " + ".join(f"{action.name.lower()}_count" for action in Action)
_KEYS = " + ".join(f"{key_class.name.lower()}_key_count" for key_class in KeyClass)


def create_views(client: Client, placement: Placement, has_users: bool = False) -> None:
    """Make all views, in place of those there are. ``has_users``: the server has the users of
    ``DEFINERS``; otherwise (the embedded engine) the views are read as their maker."""
    for statement in view_statements(placement, has_users):
        client.command(statement)


def view_statements(placement: Placement, has_users: bool) -> Iterator[str]:
    """The statement of each view."""
    definers = {
        name.removeprefix("glasshouse_"): name if has_users else "CURRENT_USER" for name in DEFINERS
    }
    for view in GROUP_VIEWS:
        yield from _filled("groups.sql", {**_shown(view), **definers}, placement)
        yield from _filled("draft.sql", {**_made(view), **definers}, placement)
    units = ",\n    ".join(_unit(view) for view in GROUP_VIEWS)
    yield from _filled("due.sql", {"units": units, **definers}, placement)
    for file in ("training_counts.sql", "analytics_counts.sql"):
        yield from _filled(file, {"actions": _ACTIONS, "keys": _KEYS, **definers}, placement)


def _shown(view: GroupView) -> dict[str, str]:
    made_of = f"A window is the sum of its windows in {view.child}, and of what these do not show."
    return {
        "view": view.view,
        "group": view.group,
        "title": view.window.title,
        "what": _WHAT[view.group],
        "made_of": made_of if view.child else "",
        "declared": declared(),
        "names": for_each("{name}"),
    }


def _made(view: GroupView) -> dict[str, str]:
    shorter = list(_shorter(view))
    part = (shorter[-1] if shorter else view).window
    return {
        "view": view.view,
        "group": view.group,
        "child": view.child,
        "parts": ", ".join(each.view for each in reversed([view, *shorter])),
        "part": part.start.format("window_start"),
        "part_s": str(part.seconds),
        "bucket": view.window.start.format("window_start"),
        "shorter": ", ".join(f"'{each.view}'" for each in shorter) or "''",
        "lengths": ", ".join(str(each.window.seconds // part.seconds) for each in shorter) or "1",
        "first": view.window.unit.format("toDateTime({unit:UInt32}, 'UTC')"),
        "span": f"toIntervalSecond({view.window.unit_s})",
        "k": "ifNull((SELECT smallest_group FROM analytics.group_limit FINAL), 4294967295)",
        "values": for_each("is_shown[{place}] ? sums[{place}] : NULL AS {name}"),
        "amounts": for_each("toUInt64({column})", ", "),
        "theres": for_each("isNotNull({name})", ", "),
        "child_sums": for_each("ifNull({name}, 0)", ", "),
        "none": for_each("0", ", "),
        "nulls": for_each("NULL", ", "),
    }


def _shorter(view: GroupView) -> Iterator[GroupView]:
    """The views whose windows are parts of this one's, the longest first."""
    for child in (each for each in GROUP_VIEWS if each.view == view.child):
        yield child
        yield from _shorter(child)


def _unit(view: GroupView) -> str:
    """(report, unit, child, seconds) of an hour that there are partials of."""
    unit = view.window.unit.format("hour")
    return f"('{view.view}', {unit}, '{view.child}', toUInt32({view.window.unit_s}))"


def _filled(file: str, names: Mapping[str, str], placement: Placement) -> list[str]:
    text = files(__name__).joinpath(file).read_text(encoding="utf-8")
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return placement.statements(text)
