"""Results that were worked out before. They are figures over everybody: nothing of a recording is
kept, and nothing by person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.reidentification.granularity import RAW
from benchmarks.reidentification.through import policy_at
from producers.recordings import Recording

_ROOT = Path(__file__).resolve().parent.parent.parent
#: What the results follow from, besides the recordings and the policy.
_SOURCES = (
    "benchmarks/in_process.py",
    "benchmarks/reidentification",
    "events",
    "producers",
    "streams",
    "sinks",
)
#: What only shows results.
_SHOWING = ("__main__.py", "show.py", "picture.py", "documents.py")


def fingerprint(recordings: Sequence[Recording], *others: object) -> str:
    """Of the code, the policy but for its grids and ticks, what the recordings hold, and
    ``others``."""
    digest = hashlib.sha256(repr(others).encode())
    policy = policy_at(RAW)
    digest.update(policy.model_dump_json(exclude={"sha256"}).encode())
    for folder in _SOURCES:
        for file in [_ROOT / folder, *sorted((_ROOT / folder).rglob("*"))]:
            if file.suffix in (".py", ".avsc", ".sql") and file.name not in _SHOWING:
                digest.update(file.read_bytes())
    for recording in recordings:
        digest.update(f"{recording.subject}/{recording.session}".encode())
        columns = recording.read().columns
        for name in ("times_ms", "action", "x_px", "y_px"):
            digest.update(getattr(columns, name).tobytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Memory:
    """Results in ``folder``, each in a file, for one ``fingerprint``."""

    folder: Path
    fingerprint: str = field(repr=False)

    def recall(self, name: str) -> dict[str, Any] | None:
        """The result called ``name``, if it was kept."""
        try:
            kept = json.loads(self._file(name).read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return dict(kept)

    def once(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The result called ``name``, made now if it was not kept."""
        kept = self.recall(name)
        if kept is None:
            kept = make()
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = self._file(name).with_suffix(".part")
            draft.write_text(json.dumps(kept), encoding="utf-8")
            draft.replace(self._file(name))
        return kept

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}-{self.fingerprint[:16]}.json"
