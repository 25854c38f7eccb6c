"""Who works there: teams, and for every person a desk, a hand and habits. Arrays, one row each."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from events.policy import Policy
from producers.simulation.config import SimulationConfig
from producers.simulation.habits import Array, style_of, surface_of
from producers.simulation.randomness import Stream, generator

#: Not on any allow-list, so that `other` shows in what the streams make of it.
UNLISTED_APPLICATION = "sim-home-made-tool"
_UNLISTED_SHARE = 0.02

#: Width and height, px: a laptop, one large screen, two screens side by side; and how many have it.
_SCREENS_PX = np.array([(1_920, 1_080), (2_560, 1_440), (3_840, 1_080)])
_SCREEN_SHARES = (0.5, 0.3, 0.2)

#: Ms between two reports of a pointing device: 125 Hz down to 62.5 Hz.
_SAMPLE_MS = (8, 10, 12, 16)

_PART_TIME_SHARE = 0.2
_SMALL_TEAM = (3, 9)  # people; below the smallest group a report shows


@dataclass(frozen=True, slots=True)
class Organisation:
    """Row p of every array is person p. ``fitts_a_ms`` + ``fitts_b_ms`` x bits is the movement
    time; ``pace`` is how busy a person is, 1 on average; ``mix`` holds each team's cumulative
    shares of ``applications``."""

    config: SimulationConfig
    applications: tuple[str, ...]
    surfaces: tuple[int, ...]
    styles: Array
    teams: tuple[str, ...]
    mix: Array
    subjects: tuple[str, ...] = field(repr=False)
    team: Array = field(repr=False)
    screen_px: Array = field(repr=False)
    sample_ms: Array = field(repr=False)
    fitts_a_ms: Array = field(repr=False)
    fitts_b_ms: Array = field(repr=False)
    key_ms: Array = field(repr=False)
    pace: Array = field(repr=False)
    part_time: Array = field(repr=False)

    def __len__(self) -> int:
        return len(self.subjects)


def team_sizes(config: SimulationConfig, rng: np.random.Generator) -> Array:
    """People in each team, every team at least one. A sixth of the teams (of two or more, at
    least one) is small; the rest is spread as real departments are, log-normally."""
    small = max(1, config.teams // 6) if config.teams > 1 else 0
    sizes = np.ones(config.teams, np.int64)
    most = min(_SMALL_TEAM[1], config.employees // config.teams)
    sizes[:small] = rng.integers(min(_SMALL_TEAM[0], most), most, small, endpoint=True)
    shares = rng.lognormal(0.0, 0.5, config.teams - small)
    spare = config.employees - int(sizes.sum())
    sizes[small:] += rng.multinomial(spare, shares / shares.sum())
    return np.asarray(rng.permutation(sizes))


def _mix(config: SimulationConfig, applications: int, rng: np.random.Generator) -> Array:
    """Each team's cumulative shares: a few main applications, little of the rest. The last one is
    the unlisted one."""
    shares = rng.dirichlet(np.full(applications - 1, 0.4), config.teams)
    shares = np.column_stack([shares * (1 - _UNLISTED_SHARE), np.full(config.teams, 0)])
    shares[:, -1] = _UNLISTED_SHARE
    return np.cumsum(shares, axis=1)[:, :-1].astype(np.float32)


def organisation(config: SimulationConfig, policy: Policy) -> Organisation:
    """The organisation of a configuration: the same for the same seed, employees and teams.

    Fitts's law: a and b as measured for the mouse (MacKenzie 1992: 4 to 10 bits/s). Typing: mean
    238 ms between keys over 136 million keystrokes (Dhakal et al. 2018).
    """
    rng = generator(config, Stream.TEAMS)
    sizes = team_sizes(config, rng)
    applications = (*policy.applications, UNLISTED_APPLICATION)
    mix = _mix(config, len(applications), rng)
    rng = generator(config, Stream.PEOPLE)
    count = config.employees
    team = rng.permutation(np.repeat(np.arange(config.teams), sizes))
    part_time = rng.random(count) < _PART_TIME_SHARE
    part_time[0] = False  # somebody is there every day
    digits = max(2, len(str(config.teams)))
    return Organisation(
        config=config,
        applications=applications,
        surfaces=tuple(int(surface_of(name)) for name in applications),
        styles=np.array([style_of(name) for name in applications], np.uint8),
        teams=tuple(f"sim-team-{number:0{digits}d}" for number in range(1, config.teams + 1)),
        mix=mix,
        subjects=tuple(f"sim-{number:06d}" for number in range(1, count + 1)),
        team=team,
        screen_px=_SCREENS_PX[rng.choice(len(_SCREENS_PX), count, p=_SCREEN_SHARES)],
        sample_ms=rng.choice(np.array(_SAMPLE_MS, np.int32), count),
        fitts_a_ms=rng.uniform(80, 200, count).astype(np.float32),
        fitts_b_ms=rng.uniform(100, 180, count).astype(np.float32),
        key_ms=rng.lognormal(np.log(220), 0.25, count).astype(np.float32),
        pace=rng.uniform(0.5, 1.5, count).astype(np.float32),
        part_time=part_time,
    )
