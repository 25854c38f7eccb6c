"""Apicurio Registry in a container, by testcontainers: everybody reads, one user writes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from deploy.broker import free_port
from events.settings import Settings
from tests.containers.images import Container, no_container_of
from tests.containers.pins import PINS

#: The image of whoever has another one at hand, such as apicurio/apicurio-registry.
IMAGE = os.environ.get("REGISTRY_IMAGE", PINS["REGISTRY_IMAGE"])
USER, PASSWORD = "provision", "not-a-secret"
_START_S = 120


def why_not() -> str:
    """Why no such container can be started here; empty if it can."""
    return no_container_of(IMAGE)


class ApicurioRegistry(Container):
    """A registry on a free port of 127.0.0.1, as ``deploy/compose.yaml`` has it, but in memory."""

    def __init__(self) -> None:
        super().__init__(IMAGE)
        self.port = free_port()
        self.publish(8080, self.port)
        self.with_envs(
            QUARKUS_HTTP_AUTH_BASIC="true",
            APICURIO_AUTH_ANONYMOUS_READ_ACCESS_ENABLED="true",
            QUARKUS_SECURITY_USERS_EMBEDDED_PLAIN_TEXT="true",
            QUARKUS_SECURITY_USERS_EMBEDDED_USERS_PROVISION=PASSWORD,
            QUARKUS_SECURITY_USERS_EMBEDDED_ROLES_PROVISION="sr-admin",
            JAVA_TOOL_OPTIONS="-Xmx256m -XX:TieredStopAtLevel=1",
        )
        started = LogMessageWaitStrategy("Listening on").with_startup_timeout(_START_S)
        self.waiting_for(started)

    @contextmanager
    def away(self) -> Iterator[None]:
        """It takes connections, and answers nobody."""
        container = self.get_wrapped_container()
        container.pause()
        try:
            yield
        finally:
            container.unpause()

    def settings(self, **more: object) -> Settings:
        """Those of `glasshouse provision`; ``schema_registry_user=""`` are everybody else's."""
        access = {
            "schema_registry_url": f"http://127.0.0.1:{self.port}/apis/ccompat/v7",
            "schema_registry_user": USER,
            "schema_registry_password": PASSWORD,
        }
        return Settings.model_validate(access | more)
