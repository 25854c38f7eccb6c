"""Is what both sides signed what is in force, here and in Kafka, and was it always?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.policy.accounted import strange_policies
from deploy.policy.publish import following
from deploy.policy.show import Row, history_rows
from events.policy_folder import Folder, read_folder
from events.registry import codec_for
from events.settings import Settings


@dataclass(frozen=True, slots=True)
class Verified:
    """Every version of the folder, each of them verified, and what is wrong all the same."""

    rows: Sequence[Row]
    faults: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": not self.faults,
            "faults": list(self.faults),
            "versions": [row.to_json() for row in self.rows],
        }


def verified(settings: Settings, accounting: bool) -> Verified:
    """``SettingsError`` where the folder itself is wrong; Kafka is asked if it is named, and
    ClickHouse with ``accounting``."""
    folder = read_folder(settings)
    faults = list(_here(folder))
    if not settings.embedded_kafka:
        faults += _in_kafka(settings, folder)
    if accounting:
        faults += [
            f"events were judged by a policy that is not here: SHA-256 {each}"
            for each in strange_policies(settings, folder.history)
        ]
    return Verified(history_rows(folder), faults)


def _here(folder: Folder) -> Iterator[str]:
    if folder.history.newest is None:
        yield "no version is in force"
    if folder.refusal:
        yield str(folder.refusal)


def _in_kafka(settings: Settings, folder: Folder) -> Iterator[str]:
    with following(settings, codec_for(settings)) as reader:
        there = reader.history.newest
    here = folder.history.newest
    if (there.policy.sha256 if there else None) != (here.policy.sha256 if here else None):
        told = f"version {there.policy.version}" if there else "none"
        yield f"Kafka has another one in force: {told}"
