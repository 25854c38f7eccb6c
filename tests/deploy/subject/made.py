"""Two people in two key epochs, and what stands in the stores under their names."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from deploy.dead_letters.held import Held
from deploy.subject.custody import Custody
from deploy.subject.export.case import Case
from deploy.subject.export.records import Found
from deploy.subject.person import Person
from events.clock import MS_PER_DAY, to_datetime
from events.codec import Codec
from events.policy_folder import agreed_policy
from events.purposes import GOVERNANCE, PURPOSES, Purpose
from events.sealing import digest
from events.settings import Settings
from events.subject_secret import SubjectSecret
from streams.pseudonymise import subject_id
from tests.kit.agreed import agreed
from tests.kit.secrets import pseudonym
from tests.oracle import secret_of
from tests.strategies import NOW_MS, SEALING, SUBJECTS, ring

ANNA, BJORN = SUBJECTS[:2]
RING = ring(0, NOW_MS - 3 * MS_PER_DAY)
EPOCHS = [each.epoch for each in RING.epochs]
RAW = Held("raw-topic-id", {0: 0, 1: 0})


def person(subject: str = ANNA, *, forgotten: bool = False) -> Person:
    """Somebody under all their names."""
    names = {
        purpose: {each.epoch: pseudonym(each, purpose, subject) for each in RING.live}
        for purpose in PURPOSES
    }
    named = digest(SEALING.digest_key, subject)
    return Person(
        subject,
        named,
        None if forgotten else SubjectSecret(secret_of(subject), 0),
        {purpose: {} for purpose in PURPOSES} if forgotten else names,
        {each.epoch: subject_id(each.keys[GOVERNANCE], named) for each in RING.live},
    )


def case_of(client: Any, who: Person | None = None, **changed: Any) -> Case:
    """Anna's case, unless it is somebody else's, in the warehouse behind ``client``."""
    settings = Settings(**agreed())
    case = Case(
        person=who or person(),
        settings=settings,
        ring=RING,
        custody=Custody(client, dict.fromkeys(PURPOSES, client)),
        codec=Codec(),
        agreed=agreed_policy(settings),
        made_ms=NOW_MS,
        raw=None,
        with_raw=True,
        progress=lambda what: nullcontext(unseen),
    )
    return replace(case, **changed)


def unseen(count: int) -> None:
    """Nobody watches."""


def records(found: Found) -> list[dict[str, Any]]:
    """All that was found."""
    return [json.loads(text) for block in found.blocks for text in block]


def training_row(
    subject: str, epoch: int, batch: int, index: int = 0, at_ms: int = NOW_MS
) -> tuple[Any, ...]:
    """A row as ``put_training`` takes it."""
    name = pseudonym(RING.numbered(epoch), Purpose.AGENT_TRAINING, subject)
    return (name, 1, 0, index, batch, epoch, to_datetime(at_ms), 7, 9, "email")


def put_training(client: Any, *rows: tuple[Any, ...]) -> None:
    names = ("pseudonym", "session", "sequence", "index", "batch", "epoch", "time")
    columns = [*names, "x_px", "y_px", "application"]
    client.insert("training.interactions", rows, column_names=columns)


def partial_row(
    subject: str, epoch: int, batch: int, events: int = 1, at_ms: int = NOW_MS
) -> tuple[Any, ...]:
    """A row as ``put_partials`` takes it; ``at_ms`` is the start of its minute."""
    name = pseudonym(RING.numbered(epoch), Purpose.TEAM_ANALYTICS, subject)
    return ("red", to_datetime(at_ms), name, batch, epoch, "email", events)


def put_partials(client: Any, *rows: tuple[Any, ...]) -> None:
    names = ["team", "window_start", "pseudonym", "batch", "epoch", "application", "event_count"]
    client.insert("analytics.window_partials", rows, column_names=names)
