"""One run: everybody publishes all the time; some are erased; everything is looked through."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from confluent_kafka.admin import AdminClient

from deploy.broker import EmbeddedBroker
from deploy.lag import lags
from deploy.policy.publish import publish_policies
from deploy.subject.receipt import read_public_key, read_receipt
from events.codec import Codec
from events.compacted import last_values
from events.consent_key import keys_of
from events.errors import Reject, Retry
from events.kafka import create_topics, end_offsets, partitions_of, wait_for_kafka
from events.policy_folder import verified_policy
from events.purposes import PURPOSES, Purpose
from events.sealing import digest
from events.settings import Settings
from events.subject_secret import SCHEMA
from events.topics import Topic
from sinks.decode import LOADED_TOPICS
from sinks.erased import ANALYTICS, TRAINING, OfPeople
from sinks.prepare import prepare
from sinks.rights import CUSTODIANS
from sinks.users import user_of
from sinks.warehouse import open_warehouse
from streams.key_ring import KeyRing
from streams.keys import load_ring, new_ring, save_keys
from tests.end_to_end.stack import environ
from tests.endurance.supervisor import Supervised
from tests.erasure.parts import words_in
from tests.kit.access import ADMINISTRATOR, write_config
from tests.kit.agreed import agreed
from tests.kit.clickhouse_process import ClickHouseOverHttp
from tests.kit.secrets import give_secrets, pseudonym
from tests.withdrawals.load import Load
from tests.withdrawals.people import People
from tests.withdrawals.words import Registrar

_PATIENCE_S = 300.0
_LOOK_S = 0.5
_PARTITIONS = 4
_SESSION_S = 2.0
_TABLES: dict[Purpose, OfPeople] = {
    Purpose.AGENT_TRAINING: TRAINING,
    Purpose.TEAM_ANALYTICS: ANALYTICS,
}
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """``erased`` of ``people`` are erased, after everybody has published for ``before_s``, a batch
    of 32 events ``every_s``; they all go on for ``after_s``."""

    people: int
    erased: int
    before_s: float
    after_s: float
    every_s: float


@dataclass(slots=True)
class Run:
    """Servers and processes of a run, in ``folder``."""

    folder: Path
    settings: Settings
    admin: AdminClient
    plan: Plan
    ring: KeyRing
    people: People
    running: list[Supervised] = field(default_factory=list)

    @property
    def gone(self) -> tuple[str, ...]:
        """Who is erased: spread over all."""
        step = self.plan.people / self.plan.erased
        return tuple(self.people.names[int(place * step)] for place in range(self.plan.erased))

    @property
    def receipts(self) -> Path:
        return self.folder / "receipts"

    def ids(self, purpose: Purpose) -> list[int]:
        """Pseudonyms of those who are erased."""
        return [pseudonym(epoch, purpose, name) for epoch in self.ring.epochs for name in self.gone]

    def start(self, number: int, command: str, **changed: object) -> Supervised:
        process = Supervised(
            f"{command} {number}",
            [sys.executable, "-m", "glasshouse", command],
            self.folder / f"{command}-{len(self.running)}.log",
            environ(**{**self._settings(), **changed}),
        )
        process.start()
        self.running.append(process)
        return process

    def command(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "glasshouse", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=environ(**self._settings()),
            timeout=_PATIENCE_S,
        )

    def must(self, *arguments: object) -> str:
        done = self.command(*arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def _settings(self) -> dict[str, object]:
        return {
            key: value
            for key, value in self.settings.model_dump().items()
            if value != Settings.model_fields[key].default
        }

    def tick(self) -> None:
        for process in self.running:
            process.tick()

    def wait(self, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            self.tick()
            time.sleep(_LOOK_S)

    def wait_for_rows(self) -> None:
        """Until there are some of those who will be erased."""
        until_s = time.monotonic() + _PATIENCE_S
        while not self.rows_of_the_gone():
            assert time.monotonic() < until_s, "nothing of theirs came in"
            self.wait(_LOOK_S)

    def wait_until_at_rest(self, group_prefix: str) -> None:
        """Until the workers and loaders with this prefix have committed all there is."""
        groups = {
            f"{group_prefix}-worker": (Topic.RAW, Topic.CONSENT),
            f"{group_prefix}-loader": LOADED_TOPICS,
        }
        until_s = time.monotonic() + _PATIENCE_S
        while any(self._left(group, topics) for group, topics in groups.items()):
            assert time.monotonic() < until_s, "it does not come to rest"
            self.tick()
            time.sleep(_LOOK_S)

    def _left(self, group: str, topics: Sequence[Topic]) -> int:
        ends = {
            topic: end_offsets(self.settings, topic, partitions_of(self.admin, topic))
            for topic in topics
        }
        try:
            return sum(lag.messages for lag in lags(self.admin, group, ends))
        except Retry:
            return 1

    # What is found.

    def query(self, text: str) -> pa.Table:
        with open_warehouse(self.settings) as warehouse:
            return warehouse.client.query_arrow(text)

    def rows_of_the_gone(self) -> int:
        """Rows in any active part."""
        return sum(
            int(
                self.query(
                    f"SELECT count() AS n FROM {table.table} "
                    f"WHERE pseudonym IN ({', '.join(map(str, self.ids(purpose)))})"
                )["n"][0].as_py()
            )
            for purpose, table in _TABLES.items()
        )

    def places_on_disk(self) -> dict[str, int]:
        """Values in the files of active parts that are pseudonyms of the gone, and, so that the
        search is known to be one that finds, of all others."""
        found = {"gone": 0, "others": 0}
        for purpose, table in _TABLES.items():
            gone = np.array(self.ids(purpose), np.uint64)
            others = np.array(
                [
                    pseudonym(epoch, purpose, name)
                    for epoch in self.ring.epochs
                    for name in set(self.people.names) - set(self.gone)
                ],
                np.uint64,
            )
            database, name = table.table.split(".")
            parts = self.query(
                "SELECT path FROM system.parts WHERE active AND rows > 0 "
                f"AND database = '{database}' AND table = '{name}'"
            )["path"].to_pylist()
            for part in parts:
                path = part if isinstance(part, str) else part.decode()
                for words in words_in(Path(path)):
                    found["gone"] += int(np.isin(words, gone).sum())
                    found["others"] += int(np.isin(words, others).sum())
        return found

    def rows_of_others(self) -> dict[str, dict[int, tuple[int, int]]]:
        """By table and batch, of everybody who stays: how many rows, and a hash of all they say."""
        found = {}
        for purpose, table in _TABLES.items():
            rows = self.query(
                "SELECT batch, count() AS n, groupBitXor(cityHash64(*)) AS said "
                f"FROM {table.table} FINAL "
                f"WHERE pseudonym NOT IN ({', '.join(map(str, self.ids(purpose)))}) GROUP BY batch"
            )
            columns = (rows[name].to_pylist() for name in ("batch", "n", "said"))
            found[table.table] = {batch: (n, said) for batch, n, said in zip(*columns, strict=True)}
        return found

    def in_kafka(self) -> dict[str, int]:
        """Of the gone: secrets, and words about consent."""
        codec, key = Codec(), self.ring.sealing.digest_key
        names = {digest(key, name) for name in self.gone}
        kept = last_values(self.settings, Topic.SECRETS)
        words = last_values(self.settings, Topic.CONSENT)
        return {
            "secrets": sum(_is_secret(codec, kept.get(name)) for name in names),
            "words": len(keys_of(names, words, key)),
        }


def _is_secret(codec: Codec, value: bytes | None) -> bool:
    try:
        return bool(codec.decode(SCHEMA, value)["sealed_secret"])
    except Reject:
        return False


@contextmanager
def running(folder: Path, plan: Plan) -> Iterator[Run]:
    """Broker and ClickHouse with their tables, everybody enrolled; nothing runs yet."""
    users = [f"default::{ADMINISTRATOR}"]
    users += [f"{user_of(role)}::{role}" for role in CUSTODIANS.values()]
    with (
        EmbeddedBroker(folder / "broker.log") as broker,
        ClickHouseOverHttp(folder / "clickhouse", write_config(folder), users) as clickhouse,
    ):
        settings = Settings(
            kafka_servers=broker.servers,
            kafka_partitions=_PARTITIONS,
            clickhouse_url=clickhouse.url,
            data_dir=folder,
            key_file=folder / "keys.json",
            group_session_timeout_s=_SESSION_S,
            **agreed(),
        )
        admin = wait_for_kafka(settings)
        create_topics(admin, settings)
        publish_policies(settings)
        save_keys(new_ring(), settings.keys_path)
        with open_warehouse(settings) as warehouse:
            prepare(warehouse.client, settings)
        run = Run(folder, settings, admin, plan, load_ring(settings), People.of(plan.people))
        give_secrets(settings, run.people.names)
        registrar = Registrar(settings, Codec(), run.ring.sealing.digest_key)
        registrar.enrol(run.people.names, verified_policy(settings))
        try:
            yield run
        finally:
            for process in run.running:
                process.end()


def measure(folder: Path, plan: Plan, say: Say) -> dict[str, Any]:
    """What came of a run. Fails where it could not be made."""
    with running(folder, plan) as run:
        for number in (1, 2):
            run.start(number, "worker")
        run.start(1, "load")
        with Load(run.settings, Codec(), run.people, plan.every_s, 0.0) as load:
            say("everybody publishes")
            run.wait_for_rows()
            run.wait(plan.before_s)
            before = run.rows_of_others()
            theirs = run.rows_of_the_gone()
            say(f"{theirs:,} rows of theirs are there; they are erased now")
            seconds, told = _erase(run)
            run.wait(plan.after_s)
            load.check()
        run.wait_until_at_rest(run.settings.group_prefix)
        found = _found(run, before)
        say("all is read and loaded again, by others")
        for process in run.running:
            process.end()
        run.running.clear()
        again = _read_again(run)
        back = _restored(run, theirs)
    return {
        "people": plan.people,
        "erased": plan.erased,
        "events": load.events,
        "rows_of_theirs_before": theirs,
        "seconds": seconds,
        "mutations": told["mutations"],
        **found,
        "after_reading_all_again": again,
        "after_a_backup_was_restored": back,
    }


def _erase(run: Run) -> tuple[float, dict[str, Any]]:
    names = run.folder / "names.txt"
    names.write_text("\n".join(run.gone))
    started_s = time.monotonic()
    said = run.must(
        *("subject", "erase", "--from-file", names, "--yes", "--json"),
        *("--receipts", run.receipts),
    )
    return round(time.monotonic() - started_s, 1), dict(json.loads(said))


def _found(run: Run, before: Mapping[str, Mapping[int, tuple[int, int]]]) -> dict[str, Any]:
    after = run.rows_of_others()
    changed = {
        table: sum(after[table].get(batch) != known for batch, known in rows.items())
        for table, rows in before.items()
    }
    key = read_public_key(run.receipts / "receipts.key.pub")
    receipts = [read_receipt(each) for each in sorted(run.receipts.glob("*.json"))]
    return {
        "rows_of_theirs": run.rows_of_the_gone(),
        "on_disk": run.places_on_disk(),
        "in_kafka": run.in_kafka(),
        "batches_of_others_before": {table: len(rows) for table, rows in before.items()},
        "batches_of_others_changed": changed,
        "receipts_that_verify": sum(
            each.is_signed_by(key) and sum(map(each.is_about, run.gone)) == 1 for each in receipts
        ),
        "reconcile": run.command("reconcile").returncode,
    }


def _read_again(run: Run) -> dict[str, Any]:
    """Other groups read all topics from their beginning."""
    for number in (1, 2):
        run.start(number, "worker", group_prefix="again")
    run.start(1, "load", group_prefix="again")
    run.wait_until_at_rest("again")
    for process in run.running:
        process.end()
    run.running.clear()
    return {
        "rows_of_theirs": run.rows_of_the_gone(),
        "on_disk": run.places_on_disk()["gone"],
        "reconcile": run.command("reconcile").returncode,
    }


def _restored(run: Run, rows: int) -> dict[str, Any]:
    """Rows of theirs are there again, and nothing in ClickHouse says that they were erased, as if
    an older backup had been restored."""
    with open_warehouse(run.settings) as warehouse:
        for purpose, table in _TABLES.items():
            warehouse.client.command(f"TRUNCATE TABLE {table.people}")
            ids = run.ids(purpose)
            warehouse.client.command(
                f"INSERT INTO {table.table} (pseudonym, batch, {table.moment}) "
                f"SELECT arrayElement([{', '.join(map(str, ids))}], 1 + number % {len(ids)}), "
                f"number, now() FROM numbers({rows})"
            )
    there = run.rows_of_the_gone()
    run.must("subject", "erase", "--again", "--receipts", run.receipts)
    return {"rows_that_were_back": there, "rows_of_theirs": run.rows_of_the_gone()}


def is_good(found: Mapping[str, Any]) -> bool:
    """Whether nothing of the erased is anywhere, and nobody else lost anything."""
    again, back = found["after_reading_all_again"], found["after_a_backup_was_restored"]
    nothing = (
        found["rows_of_theirs"],
        found["on_disk"]["gone"],
        *found["in_kafka"].values(),
        *found["batches_of_others_changed"].values(),
        *again.values(),
        back["rows_of_theirs"],
        found["reconcile"],
    )
    seen = (found["on_disk"]["others"], back["rows_that_were_back"], len(PURPOSES))
    return not any(nothing) and all(seen) and found["receipts_that_verify"] == found["erased"]
