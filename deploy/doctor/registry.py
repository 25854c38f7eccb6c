"""Does the schema registry hold the bundled schemas, refuse breaking ones, and let nobody write?"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus

import httpx

from deploy.doctor.finding import Finding
from deploy.register_schemas import COMPATIBILITY
from events.confluent import Schema, SchemaRegistryClient, SchemaRegistryError
from events.registry import client_for, subject_of
from events.schemas import BundledSchema, newest
from events.settings import Settings
from events.topics import TOPICS

_DENIED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_NO_SUBJECT = "glasshouse-doctor-no-such-subject"


def check_registry(settings: Settings) -> Iterator[Finding]:
    """Two findings a subject (its schema, its compatibility) and one on who may write; a single
    one if the registry does not answer."""
    nobody = settings.model_copy(update={"schema_registry_user": ""})
    try:
        with client_for(settings) as client, client_for(nobody) as anonymous:
            for spec in TOPICS:
                yield _schema(client, newest(spec.schema))
                yield _compatibility(client, subject_of(spec.schema))
            yield _writing(anonymous)
    except (httpx.HTTPError, OSError):
        yield Finding("schema registry", "no answer", "start it, or mend --schema-registry-url")


def _schema(client: SchemaRegistryClient, schema: BundledSchema) -> Finding:
    """Is the newest version of the subject the one that this release writes?"""
    subject = subject_of(schema.name)
    try:
        ours = client.lookup_schema(subject, Schema(schema.text, "AVRO")).version
        last = client.get_latest_version(subject).version
    except SchemaRegistryError as error:
        if error.http_status_code != HTTPStatus.NOT_FOUND:
            return Finding(f"schema {subject}", *_answer(error))
        found = f"{schema.name}.v{schema.version} is not there"
        return Finding(f"schema {subject}", found, "run `glasshouse provision`")
    if ours == last:
        return Finding(f"schema {subject}", f"{schema.name}.v{schema.version}")
    remedy = (
        "finish the upgrade to the release that registered it; if there is none, somebody else "
        "writes to the registry"
    )
    return Finding(f"schema {subject}", f"version {last} is newer than ours, {ours}", remedy)


def _compatibility(client: SchemaRegistryClient, subject: str) -> Finding:
    try:
        level = str(client.get_compatibility(subject))
    except SchemaRegistryError as error:
        level = f"none ({error.http_status_code})"
    remedy = "" if level == COMPATIBILITY else f"run `glasshouse provision`: {COMPATIBILITY} it is"
    return Finding(f"compatibility {subject}", level, remedy)


def _writing(anonymous: SchemaRegistryClient) -> Finding:
    """Asks, as nobody, to delete a subject that does not exist: allowed or not, nothing changes."""
    try:
        anonymous.delete_subject(_NO_SUBJECT)
    except SchemaRegistryError as error:
        if error.http_status_code in _DENIED:
            return Finding("schema registry", "nobody writes without a password")
        if error.http_status_code != HTTPStatus.NOT_FOUND:
            return Finding("schema registry", *_answer(error))
    remedy = "have it ask for a password: a wrong schema stops consumers"
    return Finding("schema registry", "everybody may write to it", remedy)


def _answer(error: SchemaRegistryError) -> tuple[str, str]:
    return f"answers {error.http_status_code}", "see its log; check --schema-registry-user"
