"""One seed: its input and its schedule, a stack under faults, and the verdict on what is left."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from events.codec import Codec
from events.consent_record import SCHEMA, from_record
from events.kafka import topic_ids
from events.log import kind_and_place
from events.policy import BUNDLED_POLICY, load_policy
from events.topics import Topic
from sinks.chain.audit import audit
from sinks.chain.finding import MEANING
from sinks.prove import prove
from streams.keys import KeyRing
from tests.chaos import kafka as brokers
from tests.chaos.broken import Break
from tests.chaos.compare import Comparison, Difference, compare
from tests.chaos.drain import Failed, check, drain
from tests.chaos.endure import endure
from tests.chaos.expected import Consent, Stored, expect, log_of
from tests.chaos.faults import Kind, Schedule, schedule_of
from tests.chaos.kafka import Kafka
from tests.chaos.made import Made, make
from tests.chaos.published import published_books, ranges_of
from tests.chaos.speaker import Speaker
from tests.chaos.stack import PARTITIONS, ChaosStack, chaos_stack
from tests.chaos.tables import read
from tests.chaos.words import Heard, Word, words_of
from tests.kit.consent import DIGEST_KEY
from tests.kit.secrets import give_secrets
from tests.oracle import World
from tests.producers.read_back import everything_on
from tests.strategies import ring

_LOOK_S = 0.1
_BUSIEST = 10
_MS_PER_DAY = 86_400_000
_MS_PER_HOUR = 3_600_000
#: For a process to start and to get its partitions, on a machine that is busy with other things.
_READY_S = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run, besides the seed. ``kafka`` None: the embedded broker, a new one each seed.
    ``schedule`` None: the seed's. ``keep`` gets the logs of seeds that failed."""

    recordings: Path
    kafka: Kafka | None = None
    broken: Break | None = None
    schedule: Schedule | None = None
    scale: float = 1.0
    keep: Path | None = None
    say: Callable[[str], None] = lambda text: None


@dataclass(slots=True)
class Verdict:
    """``failure`` is what kept the run from being compared; ``told`` are the differences.
    ``phases_s``: how long each phase took. ``gave_up``: processes that ended since a server was
    away, and were started again; ``ended_badly``: those that did not end well, or in time, when
    they were asked to."""

    seed: int
    events: int = 0
    messages: int = 0
    seconds: float = 0.0
    schedule: tuple[str, ...] = ()
    met: Counter[Kind] = field(default_factory=Counter)
    phases_s: dict[str, float] = field(default_factory=dict)
    gave_up: int = 0
    ended_badly: int = 0
    in_doubt: int = 0
    rows: int = 0
    failure: str = ""
    told: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.failure and not self.told

    @property
    def is_caught(self) -> bool:
        """Whether the tables showed a fault: what a broken build must come to."""
        return bool(self.told)


def run_seed(seed: int, plan: Plan) -> Verdict:
    """Run ``seed`` to its verdict. Nothing of it is left behind."""
    verdict, began_s = Verdict(seed), time.monotonic()
    with ExitStack() as parts:
        folder = Path(parts.enter_context(tempfile.TemporaryDirectory(prefix="chaos-")))
        parts.callback(_keep_logs, verdict, folder / "stack" / "logs", plan.keep)
        try:
            if plan.kafka is not None:
                _run(verdict, plan, folder, plan.kafka)
            else:
                with brokers.embedded(folder / "broker.log") as kafka:
                    _run(verdict, plan, folder, kafka)
        except Failed as failure:
            verdict.failure = str(failure)
        except Exception as error:  # other seeds may tell more
            verdict.failure = f"the run itself went wrong: {kind_and_place(error)}: {error}"
    ended_s = time.monotonic()
    verdict.seconds = ended_s - began_s
    begins = [*verdict.phases_s.values(), ended_s]
    for number, phase in enumerate(verdict.phases_s):
        verdict.phases_s[phase] = begins[number + 1] - begins[number]
    return verdict


