"""A Vault server that the tests of the keys share, and what keeps keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from events.clock import FixedClock
from tests.kit.vault_server import Vault, running_vault
from tests.strategies import NOW_MS
from tests.streams.stores import Store


@pytest.fixture(scope="session")
def vault_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with running_vault(tmp_path_factory.mktemp("vault")) as vault:
        yield vault


@pytest.fixture
def vault(vault_server: Vault) -> Vault:
    """The server with an engine that no test has used."""
    vault_server.new_mount()
    return vault_server


@pytest.fixture(
    params=["file", pytest.param("vault", marks=[pytest.mark.service, pytest.mark.vault])]
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A key file that is not there yet: alone, and with a key service."""
    vault = request.getfixturevalue("vault") if request.param == "vault" else None
    return Store(tmp_path / "keys" / "keys.json", vault)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW_MS)
