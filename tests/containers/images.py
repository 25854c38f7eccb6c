"""Whether a container of an image can be started here, and how one is started and ended."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import docker
from docker.errors import DockerException, ImageNotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

# The container that would tidy up after us is an image of a registry; fixtures tidy up here.
testcontainers_config.ryuk_disabled = True


@contextmanager
def _sockets_left_open() -> Iterator[None]:
    """Docker's client leaves sockets to the garbage collector, which would complain of them in
    whatever test comes next: have it complain here, to nobody."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        try:
            yield
        finally:
            gc.collect()


@_sockets_left_open()
def no_container_of(image: str) -> str:
    """Why no container of ``image`` can be started here; empty if it can."""
    try:
        client = docker.from_env()
    except DockerException as error:
        return f"no Docker daemon answers ({error}): deploy/airgap/dockerd.sh start"
    try:
        client.images.get(image)
    except ImageNotFound:
        return f"there is no image {image}: make images"
    finally:
        client.close()
    return ""


class Container(DockerContainer):
    """One that is gone if it does not start, and whose ports only this machine reaches."""

    def publish(self, inside: int, port: int, *addresses: str) -> Self:
        """Have ``port`` of these addresses, or of 127.0.0.1, lead to ``inside``."""
        bound: Any = [(address, port) for address in addresses or ("127.0.0.1",)]
        self.ports[f"{inside}/tcp"] = bound  # Docker's client takes more than the hint says
        return self

    @_sockets_left_open()
    def start(self) -> Self:
        try:
            return super().start()
        except BaseException:
            self.stop()
            raise
