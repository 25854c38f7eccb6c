"""Chains of consent records: nothing flows unless a plain reading of the history says so, and
tampering shows and never widens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.codec import Codec
from events.consent import TO_TERMS, Actor, ActorRole, ConsentAction, Word
from events.consent_chain import Chain, Standing, entry_of, objection
from events.consent_key import key_parts
from events.consent_message import heard
from events.consent_record import SCHEMA, ConsentRecord, from_record, to_record
from events.outcomes import Withheld
from events.purposes import Purpose
from tests import oracle
from tests.kit.consent import (
    DIGEST_KEY,
    Message,
    chained,
    early,
    heard_in,
    ledger_that_read,
    message_of,
    messages_of,
    person,
    record,
)
from tests.strategies import OLD_TERMS, OUTDATED, SUBJECTS, TERMS, word

ANNA, PURPOSE = SUBJECTS[0], Purpose.AGENT_TRAINING
SEEN, GRANT, WITHDRAW, PAUSE, RESUME, OBJECT = (
    ConsentAction.ACKNOWLEDGE,
    ConsentAction.GRANT,
    ConsentAction.WITHDRAW,
    ConsentAction.PAUSE,
    ConsentAction.RESUME,
    ConsentAction.OBJECT,
)
_CODEC = Codec()


def verdict(messages: Sequence[Message]) -> Withheld | None:
    return ledger_that_read(messages).objection(person(ANNA), PURPOSE, TERMS)


def breaks(messages: Sequence[Message]) -> int:
    """How many records of Anna's did not follow."""
    chain, count = Chain(), 0
    for message in messages:
        found = heard_in(message)
        if found and (found.person, found.purpose) == (person(ANNA), PURPOSE):
            if found.entry is None:
                chain.forget(found.name)
            else:
                count += not chain.take(found.entry)
    return count


def said(*actions: ConsentAction) -> list[Word]:
    return [word(action) for action in actions]


def heard_of(*actions: ConsentAction) -> Withheld | None:
    return verdict(messages_of(said(*actions)))


#: What one person may say of one purpose: mostly yes, and to the terms in force.
sayings = st.lists(
    st.builds(
        word,
        st.sampled_from((SEEN, SEEN, GRANT, GRANT, RESUME, *ConsentAction)),
        terms=st.sampled_from((TERMS, TERMS, TERMS, *OUTDATED)),
    ),
    max_size=12,
)


# What a whole chain comes to.


@given(said=sayings)
def test_nothing_flows_unless_a_plain_reading_of_the_history_says_so(said: list[Word]) -> None:
    found = verdict(messages_of(said))
    assert (found or "") == oracle.objection(said, ANNA, PURPOSE, TERMS)


def test_silence_is_no() -> None:
    assert heard_of() is Withheld.NOT_ENROLLED
    assert heard_of(SEEN) is Withheld.NOT_ENROLLED
    assert heard_of(RESUME) is Withheld.NOT_ENROLLED
    assert heard_of(PAUSE) is Withheld.NOT_ENROLLED


def test_collection_needs_an_acknowledged_notice_and_a_grant() -> None:
    assert heard_of(GRANT) is Withheld.NOT_ACKNOWLEDGED
    assert heard_of(SEEN, GRANT) is None
    assert heard_of(GRANT, SEEN) is None


@pytest.mark.parametrize("outdated", OUTDATED, ids=["version", "text", "lawful basis"])
def test_a_new_notice_or_lawful_basis_asks_again(outdated: object) -> None:
    assert isinstance(outdated, type(TERMS))
    old = [word(SEEN, terms=outdated), word(GRANT, terms=outdated)]
    assert verdict(messages_of(old)) is Withheld.NOTICE_OUTDATED
    assert verdict(messages_of([*old, word(GRANT)])) is Withheld.NOTICE_OUTDATED
    assert verdict(messages_of([*old, word(SEEN)])) is Withheld.NOTICE_OUTDATED
    assert verdict(messages_of([*old, word(SEEN), word(GRANT)])) is None


def test_an_objection_stops_like_a_withdrawal() -> None:
    assert heard_of(SEEN, GRANT, OBJECT) is Withheld.OBJECTED
    assert heard_of(SEEN, GRANT, WITHDRAW) is Withheld.WITHDRAWN
    assert heard_of(SEEN, GRANT, OBJECT, RESUME, SEEN) is Withheld.OBJECTED
    assert heard_of(OBJECT) is Withheld.OBJECTED
    assert heard_of(SEEN, GRANT, OBJECT, GRANT) is None


def test_a_pause_has_no_end_but_the_person_s_own() -> None:
    assert heard_of(SEEN, GRANT, PAUSE) is Withheld.PAUSED
    assert heard_of(PAUSE, SEEN, GRANT) is Withheld.PAUSED
    assert heard_of(SEEN, GRANT, PAUSE, GRANT, SEEN) is Withheld.PAUSED
    assert heard_of(SEEN, GRANT, PAUSE, RESUME) is None


