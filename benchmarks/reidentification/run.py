"""The whole test, in order. Every result is a JSON value, so that it can be kept and shown."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.reidentification.features import MOTION
from benchmarks.reidentification.granularity import GRANULARITIES, RAW, Granularity
from benchmarks.reidentification.identify import identify
from benchmarks.reidentification.learner import Learner, PlaceLearner
from benchmarks.reidentification.link import (
    Sight,
    chance_of_equal_minutes,
    dense,
    linked,
    minutes_of_rows,
)
from benchmarks.reidentification.remembered import Memory
from benchmarks.reidentification.reports import members, presence
from benchmarks.reidentification.samples import (
    Piece,
    Samples,
    Unit,
    action_samples,
    minute_samples,
)
from benchmarks.reidentification.sessions import Session, sessions_of
from benchmarks.reidentification.splits import Split, halves
from benchmarks.reidentification.team_view import alone, partials_of, team_minutes
from benchmarks.reidentification.through import pipeline_for, policy_at
from benchmarks.reidentification.usefulness import Questions, questions, usefulness
from events.policy import BUNDLED_POLICY, load_policy
from events.purposes import Purpose
from events.vocabulary import Action
from producers.recordings import Recording

Result = dict[str, Any]

#: How much of a person's rows an attacker judges at once.
PIECES: Mapping[str, Piece] = {
    "1 action": Piece(Unit.SAMPLES, 1),
    "10 actions": Piece(Unit.SAMPLES, 10),
    "50 actions": Piece(Unit.SAMPLES, 50),
    "5 minutes": Piece(Unit.MINUTES, 5),
    "15 minutes": Piece(Unit.MINUTES, 15),
    "a session": Piece(Unit.SESSION),
    "all under a pseudonym": Piece(Unit.PERSON),
}
MINUTES: Mapping[str, Piece] = {
    "1 minute": Piece(Unit.SAMPLES, 1),
    "15 minutes": Piece(Unit.SAMPLES, 15),
    "a session": Piece(Unit.SESSION),
    "all under a pseudonym": Piece(Unit.PERSON),
}
COARSE = Granularity(64, 250)

#: The attack across purposes: name, what is done to team analytics, what the attacker sees.
_AS_IS, _NO_MOVES = "as it is", "without moves"
LINKS: tuple[tuple[str, str, Sight], ...] = (
    ("1 minute", _AS_IS, Sight(1)),
    ("5 minutes", _AS_IS, Sight(5)),
    ("1 minute, team analytics at 64 px and 250 ms", "coarse", Sight(1)),
    ("5 minutes, when is not known", _AS_IS, Sight(5, clock=False)),
    ("5 minutes, sums rounded to 10", _AS_IS, Sight(5, rounded=10)),
    ("5 minutes, sums rounded to 100", _AS_IS, Sight(5, rounded=100)),
    ("1 minute, without moves", _NO_MOVES, Sight(1)),
    ("5 minutes, without moves", _NO_MOVES, Sight(5)),
    ("5 minutes, without moves, when is not known", _NO_MOVES, Sight(5, clock=False)),
    ("1 hour as one sum", _AS_IS, Sight(1, window=60)),
    ("1 hour as one sum, rounded to 100", _AS_IS, Sight(1, window=60, rounded=100)),
    ("1 hour as one sum, without moves", _NO_MOVES, Sight(1, window=60)),
)
GROUP_SIZES = (2, 10)
TEAM_SIZES = (10, 13, 21)


@dataclass(frozen=True, slots=True)
class Learners:
    """``name`` says what they are, for who reads the figures."""

    name: str
    classes: Learner
    places: PlaceLearner


@dataclass(frozen=True, slots=True)
class Study:
    """What is attacked, and how often. ``on_step`` is told what was done, after each of
    ``steps``."""

    recordings: Sequence[Recording] = field(repr=False)
    learners: Learners
    seeds: Sequence[int]
    memory: Memory
    granularities: Sequence[Granularity] = GRANULARITIES
    on_step: Callable[[str], None] = lambda name: None

    @property
    def steps(self) -> int:
        return len(self.granularities) * len(self.seeds) + 2

    @property
    def persons(self) -> list[int]:
        subjects = sorted({recording.subject for recording in self.recordings})
        return [subjects.index(recording.subject) for recording in self.recordings]


def default_granularity() -> Granularity:
    """What the policy of this repository says for agent training."""
    limits = load_policy(BUNDLED_POLICY).purposes[Purpose.AGENT_TRAINING]
    return Granularity(limits.grid_px, limits.tick_ms)


def run(study: Study) -> Result:
    """All attacks; what is remembered is not worked out again. ``ValueError`` where somebody has
    only one session."""
    splits = [halves(study.persons, seed) for seed in study.seeds]
    # Raw is needed beside each, so the last ones used are kept.
    replayed = lru_cache(3)(lambda granularity: sessions_of(study.recordings, granularity))
    settings = [
        {
            "grid_px": granularity.grid_px,
            "tick_ms": granularity.tick_ms,
            "name": granularity.name,
            **_setting(study, granularity, splits, replayed),
        }
        for granularity in study.granularities
    ]
    default = default_granularity()
    suffix = f"{default.grid_px}px-{default.tick_ms}ms-of-{len(splits)}"
    link = study.memory.once(f"link-{suffix}", lambda: _links(study, replayed(default)))
    study.on_step("across purposes")
    reports = study.memory.once(
        f"reports-{suffix}", lambda: _reports(study, splits, replayed(default))
    )
    study.on_step("reports")
    return {"settings": settings, "link": link, "reports": reports}


def _setting(
    study: Study,
    granularity: Granularity,
    splits: Sequence[Split],
    replayed: Callable[[Granularity], list[Session]],
) -> Result:
    """One grid and tick: means and spreads over the splits."""

    @cache
    def samples() -> tuple[Samples, Samples]:
        sessions = replayed(granularity)
        return action_samples(sessions), minute_samples(sessions)

    @cache
    def asked() -> list[Questions]:
        pairs = zip(replayed(RAW), replayed(granularity), strict=True)
        return [questions(raw, coarse) for raw, coarse in pairs]

    results = []
    for seed, split in zip(study.seeds, splits, strict=True):

        def make(seed: int = seed, split: Split = split) -> Result:
            learner = study.learners.classes
            actions, minutes = (
                (each.of(split.known), each.of(split.attacked)) for each in samples()
            )
            motion = [each.only(MOTION) for each in actions]
            return {
                "rows": _json(identify(*actions, learner, PIECES, seed)),
                "motion": _json(identify(motion[0], motion[1], learner, PIECES, seed)),
                "partials": _json(identify(*minutes, learner, MINUTES, seed)),
                "usefulness": _useful(study, asked(), granularity, split, seed),
            }

        name = f"{granularity.grid_px}px-{granularity.tick_ms}ms-{seed}"
        results.append(study.memory.once(name, make))
        study.on_step(granularity.name)
    return dict(_over_splits(results))


def _useful(
    study: Study, asked: list[Questions], granularity: Granularity, split: Split, seed: int
) -> Result:
    learners = study.learners.classes, study.learners.places
    return usefulness(asked, granularity, split, learners, seed).to_json()


def _json(verdicts: Mapping[str, Any]) -> Result:
    return {name: verdict.to_json() for name, verdict in verdicts.items()}


def _over_splits(results: Sequence[Any]) -> Any:
    """The same tree with [mean, standard deviation] in the place of each number."""
    if isinstance(results[0], dict):
        return {key: _over_splits([each[key] for each in results]) for key in results[0]}
    return [float(np.mean(results)), float(np.std(results))]


def _links(study: Study, sessions: list[Session]) -> Result:
    """The attack across purposes, and how rare a minute is."""
    fine = default_granularity()
    released = {
        _AS_IS: sessions,
        "coarse": sessions_of(study.recordings, COARSE),
        _NO_MOVES: sessions_of(study.recordings, fine, without=("move",)),
    }
    found = {}
    for name, done, sight in LINKS:
        without = (Action.MOVE,) if done == _NO_MOVES else ()
        rows = dense([minutes_of_rows(session, without) for session in sessions], sight.window)
        partials = dense([(s.minutes, s.measures) for s in released[done]], sight.window)
        both = max(rows.shape[1], partials.shape[1])
        rows, partials = (
            np.pad(each, ((0, 0), (0, both - each.shape[1]), (0, 0))) for each in (rows, partials)
        )
        found[name] = _over_splits([linked(rows, partials, sight, seed) for seed in study.seeds])
    return {
        "top_1": found,
        "candidates": len(sessions),
        "equal_minutes": chance_of_equal_minutes(sessions),
        "equal_minutes_without_moves": chance_of_equal_minutes(released[_NO_MOVES]),
    }


def _reports(study: Study, splits: Sequence[Split], sessions: list[Session]) -> Result:
    found: Result = {"presence": {}, "members": {}}
    for people in GROUP_SIZES:
        seen = [
            presence(
                [sessions[place] for place in split.known],
                [sessions[place] for place in split.attacked],
                people,
                study.learners.classes,
                seed,
            )
            for seed, split in zip(study.seeds, splits, strict=True)
        ]
        found["presence"][str(people)] = {
            name: _over_splits([getattr(each, name) for each in seen])
            for name in ("auc", "most", "shown")
        }
    for size in TEAM_SIZES:
        if len(sessions) >= 2 * size:
            found["members"][str(size)] = _members(study, sessions, size)
    return found


def _members(study: Study, sessions: list[Session], size: int) -> Result:
    """People (a session each) in teams of ``size`` at random; whose team is whose?"""
    granularity = default_granularity()
    order = np.random.default_rng(study.seeds[0]).permutation(len(sessions)).tolist()
    count = len(sessions) // size
    teams: list[str | None] = [None] * len(sessions)
    for nth, place in enumerate(order[: count * size]):
        teams[place] = f"team-{nth // size}"
    subjects = [alone(recording).subject for recording in study.recordings]
    pipeline = pipeline_for(subjects, granularity)
    with tempfile.TemporaryDirectory(prefix="reidentification-") as folder:
        partials = partials_of(study.recordings, teams, pipeline)
        view = team_minutes(partials, policy_at(granularity), Path(folder) / "tables")
    rows = dense([minutes_of_rows(session) for session in sessions])
    return {
        "teams": count,
        "shown": view.share,
        "right": members(rows, view.shown, teams) if view.shown else 1 / count,
        "chance": 1 / count,
    }
