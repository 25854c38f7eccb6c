"""The log: a library's exception shows neither its text nor the variables around it."""

from __future__ import annotations

import json
import logging

import pytest

from events.log import configure_logging, log

CANARY = "canary-4711"


def fail(value: str) -> None:
    raise ValueError(f"cannot take {value}")


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_exception_is_logged_as_its_kind_and_place(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("info", form)
    try:
        fail(CANARY)
    except ValueError as error:
        caught = error
        logging.getLogger("a.library").exception("Crashed")
        log.error("ours", exc_info=True)
        log.error("ours", exc_info=error)
    logging.getLogger("a.library").error("later", exc_info=caught)
    found = lines(capsys)
    assert len(found) == 4
    assert not [line for line in found if CANARY in line]
    assert all("ValueError in fail:" in line for line in found)


def test_a_line_of_json_is_one_object_with_level_and_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info", "json")
    log.info("worker starts", partitions=4)
    log.debug("not shown")
    (line,) = lines(capsys)
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["partitions"]) == ("worker starts", "info", 4)
    assert entry["timestamp"].endswith("Z")


def test_a_line_of_text_has_no_colours_where_nobody_looks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("warning", "text")
    log.info("not shown")
    log.warning("shown", offset=3)
    (line,) = lines(capsys)
    assert "shown" in line
    assert "offset=3" in line
    assert "\x1b" not in line


@pytest.mark.parametrize("level", ["debug", "info", "error"])
def test_a_request_to_a_registry_is_no_line_of_its_own(
    level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging(level, "text")
    logging.getLogger("httpx").info("HTTP Request: GET http://registry")
    log.error("ours")
    assert len(lines(capsys)) == 1
