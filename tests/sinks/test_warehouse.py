"""Which ClickHouse is opened, and what is said when there is none."""

from __future__ import annotations

import time

import pytest
from pydantic import SecretStr

from events.errors import ServerMissing, SettingsError
from events.settings import Settings
from sinks.warehouse import open_warehouse


def test_a_missing_server_is_waited_for_and_then_named() -> None:
    waited: list[float] = []
    settings = Settings(
        clickhouse_url="http://127.0.0.1:1",
        clickhouse_password=SecretStr("hush"),
        server_timeout_s=0.6,
    )
    started_s = time.monotonic()
    with (
        pytest.raises(ServerMissing, match=r"127\.0\.0\.1:1 did not answer in 0\.6 s") as caught,
        open_warehouse(settings, waited.append),
    ):
        pass
    assert 0.6 <= time.monotonic() - started_s < 5
    assert waited
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8123", "ftp://host", "http://", "http://host:port", "http://a:secret@host"]
)
def test_a_wrong_url_is_a_settings_error_that_does_not_repeat_it(url: str) -> None:
    with (
        pytest.raises(SettingsError, match="clickhouse_url") as caught,
        open_warehouse(Settings(clickhouse_url=url)),
    ):
        pass
    assert "secret" not in str(caught.value)
