"""The shape of the project: who may import whom, and who may touch time and environment."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.documents import ROOT

OURS = ("events", "producers", "streams", "sinks", "deploy", "glasshouse", "tests")
_ROOTS = ("glasshouse.py", *(f"{package}/**/*.py" for package in OURS[:5]))
FILES = sorted(path.relative_to(ROOT).as_posix() for root in _ROOTS for path in ROOT.glob(root))

#: What a package may import of ours. `deploy` and `glasshouse` put everything together.
MAY_IMPORT = {
    "events": {"events"},
    "producers": {"producers", "events"},
    "streams": {"streams", "events"},
    "sinks": {"sinks", "events"},
}

_DATE_READERS = {
    "time.time",
    "time.time_ns",
    "time.gmtime",
    "time.localtime",
    "time.ctime",
    "time.strftime",
    "time.clock_gettime",
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
}
_SPAN_READERS = {"time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.process_time"}

#: Who measures a span by itself. None of these spans decides what becomes of an event: they say
#: how long a server was waited for, or how long a command took.
MAY_MEASURE = {
    "events/clock.py": "the clock itself",
    "events/kafka.py": "gives up on a broker that does not answer",
    "deploy/broker.py": "gives up on a broker that does not start",
    "deploy/demo.py": "reports how long the run took",
    "deploy/stack.py": "gives up on work that does not move",
    "deploy/lag.py": "gives up on work that does not move",
    "sinks/insert.py": "gives up on an insert",
    "sinks/warehouse.py": "gives up on a server that does not answer",
}
MAY_READ_ENVIRONMENT = {
    "events/settings.py": "the only reader of settings",
    "deploy/broker.py": "hands it on to a child process",
    "deploy/process.py": "hands it on to a child process",
}


def package_of(file: str) -> str:
    return file.split("/", maxsplit=1)[0]


@cache
def tree(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"), file)


def imported(file: str) -> Iterator[str]:
    """First name of every module that a file imports, anywhere in it."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield package_of(file) if node.level else (node.module or "").split(".")[0]


def used(file: str) -> set[str]:
    """Every ``a.b`` of a file, with ``from a import b`` seen as ``a.b``."""
    found = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            found.add(f"{owner}.{node.attr}")
        elif isinstance(node, ast.ImportFrom):
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


@pytest.mark.parametrize("file", [file for file in FILES if package_of(file) in MAY_IMPORT])
def test_a_package_imports_only_the_contract_and_itself(file: str) -> None:
    ours = {name for name in imported(file) if name in OURS}
    assert ours <= MAY_IMPORT[package_of(file)]


def test_no_file_that_runs_imports_a_test() -> None:
    assert [file for file in FILES if {"tests", "pytest", "hypothesis"} & set(imported(file))] == []


def test_only_the_clock_reads_the_date() -> None:
    assert [file for file in FILES if used(file) & _DATE_READERS] == ["events/clock.py"]


def test_only_those_with_a_reason_measure_a_span_without_the_clock() -> None:
    assert {file for file in FILES if used(file) & _SPAN_READERS} <= MAY_MEASURE.keys()


def test_only_the_settings_read_the_environment() -> None:
    readers = {"os.environ", "os.getenv", "os.environb", "os.getenvb"}
    assert {file for file in FILES if used(file) & readers} <= MAY_READ_ENVIRONMENT.keys()


def test_nothing_prints() -> None:
    calls = [
        file
        for file in FILES
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    ]
    assert calls == []


def test_there_is_no_word_of_a_performance_purpose_in_the_contract() -> None:
    from events.purposes import Purpose

    assert {purpose.value for purpose in Purpose} == {"agent_training", "team_analytics"}


def test_the_list_of_files_is_the_one_of_the_repository() -> None:
    assert {"events/clock.py", "streams/pipeline.py", "glasshouse.py"} <= set(FILES)
    assert all(Path(ROOT / file).is_file() for file in FILES)
