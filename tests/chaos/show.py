"""What a person sees of a chaos run: a line a seed, what went wrong, and the faults met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from events.options import err, out, show_json, show_table
from tests.chaos.broken import Break
from tests.chaos.faults import Kind
from tests.chaos.run import Verdict


def tell(verdict: Verdict, again: str) -> None:
    """One line; where the seed failed, its schedule, the first differences, how to run it again."""
    doubt = f", {verdict.in_doubt} batches in doubt" if verdict.in_doubt else ""
    given_up = f", {verdict.gave_up} gave up and were started again" if verdict.gave_up else ""
    took = ", ".join(f"{phase} {took_s:.0f}" for phase, took_s in verdict.phases_s.items())
    badly = f", {verdict.ended_badly} did not end well" if verdict.ended_badly else ""
    _say(
        f"seed {verdict.seed}: {'ok' if verdict.ok else 'FAILED'}, {verdict.events:,} events in "
        f"{verdict.messages:,} messages, {verdict.rows:,} rows compared, "
        f"{_inflicted(verdict)} faults met of {len(verdict.schedule)}{doubt}{given_up}{badly}, "
        f"{verdict.seconds:.1f} s ({took})"
    )
    if verdict.ok:
        return
    for line in (verdict.failure, *verdict.told, "its schedule:", *verdict.schedule):
        if line:
            _say(f"  {line}")
    _say(f"  run it again: {again}")


def sum_up(verdicts: Sequence[Verdict], broker: str) -> None:
    """The table of faults met, and how many seeds passed."""
    met = _met(verdicts)
    show_table(
        f"faults met, {len(verdicts)} seeds on {broker}",
        ("fault", "met"),
        [(kind.value, met[kind]) for kind in Kind],
    )
    doubt = sum(verdict.in_doubt for verdict in verdicts)
    passed = sum(verdict.ok for verdict in verdicts)
    out.print(f"{passed} of {len(verdicts)} seeds passed; {doubt} batches in doubt", markup=False)


def tell_of_the_broken(verdicts: Sequence[Verdict], broken: Break) -> None:
    """Whether a broken build was caught, and by which seed."""
    last = verdicts[-1]
    result = f"caught by seed {last.seed}" if last.is_caught else f"NOT caught by {last.seed} seeds"
    out.print(f"{broken.value}: {result}", markup=False, highlight=False)


def as_json(verdicts: Sequence[Verdict], broker: str, broken: Break | None) -> None:
    """The same as one JSON object."""
    show_json(
        {
            "broker": broker,
            "broken": broken.value if broken else None,
            "passed": sum(verdict.ok for verdict in verdicts),
            "met": {kind.value: count for kind, count in _met(verdicts).items()},
            "seeds": [_of(verdict) for verdict in verdicts],
        }
    )


def _of(verdict: Verdict) -> dict[str, Any]:
    return {
        "seed": verdict.seed,
        "ok": verdict.ok,
        "events": verdict.events,
        "messages": verdict.messages,
        "rows_compared": verdict.rows,
        "seconds": round(verdict.seconds, 1),
        "in_doubt": verdict.in_doubt,
        "phases_s": {phase: round(took_s, 1) for phase, took_s in verdict.phases_s.items()},
        "gave_up": verdict.gave_up,
        "ended_badly": verdict.ended_badly,
        "failure": verdict.failure,
        "differences": verdict.told,
        "schedule": list(verdict.schedule),
        "met": {kind.value: count for kind, count in verdict.met.items()},
    }


def _met(verdicts: Sequence[Verdict]) -> Counter[Kind]:
    met: Counter[Kind] = Counter(dict.fromkeys(Kind, 0))
    for verdict in verdicts:
        met.update(verdict.met)
    return met


def _inflicted(verdict: Verdict) -> int:
    in_the_input = list(Kind)[list(Kind).index(Kind.REPEATED) :]
    return sum(count for kind, count in verdict.met.items() if kind not in in_the_input)


def _say(text: str) -> None:
    err.print(text, markup=False, highlight=False, soft_wrap=True)
