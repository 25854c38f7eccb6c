"""What the pack is written from: the policy, the settings, the data map, rights, topics, migrations
and key epochs that are in force here."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from deploy.kafka_rights import Right as KafkaRight
from deploy.kafka_rights import declared_rights
from deploy.pack.blocks import blank
from events.clock import to_datetime
from events.data_map import STORES, Store
from events.errors import SettingsError
from events.policy import Policy, faults_of
from events.policy_folder import verified_policy
from events.settings import Settings
from sinks.migrate import bundled_migrations
from sinks.rights import ROLES


class Organisation(BaseModel):
    """What no program knows: who is responsible. Each one that is left out is a gap in the pack."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = blank("name and address of the controller")
    contact: str = blank("how the controller is reached")
    representative: str = blank("representative in the EU, if one is needed (GDPR Art. 27)")
    dpo: str = blank("data protection officer and how they are reached")
    workers: str = blank("who represents the employees, and the agreement with them")
    authority: str = blank("supervisory authority that complaints go to")
    processors: str = blank("processors, such as who runs the machines, and their contracts")
    transfers: str = blank("whether data leave the EEA, and on what basis")
    necessity: str = blank("why the purposes need this, and nothing milder does")
    risks: str = blank("what the organisation holds of the risks that are left")
    consulted: str = blank("what the people concerned and the data protection officer said")


@dataclass(frozen=True, slots=True)
class Facts:
    """``epochs``: (number, start) of each pseudonym key epoch; None: no key file is here."""

    organisation: Organisation
    policy: Policy
    settings: Settings
    stores: Sequence[Store]
    kafka_rights: Sequence[KafkaRight]
    roles: Sequence[tuple[str, str]]
    migrations: Sequence[str]
    epochs: Sequence[tuple[int, str]] | None


def gather(settings: Settings, organisation: Path | None = None) -> Facts:
    """All of it. Raises ``SettingsError`` for a bad policy, key or organisation file."""
    return Facts(
        organisation=_organisation(organisation),
        policy=verified_policy(settings),
        settings=settings,
        stores=STORES,
        kafka_rights=sorted(declared_rights(settings)),
        roles=sorted(ROLES.items()),
        migrations=[f"{each.version:04d}_{each.name}" for each in bundled_migrations()],
        epochs=_epochs(settings.keys_path),
    )


def _epochs(path: Path) -> Sequence[tuple[int, str]] | None:
    from streams.keys import load_keys

    if not path.exists():
        return None
    return [
        (each.epoch, f"{to_datetime(each.from_ms):%Y-%m-%d}") for each in load_keys(path).epochs
    ]


def _organisation(file: Path | None) -> Organisation:
    if file is None:
        return Organisation()
    where = f"organisation file {file}"
    try:
        return Organisation.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(where, [f"cannot be read: {type(error).__name__}"]) from None
    except ValidationError as error:
        raise SettingsError(where, list(faults_of(error))) from None
