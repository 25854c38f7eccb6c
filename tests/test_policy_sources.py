"""Whoever goes by a policy goes by a verified one."""

from __future__ import annotations

import re

from tests.documents import ROOT

#: Where a policy may be read that nobody has signed, and why.
UNVERIFIED = {
    "events/policy.py": "reads it",
    "events/policy_history.py": "verifies it",
    "deploy/policy/proposal.py": "proposes it",
    "deploy/policy/commands.py": "compares two drafts",
    "deploy/policy/show.py": "shows the one that waits",
    "producers/simulate_command.py": "a dry run, from which nothing goes anywhere",
}
PACKAGES = ("events", "producers", "streams", "sinks", "deploy")
_READS = re.compile(r"\b(load_policy|parse_policy|Policy\.model_validate)\(")


def test_nothing_but_what_makes_a_policy_reads_one_that_is_not_verified() -> None:
    found = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if _READS.search(path.read_text(encoding="utf-8"))
    }
    assert found == set(UNVERIFIED)


def test_no_setting_turns_verification_off() -> None:
    settings = (ROOT / "events/settings.py").read_text(encoding="utf-8")
    assert not re.findall(r"^ +\w*(?:verif|unsigned|insecure|skip)\w*:", settings, re.MULTILINE)


def test_no_private_key_is_in_the_repository() -> None:
    for package in (*PACKAGES, "tests"):
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                begin = b"-----BEGIN " + b"PRIVATE KEY"
                assert begin not in path.read_bytes(), path
