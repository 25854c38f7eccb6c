"""What the tables of a run must hold, worked out event by event from what was published and said.

Consent that changes while a message is on its way leaves it more than one right fate: the books may
say any of these, and the rows must then be those of what the books say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from events.batch import InteractionBatch
from events.outcomes import Withheld
from events.purposes import GOVERNANCE, Purpose
from tests.chaos.words import Heard, may_be_believed
from tests.oracle import Row, World, digest_of, keyed, name_in_the_books, of_the_willing
from tests.strategies import SEALING, Sent

#: Batch under the governance key, events in, events passed, withheld and rejected by reason.
Reasons = tuple[tuple[str, int], ...]
Book = tuple[int, int, int, Reasons, Reasons]
#: Purpose, partition, offset.
Place = tuple[str, int, int]

_WITHHELD = frozenset(reason.value for reason in Withheld)


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as it stands in the raw topic: ``time_ms`` is Kafka's timestamp, set by its
    producer when it handed it over."""

    partition: int
    offset: int
    time_ms: int
    sent: Sent


@dataclass(slots=True)
class Case:
    """A batch for one purpose, however often it was published. ``willing`` are the books where its
    person agrees, and ``rows`` what is in the tables then. ``places``: the books that each of its
    messages may have. ``undecided``: consent changed in its flight."""

    willing: Book
    rows: Mapping[Row, Row] = field(repr=False)
    places: dict[Place, frozenset[Book]] = field(default_factory=dict)
    undecided: bool = False


@dataclass(slots=True)
class Expected:
    """``cases`` by purpose and batch id under the purpose's key; ``refused`` are the books of
    messages that are refused whole."""

    cases: dict[tuple[str, int], Case] = field(default_factory=dict)
    refused: dict[Place, Book] = field(default_factory=dict)
    dead_letters: dict[tuple[int, int], tuple[str, int]] = field(default_factory=dict)
    consent_log: dict[int, Row] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Consent:
    """Every word in its order; a worker knows one ``bound_ms`` after it was acknowledged, at the
    latest."""

    heard: Sequence[Heard]
    bound_ms: int


def expect(stored: Sequence[Stored], consent: Consent, world: World) -> Expected:
    """What ``stored`` must lead to."""
    expected = Expected()
    for message in stored:
        for purpose in Purpose:
            if message.sent.batch is None:
                _expect_refusal(expected, message, purpose)
            else:
                case = _case(expected, message.sent.batch, purpose, world)
                _expect_place(case, message, purpose, consent, world)
    return expected


def log_of(records: Mapping[int, Heard], world: World) -> dict[int, Row]:
    """The consent log: by offset (pseudonym, purpose, action, notice, number, hash, time in ms)."""
    found: dict[int, Row] = {}
    for offset, heard in records.items():
        record, said = heard.record, heard.word
        keys = [keys for _, start_ms, keys in world.epochs if start_ms <= said.at_ms][-1]
        person = keyed(keys[GOVERNANCE], "subject", digest_of(said.subject, SEALING.digest_key))
        words = (said.purpose.value, said.action.value, said.terms[0] if said.terms else "")
        found[offset] = (person, *words, record.number, record.name.hex(), said.at_ms)
    return found


def _expect_refusal(expected: Expected, message: Stored, purpose: Purpose) -> None:
    reason = message.sent.reason
    assert reason is not None
    place = (purpose.value, message.partition, message.offset)
    expected.refused[place] = (0, 1, 0, (), ((reason.value, 1),))
    expected.dead_letters[message.partition, message.offset] = (reason.value, message.time_ms)


def _case(expected: Expected, batch: InteractionBatch, purpose: Purpose, world: World) -> Case:
    keys = [keys for _, start, keys in world.epochs if start <= batch.header.base_time_ms][-1]
    name = (purpose.value, keyed(keys[purpose.value], "batch", batch.header.batch_id))
    if name not in expected.cases:
        fates, rows = of_the_willing(batch, purpose, world)
        book = _book(name_in_the_books(batch, purpose, world), len(batch), fates)
        expected.cases[name] = Case(book, rows)
    return expected.cases[name]


def _book(batch: int, events: int, fates: Counter[str]) -> Book:
    withheld: list[tuple[str, int]] = []
    rejected: list[tuple[str, int]] = []
    for reason, count in sorted(fates.items()):
        if reason != "passed":
            (withheld if reason in _WITHHELD else rejected).append((reason, count))
    return (batch, events, fates["passed"], tuple(withheld), tuple(rejected))


def _expect_place(
    case: Case,
    message: Stored,
    purpose: Purpose,
    consent: Consent,
    world: World,
) -> None:
    assert message.sent.batch is not None
    standings = may_be_believed(
        consent.heard,
        message.sent.batch.header.subject,
        purpose,
        since_ms=message.time_ms,
        bound_ms=consent.bound_ms,
        policy=world.policy,
    )
    batch, events = case.willing[0], case.willing[1]
    books = [
        _book(batch, events, Counter({objection: events})) if objection else case.willing
        for objection in standings
    ]
    case.undecided |= "" in standings and len(standings) > 1
    case.places[purpose.value, message.partition, message.offset] = frozenset(books)
