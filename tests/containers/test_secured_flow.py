"""Over TLS, each process as its own user with the declared rights: consent and events arrive in the
tables, and the operator, who may read nothing, sees that all is well."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from streams.keys import new_ring, save_keys
from streams.sealing_keys import export
from tests.containers.cluster import PARTITIONS, remove_topics
from tests.containers.secured_kafka import NO_OTHERS, Secured
from tests.containers.workers import enrol, lags_when_done, send, workers
from tests.end_to_end.stack import glasshouse
from tests.kit.agreed import agreed
from tests.strategies import SEALING

pytestmark = [pytest.mark.service, pytest.mark.containers]

PEOPLE = [f"person {number}" for number in range(6)]


@dataclass(frozen=True, slots=True)
class Company:
    """A secured cluster with new topics, tables, and every user's settings."""

    secured: Secured
    folder: Path

    def run(self, user: str, *arguments: str) -> CompletedProcess[str]:
        """Run a command to its end, as this user."""
        return glasshouse(
            *arguments,
            "--config",
            self.secured.secrets / f"{user}.toml",
            folder=self.folder,
            kafka_servers=self.secured.servers,
            data_dir=self.folder / "data",
            **agreed(),
            **NO_OTHERS,
        )

    def must(self, user: str, *arguments: str) -> str:
        """What a command says when this user runs it; it must succeed."""
        done = self.run(user, *arguments)
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
    key_file = folder / "keys.json"
    save_keys(replace(new_ring(), sealing=SEALING), key_file)
    export(SEALING.exported(), secured.secrets / "producer_sealing.json")
    registrars = SEALING.exported(for_registrar=True)
    export(registrars, secured.secrets / "registrar_sealing.json")
    with workers(secured.acting_as("worker", key_file=key_file), folder, 1):
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
    findings = company.asked("operator", "doctor")["findings"]
    found = {one["check"]: one["found"] for one in findings}
    waits = "12 messages behind, the oldest waits less than a minute"
    assert found["lag of glasshouse-worker"] == waits


def test_who_may_not_see_the_rights_is_not_told_that_all_is_well(company: Company) -> None:
    done = company.run("producer", "doctor", "--json")
    found = {one["check"]: one for one in json.loads(done.stdout)["findings"]}
    assert "this user may not" in found["rights"]["found"]
    assert "as the operator" in found["rights"]["remedy"]


def test_who_may_not_see_a_group_is_not_told_that_it_is_up_to_date(company: Company) -> None:
    done = company.run("worker", "doctor", "--json")
    found = {one["check"]: one["ok"] for one in json.loads(done.stdout)["findings"]}
    assert not found["lag of glasshouse-loader"]
    assert found["lag of glasshouse-worker"]


def test_who_is_refused_is_told_why(company: Company) -> None:
    quickly = ("--server-timeout-s", "3")
    stranger = company.run("worker", "status", *quickly, "--kafka-user", "stranger")
    assert "It refuses user stranger" in " ".join(stranger.stderr.split())
    elsewhere = company.secured.servers.replace("127.0.0.1", "127.0.0.2")
    other = company.run("worker", "status", *quickly, "--kafka-servers", elsewhere)
    assert "Its certificate is not trusted" in " ".join(other.stderr.split())
    assert stranger.returncode == other.returncode == 2


def test_only_the_administrator_provisions(company: Company) -> None:
    for user in ("worker", "producer"):
        done = company.run(user, "provision", "--rights")
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
