"""The tables and columns that a peer's program inserts into."""

from __future__ import annotations

ROWS = "training.interactions"
COLUMNS = (
    "pseudonym",
    "session",
    "sequence",
    "index",
    "batch",
    "epoch",
    "time",
    "action",
    "x_px",
    "y_px",
    "detail",
    "role",
    "application",
    "surface",
    "origin",
    "screen_width_px",
    "screen_height_px",
)
WINDOWS = "peer.team_windows"
WINDOW_COLUMNS = ("team", "window_start", "events", "version")
ACCOUNTS = "peer.accounting"
ACCOUNT_COLUMNS = ("partition", "first_offset", "fate", "events")
