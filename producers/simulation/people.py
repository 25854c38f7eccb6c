"""Who shares what: people who never consented, withdraw half-way, or pause for a while."""

from __future__ import annotations

from enum import IntEnum, unique

import numpy as np

from events.consent import ConsentAction, Word
from events.policy import Policy
from events.purposes import PURPOSES
from producers.consents import enrolment, words
from producers.simulation.config import SimulationConfig
from producers.simulation.habits import Array
from producers.simulation.organisation import Organisation
from producers.simulation.randomness import Stream, generator


@unique
class Sharing(IntEnum):
    """What a person does about consent in the course of the simulation."""

    ALWAYS = 0
    NEVER = 1  # the ledger never hears of them
    WITHDRAWS = 2
    PAUSES = 3  # and resumes


def sharing_of(config: SimulationConfig) -> Array:
    """Of every person the ``Sharing``, uint8. The shares are met exactly, to the nearest person."""
    edges = np.cumsum([config.never_share, config.withdraw_share, config.pause_share])
    counts = np.diff(np.rint(edges * config.employees).astype(np.int64), prepend=0)
    sharing = np.zeros(config.employees, np.uint8)
    groups = np.repeat(np.array([Sharing.NEVER, Sharing.WITHDRAWS, Sharing.PAUSES]), counts)
    sharing[: len(groups)] = groups
    return np.asarray(generator(config, Stream.CONSENT).permutation(sharing))


def grants(people: Organisation, policy: Policy, at_ms: int) -> list[Word]:
    """Of everyone who ever shares, for both purposes: the notice in force is acknowledged, and
    agreed to."""
    sharing = sharing_of(people.config)
    who = np.flatnonzero(sharing != Sharing.NEVER)
    return enrolment(_names(people, who), PURPOSES, at_ms, policy)


def half_way(people: Organisation, at_ms: int) -> list[Word]:
    """Those who withdraw withdraw; those who pause pause."""
    sharing = sharing_of(people.config)
    withdraws = _names(people, np.flatnonzero(sharing == Sharing.WITHDRAWS))
    pauses = _names(people, np.flatnonzero(sharing == Sharing.PAUSES))
    return words(withdraws, PURPOSES, ConsentAction.WITHDRAW, at_ms) + words(
        pauses, PURPOSES, ConsentAction.PAUSE, at_ms
    )


def resumes(people: Organisation, at_ms: int) -> list[Word]:
    """Those who paused resume."""
    who = np.flatnonzero(sharing_of(people.config) == Sharing.PAUSES)
    return words(_names(people, who), PURPOSES, ConsentAction.RESUME, at_ms)


def _names(people: Organisation, who: Array) -> list[str]:
    return [people.subjects[person] for person in who.tolist()]
