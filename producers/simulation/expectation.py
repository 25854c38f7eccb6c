"""What the streams must make of what was sent, counted from the messages and people's words alone.

It holds exactly when every word has reached the workers before the messages that follow
it, and the messages before it have been handled (see ``phases``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from events.batch import InteractionBatch
from events.consent import ConsentAction, Word
from events.outcomes import WHOLE_MESSAGE, Rejected, Withheld
from events.policy import Policy
from events.purposes import PURPOSES, Purpose
from producers.simulation.broken import BrokenMessage, Fault
from producers.simulation.habits import Array

Message = InteractionBatch | BrokenMessage

_CODES = 256  # an action is one byte
#: Which question a word answers. All are said to the terms in force.
_KIND = {
    ConsentAction.ACKNOWLEDGE: "notice",
    ConsentAction.GRANT: "answer",
    ConsentAction.WITHDRAW: "answer",
    ConsentAction.OBJECT: "answer",
    ConsentAction.PAUSE: "pause",
    ConsentAction.RESUME: "pause",
}
_STOPS = {
    ConsentAction.WITHDRAW: Withheld.WITHDRAWN,
    ConsentAction.OBJECT: Withheld.OBJECTED,
}
_NOTHING = np.zeros(_CODES, np.int64)


@dataclass(frozen=True, slots=True)
class Expected:
    """Of one purpose: events in = passed + withheld + rejected. Reasons with 0 are left out."""

    passed: int
    withheld: Mapping[Withheld, int]
    rejected: Mapping[Rejected, int]

    @property
    def total(self) -> int:
        return self.passed + sum(self.withheld.values()) + sum(self.rejected.values())


@dataclass(slots=True)
class Expectation:
    """Hears words and sees messages, in the order in which they are sent."""

    policy: Policy
    events_in: int = 0
    messages: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    #: What each person has said about each purpose, the last word of a kind.
    _said: dict[tuple[str, Purpose], dict[str, ConsentAction]] = field(
        default_factory=dict, repr=False
    )
    #: Events by action, of each purpose, by what stood against the person when they were sent.
    _seen: dict[tuple[Purpose, Withheld | None], Array] = field(default_factory=dict)
    _rejected: Counter[tuple[Purpose, Rejected]] = field(default_factory=Counter)

    def hear(self, word: Word) -> None:
        """What somebody says is in force from here on."""
        said = self._said.setdefault((word.subject, word.purpose), {})
        said[_KIND[word.action]] = word.action

    def see(self, message: Message) -> None:
        """A message was sent."""
        self.messages += 1
        self.events_in += len(message)
        if isinstance(message, InteractionBatch):
            subject, action = message.header.subject, message.columns["action"]
            counts = np.bincount(action, minlength=_CODES)
            for purpose in PURPOSES:
                self._add(purpose, self._against(subject, purpose), counts)
        else:
            self._see_broken(message)

    def _see_broken(self, message: BrokenMessage) -> None:
        """A message that is refused whole is refused before anyone asks whose it is; a bad event
        only where the person's events are looked at."""
        self.faults[message.fault] += 1
        for purpose in PURPOSES:
            against = self._against(message.subject, purpose)
            sound = ~message.refused
            if message.reason in WHOLE_MESSAGE:
                self._rejected[purpose, message.reason] += 1
            elif against is None:
                self._add(purpose, None, np.bincount(message.action[sound], minlength=_CODES))
                self._rejected[purpose, message.reason] += int(message.refused.sum())
            else:
                self._add(purpose, against, np.bincount(message.action, minlength=_CODES))

    def _against(self, subject: str, purpose: Purpose) -> Withheld | None:
        said = self._said.get((subject, purpose), {})
        answer = said.get("answer")
        if answer in _STOPS:
            return _STOPS[answer]
        if answer is None:
            return Withheld.NOT_ENROLLED
        if "notice" not in said:
            return Withheld.NOT_ACKNOWLEDGED
        return Withheld.PAUSED if said.get("pause") is ConsentAction.PAUSE else None

    def _add(self, purpose: Purpose, against: Withheld | None, counts: Array) -> None:
        if (purpose, against) not in self._seen:
            self._seen[purpose, against] = np.zeros(_CODES, np.int64)
        self._seen[purpose, against] += counts

    def to_json(self) -> dict[str, Any]:
        """Everything by name: events in, and each purpose's outcome."""
        outcomes = {purpose: self.of(purpose) for purpose in PURPOSES}
        return {
            "events_in": self.events_in,
            "purposes": {
                purpose.value: {
                    "passed": outcome.passed,
                    "withheld": {reason.value: n for reason, n in outcome.withheld.items()},
                    "rejected": {reason.value: n for reason, n in outcome.rejected.items()},
                }
                for purpose, outcome in outcomes.items()
            },
        }

    def of(self, purpose: Purpose) -> Expected:
        """The outcome for a purpose, of everything seen so far."""
        taken = np.zeros(_CODES, bool)
        taken[[int(code) for code in self.policy.purposes[purpose].action_codes]] = True
        looked_at = self._seen.get((purpose, None), _NOTHING)
        withheld = Counter({Withheld.ACTION_NOT_COLLECTED: int(looked_at[~taken].sum())})
        for reason in Withheld:
            withheld[reason] += int(self._seen.get((purpose, reason), _NOTHING).sum())
        rejected = Counter({reason: self._rejected[purpose, reason] for reason in Rejected})
        return Expected(int(looked_at[taken].sum()), +withheld, +rejected)
