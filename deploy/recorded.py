"""The demo's script for recordings: everybody is enrolled, but those who are named otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from deploy.script import Phase
from events.codec import Codec
from events.consent import ConsentAction
from events.errors import InputError
from events.policy import Policy
from events.purposes import PURPOSES, Purpose
from producers.calendar import default_start, lay, refuse_future
from producers.consents import enrolment, words
from producers.publisher import Publisher
from producers.recordings import Recording
from producers.replay import ReplayPlan, ReplayReport, replay
from producers.sealer import Sealer
from sinks.reconcile import Check
from sinks.totals import Totals


@dataclass(slots=True)
class RecordedScript:
    """Plays ``recordings`` as fast as possible. ``without`` never enrolled; ``withdrawn`` granted
    and took it back before their events come. ``report`` is there once they have been read."""

    recordings: Sequence[Recording] = field(repr=False)
    without: frozenset[str] = field(repr=False)
    withdrawn: frozenset[str] = field(repr=False)
    team: str
    batch_events: int
    first_ms: int | None = None
    report: ReplayReport | None = None

    @property
    def title(self) -> str:
        return "recordings"

    def __post_init__(self) -> None:
        unknown = (self.without | self.withdrawn) - {one.subject for one in self.recordings}
        if unknown:
            raise InputError(
                f"{len(unknown)} of the people named by --without or --withdrawn are not in the "
                "recordings: use the names of their folders"
            )

    def checks(self, totals: Mapping[Purpose, Totals]) -> list[Check]:
        sent = self.report.events_sent if self.report else 0
        found = max(purpose.events_in for purpose in totals.values())
        return [Check("events sent and accounted for", sent, found)]

    def notes(self) -> list[str]:
        if self.report is None or not self.report.unreadable_rows:
            return []
        where = [f"  {bad.path}:{bad.line}: {bad.fault}" for bad in self.report.examples]
        return [f"{self.report.unreadable_rows:,} rows of the recordings are no events:", *where]

    def phases(self, policy: Policy, codec: Codec, sealer: Sealer, now_ms: int) -> Iterator[Phase]:
        plan = self._plan(now_ms)
        refuse_future(lay(self.recordings, plan.first_ms), now_ms)
        enrolled = [one.subject for one in self.recordings if one.subject not in self.without]
        agreed = enrolment(enrolled, PURPOSES, now_ms, policy)
        withdrawals = words(sorted(self.withdrawn), PURPOSES, ConsentAction.WITHDRAW, now_ms)

        def feed(
            publisher: Publisher, on_progress: Callable[[int], None], stopped: Callable[[], bool]
        ) -> None:
            self.report = replay(
                self.recordings, publisher, plan, on_progress=on_progress, stopped=stopped
            )

        yield Phase([*agreed, *withdrawals], feed)

    def _plan(self, now_ms: int) -> ReplayPlan:
        return ReplayPlan(
            first_ms=default_start(self.recordings, now_ms)
            if self.first_ms is None
            else self.first_ms,
            team=self.team,
            batch_events=self.batch_events,
        )
