"""The views over the tables. They hold no data, so each ``migrate`` makes them anew.

What analysts read comes from one text (``groups.sql``): what differs is whose groups, and how long
the windows. What ``reconcile`` reads only counts (``training_counts.sql`` and the like), so that
whoever proves the books needs no right to read a purpose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from events.vocabulary import Action, KeyClass
from sinks.sql import Placement

if TYPE_CHECKING:
    from clickhouse_connect.driver import Client


@dataclass(frozen=True, slots=True)
class GroupView:
    """``bucket`` is the window a minute belongs to, ``step`` the window's length, both SQL."""

    view: str
    group: str
    title: str
    bucket: str
    step: str


_MINUTE = ("minute", "window_start", "toIntervalMinute(1)")
_5_MINUTES = ("5 minutes", "toStartOfFiveMinutes(window_start)", "toIntervalMinute(5)")
_HOUR = ("hour", "toStartOfHour(window_start)", "toIntervalHour(1)")
_DAY = ("day", "toStartOfDay(window_start)", "toIntervalDay(1)")

GROUP_VIEWS: tuple[GroupView, ...] = (
    GroupView("team_minutes", "team", *_MINUTE),
    GroupView("team_5_minutes", "team", *_5_MINUTES),
    GroupView("team_hours", "team", *_HOUR),
    GroupView("team_days", "team", *_DAY),
    GroupView("application_hours", "application", *_HOUR),
    GroupView("application_days", "application", *_DAY),
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
    ),
    "glasshouse_training_counts": ("training.interactions",),
    "glasshouse_analytics_counts": ("analytics.window_partials",),
}

#: Views of the database ``governance``.
COUNT_VIEWS = (
    "training_sizes",
    "training_rows",
    "training_skips",
    "analytics_sizes",
    "analytics_rows",
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
        names = {**asdict(view), "what": _WHAT[view.group], **definers}
        yield from _filled("groups.sql", names, placement)
    for file in ("training_counts.sql", "analytics_counts.sql"):
        yield from _filled(file, {"actions": _ACTIONS, "keys": _KEYS, **definers}, placement)


def _filled(file: str, names: Mapping[str, str], placement: Placement) -> list[str]:
    text = files(__name__).joinpath(file).read_text(encoding="utf-8")
    for name, value in names.items():
        text = text.replace(f"{{{name}}}", value)
    return placement.statements(text)