@given(said=sayings, law=st.sampled_from(["DE", "US-NY", "ZZ"]), role=st.sampled_from(ActorRole))
def test_who_wrote_a_word_and_under_which_law_decides_nothing(
    said: list[Word], law: str, role: ActorRole
) -> None:
    actor = Actor() if role is ActorRole.SUBJECT else Actor(role, "7f3c9a")
    others = [replace(each, actor=actor, jurisdiction=law) for each in said]
    assert verdict(messages_of(others)) == verdict(messages_of(said))


# Tampering.


def rewritten(message: Message, change: Callable[[ConsentRecord], ConsentRecord]) -> Message:
    """The message with another record in it, under the key that it had."""
    key, value = message
    changed = change(from_record(_CODEC.decode(SCHEMA, value), DIGEST_KEY))
    return key, _CODEC.encode(SCHEMA, to_record(changed))


def with_word(**changes: object) -> Callable[[ConsentRecord], ConsentRecord]:
    return lambda record: replace(record, word=replace(record.word, **changes))  # type: ignore[arg-type]


#: A change of each field.
CHANGES: dict[str, Callable[[ConsentRecord], ConsentRecord]] = {
    "person": lambda record: replace(record, person=person(SUBJECTS[1])),
    "purpose": with_word(purpose=Purpose.TEAM_ANALYTICS),
    "action": lambda record: replace(
        record,
        word=replace(
            record.word,
            action={SEEN: GRANT, GRANT: SEEN}.get(record.word.action, RESUME)
            if record.word.action is not RESUME
            else WITHDRAW,
        ),
    ),
    "time": lambda record: with_word(at_ms=record.word.at_ms + 1)(record),
    "terms": lambda record: (
        with_word(terms=OLD_TERMS if record.word.terms else None)(record)
        if record.word.action in TO_TERMS
        else with_word(jurisdiction="FR")(record)
    ),
    "actor": with_word(actor=Actor(ActorRole.OPERATOR, "abc")),
    "law": with_word(jurisdiction="FR"),
    "number": lambda record: replace(record, number=record.number + 1),
    "previous": lambda record: replace(record, previous=bytes([9]) * 32),
    "salt": lambda record: replace(record, salt=bytes([9]) * 16),
}

HISTORY = said(SEEN, GRANT, PAUSE, RESUME, WITHDRAW, GRANT)


@pytest.mark.parametrize("place", range(len(HISTORY)))
@pytest.mark.parametrize("field", CHANGES)
def test_a_changed_field_is_noticed_wherever_it_is(field: str, place: int) -> None:
    messages = messages_of(HISTORY)
    assert breaks(messages) == 0
    messages[place] = rewritten(messages[place], CHANGES[field])
    assert breaks(messages) >= 1
    assert verdict(messages) is not None


@pytest.mark.parametrize("place", range(len(HISTORY)))
@pytest.mark.parametrize("field", CHANGES)
def test_a_changed_field_is_noticed_by_the_next_record_if_the_key_was_changed_with_it(
    field: str, place: int
) -> None:
    """Whoever can write may hash anew; only the newest record can be replaced so, which a head
    that was kept elsewhere shows."""
    messages = messages_of(HISTORY)
    said = from_record(_CODEC.decode(SCHEMA, messages[place][1]), DIGEST_KEY)
    messages[place] = message_of(CHANGES[field](said))
    if place < len(HISTORY) - 1:
        assert breaks(messages) >= 1
        assert verdict(messages) is not None


@given(said=sayings.filter(lambda said: len(said) > 1), data=st.data())
def test_a_record_that_is_removed_is_noticed_and_never_widens(
    said: list[Word], data: st.DataObject
) -> None:
    messages = messages_of(said)
    gone = data.draw(st.sets(st.integers(0, len(said) - 2), min_size=1))
    left = [message for at, message in enumerate(messages) if at not in gone]
    assert breaks(left) >= 1
    assert verdict(left) is not None or verdict(messages) is None


@given(said=sayings.filter(lambda said: len(said) > 1), data=st.data())
def test_two_records_that_are_swapped_are_noticed_and_never_widen(
    said: list[Word], data: st.DataObject
) -> None:
    messages = messages_of(said)
    one = data.draw(st.integers(0, len(said) - 2))
    other = data.draw(st.integers(one + 1, len(said) - 1))
    swapped = list(messages)
    swapped[one], swapped[other] = messages[other], messages[one]
    assert breaks(swapped) >= 1
    assert verdict(swapped) is not None or verdict(messages) is None


