"""Everything that was measured, as it is kept in JSON. Nothing is worked out here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.throughput.broker_alone import BrokerAlone
from benchmarks.throughput.limit import Limit
from benchmarks.throughput.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Rival:
    """A run of a peer, checked."""

    events: int
    seconds: float
    cpu_s: float

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds


@dataclass(frozen=True, slots=True)
class Rivals:
    """All runs of one peer."""

    name: str
    version: str
    doing: str
    runs: list[Rival]


@dataclass(slots=True)
class Result:
    """``ours``: the main runs. ``by_workers``: the same with other numbers of workers. ``short``:
    in batches of ``short_events``, as live producers make them. ``fresh``: at half of the maximum.
    ``short_alone``: the same by one worker. ``small`` and ``large``: fewer and more events.
    ``stages``: see ``stages.by_stage``. Lists are in the order of the rounds; what is empty was not
    measured. ``settings``: of the product, other than by default. ``repeated``: why runs told
    nothing and were made again, one text for each."""

    title: str
    batch_events: int
    short_events: int
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    settings: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    people: int = 0
    seconds: float = 0.0
    ours: list[Outcome] = field(default_factory=list)
    by_workers: dict[int, list[Outcome]] = field(default_factory=dict)
    short: list[Outcome] = field(default_factory=list)
    short_alone: list[Outcome] = field(default_factory=list)
    fresh: list[Outcome] = field(default_factory=list)
    small: list[Outcome] = field(default_factory=list)
    large: list[Outcome] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    brokers: list[BrokerAlone] = field(default_factory=list)
    cold_s: list[float] = field(default_factory=list)
    rivals: list[Rivals] = field(default_factory=list)
    stages: dict[str, dict[str, float]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return dict(_rounded(asdict(self)))

    @staticmethod
    def from_json(read: Mapping[str, Any]) -> Result:
        made: dict[str, Any] = dict(read)
        for name in ("ours", "short", "short_alone", "fresh", "small", "large"):
            made[name] = [Outcome.from_json(each) for each in read[name]]
        made["by_workers"] = {
            int(workers): [Outcome.from_json(each) for each in runs]
            for workers, runs in read["by_workers"].items()
        }
        made["limits"] = [Limit(**each) for each in read["limits"]]
        made["brokers"] = [BrokerAlone(**each) for each in read["brokers"]]
        made["rivals"] = [
            Rivals(**{**each, "runs": [Rival(**run) for run in each["runs"]]})
            for each in read["rivals"]
        ]
        return Result(**made)

    def save(self, file: Path) -> None:
        """Whole or not at all."""
        text = json.dumps(self.to_json(), indent=1, ensure_ascii=False)
        draft = file.with_suffix(".part")
        draft.write_text(text + "\n", encoding="utf-8")
        draft.replace(file)

    @staticmethod
    def load(file: Path) -> Result:
        return Result.from_json(json.loads(file.read_text(encoding="utf-8")))


def _rounded(value: Any) -> Any:
    """Six digits: more than any of it is exact to."""
    if isinstance(value, dict):
        return {str(key): _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
