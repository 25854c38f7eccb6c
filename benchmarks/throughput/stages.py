"""Where the processor's time goes: stacks that py-spy has counted, and Linux' books of threads,
summed up by stage.

A stack belongs to the stage of the innermost of its files that is known: what the codec does for
`streams/decode.py` is decoding, what it does for `streams/emit.py` is Avro out. Only shares are
taken from it; the seconds are those of the process. Threads that are not Python's are known by
their names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from benchmarks.throughput.outcome import Outcome

_MEASURING = "measuring"
#: Stages by what a file's path contains, for the first that fits.
STAGES: tuple[tuple[str, str], ...] = (
    ("streams/open_subjects.py", "open the seal"),
    ("events/sealing.py", "open the seal"),
    ("streams/pseudonymise.py", "pseudonyms"),
    ("streams/secrets", "pseudonyms"),
    ("streams/recognise.py", "pseudonyms"),
    ("streams/epochs.py", "pseudonyms"),
    ("streams/minimise.py", "minimise"),
    ("streams/inspect.py", "minimise"),
    ("streams/decide.py", "minimise"),
    ("streams/window.py", "columns"),
    ("streams/account.py", "columns"),
    ("streams/emit.py", "Avro out"),
    ("streams/decode.py", "decode"),
    ("streams/outbox.py", "commit"),
    ("streams/record_batches.py", "fetch"),
    ("streams/unpack.py", "fetch"),
    ("streams/bundles.py", "Faust per message"),
    ("streams/takes.py", "Faust per message"),
    ("streams/positions.py", "Faust per message"),
    ("streams/gate.py", "ledger"),
    ("streams/ledger", "ledger"),
    ("streams/topic_reader.py", "ledger"),
    ("streams/proved_reader.py", "ledger"),
    ("streams/ring_reader.py", "ledger"),
    ("streams/policy_reader.py", "ledger"),
    ("events/consent", "ledger"),
    ("aiokafka/", "fetch"),
    ("faust/", "Faust per message"),
    ("mode/", "Faust per message"),
    ("streams/worker.py", "Faust per message"),
    ("sinks/insert.py", "insert"),
    ("sinks/native.py", "insert"),
    ("sinks/erased.py", "insert"),
    ("clickhouse_connect/", "insert"),
    ("chdb/", "insert"),
    ("sinks/chain/", "chain of the books"),
    ("sinks/tables/", "Arrow"),
    ("sinks/block.py", "Arrow"),
    ("sinks/decode.py", "decode"),
    ("sinks/intake.py", "decode"),
    ("sinks/saver.py", "commit"),
    ("sinks/progress.py", "commit"),
    ("sinks/consumer.py", "fetch"),
    ("sinks/loader.py", "fetch"),
    ("benchmarks/", _MEASURING),
    ("asyncio/", "Faust per message"),
)
#: Where a thread waits for others: it is counted there on a busy machine, and uses nothing.
_WAITING = (
    "_worker (concurrent/futures/thread.py",
    "wait (threading.py",
    "select (selectors.py",
    "wait_for_rows (",
    "ProvedReader._prove (",
    "ProvedReader._read (",
    "Outbox._wait (",
    "Outbox._commit (",
    "Loader._step (",
)
REST = "other"
_NATIVE = {
    ("worker", "rdk:"): "commit",
    ("loader", "rdk:"): "fetch",
    ("loader", "MergeMutate"): "merge",
    ("loader", "ThreadPool"): "insert",
    ("loader", "Query"): "insert",
}
_CLICKHOUSE = "ClickHouse, in the background"
_PYTHON = "python"


def stage_of(stack: str) -> str | None:
    """The stage of a stack, frames from the outermost to the innermost with ``;`` between; None
    where it only waits."""
    frames = stack.split(";")
    if any(waiting in frames[-1] for waiting in _WAITING):
        return None
    for frame in reversed(frames):
        for part, stage in STAGES:
            if f"({part}" in frame or f"/{part}" in frame:
                return stage
    return REST


def shares(folded: Iterable[str]) -> dict[str, float]:
    """Of the time in which Python worked, the share of each stage. ``folded``: a stack, a blank and
    how often it was met, a line."""
    met: Counter[str] = Counter()
    for line in folded:
        stack, _, count = line.strip().rpartition(" ")
        stage = stage_of(stack)
        if stage is not None:
            met[stage] += int(count)
    total = met.total()
    return {stage: count / total for stage, count in met.most_common()}


def native_stage(process: str, thread: str) -> str:
    """The stage of a thread that is not Python's, by its name."""
    for (of, begin), stage in _NATIVE.items():
        if process.startswith(of) and thread.startswith(begin):
            return stage
    return _CLICKHOUSE if process.startswith("loader") else REST


def by_stage(
    watched: Outcome, profiles: Mapping[str, Sequence[str]], used: Mapping[str, float]
) -> dict[str, dict[str, float]]:
    """Processor seconds a million events, by kind of process and stage, the largest first.

    ``watched`` is the run during which ``profiles`` were made: folded stacks of a ``worker`` and
    the ``loader``; one worker stands for all. Since watching costs something too, only shares are
    taken of both; ``used`` is what each kind of process takes unwatched.
    """
    return {
        kind: _scaled(_kind(watched, kind, profiles[kind]), total_s)
        if kind in profiles
        else {kind: total_s}
        for kind, total_s in used.items()
    }


def _kind(watched: Outcome, kind: str, folded: Sequence[str]) -> dict[str, float]:
    own, stages = shares(folded), dict[str, float]()
    for name, threads in watched.threads.items():
        if name.split()[0] == kind:
            for stage, seconds in _stages(kind, threads, own):
                stages[stage] = stages.get(stage, 0.0) + seconds
    return stages


def _scaled(stages: Mapping[str, float], total_s: float) -> dict[str, float]:
    """The same shares of ``total_s``, without what only measuring costs."""
    of_ours = {stage: seconds for stage, seconds in stages.items() if stage != _MEASURING}
    whole = sum(of_ours.values())
    ordered = sorted(of_ours.items(), key=lambda item: -item[1])
    return {stage: seconds / whole * total_s for stage, seconds in ordered}


def _stages(
    kind: str, threads: Mapping[str, float], own: Mapping[str, float]
) -> Iterator[tuple[str, float]]:
    """Stages and seconds: Python's threads by their shares, the others by their names."""
    for thread, seconds in threads.items():
        if thread == _PYTHON:
            yield from ((stage, share * seconds) for stage, share in own.items())
        else:
            yield native_stage(kind, thread), seconds
