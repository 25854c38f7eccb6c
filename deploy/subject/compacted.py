"""What Kafka's compacted topics keep of people until it is taken out: their words, their secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deploy import kept_secrets
from deploy.subject.person import Person
from events.clock import Clock
from events.codec import Codec
from events.compacted import last_values
from events.consent import Actor, ActorRole, ConsentAction
from events.consent_key import keys_of
from events.purposes import PURPOSES, Purpose
from events.sealing_file import Sealing
from events.settings import Settings
from events.topics import Topic
from producers.consent_pen import Pen
from producers.consent_topic import Said, read_said
from producers.consents import Writer, words
from producers.enrolment import Enrolment
from producers.publisher import Publisher

_WRITER = Writer(Actor(ActorRole.OPERATOR, "0"))


@dataclass(frozen=True, slots=True)
class Compacted:
    """``sealing`` must have the digest key. Without a Kafka that is named there are no words, and
    the secrets are those that a trial keeps. All raise as ``Publisher`` and ``read_said``."""

    settings: Settings
    codec: Codec
    sealing: Sealing
    clock: Clock

    def said(self, people: Sequence[Person]) -> Said:
        """What each has said, as the topic has it now."""
        if self.settings.embedded_kafka:
            return {}
        digests = [each.digest for each in people]
        return read_said(digests, self._digest_key, self.settings, self.codec, self.clock)

    def stop(self, people: Sequence[Person], said: Said) -> int:
        """Record a withdrawal for everybody and every purpose that something flows for, or might;
        how many. From then on workers pass nothing, which the books say in their names."""
        speaking = {
            purpose: [each.subject for each in people if _may_flow(said, each, purpose)]
            for purpose in PURPOSES
        }
        now_ms = self.clock.now_ms()
        withdrawn = [
            word
            for purpose, subjects in speaking.items()
            if subjects
            for word in words(subjects, (purpose,), ConsentAction.WITHDRAW, now_ms, writer=_WRITER)
        ]
        if withdrawn:
            records = Pen.at_the_end_of(said, self._digest_key).write_all(withdrawn)
            with Publisher(self.settings, self.codec, self.clock) as publisher:
                for record in records:
                    publisher.publish_consent(record)
        return len(withdrawn)

    def forget(self, digests: Sequence[bytes]) -> None:
        """Take out every word, and put the mark of the forgotten in the place of each secret: both
        are gone from the disk once Kafka has compacted the topics."""
        if self.settings.embedded_kafka:
            kept_secrets.forget(self.settings, digests, self.codec)
            return
        words = last_values(self.settings, Topic.CONSENT, self.clock)
        with Publisher(self.settings, self.codec, self.clock) as publisher:
            publisher.take_out(keys_of(digests, words, self._digest_key))
        Enrolment(self.settings, self.codec, self.sealing, self.clock).forget(digests)

    @property
    def _digest_key(self) -> bytes:
        assert self.sealing.digest_key is not None
        return self.sealing.digest_key


def words_of(said: Said, person: Person) -> int:
    """How many words of the person there are in ``said``."""
    found = (said.get((person.digest, purpose)) for purpose in PURPOSES)
    return sum(len(spoken.heard) for spoken in found if spoken)


def _may_flow(said: Said, person: Person, purpose: Purpose) -> bool:
    spoken = said.get((person.digest, purpose))
    return spoken is not None and bool(spoken.heard) and not spoken.chain.standing.stopped
