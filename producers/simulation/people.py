"""Who shares what: people who never consented, withdraw half-way, or pause for a while."""

from __future__ import annotations

from enum import IntEnum, unique

import numpy as np

from events.consent import ConsentAction, ConsentRecord
from events.policy import Policy
from events.purposes import PURPOSES
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


def grants(people: Organisation, policy: Policy, at_ms: int) -> tuple[ConsentRecord, ...]:
    """Both purposes, under the notice in force, of everyone who ever shares."""
    sharing = sharing_of(people.config)
    who = np.flatnonzero(sharing != Sharing.NEVER)
    return _records(people, who, ConsentAction.GRANT, at_ms, policy.notice_version)


def half_way(people: Organisation, at_ms: int) -> tuple[ConsentRecord, ...]:
    """Those who withdraw withdraw; those who pause pause."""
    sharing = sharing_of(people.config)
    withdraws = np.flatnonzero(sharing == Sharing.WITHDRAWS)
    pauses = np.flatnonzero(sharing == Sharing.PAUSES)
    return _records(people, withdraws, ConsentAction.WITHDRAW, at_ms) + _records(
        people, pauses, ConsentAction.PAUSE, at_ms
    )


def resumes(people: Organisation, at_ms: int) -> tuple[ConsentRecord, ...]:
    """Those who paused resume."""
    who = np.flatnonzero(sharing_of(people.config) == Sharing.PAUSES)
    return _records(people, who, ConsentAction.RESUME, at_ms)


def _records(
    people: Organisation, who: Array, action: ConsentAction, at_ms: int, notice_version: str = ""
) -> tuple[ConsentRecord, ...]:
    return tuple(
        ConsentRecord(people.subjects[person], purpose, action, notice_version, at_ms)
        for person in who.tolist()
        for purpose in PURPOSES
    )