@given(said=sayings.filter(bool), stranger=sayings.filter(bool), data=st.data())
def test_a_record_that_is_put_in_is_noticed_and_never_widens(
    said: list[Word], stranger: list[Word], data: st.DataObject
) -> None:
    """One that follows some record, or none, but is not where a writer would have put it."""
    records = chained(said)
    place = data.draw(st.integers(0, len(said) - 1))
    follows = data.draw(st.sampled_from([None, *records[:place]]))
    number = 0 if follows is None else follows.number + 1
    previous = b"" if follows is None else follows.name
    put_in = record(stranger[0], number, previous, b"\x05" * 16)
    messages = [message_of(each) for each in records]
    spoilt = [*messages[:place], message_of(put_in), *messages[place:]]
    assert breaks(spoilt) >= 1
    assert verdict(spoilt) is not None or verdict(messages) is None


@given(said=sayings, where=st.integers(0, 12), no=st.sampled_from([WITHDRAW, OBJECT, PAUSE]))
def test_a_no_counts_even_where_the_chain_is_broken(
    said: list[Word], where: int, no: ConsentAction
) -> None:
    """It follows nothing that is there; whatever stood before, nothing flows behind it."""
    stray = record(word(no), 7, bytes([3]) * 32)
    messages = [*messages_of(said)[:where], message_of(stray)]
    found = verdict(messages)
    assert found is not None
    if no in (WITHDRAW, OBJECT):
        assert found is {WITHDRAW: Withheld.WITHDRAWN, OBJECT: Withheld.OBJECTED}[no]


@given(said=sayings, yes=st.lists(st.sampled_from([SEEN, GRANT, RESUME]), min_size=1, max_size=3))
def test_a_yes_that_does_not_follow_counts_for_nothing(
    said: list[Word], yes: list[ConsentAction]
) -> None:
    stray = [message_of(record(word(each), 9, bytes([at + 1]) * 32)) for at, each in enumerate(yes)]
    assert verdict([*messages_of(said), *stray]) is not None


def test_two_writers_at_once_make_a_fork_that_passes_nothing() -> None:
    common = chained(said(SEEN))
    one, other = (record(word(GRANT, at_ms=at_ms), 1, common[0].name) for at_ms in (1, 2))
    messages = [message_of(each) for each in (*common, one, other)]
    assert verdict(messages[:2]) is None
    assert verdict(messages) is Withheld.CHAIN_BROKEN
    no = record(word(WITHDRAW), 1, common[0].name)
    assert verdict([*messages[:2], message_of(no)]) is Withheld.WITHDRAWN
    assert verdict([messages[0], message_of(no), messages[1]]) is Withheld.WITHDRAWN


def test_a_broken_chain_is_healed_by_saying_everything_anew_behind_it() -> None:
    common = chained(said(SEEN))
    fork = [record(word(GRANT, at_ms=at_ms), 1, common[0].name) for at_ms in (1, 2)]
    records, verdicts = [*common, *fork], []
    for action in (SEEN, GRANT, RESUME):
        head = records[-1]
        records.append(record(word(action), head.number + 1, head.name))
        verdicts.append(verdict([message_of(each) for each in records]))
    assert verdicts == [Withheld.CHAIN_BROKEN, Withheld.CHAIN_BROKEN, None]


def test_a_record_that_cannot_be_read_breaks_the_chain_and_can_be_spoken_behind() -> None:
    messages = messages_of(said(SEEN, GRANT))
    lost = chained(said(SEEN, GRANT, PAUSE))[-1]
    messages.append((lost.key, b"broken"))
    assert verdict(messages) is Withheld.CHAIN_BROKEN
    head = lost.name
    for number, action in enumerate((SEEN, GRANT, RESUME)):
        behind = record(word(action), number, head)
        messages.append(message_of(behind))
        head = behind.name
    assert verdict(messages) is None


# Records that are taken out, and compaction.


class Watched(Chain):
    """Notes each standing that another thread may meet."""

    __slots__ = ()
    met: ClassVar[list[Standing]] = []

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "standing":
            self.met.append(self.standing)


@pytest.mark.parametrize("again", [WITHDRAW, OBJECT, PAUSE])
def test_while_a_chain_is_read_anew_nobody_meets_a_part_of_it(again: ConsentAction) -> None:
    """A no that comes twice, and a record that is taken out in front of a no."""
    entries = [entry_of(each) for each in chained(said(SEEN, GRANT, again))]
    chain = Watched()
    for entry in entries:
        chain.take(entry)
    Watched.met.clear()
    chain.take(entries[-1])
    chain.forget(entries[0].name)
    assert Watched.met
    assert not any(objection(standing, TERMS) is None for standing in Watched.met)


def erased(message: Message) -> Message:
    return message[0], None


