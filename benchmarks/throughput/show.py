"""The result as tables: rows of text, for the terminal and for the documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from benchmarks.table import Table
from benchmarks.throughput.result import Result
from benchmarks.throughput.scale import checked, fit, foretell
from benchmarks.throughput.spread import Spread
from benchmarks.throughput.targets import targets

_MIB = 2**20


def tables(result: Result) -> Iterator[Table]:
    """Every table of a result; those of what was not measured are left out."""
    if not result.ours:
        return
    yield _speeds(result)
    yield _targets(result)
    yield _processes(result)
    if result.stages:
        yield _stages(result)
    if result.fresh:
        yield _freshness(result)
    if result.by_workers:
        yield from _scale(result)


def method(result: Result) -> str:
    """In a few sentences what was measured, and on what."""
    if not result.ours:
        return f"{result.title}: no main run was made yet, so there is nothing to show."
    machine, ours = result.machine, result.ours[0]
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    return (
        f"{result.title}: {ours.events:,} of {result.people:,} people, in {ours.messages:,} "
        f"batches of up to {result.batch_events}. Median of {len(result.ours)} runs, with the "
        f"least and the most. From the first message handed to the producer until every row is "
        f"readable; each run's counts, sums and `reconcile` ({ours.checks} checks) were right "
        f"before its time was told. {_repeated(result)} Each run made the keys that signed its "
        f"policy. "
        f"{machine['cores']} cores ({machine['model']}), "
        f"{machine['memory_gib']} GiB, {machine['system']}; {versions}."
        + "".join(f" With {each}." for each in result.settings)
    )


def _repeated(result: Result) -> str:
    if not result.repeated:
        return "No run had to be made again."
    told = "; ".join(f"{text} ({n} times)" for text, n in Counter(result.repeated).items())
    return f"Runs that told nothing, and were made again: {told}."


def spread(found: Spread | None, digits: int = 0) -> str:
    """Median, and the range; the median alone of one run."""
    if found is None:
        return "not measured"
    middle = f"{found.middle:,.{digits}f}"
    if found.runs == 1:
        return middle
    return f"{middle} ({found.least:,.{digits}f} to {found.most:,.{digits}f})"


def _digits(value: float) -> int:
    return 0 if abs(value) >= 100 else 2


def _row(name: str, speeds: Iterable[float], cpu: Iterable[float], result: Result) -> list[str]:
    found, costs = Spread.of(speeds), list(cpu)
    ours = Spread.of(each.events_per_s for each in result.ours).middle
    cost = spread(Spread.of(costs), 2) if costs else ""
    return [name, spread(found), cost, f"{ours / found.middle:.2f}"]


def _speeds(result: Result) -> Table:
    ours = result.ours
    rows = [
        _row(
            f"Glasshouse, {ours[0].workers} workers",
            [each.events_per_s for each in ours],
            [each.cpu_s_a_million for each in ours],
            result,
        )
    ]
    rows += [
        _row(
            f"{rivals.name} {rivals.version}",
            [run.events_per_s for run in rivals.runs],
            [run.cpu_s / run.events * 1e6 for run in rivals.runs],
            result,
        )
        for rivals in result.rivals
        if rivals.runs
    ]
    rows += [_row(name, speeds, cpu, result) for name, speeds, cpu in _limits(result)]
    columns = ("what", "events/s", "CPU, s/M events", "Glasshouse is so many times as fast")
    return Table("speeds", f"Events/s ({result.title})", columns, rows)


def _limits(result: Result) -> Iterator[tuple[str, list[float], list[float]]]:
    """Names, events/s and processor seconds a million events."""
    limits, brokers = result.limits, result.brokers
    if limits:
        alone = [each.events_per_s for each in limits]
        cost = [each.cpu_s / each.events * 1e6 for each in limits]
        yield "limit: ClickHouse, the same rows from memory, alone", alone, cost
        for name, seconds in (
            ("a worker's steps", [each.worker_cpu_s / each.events for each in limits]),
            ("a loader's Arrow", [each.arrow_cpu_s / each.events for each in limits]),
        ):
            speeds = [1 / each for each in seconds]
            yield f"limit: {name}, in memory, one core", speeds, [each * 1e6 for each in seconds]
    if brokers:
        yield "limit: the broker alone, in", [each.events / each.produce_s for each in brokers], []
        yield "limit: the broker alone, out", [each.events / each.consume_s for each in brokers], []


def _targets(result: Result) -> Table:
    rows = []
    for target in targets():
        sign = "at most" if target.most else "at least"
        wanted = f"{sign} {target.wanted:,.{_digits(target.wanted)}f} {target.unit}".strip()
        found = target.spread(result)
        told = spread(found, _digits(found.middle) if found else 0)
        runs = str(found.runs) if found else ""
        rows.append([target.name, wanted, told, runs, target.verdict(result)])
    return Table("targets", "Targets", ("what", "target", "measured", "runs", ""), rows)


def _processes(result: Result) -> Table:
    rows = []
    for kind in ("worker", "loader", "broker", "producer"):
        cpu = Spread.of(each.cpu_of(kind) for each in result.ours)
        peaks = [each.peak_of(kind) / _MIB for each in result.ours]
        peak = spread(Spread.of(peaks)) if any(peaks) else ""
        rows.append([kind, spread(cpu, 2), peak])
    title = "By process (the loader has the embedded ClickHouse in it)"
    return Table("processes", title, ("process", "CPU, s/M events", "most memory, MiB"), rows)


def _stages(result: Result) -> Table:
    rows = [
        [kind, stage, f"{seconds:.3f}"]
        for kind, stages in result.stages.items()
        for stage, seconds in stages.items()
        if seconds >= 0.001
    ]
    return Table("stages", "Where the time goes", ("process", "stage", "CPU, s/M events"), rows)


def _freshness(result: Result) -> Table:
    rows = [
        [name, spread(Spread.of(each.freshness_ms[name] for each in result.fresh))]
        for name in result.fresh[0].freshness_ms
    ]
    rate = Spread.of(each.events / each.produced_s for each in result.fresh).middle
    title = f"From produced to readable at half load ({rate:,.0f} events/s)"
    return Table("freshness", title, ("share of batches", "ms at most"), rows)


def _scale(result: Result) -> Iterator[Table]:
    model = fit(result)
    if model is None:
        return
    rows = [
        [
            str(each.workers),
            f"{each.events_a_message:.0f}",
            f"{each.measured:,.0f}",
            f"{each.foretold:,.0f}",
            "fitted" if each.is_fitted else f"{each.foretold / each.measured - 1:+.0%}",
            each.bound,
        ]
        for each in checked(model, result)
    ]
    columns = ("workers", "events a batch", "events/s", "foretold", "off by", "bound by")
    yield Table("workers", "The model, against what was measured", columns, rows)
    rows = [
        [
            f"{each.employees:,}",
            f"{each.events_a_message:.0f}",
            f"{each.peak_events_per_s:,.0f}",
            f"{each.cores:,.1f}",
            f"{each.machines:,}",
            f"{each.size.partitions:,}",
            f"{each.size.kafka_bytes / 1e12:,.2f}",
            f"{each.size.training_bytes / 1e12:,.2f}",
        ]
        for each in foretell(model)
    ]
    columns_ = (
        "employees",
        "events a batch",
        "events/s, busiest minutes",
        "cores busy",
        f"machines of {model.cores} cores",
        "partitions",
        "Kafka, 3 replicas, TB",
        "training, TB",
    )
    yield Table("scale", "FORETOLD for larger organisations", columns_, rows)
