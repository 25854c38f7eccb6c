"""The bundled schemas into the schema registry, which must refuse what would break a reader."""

from __future__ import annotations

from http import HTTPStatus

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from events.confluent import Schema, SchemaRegistryClient, SchemaRegistryError
from events.errors import Retry, ServerMissing, Stop
from events.registry import client_for, subject_of
from events.schemas import BundledSchema, bundled
from events.settings import Settings

#: Every version reads every other. Backward, since messages of old writers stay in Kafka as long
#: as retention lasts, and the ledger's for ever. Forward, since workers of the old release read
#: what those of the new one write while they are replaced. Transitive, since both hold over more
#: than one release.
COMPATIBILITY = "FULL_TRANSITIVE"

_DENIED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
_REFUSED = (HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
_POLL_S = 0.5


def register_schemas(settings: Settings) -> int:
    """Have the registry enforce ``COMPATIBILITY`` for each subject and hold every bundled version,
    oldest first; returns how many. Done again, it changes nothing.

    Raises ``Stop`` with subject and reason where the registry refuses a schema or the user,
    ``ServerMissing`` if it does not answer for ``server_timeout_s``.
    """
    try:
        for attempt in Retrying(
            retry=retry_if_exception_type(Retry),
            stop=stop_after_delay(settings.server_timeout_s),
            wait=wait_fixed(_POLL_S),
            reraise=True,
        ):
            with attempt, client_for(settings) as client:
                for schema in bundled():
                    _register(client, schema)
    except Retry as error:
        raise ServerMissing(
            f"{error}, for {settings.server_timeout_s:g} s. Is it running at "
            f"{settings.schema_registry_url}? Set --schema-registry-url "
            "(GLASSHOUSE_SCHEMA_REGISTRY_URL)."
        ) from None
    return len(bundled())


def _register(client: SchemaRegistryClient, schema: BundledSchema) -> None:
    subject = subject_of(schema.name)
    try:
        client.set_compatibility(subject, COMPATIBILITY)  # first, so that it judges this schema too
        client.register_schema(subject, Schema(schema.text, "AVRO"))
    except SchemaRegistryError as error:
        if error.http_status_code in _REFUSED:
            raise Stop(
                f"the schema registry refuses {schema.name}.v{schema.version} for {subject}: "
                f"{error.error_message}. Readers of another version could not read it "
                f"({COMPATIBILITY}): add fields with a default instead, or use a new name."
            ) from None
        if error.http_status_code in _DENIED:
            raise Stop(
                f"the schema registry does not let this user write ({error.http_status_code}): set "
                "schema_registry_user (GLASSHOUSE_SCHEMA_REGISTRY_USER) and its password"
            ) from None
        raise Retry(f"the schema registry answers {error.http_status_code}") from None
    except (httpx.HTTPError, OSError):
        raise Retry("the schema registry does not answer") from None
