"""Does the schema registry hold the bundled schemas, and would it refuse a breaking change?"""

from __future__ import annotations

from collections.abc import Iterator

from deploy.doctor.finding import Finding
from events.schemas import newest
from events.settings import Settings
from events.topics import TOPICS

_GOOD = ("BACKWARD", "BACKWARD_TRANSITIVE", "FULL", "FULL_TRANSITIVE")


def check_registry(settings: Settings) -> Iterator[Finding]:
    """One finding a subject; a single one if the registry does not answer."""
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
    from confluent_kafka.schema_registry.error import SchemaRegistryError

    client = SchemaRegistryClient({"url": settings.schema_registry_url})
    for spec in TOPICS:
        subject = f"{spec.topic.value}-value"
        try:
            client.lookup_schema(subject, Schema(newest(spec.schema).text, "AVRO"))
            level = str(client.get_compatibility(subject))
        except SchemaRegistryError as error:
            remedy = "start a worker or `glasshouse provision`: both register what is missing"
            yield Finding(f"schema {subject}", f"not registered ({error.http_status_code})", remedy)
        except OSError:
            yield Finding("schema registry", "no answer", "start it, or mend --schema-registry-url")
            return
        else:
            remedy = "" if level in _GOOD else "set its compatibility to BACKWARD or stricter"
            yield Finding(f"schema {subject}", f"registered, {level}", remedy)
