"""The views analysts read. They hold no data, so each ``migrate`` makes them anew.

All come from one text (``groups.sql``): what differs is whose groups, and how long the windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from sinks.sql import Placement, statements

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


def create_views(client: Client, placement: Placement) -> None:
    """Make all views, in place of those there are. An analyst needs no right on the tables below:
    a view reads them with the rights of who made it."""
    text = files(__name__).joinpath("groups.sql").read_text(encoding="utf-8")
    for view in GROUP_VIEWS:
        client.command(_statement(text, view, placement))


def _statement(text: str, view: GroupView, placement: Placement) -> str:
    for name, value in {
        "view": view.view,
        "group": view.group,
        "title": view.title,
        "bucket": view.bucket,
        "step": view.step,
        "what": _WHAT[view.group],
    }.items():
        text = text.replace(f"{{{name}}}", value)
    return statements(placement.resolve(text))[0]
