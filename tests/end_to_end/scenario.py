"""One input for several stacks: what they make of it must be the same, whatever happens to them."""

from __future__ import annotations

from pathlib import Path

from confluent_kafka import Producer

from events.kafka import client_config
from events.topics import Topic
from tests.end_to_end.recordings import USERS, first_day, write_recordings
from tests.end_to_end.stack import Stack

NEVER = USERS[2]
#: So that a process is busy for some seconds, and can be hit half-way.
BATCH_EVENTS = 16
#: The people in the order in which they are replayed.
WAVES = (USERS[:5], USERS[5:9], USERS[9:])
_BROKEN_MESSAGES = 40


def agree(stack: Stack) -> None:
    """Everybody has seen the notice and agrees, but for one who says nothing."""
    enrolled = [user for user in USERS if user != NEVER]
    stack.must("consent", "acknowledge", *enrolled, "--purpose", "all")
    stack.must("consent", "grant", *enrolled, "--purpose", "all")


def send_broken_messages(stack: Stack) -> None:
    """Messages that no schema can read, on every partition."""
    producer = Producer(client_config(stack.settings))
    for number in range(_BROKEN_MESSAGES):
        partition = number % stack.settings.kafka_partitions
        producer.produce(Topic.RAW.value, b"no batch" * number, b"nobody", partition)
    assert producer.flush(30) == 0


def replay(stack: Stack, folder: Path, users: tuple[str, ...] = USERS) -> None:
    """Publish the recordings of ``users`` from a folder below ``folder``, which is made if it is
    missing, as fast as Kafka takes them."""
    place = folder / f"{users[0]}-and-{len(users) - 1}-more"
    if not place.exists():
        write_recordings(place, users)
    stack.must("replay", place, "--start", first_day(), "--batch-events", BATCH_EVENTS)


def send_everything(stack: Stack, folder: Path) -> None:
    """Consent, broken messages and all recordings."""
    agree(stack)
    send_broken_messages(stack)
    replay(stack, folder)


#: What must be the same in the end. Left out are the partition of a message, which each run of a
#: producer draws anew for each session, and times where they are of the run.
FINAL_TABLES = {
    "rows": """
        SELECT * FROM training.interactions FINAL
        ORDER BY epoch, pseudonym, session, sequence, `index`, batch""",
    "partials": """
        SELECT * FROM analytics.window_partials FINAL
        ORDER BY epoch, team, window_start, pseudonym, batch""",
    "books": """
        SELECT purpose, batch, event_count, passed_count, withheld, rejected
        FROM governance.accounting FINAL
        ORDER BY purpose, batch, event_count""",
    "dead_letters": """
        SELECT topic, partition, `offset`, reason FROM governance.dead_letters FINAL
        ORDER BY ALL""",
    "consent_log": """
        SELECT `offset`, pseudonym, purpose, action, notice_version
        FROM governance.consent_log FINAL ORDER BY ALL""",
}
