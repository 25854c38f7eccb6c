"""Every command that reads personal data, or administers anything, records it; the others have a
reason not to."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from events.audit.entry import Act
from glasshouse import app

#: What each command is recorded as; or why it is not.
COMMANDS: dict[str, Act | str] = {
    "audit collect": Act.COLLECT,
    "audit show": "shows the log itself",
    "audit verify": "compares books and logs, shows counts and places",
    "broker": "a broker for trials, which keeps nothing",
    "consent acknowledge": Act.CONSENT,
    "consent grant": Act.CONSENT,
    "consent history": Act.CONSENT_HISTORY,
    "consent object": Act.CONSENT,
    "consent pause": Act.CONSENT,
    "consent resume": Act.CONSENT,
    "consent seal": Act.CONSENT,
    "consent show": Act.CONSENT_SHOW,
    "consent withdraw": Act.CONSENT,
    "data-map": "says what there is, and reads none of it",
    "dead-letters list": "coordinates and reasons, of messages that nobody could read",
    "dead-letters redrive": Act.REDRIVE,
    "dead-letters show": Act.DEAD_LETTER_SHOW,
    "demo": "a trial with simulated people or recordings",
    "doctor": "settings and counts",
    "dpia": "writes what is configured, and reads nobody's data",
    "keys destroy": Act.KEYS_DESTROY,
    "keys init": Act.KEYS_INIT,
    "keys list": "numbers and times of epochs",
    "keys move": Act.KEYS_MOVE,
    "keys pseudonym": Act.PSEUDONYM,
    "keys public": Act.KEYS_PUBLIC,
    "keys rewrap": Act.KEYS_REWRAP,
    "keys rotate": Act.KEYS_ROTATE,
    "keys rotate-sealing": Act.KEYS_ROTATE_SEALING,
    "load": "the pipeline itself: the books account for it",
    "migrate": Act.MIGRATE,
    "policy diff": "compares two rules",
    "policy keygen": "makes a side's own key, which is no part of a deployment yet",
    "policy publish": Act.POLICY_PUBLISH,
    "policy rehearse": "a trial, and says so",
    "policy show": "shows the rules in force",
    "policy sign": Act.POLICY_SIGN,
    "policy verify": "verifies signatures, and looks for hashes in the books",
    "provision": Act.PROVISION,
    "query": Act.QUERY,
    "reconcile": "counts, through views that only count",
    "replay": "publishes events, and reads nobody's",
    "settings": "settings, secrets masked",
    "simulate": "publishes events of people who do not exist",
    "spool purge": Act.SPOOL_PURGE,
    "spool send": "the pipeline itself: the books account for it",
    "spool show": "counts and ages",
    "status": "counts and lags",
    "subject erase": Act.SUBJECT_ERASE,
    "subject verify": "checks a receipt that whoever runs it has",
    "subject export": Act.SUBJECT_EXPORT,
    "trace": Act.TRACE,
    "worker": "the pipeline itself: the books account for it",
}


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with the function behind it."""
    group: Any = typer.main.get_command(app)
    for name, command in group.commands.items():
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command.callback
        else:
            yield from ((f"{name} {each}", known.callback) for each, known in inner.items())


def test_every_command_is_recorded_or_has_a_reason_not_to() -> None:
    assert {name for name, _ in commands()} == COMMANDS.keys()


def acts_in(source: str, function: str) -> set[str]:
    """The members of ``Act`` that ``function`` of ``source``, or what it calls there, records."""
    tree = ast.parse(source)
    bodies = {each.name: each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)}
    recorders = {"recorded", *(name for name, body in bodies.items() if hands_on(body))}
    seen, waiting, found = set[str](), [function], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in bodies:
            continue
        seen.add(name)
        for node in ast.walk(bodies[name]):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            waiting.append(node.func.id)
            if node.func.id in recorders:
                found |= {each.attr for each in acts(node)}
    return found


def acts(call: ast.Call) -> Iterator[ast.Attribute]:
    """The arguments that are members of ``Act``."""
    for each in call.args:
        if isinstance(each, ast.Attribute) and ast.unparse(each.value) == "Act":
            yield each


def hands_on(body: ast.FunctionDef) -> bool:
    """Whether it records what it was given as ``act``."""
    calls = [node for node in ast.walk(body) if isinstance(node, ast.Call)]
    return any(
        isinstance(call.func, ast.Name)
        and call.func.id == "recorded"
        and any(isinstance(each, ast.Name) and each.id == "act" for each in call.args)
        for call in calls
    )


@pytest.mark.parametrize(("name", "callback"), list(commands()))
def test_a_command_records_what_it_is_said_to(name: str, callback: Any) -> None:
    source = inspect.getsource(sys.modules[callback.__module__])
    expected = COMMANDS[name]
    recorded = acts_in(source, callback.__name__)
    assert recorded == ({expected.name} if isinstance(expected, Act) else set())


def test_every_act_is_one_of_a_command() -> None:
    assert {act for act in COMMANDS.values() if isinstance(act, Act)} == set(Act)


def test_a_command_that_records_nothing_is_seen() -> None:
    assert acts_in("def a(): b()\ndef b(): recorded(s, Act.TRACE)", "a") == {"TRACE"}
    assert acts_in("def a(): pass\ndef b(): recorded(s, Act.TRACE)", "a") == set()
