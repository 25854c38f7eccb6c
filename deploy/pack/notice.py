"""The notice to the people the data comes from, in plain language (GDPR Art. 13)."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.pack.blocks import Block, Bullets, Grid, Heading, Text
from deploy.pack.facts import Facts
from deploy.pack.record import PURPOSE
from events.data_map import store_of
from events.topics import Topic


def notice(facts: Facts) -> Iterator[Block]:
    """What Art. 13(1) and (2) ask for."""
    organisation, policy = facts.organisation, facts.policy
    yield Heading(2, f"Notice to employees, version {policy.notice_version}")
    yield Text(
        "Nothing is recorded of you unless you say yes. Saying nothing is not saying yes. You "
        "may say no, stop, or pause at any time, without a reason, and nobody may treat you "
        "worse for it."
    )
    yield Heading(3, "What is taken, if you agree")
    yield Bullets(
        [
            "that the pointer moved, and roughly where to",
            "that a mouse button was pressed or the wheel was turned",
            "that a key of a kind was pressed: a letter, a digit, a modifier, ... never which one",
            "which of the named applications was in front; any other is only `other`",
            "your team, and when each of these happened",
        ]
    )
    yield Heading(3, "What is never taken")
    yield Text(
        "What you type or read, window titles, addresses of pages, the clipboard, pictures, sound. "
        "There is no place in the system where these could be put. Nothing measures how long you "
        "work or rest, and nothing here may be used to judge your performance."
    )
    raw_days = store_of(Topic.RAW.value).retention.days
    yield Grid(
        "What for, and for how long",
        ("purpose", "what for", "basis", "kept", "read by"),
        [
            (
                purpose.value,
                PURPOSE[purpose],
                limits.lawful_basis,
                f"{limits.retention_days} days",
                f"reports show groups of {limits.smallest_group} or more people only"
                if purpose.value == "team_analytics"
                else "people who train agents, under a pseudonym instead of your name",
            )
            for purpose, limits in sorted(policy.purposes.items())
        ],
    )
    yield Text(
        f"On its way your name is with the events for at most {raw_days} days and one day more, "
        "sealed. Your answers about consent are kept as the proof of them, without your name. Each "
        "purpose is agreed to by itself: you may say yes to one and no to the other."
    )
    yield Heading(3, "Your rights")
    yield Bullets(
        [
            "to withdraw your consent, from then on (Art. 7(3))",
            "to object (Art. 21), to have what is held of you shown to you (Art. 15) and handed to "
            "you (Art. 20), put right (Art. 16), erased (Art. 17) or blocked (Art. 18)",
            f"to complain to {organisation.authority} (Art. 77)",
        ]
    )
    yield Text(
        f"Who is responsible: {organisation.name}; {organisation.contact}. Data protection "
        f"officer: {organisation.dpo}. Who speaks for you: {organisation.workers}. Recipients "
        f"outside: {organisation.processors}. Transfers: {organisation.transfers}. No decision "
        "about you is made by a program."
    )
    yield Text(
        "I have read this notice: name, date, signature. (New York Civil Rights Law 52-c*2 and "
        "Delaware Code title 19 section 705 ask for an acknowledgement; acknowledging is not "
        "agreeing.)"
    )
