"""Over TLS, each process as its own user with the declared rights: consent and events arrive in the
tables, and the operator, who may read nothing, sees that all is well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.containers.cluster import PARTITIONS, patiently, remove_topics
from tests.containers.secured_kafka import NO_OTHERS, Secured
from tests.containers.workers import enrol, lags_when_done, send, workers
from tests.end_to_end.stack import glasshouse

pytestmark = [pytest.mark.service, pytest.mark.containers]

PEOPLE = [f"person {number}" for number in range(6)]


@dataclass(frozen=True, slots=True)
class Company:
    """A secured cluster with new topics, tables, and every user's settings."""

    secured: Secured
    folder: Path

    def must(self, user: str, *arguments: str) -> str:
        """What a command says when this user runs it; it must succeed."""
        done = glasshouse(
            *arguments,
            "--config",
            self.secured.secrets / f"{user}.toml",
            folder=self.folder,
            kafka_servers=self.secured.servers,
            data_dir=self.folder / "data",
            **NO_OTHERS,
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def asked(self, user: str, *arguments: str) -> Any:
        """The same, of a command that answers in JSON."""
        return json.loads(self.must(user, *arguments, "--json"))


@pytest.fixture(scope="module")
def company(secured: Secured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """Six people, two of whom said nothing; 120 batches of two events, judged and loaded."""
    folder = tmp_path_factory.mktemp("company")
    remove_topics(secured.acting_as("admin").admin)
    secured.provision()
    company = Company(secured, folder)
    with workers(secured.acting_as("worker"), folder, 1):
        enrol(secured.acting_as("registrar"), PEOPLE[2:])
        producer = secured.acting_as("producer")
        send(producer, PEOPLE, 120)
        lags = lags_when_done(secured.acting_as("operator"))
    assert sum(lag.committed for lag in lags) == 120
    company.must("loader", "migrate")
    company.must("loader", "load", "--until-caught-up")
    yield company


def test_events_flow_by_consent_from_end_to_end(company: Company) -> None:
    events = "SELECT count() AS events FROM training.interactions FINAL"
    assert company.asked("loader", "query", events) == {"events": 4 * 20 * 2}


def test_the_operator_proves_that_every_event_is_accounted_for(company: Company) -> None:
    proof = company.asked("operator", "reconcile")
    assert proof["ok"]


def test_the_operator_sees_lags_and_a_sound_deployment(company: Company) -> None:
    lags = company.asked("operator", "status")["lags"]
    assert len(lags) == 5 * PARTITIONS + 2
    assert not sum(lag["lag_messages"] for lag in lags)
    findings = company.asked("operator", "doctor")["findings"]
    assert [one for one in findings if not one["ok"]] == []
    assert "all declared" in {one["check"]: one["found"] for one in findings}["rights"]


def test_the_registrar_shows_where_a_person_stands(company: Company) -> None:
    for person, flows in ((PEOPLE[0], False), (PEOPLE[2], True)):
        shown = company.asked("registrar", "consent", "show", person)
        assert {one["events_pass"] for one in shown["purposes"].values()} == {flows}


def test_the_operator_sees_how_long_unread_messages_wait(company: Company) -> None:
    send(company.secured.acting_as("producer"), PEOPLE, 12, first=120)
    for _ in patiently("the lag is seen"):
        findings = company.asked("operator", "doctor")["findings"]
        found = {one["check"]: one["found"] for one in findings}
        if "12 messages behind" in found["lag of glasshouse-worker"]:
            break
    assert "12 messages behind" in found["lag of glasshouse-worker"]
