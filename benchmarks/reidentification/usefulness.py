"""What the data is still good for: how well what a person does next can be told from it.

Three questions, always judged against the raw recording:

- kind: is the next action a move, a click, a drag or a scroll? Told from the three before it.
- place: where will the next click be? Told from the action before and the first quarter of the
  way, by the number of its moves.
- label: does a click at the place that a row gives, taken as the middle of its cell, hit a target
  of 24 px around the true place? (The least target size of WCAG 2.2, 2.5.8.)

Where one action ends and the next begins is taken from the raw recording at every setting, so that
all settings are asked the same questions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.reidentification.features import NAMES, features
from benchmarks.reidentification.granularity import Granularity
from benchmarks.reidentification.learner import Learner, PlaceLearner
from benchmarks.reidentification.measures import macro_f1
from benchmarks.reidentification.segment import Kind, Segments, segment
from benchmarks.reidentification.sessions import Bools, Floats, Ints, Session
from benchmarks.reidentification.splits import Split
from events.vocabulary import Action

_BEFORE = 3
_TARGET_PX = 24
#: On the way to a click there are at least so many moves, or there is no quarter of it.
_LEAST_MOVES = 4
_MOST_SAMPLES = 6_000
_SEEN = (
    "duration_s",
    "path_px",
    "distance_px",
    "direction_cos",
    "direction_sin",
    "straightness",
    "speed_mean",
    "speed_most",
    "is_move",
    "is_click",
    "is_drag",
    "is_scroll",
    "end_x_px",
    "end_y_px",
    "pause_before_s",
)


@dataclass(frozen=True, slots=True)
class Usefulness:
    """``kind_f1`` is the macro-F1 of the next kind, ``kind_right`` the share told right; each with
    what saying the commonest kind would give. ``place_px`` is the median error of the next click's
    place, beside that of saying "where the pointer is now". ``hits`` is the share of labels that
    hit."""

    kind_f1: float
    kind_f1_blind: float
    kind_right: float
    kind_right_blind: float
    place_px: float
    place_px_blind: float
    hits: float

    def to_json(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True, slots=True, repr=False)
class Questions:
    """What one session asks: rows of features, and the answers from the raw recording. ``here_px``
    is where the pointer is said to be by then, ``label_px`` where the click is said to be."""

    kind_seen: Floats
    kind: Ints
    place_seen: Floats
    here_px: Floats
    click_px: Floats
    label_px: Floats


def questions(raw: Session, coarse: Session) -> Questions:
    """Both are the same session, event by event. ``ValueError`` where they are not."""
    if len(raw) != len(coarse):
        raise ValueError("the same events must pass at every setting")
    segments = segment(raw)
    columns = [NAMES.index(name) for name in _SEEN]
    seen = features(coarse, segments)[:, columns]
    before = [seen[_BEFORE - lag : len(seen) - lag] for lag in range(1, _BEFORE + 1)]
    clicks, press = _clicks(raw, segments)
    here = segments.first[clicks] + (press - segments.first[clicks]) // 4
    return Questions(
        np.column_stack(before),
        segments.kind[_BEFORE:],
        np.column_stack([_way(coarse, segments.first[clicks], here), seen[clicks - 1]]),
        _places(coarse, here),
        _places(raw, press),
        _places(coarse, press),
    )


def _places(session: Session, at: Ints) -> Floats:
    return np.column_stack([session.x_px[at], session.y_px[at]]).astype(np.float64)


def _clicks(raw: Session, segments: Segments) -> tuple[Ints, Ints]:
    """Clicks that have a way to them and an action before: their number, and their first press."""
    pressed: Bools = raw.action == Action.BUTTON_DOWN
    presses = np.flatnonzero(pressed)
    owner = np.searchsorted(segments.first, presses, side="right") - 1
    owner, nth = np.unique(owner, return_index=True)
    press = presses[nth]
    wanted = (segments.kind[owner] == Kind.CLICK) & (owner > 0)
    wanted &= press - segments.first[owner] >= _LEAST_MOVES
    return owner[wanted], press[wanted]


def _way(session: Session, start: Ints, here: Ints) -> Floats:
    """The way so far: from where to where, how long, and the last steps of it."""
    lately = np.maximum(here - 3, start)
    columns = []
    for since in (start, lately):
        columns += [
            session.x_px[here] - session.x_px[since],
            session.y_px[here] - session.y_px[since],
            session.time_ms[here] - session.time_ms[since],
        ]
    return np.column_stack([*columns, session.x_px[here], session.y_px[here]]).astype(np.float64)


def usefulness(
    asked: Sequence[Questions],
    granularity: Granularity,
    split: Split,
    learners: tuple[Learner, PlaceLearner],
    seed: int,
) -> Usefulness:
    """Learnt from the known sessions of the split, judged on the others."""
    known = [asked[place] for place in split.known]
    unseen = [asked[place] for place in split.attacked]
    kinds = _kinds(known, unseen, learners[0], seed)
    places = _place_errors_px(known, unseen, learners[1], seed)
    return Usefulness(*kinds, *places, _hits(unseen, granularity.grid_px))


def _kinds(
    known: Sequence[Questions], unseen: Sequence[Questions], learner: Learner, seed: int
) -> tuple[float, float, float, float]:
    seen = np.concatenate([each.kind_seen for each in known])
    kind = np.concatenate([each.kind for each in known])
    taken = _drawn(len(kind), seed)
    kinds, label = np.unique(kind[taken], return_inverse=True)
    model = learner.fit(seen[taken], label, seed)
    truth = np.concatenate([each.kind for each in unseen])
    said = kinds[model.scores(np.concatenate([each.kind_seen for each in unseen])).argmax(axis=1)]
    blind = np.full(len(truth), np.bincount(kind).argmax())
    return (
        macro_f1(said, truth, len(Kind)),
        macro_f1(blind, truth, len(Kind)),
        float((said == truth).mean()),
        float((blind == truth).mean()),
    )


def _place_errors_px(
    known: Sequence[Questions], unseen: Sequence[Questions], learner: PlaceLearner, seed: int
) -> tuple[float, float]:
    seen = np.concatenate([each.place_seen for each in known])
    # What there is to learn from is what the rows say, not the truth.
    ahead = np.concatenate([each.label_px - each.here_px for each in known])
    taken = _drawn(len(seen), seed)
    model = learner.fit(seen[taken], ahead[taken], seed)
    here = np.concatenate([each.here_px for each in unseen])
    truth = np.concatenate([each.click_px for each in unseen])
    said = here + model.places(np.concatenate([each.place_seen for each in unseen]))
    return tuple(float(np.median(np.hypot(*(place - truth).T))) for place in (said, here))  # type: ignore[return-value]


def _hits(unseen: Sequence[Questions], grid_px: int) -> float:
    """Whole pixels: a cell of 1 px has its middle at 0."""
    label = np.concatenate([each.label_px for each in unseen]) + (grid_px - 1) / 2
    off = np.abs(label - np.concatenate([each.click_px for each in unseen]))
    return float((off <= _TARGET_PX / 2).all(axis=1).mean())


def _drawn(samples: int, seed: int) -> Ints:
    draw = np.random.default_rng(seed)
    return np.sort(draw.permutation(samples)[:_MOST_SAMPLES])
