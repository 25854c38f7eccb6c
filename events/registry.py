"""A Confluent-compatible schema registry behind the codec's small interface."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import fastavro
import httpx

from events.codec import Codec
from events.errors import Retry, Stop
from events.schemas import AvroSchema, BundledSchema
from events.settings import Settings
from events.topics import TOPICS

if TYPE_CHECKING:
    from events.confluent import SchemaRegistryClient

_NOT_FOUND = 404
_SUBJECTS = {spec.schema: f"{spec.topic.value}-value" for spec in TOPICS}

#: A worker's event loop waits for an answer: with one more try, less than the shortest session
#: after which Kafka would hand its partitions to another. The client's own default is for ever.
_ANSWER_S = 2.0
_TRIES_MORE = 1
_TRY_AGAIN_MS = 100


def subject_of(name: str) -> str:
    """Where the registry keeps the versions of the schema ``name``: TopicNameStrategy."""
    return _SUBJECTS[name]


def client_for(settings: Settings) -> SchemaRegistryClient:
    """A client of the registry that the settings name, as their user if they name one."""
    from events.confluent import SchemaRegistryClient

    access: dict[str, object] = {
        "url": settings.schema_registry_url,
        "timeout": _ANSWER_S,
        "max.retries": _TRIES_MORE,
        "retries.wait.ms": _TRY_AGAIN_MS,
    }
    if settings.schema_registry_user:
        password = settings.schema_registry_password.get_secret_value()
        access["basic.auth.user.info"] = f"{settings.schema_registry_user}:{password}"
    return SchemaRegistryClient(access)


@dataclass(slots=True)
class ConfluentRegistry:
    """Looks up, never registers: that is `glasshouse provision`'s. What it found is remembered."""

    client: SchemaRegistryClient

    def id_of(self, schema: BundledSchema) -> int:
        """Id under which the registry holds exactly this schema, docs and packed types included.

        Raises ``Stop`` if it does not: nothing is written that its readers could not look up.
        ``Retry`` if the registry is away.
        """
        from events.confluent import Schema

        subject = _SUBJECTS[schema.name]
        with _none_if_unknown():
            found = self.client.lookup_schema(subject, Schema(schema.text, "AVRO"))
            if found.schema_id is not None:
                return found.schema_id
        raise Stop(
            f"the schema registry does not hold {schema.name}.v{schema.version} under {subject}: "
            "run `glasshouse provision` of this release, and check --schema-registry-url "
            "(GLASSHOUSE_SCHEMA_REGISTRY_URL)"
        )

    def schema_of(self, schema_id: int) -> AvroSchema | None:
        with _none_if_unknown():
            return _parsed(self.client.get_schema(schema_id).schema_str)
        return None


@contextmanager
def _none_if_unknown() -> Iterator[None]:
    """Leave the block where the registry knows no such thing; any other fault is ``Retry``."""
    from events.confluent import SchemaRegistryError

    try:
        yield
    except SchemaRegistryError as error:
        if error.http_status_code != _NOT_FOUND:
            raise Retry(
                f"the schema registry (schema_registry_url) answers {error.http_status_code}"
            ) from error
    except (httpx.HTTPError, OSError) as error:
        raise Retry("the schema registry (schema_registry_url) cannot be reached") from error


def _parsed(text: str | None) -> AvroSchema | None:
    """The schema in ``text``; None where it is not one of Avro (Protobuf, JSON Schema, broken)."""
    try:
        parsed = fastavro.parse_schema(json.loads(text or "null"))
    except (fastavro.schema.SchemaParseException, KeyError, TypeError, ValueError):
        return None
    return parsed if isinstance(parsed, dict) else None


def codec_for(settings: Settings) -> Codec:
    """The codec of these settings: with the schema registry they name, or without one."""
    if not settings.schema_registry_url:
        return Codec()
    return Codec(ConfluentRegistry(client_for(settings)))


@contextmanager
def codec_of(settings: Settings) -> Iterator[Codec]:
    """The same, for as long as the block: no connection to the registry stays open behind it."""
    codec = codec_for(settings)
    try:
        yield codec
    finally:
        if isinstance(codec.registry, ConfluentRegistry):
            codec.registry.client.close()
