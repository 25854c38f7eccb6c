"""Prove that every event is accounted for, and that the tables hold exactly what was passed.

Pure: numbers in, checks out. A source topic's offsets start at 0 and every one of them must have
one accounting row per purpose, also those that Kafka has deleted since. A batch that was published
twice counts once, with the attempt that passed most. What retention may have dropped is left out on
both sides, by the day of each batch's first event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from events.purposes import PURPOSES, Purpose
from sinks.evidence import SHOWN, TABLE_OF, Evidence, Faults, Sizes, Source


@dataclass(frozen=True, slots=True)
class Kept:
    """What Kafka holds of a partition: offsets ``low`` to ``end - 1``."""

    low: int
    end: int


@dataclass(frozen=True, slots=True)
class Check:
    """``details`` say where, as far as one can tell; empty when the check holds. ``expired``: how
    many more were expected once, and are not compared since retention may have reached them."""

    name: str
    expected: int
    found: int
    details: tuple[str, ...] = ()
    expired: int = 0
    ok: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ok", self.expected == self.found and not self.details)


def reconcile(evidence: Evidence, kafka: Mapping[Source, Kept]) -> list[Check]:
    """All checks. ``kafka`` is what the source topic holds; empty if it was not asked: then what
    came after the last accounted message cannot be missed."""
    checks = [_accounted(evidence, kafka, purpose) for purpose in PURPOSES]
    checks.append(_none("accounts that do not balance", evidence.unbalanced))
    checks.append(_none("accounts that differ between purposes", evidence.disagreeing))
    for purpose in PURPOSES:
        checks += _stored(evidence, purpose)
    checks.append(_none("partials that do not add up", evidence.broken_partials))
    return checks


def lacking(accounted: Sizes, stored: Sizes) -> tuple[dict[int, int], dict[int, int]]:
    """Batches too few and batches too many, by number of events."""
    sizes = sorted({*accounted, *stored})
    difference = {size: stored.get(size, 0) - accounted.get(size, 0) for size in sizes}
    few = {size: -count for size, count in difference.items() if count < 0}
    many = {size: count for size, count in difference.items() if count > 0}
    return few, many


def _accounted(evidence: Evidence, kafka: Mapping[Source, Kept], purpose: Purpose) -> Check:
    """One accounting row for each offset from 0 to the end of each partition."""
    ends = {source: kept.end for source, kept in kafka.items()}
    for each in evidence.spans:
        ends[each.source] = max(ends.get(each.source, 0), each.end)
    spans = {each.source: each for each in evidence.spans if each.purpose == purpose}
    details: list[str] = []
    for source, end in sorted(ends.items()):
        span = spans.get(source)
        gaps = list(span.gaps) if span else []
        seen = span.end if span else 0
        if seen < end:
            gaps.append((seen, end - 1))
        details += _missing(source, gaps, kafka.get(source))
    return Check(
        f"messages accounted for {purpose.value}",
        sum(ends.values()),
        sum(each.messages for each in spans.values()),
        tuple(details),
    )


def _missing(source: Source, gaps: list[tuple[int, int]], kept: Kept | None) -> Iterable[str]:
    topic_id, partition = source
    for first, last in gaps[:SHOWN]:
        gone = " (deleted from Kafka before they were judged)" if kept and last < kept.low else ""
        yield (
            f"topic id {topic_id}, partition {partition}: offsets {first} to {last} "
            f"({last - first + 1:,} messages) are not accounted{gone}"
        )
    if len(gaps) > SHOWN:
        yield f"topic id {topic_id}, partition {partition}: and {len(gaps) - SHOWN} more gaps"


def _none(name: str, faults: Faults) -> Check:
    return Check(name, 0, faults.count, faults.places)


def _stored(evidence: Evidence, purpose: Purpose) -> Iterable[Check]:
    """The purpose's table holds what was passed: as many events, in batches of the same sizes, and
    each row in one place."""
    known, stored = evidence.accounted[purpose], evidence.stored[purpose]
    table = TABLE_OF[purpose]
    faults = list(_size_faults(*lacking(known.sizes, stored.sizes)))
    if faults and known.undated:
        faults.append(
            f"{known.undated:,} batches were accounted for by a worker of an older version, "
            "without their day: what retention drops of these looks missing"
        )
    yield Check(f"events in {table}", _events(known.sizes), _events(stored.sizes))
    yield Check(
        f"batches in {table}",
        sum(known.sizes.values()),
        sum(stored.sizes.values()),
        tuple(faults),
        known.expired,
    )
    yield Check(f"rows in one place in {table}", stored.rows, stored.identities)


def _events(sizes: Sizes) -> int:
    return sum(size * batches for size, batches in sizes.items())


def _size_faults(few: Mapping[int, int], many: Mapping[int, int]) -> Iterable[str]:
    for word, sizes in (("missing", few), ("too many", many)):
        for size, count in sorted(sizes.items(), key=lambda item: -item[1])[:SHOWN]:
            yield f"{count:,} batches of {size:,} events {word}"
        if len(sizes) > SHOWN:
            yield f"and of {len(sizes) - SHOWN} other sizes {word}"
