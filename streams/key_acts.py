"""An administrative act on the keys, and the one place where it is written down."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from typing import Literal

from events.log import log
from streams.key_file import Service

Act = Literal["init", "rotate", "destroy", "rewrap", "move"]


@dataclass(frozen=True, slots=True)
class KeyAct:
    """What was done, on which epochs, when (ms UTC) and by whom (the account of this machine)."""

    act: Act
    epochs: tuple[int, ...]
    at_ms: int
    by: str
    service: Service


def record_act(act: KeyAct) -> None:
    """Write down an act that is done; called once for each. The log does not say by whom: that
    stands in the key file, for making and destroying."""
    log.info("keys changed", act=act.act, epochs=list(act.epochs), service=act.service)


def whoever() -> str:
    """The account that this process runs as."""
    user = os.getuid()
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"uid {user}"