def _run(verdict: Verdict, plan: Plan, folder: Path, kafka: Kafka) -> None:
    seed, anchor_ms = verdict.seed, time.time_ns() // 1_000_000
    policy = load_policy(BUNDLED_POLICY)
    schedule = plan.schedule or schedule_of(seed, real_kafka=kafka.is_real)
    made = make(seed, anchor_ms, schedule.publish_s, plan.recordings, policy, scale=plan.scale)
    words = words_of(seed, made.subjects, _busiest(made), schedule, policy)
    verdict.events, verdict.messages = made.events, len(made.messages)
    verdict.schedule = tuple(str(fault) for fault in schedule.faults)
    keys = ring(0, anchor_ms - 3 * _MS_PER_DAY, anchor_ms - _MS_PER_HOUR)
    with chaos_stack(
        folder / "stack",
        kafka,
        keys,
        loaders=schedule.loaders,
        clocks_ms=schedule.worker_clocks_ms,
        broken=plan.broken,
    ) as chaos:
        _begin(verdict, plan, "starting")
        speaker = Speaker(chaos.settings)
        _start(chaos, made, speaker, [word for word in words if word.at_s < 0])
        _begin(verdict, plan, "publishing")
        during = [word for word in words if word.at_s >= 0]
        verdict.met = made.met + endure(chaos, schedule.faults, speaker, during)
        verdict.met[Kind.CONSENT_CHANGED] = len(during)
        _begin(verdict, plan, "draining")
        drain(chaos)
        _begin(verdict, plan, "comparing")
        world = World((), policy, _epochs(keys), anchor_ms)
        comparison = _compare(chaos, made, speaker.heard, world, verdict)
        verdict.in_doubt, verdict.told = comparison.in_doubt, comparison.told()
        verdict.told += [*_not_reconciled(chaos, comparison), *_not_as_loaded(chaos)]
        verdict.told += _lost_before_or_after(chaos, comparison)
        verdict.gave_up = sum(place.gave_up for place in chaos.places)
        verdict.ended_badly = sum(place.ended_badly for place in chaos.places)
        verdict.met[Kind.WORKER_CLOCK] = _clocks_off(chaos, schedule)


def _clocks_off(chaos: ChaosStack, schedule: Schedule) -> int:
    """How many workers were started with a clock that is off."""
    clocks, started = schedule.worker_clocks_ms, sum(place.life for place in chaos.workers)
    return sum(clocks[number % len(clocks)] != 0 for number in range(started))


def _epochs(keys: KeyRing) -> list[tuple[int, int, dict[str, bytes]]]:
    return [(epoch.epoch, epoch.from_ms, epoch.keys) for epoch in keys.epochs]


def _busiest(made: Made) -> list[str]:
    """Whose consent changes: people of whom there is much to judge."""
    counts = Counter(due.subject for due in made.messages)
    return [subject for subject, _ in counts.most_common(_BUSIEST)]


def _begin(verdict: Verdict, plan: Plan, phase: str) -> None:
    """Say what is done now, and note when it began."""
    plan.say(phase)
    verdict.phases_s[phase] = time.monotonic()


def _keep_logs(verdict: Verdict, logs: Path, keep: Path | None) -> None:
    if keep is not None and not verdict.ok and logs.exists():
        shutil.copytree(logs, keep / f"seed-{verdict.seed}", dirs_exist_ok=True)


def _start(chaos: ChaosStack, made: Made, speaker: Speaker, words: Sequence[Word]) -> None:
    """All processes, with their partitions; what was said before is known to every ledger."""
    for number, bench in enumerate(chaos.benches):
        bench.write(made.of(number))
    give_secrets(chaos.settings, made.subjects)
    speaker.say_at_once(words)
    known_s = time.monotonic() + chaos.settings.ledger_max_age_ms / 1_000
    chaos.start()
    _wait_until_ready(chaos)
    time.sleep(max(0.0, known_s - time.monotonic()))


def _wait_until_ready(chaos: ChaosStack) -> None:
    """Until all partitions have their worker and their loader, and the producers their spools."""
    everything = set(range(PARTITIONS))
    give_up_s = time.monotonic() + _READY_S
    while not (
        everything == set().union(*(place.partitions(Topic.RAW) for place in chaos.workers))
        and everything == set().union(*(one.partitions(Topic.TRAINING) for one in chaos.loaders))
        and all(bench.spool_dir.exists() for bench in chaos.benches)
    ):
        check(chaos)
        if time.monotonic() > give_up_s:
            raise Failed(f"not ready {_READY_S:g} s after the start")
        time.sleep(_LOOK_S)


