"""Why a raw message is refused, and where in it, without a word of what it says.

The worker's own decoding is asked, so this is as bounded as that, and agrees with it. Names of
fields come from schemas, never from the message.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import fastavro

from events.batch import SCHEMA, Header, from_record, layout_of
from events.codec import CONFLUENT_MAGIC, MAX_SOURCE_BYTES, SINGLE_OBJECT_MAGIC, Codec
from events.errors import Reject
from events.outcomes import Rejected
from events.schemas import newest
from events.vocabulary import MAX_BATCH_EVENTS
from streams.decode import RawMessage, decode

#: A batch of one event with which nothing is wrong.
_SOUND: dict[str, Any] = {
    **dict.fromkeys(("batch_id", "session"), bytes(16)),
    **dict.fromkeys(("team", "application"), "sound"),
    **{"subject": "", "sealed_subject": b"sealed"},
    **dict.fromkeys(("sequence", "surface", "origin", "base_time_ms"), 0),
    **dict.fromkeys(("screen_width_px", "screen_height_px"), 1),
    **{column.name: bytes(column.dtype.itemsize) for column in newest(SCHEMA).packed},
    **dict.fromkeys(("x_px", "y_px"), b""),
}
_SUBJECT = ("subject", "sealed_subject")


@dataclass(frozen=True, slots=True)
class Explanation:
    """``framing``: how the message says what it was written with. ``refused``: why it is refused
    now; None if it would be accepted. ``step`` and ``fault``: where in decoding, and what there;
    empty if accepted."""

    framing: str
    refused: Rejected | None = None
    step: str = ""
    fault: str = ""


def refusal(value: bytes | None, codec: Codec) -> tuple[Rejected | None, int]:
    """Why a worker with this codec would refuse the message (None: it would not), and the number
    of its events. Whether its subject opens, only a worker's keys can tell. ``Retry`` if a schema
    registry is needed and away."""
    batches, broken = decode([RawMessage(0, 0, value)], codec)
    return (broken[0].reason, 0) if broken else (None, int(batches.event_count[0]))


def explain(value: bytes | None, codec: Codec) -> Explanation:
    """What can be said of the message. ``Retry`` as ``refusal``."""
    framing, refused = _framing(value, codec), refusal(value, codec)[0]
    if refused is None or value is None:
        return Explanation(framing, refused, *(("framing", framing) if refused else ()))
    step, fault = _FAULT_OF[refused](value, codec)
    return Explanation(framing, refused, step, fault)


def _framing(value: bytes | None, codec: Codec) -> str:
    if not value:
        return "none: the message is empty"
    if value.startswith(SINGLE_OBJECT_MAGIC):
        kind, name = "single object", "fingerprint"
    elif value.startswith(CONFLUENT_MAGIC):
        kind, name = "Confluent", "schema id"
        if codec.registry is None:
            return "Confluent, but no schema registry is set (schema_registry_url)"
    else:
        return "none that is known: it begins with neither 00 nor C3 01"
    try:
        codec.writer_of(value)
    except Reject as refused:
        whole = refused.reason is Rejected.UNKNOWN_SCHEMA
        return f"{kind}, {name} not known" if whole else f"{kind}, cut short"
    return f"{kind}, {name} known"


def _of_size(value: bytes, codec: Codec) -> tuple[str, str]:
    return "size", f"{len(value):,} bytes, and at most {MAX_SOURCE_BYTES:,} are read"


def _of_bytes(value: bytes, codec: Codec) -> tuple[str, str]:
    """Framing, or the first field that cannot be read with the writer's schema."""
    try:
        writer, body_at = codec.writer_of(value)
    except Reject:
        return "framing", _framing(value, codec)
    fields = writer["fields"]
    for count, field in enumerate(fields, start=1):
        body = io.BytesIO(value)
        body.seek(body_at)
        try:
            fastavro.schemaless_reader(body, {**writer, "fields": fields[:count]}, None)
        except Exception:  # of many kinds, as in the codec
            return "Avro", f"the field {field['name']} ({count} of {len(fields)}) cannot be read"
    if body.tell() != len(value):
        return "Avro", f"{len(value) - body.tell():,} bytes are left after the last field"
    return "Avro", "what was written does not fit the newest schema"


def _of_schema(value: bytes, codec: Codec) -> tuple[str, str]:
    try:
        codec.writer_of(value)
    except Reject:
        return "writer's schema", _framing(value, codec)
    return "writer's schema", "it is known, but not one of interaction batches"


def _of_header(value: bytes, codec: Codec) -> tuple[str, str]:
    """The fields that are refused each by itself, in a batch that is otherwise sound."""
    record = codec.decode(SCHEMA, value)
    names = ", ".join(_unusable(record))
    return "header", f"unusable: {names}"


def _unusable(record: dict[str, Any]) -> Iterator[str]:
    for name in Header.__slots__[:-1]:
        # Two fields say whose the batch is, and are sound or not together.
        names = _SUBJECT if name in _SUBJECT else (name,)
        try:
            from_record({**_SOUND, **{each: record[each] for each in names}})
        except Reject:
            yield name


def _of_columns(value: bytes, codec: Codec) -> tuple[str, str]:
    record = codec.decode(SCHEMA, value)
    try:
        layout = layout_of(record)
    except Reject:
        return "columns", "places stand there twice: in pixels, and as steps"
    sizes = {
        column.name: divmod(len(record[column.name]), column.dtype.itemsize) for column in layout
    }
    torn = [name for name, (_, rest) in sizes.items() if rest]
    if torn:
        return "columns", f"end inside a value: {', '.join(torn)}"
    counts = ", ".join(f"{name} {count:,}" for name, (count, _) in sizes.items())
    return "columns", f"numbers of values differ: {counts}"


def _of_number(value: bytes, codec: Codec) -> tuple[str, str]:
    count = len(codec.decode(SCHEMA, value)["action"])
    return "columns", f"{count:,} events, and 1 to {MAX_BATCH_EVENTS:,} are read"


_FAULT_OF: dict[Rejected, Callable[[bytes, Codec], tuple[str, str]]] = {
    Rejected.UNDECODABLE: _of_bytes,
    Rejected.UNKNOWN_SCHEMA: _of_schema,
    Rejected.INVALID_HEADER: _of_header,
    Rejected.NEGATIVE_TIME: _of_header,
    Rejected.UNEQUAL_COLUMNS: _of_columns,
    Rejected.EMPTY_BATCH: _of_number,
    Rejected.TOO_MANY_EVENTS: _of_number,
    Rejected.TOO_LARGE: _of_size,
}
