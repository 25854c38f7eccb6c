"""Every error the project raises, split by what the caller does about it.

    GlasshouseError
    ├── Reject              this message or event is bad: count it, go on with the rest
    ├── Retry               something outside is away: try the same thing again, later
    │   └── SpoolFull           unsent batches take all the room they may; this one was not taken
    └── Stop                going on would break a promise: the process ends with this text
        ├── SettingsError       a setting, policy or key file is wrong (lists every fault)
        │   └── PolicyRefused       a policy is not signed as it must be, or does not follow
        ├── DataDirError        the data directory is in use, or of another version
        ├── SpoolError          the spool of unsent batches is in use, open to others or damaged
        ├── ServerMissing       a server did not answer within its give-up time
        ├── DeadLetterLimit     too many bad messages in a row
        ├── AuditError          an act cannot be recorded, so it is not done
        └── InputError          what a person named on the command line is not there or not usable

No message of these errors ever contains a value that came from a person: only names of fields,
reasons, coordinates and files.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from events.outcomes import Rejected


class GlasshouseError(Exception):
    """Root of the tree."""


class Reject(GlasshouseError):
    """A message is refused for ``reason``; the message itself is never part of the text."""

    def __init__(self, reason: Rejected) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Retry(GlasshouseError):
    """A server is away or busy; the same call may succeed later."""


class SpoolFull(Retry):
    """There is no room for one more batch on disk, by the limit or by the disk. The caller still
    has it: it may offer it again, or count it as lost."""


class Stop(GlasshouseError):
    """The process must end: the text says what is wrong, where, and what to do next."""


class SettingsError(Stop):
    """Settings, policy or keys are unusable. ``faults`` holds every one found."""

    def __init__(self, where: str, faults: Sequence[str]) -> None:
        lines = "\n".join(f"  - {fault}" for fault in faults)
        super().__init__(f"{where}: {len(faults)} fault(s)\n{lines}")
        self.faults = tuple(faults)


class PolicyRefused(SettingsError):
    """A version of the policy takes no effect. ``waits_for``: the sides that have not signed, where
    it is that."""

    def __init__(self, where: str, faults: Sequence[str], waits_for: Sequence[str] = ()) -> None:
        super().__init__(where, faults)
        self.where = where
        self.waits_for = tuple(waits_for)


class DataDirError(Stop):
    """The data directory cannot be used by this process."""


class SpoolError(Stop):
    """The spool of unsent batches cannot be used by this process."""


class ServerMissing(Stop):
    """A server gave no answer until the give-up time."""


class DeadLetterLimit(Stop):
    """More messages in a row were bad than the settings allow."""


class AuditError(Stop):
    """What a command would do, or has done, cannot be recorded in the audit log."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the audit log {path} cannot be used ({why}). What is not on record is not done: put "
            "it right, or name another file with GLASSHOUSE_AUDIT_FILE; that a log begins anew "
            "shows."
        )


class InputError(Stop):
    """A file, folder or argument named by the person is missing or unusable."""
