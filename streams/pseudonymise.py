"""Step 6, pseudonymise: from here on no person, session or batch can be named without the key."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from events.subject_secret import SubjectSecret
from streams.keys import KeyRing
from streams.minimise import Minimised, PassingEvents

#: 64 bits: among 1,000,000 people of one purpose and epoch two share a pseudonym with probability
#: 3e-8 (birthday bound); batch ids only have to differ within one person, session and time.
ID_BYTES = 8


def keyed_id(key: bytes, kind: str, value: bytes) -> int:
    """uint64 of ``value`` under ``key``: keyed BLAKE2b (RFC 7693), ``kind`` as personalisation, so
    that a session, a batch and a person with equal bytes get unrelated ids."""
    digest = hashlib.blake2b(value, digest_size=ID_BYTES, key=key, person=kind.encode())
    return int.from_bytes(digest.digest(), "little")


def pseudonym_of(key: bytes, secret: bytes) -> int:
    """The pseudonym of a person in the rows of a purpose: of the person's own secret under the
    purpose's ``key``. Whoever lacks either cannot tell whose it is."""
    return keyed_id(key, "subject", secret)


def subject_id(key: bytes, person: bytes) -> int:
    """What the books call a person, by keyed digest, under their own ``key``: it outlives the
    person's secret, since who agreed to what has to be shown for as long as it matters."""
    return keyed_id(key, "subject", person)


@dataclass(frozen=True, slots=True, repr=False)
class Pseudonymised:
    """Minimised batches of one purpose, ordered by (pseudonym, session, sequence), which hides the
    order they were read in. All arrays over batches are of length m; ``events`` are in that order,
    made of ``read``, in which the batches stand as they were read: number ``order[i]`` is now i.

    ``pseudonym``, ``session``, ``batch`` uint64; ``epoch`` uint16; ``sequence`` uint32; ``team``
    and ``application`` str; ``surface``, ``origin`` uint8; screen sizes uint16.
    """

    pseudonym: NDArray[np.uint64]
    session: NDArray[np.uint64]
    batch: NDArray[np.uint64]
    epoch: NDArray[np.uint16]
    sequence: NDArray[np.uint32]
    team: tuple[str, ...]
    application: tuple[str, ...]
    surface: NDArray[np.uint8]
    origin: NDArray[np.uint8]
    screen_width_px: NDArray[np.uint16]
    screen_height_px: NDArray[np.uint16]
    order: NDArray[np.intp]
    read: PassingEvents

    @property
    def events(self) -> PassingEvents:
        return _reorder(self.read, self.order)


def pseudonymise(
    minimised: Minimised, ring: KeyRing, domain: str, known: Mapping[str, SubjectSecret]
) -> Pseudonymised:
    """Put ids under the key of ``domain`` in the place of every identifier; those of persons and
    sessions hang on the person's secret too, which must be ``known``."""
    headers = minimised.headers
    epochs = [ring.at(header.base_time_ms) for header in headers]
    keys = [epoch.keys[domain] for epoch in epochs]
    pairs = list(zip(keys, headers, strict=True))
    own = [known[header.subject].value for header in headers]
    pseudonym = np.array(
        [pseudonym_of(key, secret) for key, secret in zip(keys, own, strict=True)], dtype=np.uint64
    )
    session = np.array(
        [
            keyed_id(key, "session", secret + header.session)
            for (key, header), secret in zip(pairs, own, strict=True)
        ],
        dtype=np.uint64,
    )
    batch = np.array([keyed_id(key, "batch", h.batch_id) for key, h in pairs], dtype=np.uint64)
    sequence = np.array([h.sequence for h in headers], dtype=np.uint32)
    order = np.lexsort((batch, sequence, session, pseudonym))
    ordered = [headers[place] for place in order]
    return Pseudonymised(
        pseudonym=pseudonym[order],
        session=session[order],
        batch=batch[order],
        epoch=np.array([epochs[place].epoch for place in order], dtype=np.uint16),
        sequence=sequence[order],
        team=tuple(h.team for h in ordered),
        application=tuple(minimised.application[place] for place in order),
        surface=np.array([h.surface for h in ordered], dtype=np.uint8),
        origin=np.array([h.origin for h in ordered], dtype=np.uint8),
        screen_width_px=np.array([h.screen_width_px for h in ordered], dtype=np.uint16),
        screen_height_px=np.array([h.screen_height_px for h in ordered], dtype=np.uint16),
        order=order,
        read=minimised.events,
    )


def _reorder(events: PassingEvents, order: NDArray[np.intp]) -> PassingEvents:
    """The same events with their batches in the given order."""
    count = events.event_count
    first = np.cumsum(count) - count
    moved_count = count[order]
    moved_first = np.cumsum(moved_count) - moved_count
    owner = np.repeat(np.arange(len(order), dtype=np.int32), moved_count)
    take = np.arange(len(owner)) + (first[order] - moved_first)[owner]
    return PassingEvents(
        event_count=moved_count,
        owner=owner,
        index=events.index[take],
        time_ms=events.time_ms[take],
        action=events.action[take],
        x_px=events.x_px[take],
        y_px=events.y_px[take],
        detail=events.detail[take],
        role=events.role[take],
    )
