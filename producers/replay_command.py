"""The command `replay`."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from events.batch import is_identifier
from events.clock import SystemClock
from events.errors import InputError
from events.options import err, out, show_json, with_settings
from events.settings import Settings
from events.vocabulary import OTHER_APPLICATION, OUTSIDE_PX
from producers.progress import counted

if TYPE_CHECKING:
    from producers.recordings import Recording, Screen
    from producers.replay import ReplayReport
