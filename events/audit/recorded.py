"""Do something, and have it on record: before it is done, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import typer

from events.audit.entry import DONE, Act, Entry
from events.audit.log import AuditLog, os_user
from events.clock import Clock, SystemClock
from events.errors import GlasshouseError
from events.settings import Settings


@dataclass(slots=True)
class Recording:
    """What came of it, told before the end. ``rows``: rows, records or messages that were shown or
    changed; ``detail``: in the place of what was meant."""

    rows: int = 0
    detail: str = ""


@contextmanager
def recorded(
    settings: Settings,
    act: Act,
    *,
    purpose: str = "",
    person: int = 0,
    detail: str = "",
    clock: Clock | None = None,
) -> Iterator[Recording]:
    """Record ``act`` around what is done within.

    1  append that it begins   fails: ``AuditError``, and nothing was done
    2  what is done within
    3  append what came of it  fails: ``AuditError``; that it began is on record

    If the process dies between 1 and 3, the log has a beginning without an end.
    """
    clock = clock or SystemClock()
    log = AuditLog(settings.audit_path)
    entry = Entry(
        log="",
        number=0,
        at_ms=clock.now_ms(),
        os_user=os_user(),
        actor=settings.actor,
        act=act.value,
        purpose=purpose,
        person=person,
        detail=detail,
    )
    begun = log.append(entry)
    recording = Recording()

    def end(outcome: str) -> None:
        done = replace(entry, begun=begun.number, at_ms=clock.now_ms(), rows=recording.rows)
        log.append(replace(done, outcome=outcome, detail=recording.detail or detail))

    try:
        yield recording
    except BaseException as error:
        end(_outcome(error))
        raise
    end(DONE)


def _outcome(error: BaseException) -> str:
    """How an act ended that raised: by kind alone, since texts could quote what a person named."""
    if isinstance(error, typer.Exit):
        return f"exit {error.exit_code}" if error.exit_code else DONE
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return "stopped"
    kind = "refused" if isinstance(error, GlasshouseError) else "failed"
    return f"{kind}: {type(error).__name__}"
