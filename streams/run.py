"""Starts a worker process: checks everything first, then reads the ledger, then carries."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from pathlib import Path

from events.clock import SystemClock
from events.freed_memory import keep_freed_memory
from events.kafka import create_topics, topic_ids, wait_for_kafka
from events.log import log
from events.metrics import serve_metrics
from events.policy_signature import trust_anchors
from events.registry import codec_for
from events.settings import Settings
from events.topic_gauges import show_topics
from events.topics import Topic
from streams.ending import EndingWorker
from streams.ledger_reader import LedgerReader
from streams.observe import count_from_zero
from streams.pipeline import Rules
from streams.policy_reader import PolicyReader
from streams.quiet import OnceInAWhile
from streams.record_batches import read_bounded
from streams.ring_reader import RingReader
from streams.secrets import Secrets
from streams.secrets_reader import SecretsReader
from streams.worker import Worker, die

_NOISY = ("faust", "mode", "aiokafka", "streams.supervisor")


def run_worker(settings: Settings) -> None:
    """Run until SIGTERM or Ctrl-C. ``Stop`` (all faults of settings, policy and keys, or a missing
    server) before any event is read."""
    codec, clock = codec_for(settings), SystemClock()
    keys, anchors = RingReader(settings, clock), trust_anchors(settings)
    ring = keys.first()
    admin = wait_for_kafka(settings, lambda s: log.info("waiting for Kafka", waited_s=round(s, 1)))
    create_topics(admin, settings)
    policies = PolicyReader(settings, codec, anchors, clock)
    policy = policies.start()
    keys.reach(policy.clock_tolerance_ms)
    rules = Rules(codec, policy, ring)
    count_from_zero()
    show_topics(admin, (Topic.RAW, Topic.CONSENT))
    serve_metrics(settings.metrics_port, settings.metrics_host)
    ledger = LedgerReader(settings, codec, clock, digest_key=ring.sealing.digest_key)
    secrets = SecretsReader(settings, codec, clock, secrets=Secrets())
    worker = Worker(
        settings=settings,
        rules=rules,
        policies=policies,
        keys=keys,
        ledger=ledger,
        secrets=secrets,
        clock=clock,
        topic_ids=topic_ids(admin, (Topic.RAW, Topic.CONSENT)),
    )
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    read_bounded()
    keep_freed_memory()
    for handler in logging.getLogger().handlers:
        handler.addFilter(OnceInAWhile(_NOISY, clock))
    keys.start()
    ledger.start()
    secrets.start()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    log.info("worker starts", policy=policy.sha256[:12], group=settings.worker_group)
    with tempfile.TemporaryDirectory(prefix="glasshouse-worker-") as datadir:
        try:
            runner = EndingWorker(
                worker.app(Path(datadir)),
                loop=loop,
                quiet=True,
                override_logging=False,
                redirect_stdouts=False,
            )
            runner.give_up = die
            runner.spinner = None  # it writes control characters, also where nobody watches
            runner.execute_from_commandline()
        finally:
            ledger.stop()
            secrets.stop()
            policies.stop()
            keys.stop()
