"""Can an analyst learn something about fewer than k people? Tried:

    make differencing
    make differencing ARGS="--seeds 20 --json"
    make differencing ARGS=--without-suppression

For each seed a population is made up, its reports are made by the product, and all that an analyst
may read is read, before and after somebody's data came late, somebody joined and somebody was
erased. Then the figures are added and subtracted. Ends with 1 if anybody is isolated: a sum over
fewer than k people that is known exactly, or more closely than what one of them contributed to it.

--without-suppression attacks plain sums of everything instead; --smallest-group-only plain sums of
groups of k or more people. Both must isolate somebody: that shows that the attack works.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from events.options import err, out, show_json, show_table
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import Purpose
from tests.differencing.attack import Attack, Outcome
from tests.differencing.known import Known, of_plain_sums, of_reports
from tests.differencing.looks import look_twice
from tests.differencing.population import populate


def attack(seed: int, k: int, minutes: int, smallest_group: int | None) -> Outcome:
    """``smallest_group``: of plain sums; None: what is attacked are the reports."""
    population = populate(seed, k, minutes)
    known: list[list[Known]]
    if smallest_group is None:
        with tempfile.TemporaryDirectory() as folder:
            known = of_reports(population, look_twice(population, Path(folder)), k)
    else:
        known = of_plain_sums(population, smallest_group)
    outcome = Outcome()
    for measure, sums in enumerate(known):
        Attack(population, measure, sums, k, outcome).run()
    return outcome


def main(
    *,
    seeds: Annotated[int, typer.Option(help="How many populations.")] = 5,
    first_seed: Annotated[int, typer.Option(help="The first one's.")] = 1,
    minutes: Annotated[int, typer.Option(help="Minutes of an hour in which people work.")] = 12,
    without_suppression: Annotated[
        bool, typer.Option(help="Attack plain sums. Somebody must be isolated.")
    ] = False,
    smallest_group_only: Annotated[
        bool, typer.Option(help="Attack plain sums of k people. Somebody must be isolated.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Try to isolate somebody by what analysts can read. Exit status 1 if it can be done."""
    k = load_policy(BUNDLED_POLICY).purposes[Purpose.TEAM_ANALYTICS].smallest_group
    smallest = 1 if without_suppression else k if smallest_group_only else None
    started_s = time.monotonic()
    tried, isolated = Counter[str](), Counter[str]()
    people = 0
    for seed in track(range(first_seed, first_seed + seeds), "populations", console=err):
        outcome = attack(seed, k, minutes, smallest)
        tried.update(outcome.tried)
        isolated.update({kind: len(found) for kind, found in outcome.isolated.items()})
        people += len(outcome.people)
    if as_json:
        show_json(
            {
                "populations": seeds,
                "queries": tried.total(),
                "isolated": people,
                "by_question": {q: {"tried": n, "isolated": isolated[q]} for q, n in tried.items()},
                "seconds": round(time.monotonic() - started_s, 1),
            }
        )
    else:
        rows = [(question, number, isolated[question]) for question, number in tried.items()]
        show_table("Differencing", ("question", "tried", "people isolated"), rows)
        out.print(
            f"{seeds} populations, {tried.total():,} queries tried, people isolated: {people}",
            highlight=False,
        )
    raise typer.Exit(1 if people else 0)


if __name__ == "__main__":
    try:
        typer.run(main)
    except KeyboardInterrupt:
        sys.exit(130)
