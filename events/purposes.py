"""The purposes data may be taken for. `performance` is not one, and no setting adds it."""

from __future__ import annotations

from enum import StrEnum, unique


@unique
class Purpose(StrEnum):
    AGENT_TRAINING = "agent_training"
    TEAM_ANALYTICS = "team_analytics"


PURPOSES: tuple[Purpose, ...] = tuple(Purpose)

#: Key domain of the accounting and the consent log: not a purpose, and never equal to one.
GOVERNANCE = "governance"
