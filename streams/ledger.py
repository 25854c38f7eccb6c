"""What every person last said about every purpose. Pure state; the reader feeds it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from events.consent import Aspect, ConsentAction, ConsentRecord
from events.outcomes import Withheld
from events.purposes import Purpose


@dataclass(frozen=True, slots=True)
class Standing:
    """The last word of a person on a purpose: ``notice_version`` is set exactly while granted."""

    withdrawn: bool = False
    notice_version: str | None = None
    paused: bool = False


_SILENT = Standing()


@dataclass(slots=True)
class Ledger:
    """Standing by (subject, purpose). Its ``repr`` shows nobody."""

    _standing: dict[tuple[str, Purpose], Standing] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self._standing)

    def apply(self, consent: ConsentRecord) -> None:
        """Take a record in. Records of one key must come in the topic's order."""
        key = (consent.subject, consent.purpose)
        before = self._standing.get(key, _SILENT)
        match consent.action:
            case ConsentAction.GRANT:
                after = replace(before, withdrawn=False, notice_version=consent.notice_version)
            case ConsentAction.WITHDRAW:
                after = replace(before, withdrawn=True, notice_version=None)
            case ConsentAction.PAUSE:
                after = replace(before, paused=True)
            case ConsentAction.RESUME:
                after = replace(before, paused=False)
        self._standing[key] = after

    def forget(self, subject: str, purpose: Purpose, aspect: Aspect) -> None:
        """Take in that a record was deleted: it is as if it had never been there."""
        self._void(subject, purpose, aspect, paused=False)

    def doubt(self, subject: str, purpose: Purpose, aspect: Aspect) -> None:
        """Take in a record that cannot be read: it may have been a no, so it counts as one."""
        self._void(subject, purpose, aspect, paused=True)

    def _void(self, subject: str, purpose: Purpose, aspect: Aspect, *, paused: bool) -> None:
        before = self._standing.pop((subject, purpose), _SILENT)
        match aspect:
            case Aspect.CONSENT:
                after = replace(before, withdrawn=False, notice_version=None)
            case Aspect.PAUSE:
                after = replace(before, paused=paused)
        if after != _SILENT:
            self._standing[(subject, purpose)] = after

    def objection(self, subject: str, purpose: Purpose, notice_version: str) -> Withheld | None:
        """Why events of ``subject`` may not flow for ``purpose``; None if they may."""
        standing = self._standing.get((subject, purpose), _SILENT)
        if standing.withdrawn:
            return Withheld.WITHDRAWN
        if standing.notice_version is None:
            return Withheld.NOT_ENROLLED
        if standing.notice_version != notice_version:
            return Withheld.NOTICE_OUTDATED
        return Withheld.PAUSED if standing.paused else None
