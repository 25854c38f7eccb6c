"""A workload on disk, sealed and encoded as producers send it, and what must come of it.

    keys.json       the workers' keys, for which the names are sealed
    people.txt      everybody, one a line
    messages.bin    for each message its key's length, events and size, then key and value
    prepared.json   what it is, and what is expected

Names are sealed with fresh randomness; everything else is the same whenever it is made.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.throughput.expected import Expected, expected_of
from benchmarks.throughput.workload import Workload
from events.batch import SCHEMA, to_record
from events.codec import Codec
from events.policy import BUNDLED_POLICY, load_policy
from events.schemas import newest
from events.sealing import routing_key
from producers.sealer import Sealer
from streams.keys import load_keys, new_ring, save_keys

_HEAD = struct.Struct("<BHI")
_READ_BYTES = 1_048_576

#: A message: key, value, and how many events it holds.
Message = tuple[bytes, bytes, int]


@dataclass(frozen=True, slots=True)
class Prepared:
    """``file_bytes``: of all messages before Kafka compresses them."""

    folder: Path
    title: str
    batch_events: int
    first_ms: int
    expected: Expected
    file_bytes: int

    @property
    def keys(self) -> Path:
        return self.folder / "keys.json"

    def people(self) -> list[str]:
        return (self.folder / "people.txt").read_text(encoding="utf-8").splitlines()

    def messages(self) -> Iterator[Message]:
        """In order; the file is read as it is needed."""
        with (self.folder / "messages.bin").open("rb", buffering=_READ_BYTES) as file:
            while head := file.read(_HEAD.size):
                key_bytes, events, value_bytes = _HEAD.unpack(head)
                yield file.read(key_bytes), file.read(value_bytes), events

    def to_json(self) -> dict[str, Any]:
        shown = asdict(self)
        del shown["folder"]
        return shown


def prepare(
    workload: Workload, folder: Path, on_progress: Callable[[int], None] = lambda events: None
) -> Prepared:
    """Write ``workload`` into ``folder``, or take what was written there before of the same one."""
    folder.mkdir(parents=True, exist_ok=True)
    found = _found(workload, folder)
    if found is not None:
        return found
    ring = new_ring()
    save_keys(ring, folder / "keys.json")
    (folder / "people.txt").write_text("\n".join(workload.subjects()), encoding="utf-8")
    sealer, codec = Sealer(ring.sealing.exported()), Codec()
    with (folder / "messages.bin").open("wb", buffering=_READ_BYTES) as file:
        for batch in workload.batches():
            sealed = sealer.sealed(batch)
            key = routing_key(sealed.header.sealed_subject)
            value = codec.encode(SCHEMA, to_record(sealed))
            file.write(_HEAD.pack(len(key), len(batch), len(value)) + key + value)
            on_progress(len(batch))
        size = file.tell()
    expected = expected_of(workload, load_policy(BUNDLED_POLICY))
    made = Prepared(
        folder, workload.title, workload.batch_events, workload.first_ms, expected, size
    )
    # Last: a folder with this file is whole.
    (folder / "prepared.json").write_text(json.dumps(made.to_json()), encoding="utf-8")
    return made


def read_prepared(folder: Path) -> Prepared:
    """What ``prepare`` has written there. ``FileNotFoundError`` where it has not ended."""
    read = json.loads((folder / "prepared.json").read_text(encoding="utf-8"))
    read["expected"] = Expected(**read["expected"])
    load_keys(folder / "keys.json")
    return Prepared(folder, **read)


def _found(workload: Workload, folder: Path) -> Prepared | None:
    try:
        found = read_prepared(folder)
    except FileNotFoundError:
        return None
    same = (
        found.title == workload.title
        and found.batch_events == workload.batch_events
        and found.first_ms == workload.first_ms
        and _is_written_now(found)
        and found.expected == expected_of(workload, load_policy(BUNDLED_POLICY))
    )
    if not same:
        (folder / "prepared.json").unlink()
        return None
    return found


def _is_written_now(found: Prepared) -> bool:
    """Whether its messages are written with the schema that producers write with now."""
    first = islice(found.messages(), 1)
    return all(Codec().writer_of(value)[0] is newest(SCHEMA).parsed for _, value, _ in first)