@given(said=sayings, data=st.data())
def test_compaction_at_any_moment_changes_no_verdict(said: list[Word], data: st.DataObject) -> None:
    """Whatever is taken out, written again, changed or forged in whatever order: a worker that was
    there, and one that starts when Kafka has cleaned up, come to the same."""
    sound = messages_of(said)
    old = [said_early(action) for action in (WITHDRAW, PAUSE, RESUME)]
    pool = [*sound, *old, *map(erased, sound), *map(erased, old)]
    pool += [(key, b"broken") for key, _ in sound]
    more = data.draw(st.lists(st.sampled_from(pool), max_size=8)) if pool else []
    messages = [*sound, *more]
    last = {key: at for at, (key, _) in enumerate(messages)}
    compacted = [
        message
        for at, message in enumerate(messages)
        if last[message[0]] == at or data.draw(st.booleans(), "kept though replaced")
    ]
    without_tombstones = [message for message in compacted if message[1] is not None]
    assert verdict(compacted) == verdict(messages)
    if all(last[key] == at for at, (key, _) in enumerate(compacted)):
        assert verdict(without_tombstones) == verdict(messages)


@given(said=sayings.filter(bool), data=st.data())
def test_who_was_taken_out_wholly_was_never_there_and_may_begin_anew(
    said: list[Word], data: st.DataObject
) -> None:
    messages = messages_of(said)
    gone = [erased(message) for message in data.draw(st.permutations(messages))]
    ledger = ledger_that_read([*messages, *gone])
    assert len(ledger) == ledger.doubtful == 0
    assert ledger.objection(person(ANNA), PURPOSE, TERMS) is Withheld.NOT_ENROLLED
    again = [record(word(SEEN), 0, b"", b"\x01" * 16)]
    again.append(record(word(GRANT), 1, again[0].name, b"\x01" * 16))
    assert verdict([*messages, *gone, *(message_of(each) for each in again)]) is None


@given(said=sayings.filter(lambda said: len(said) > 1), data=st.data())
def test_a_record_taken_out_alone_never_widens(said: list[Word], data: st.DataObject) -> None:
    messages = messages_of(said)
    first = data.draw(st.integers(0, len(said) - 2))
    found = verdict([*messages, erased(messages[first])])
    assert found is not None or verdict(messages) is None


# The first version.


def said_early(action: ConsentAction) -> Message:
    return message_of(early(word(action)))


def test_a_yes_of_the_first_version_no_longer_suffices_and_a_no_still_counts() -> None:
    assert verdict([said_early(GRANT)]) is Withheld.NOT_ACKNOWLEDGED
    assert verdict([said_early(WITHDRAW)]) is Withheld.WITHDRAWN
    assert verdict([said_early(GRANT), said_early(PAUSE), *messages_of(said(SEEN))]) is not None


def test_an_upgrade_asks_everybody_again() -> None:
    asked = messages_of(said(SEEN, GRANT))
    assert verdict([said_early(GRANT), *asked]) is None
    assert verdict([said_early(WITHDRAW), *asked]) is None
    assert verdict([said_early(GRANT), said_early(PAUSE), *asked]) is Withheld.PAUSED
    resumed = messages_of(said(SEEN, GRANT, RESUME))
    assert verdict([said_early(GRANT), said_early(PAUSE), *resumed]) is None
    assert breaks([said_early(GRANT), said_early(PAUSE), *resumed]) == 0


def test_a_record_of_the_first_version_behind_a_chain_can_only_narrow() -> None:
    asked = messages_of(said(SEEN, GRANT))
    assert verdict([*asked, said_early(GRANT)]) is Withheld.CHAIN_BROKEN
    assert verdict([*asked, said_early(WITHDRAW)]) is Withheld.WITHDRAWN
    paused = messages_of(said(SEEN, GRANT, PAUSE))
    assert verdict([*paused, said_early(RESUME)]) is Withheld.CHAIN_BROKEN


# Whose record it is.


def test_a_record_under_the_key_of_another_breaks_that_other_s_chain() -> None:
    theirs = messages_of([word(SEEN, SUBJECTS[1]), word(GRANT, SUBJECTS[1])])
    key = chained(said(SEEN, GRANT, WITHDRAW))[-1].key
    assert verdict([*messages_of(said(SEEN, GRANT)), (key, theirs[1][1])]) is Withheld.CHAIN_BROKEN


@pytest.mark.parametrize("key", [None, b"", b"no key of ours"])
def test_a_message_whose_key_names_nobody_is_about_nobody(key: bytes | None) -> None:
    assert key_parts(key, DIGEST_KEY) is None
    assert heard(key, None, _CODEC, DIGEST_KEY) is None
    assert heard(key, messages_of(said(GRANT))[0][1], _CODEC, DIGEST_KEY) is None


def test_a_standing_of_nobody_lets_nothing_pass_under_any_terms() -> None:
    for terms in (TERMS, *OUTDATED):
        assert objection(Chain().standing, terms) is Withheld.NOT_ENROLLED