def _compare(
    chaos: ChaosStack, made: Made, heard: Sequence[Heard], world: World, verdict: Verdict
) -> Comparison:
    stored, lost = _stored(chaos, made)
    expected = expect(stored, Consent(heard, chaos.settings.ledger_max_age_ms), world)
    said, unheard = _consent(chaos, heard)
    expected.consent_log = log_of(said, world)
    raw = topic_ids(chaos.stack.admin, [Topic.RAW])[Topic.RAW]
    tables = read(chaos.client, raw, world.policy.sha256)
    verdict.rows = len(tables.training) + len(tables.partials) + len(tables.books)
    hit = (Kind.WORKER_KILLED, Kind.WORKER_PAUSED, Kind.WORKER_LEFT)
    may_doubt = not chaos.kafka.is_real and any(verdict.met[kind] for kind in hit)
    comparison = compare(tables, expected, doubt_allowed=may_doubt)
    comparison.differences += [*lost, *unheard]
    return comparison


def _stored(chaos: ChaosStack, made: Made) -> tuple[list[Stored], list[Difference]]:
    """The raw topic as messages that were made; and what is not the same as in the input."""
    sent_of = {due.sent.value: due.sent for due in made.messages}
    stored, differences, seen = [], [], set()
    for message in everything_on(Topic.RAW, chaos.settings, PARTITIONS):
        value, partition, offset = message.value(), message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        if value not in sent_of:
            where = f"partition {partition}, offset {offset}"
            differences.append(Difference(Topic.RAW.value, "not expected", where))
            continue
        seen.add(value)
        stored.append(Stored(partition, offset, message.timestamp()[1], sent_of[value]))
    lost = [Difference(Topic.RAW.value, "missing")] * len(sent_of.keys() - seen)
    return stored, differences + lost


def _consent(
    chaos: ChaosStack, heard: Sequence[Heard]
) -> tuple[dict[int, Heard], list[Difference]]:
    """The consent topic by offset, as records that were said; and what is not among these."""
    codec, said = Codec(), {each.record: each for each in heard}
    found: dict[int, Heard] = {}
    differences = []
    for message in everything_on(Topic.CONSENT, chaos.settings, 1):
        record = from_record(codec.decode(SCHEMA, message.value()), DIGEST_KEY)
        offset = message.offset() or 0
        if record in said:
            found[offset] = said[record]
        else:
            differences.append(Difference(Topic.CONSENT.value, "not expected", f"offset {offset}"))
    missing = len(said.keys() - {each.record for each in found.values()})
    return found, differences + [Difference(Topic.CONSENT.value, "missing")] * missing


def _not_reconciled(chaos: ChaosStack, comparison: Comparison) -> list[str]:
    """What `glasshouse reconcile` finds; where batches are in doubt it must find just those."""
    checks, _ = prove(chaos.client, chaos.settings)
    if comparison.in_doubt:
        return []
    return [
        f"reconcile: {check.name}: {check.expected:,} expected, {check.found:,} found"
        for check in checks
        if not check.ok
    ]


def _lost_before_or_after(chaos: ChaosStack, comparison: Comparison) -> list[str]:
    """Whose fault missing books are: a worker's (or the broker's), or a loader's."""
    if not comparison.missing_books:
        return []
    published = published_books(chaos.settings, PARTITIONS)
    lost = {"never published": comparison.missing_books - published}
    lost["published, not loaded"] = comparison.missing_books & published
    return [f"missing books, {how}: {ranges_of(places)}" for how, places in lost.items() if places]


def _not_as_loaded(chaos: ChaosStack) -> list[str]:
    """What `glasshouse audit` finds: chains of the accounting that faults have broken."""
    findings = audit(chaos.client, chaos.settings).findings
    return [f"audit: {count:,} {MEANING[fault]}" for fault, count in findings.counts.items()]
