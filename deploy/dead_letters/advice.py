"""What to do about a dead letter, in words."""

from __future__ import annotations

from deploy.dead_letters.held import Whereabouts
from deploy.dead_letters.letter import Letter, Place, written
from events.outcomes import Rejected

_PRODUCER = (
    "no version of this program accepts it. Put the producer right, and let it send the events "
    "again if it still has them; this message goes with the topic's retention."
)
_IF_REFUSED = {
    Rejected.UNKNOWN_SCHEMA: (
        "make the writer's schema known: name the registry that has it (--schema-registry-url, for "
        "the workers too), register it there, or upgrade to a version that brings it. Then "
        "`glasshouse dead-letters redrive`."
    ),
    Rejected.UNDECODABLE: (
        "if the producer is of a newer version or uses a schema registry, upgrade or set "
        f"--schema-registry-url and look again. Otherwise {_PRODUCER}"
    ),
}


def where_it_is(letter: Letter, where: Whereabouts) -> str:
    """``where`` in words."""
    copies = ", ".join(written((letter.partition, copy)) for copy in letter.copies)
    return {
        Whereabouts.REDRIVEN: f"published again as {copies}",
        Whereabouts.IN_KAFKA: "in Kafka",
        Whereabouts.GONE: "gone",
        Whereabouts.UNKNOWN: "unknown",
    }[where]


def next_step(place: Place, where: Whereabouts, refused: Rejected | None) -> str:
    """What to do next. ``refused``: why a message that could be read would be refused now."""
    if where is Whereabouts.REDRIVEN:
        return "nothing: the copy is in the books; if it was refused too, see the copy."
    if where is Whereabouts.GONE:
        return (
            "nothing can be done here: retention has removed the message, or its topic was "
            "deleted. If the producer still has the events, let it send them again."
        )
    if where is Whereabouts.UNKNOWN:
        return "name the Kafka that has it with --kafka-servers, as a user who may see the topic."
    if refused is None:
        return (
            "make sure that the workers are as new as this program, and have the key that the "
            "subject is sealed to, then "
            f"`glasshouse dead-letters redrive {written(place)}`."
        )
    return _IF_REFUSED.get(refused, _PRODUCER)
