"""Keeps the key ring of a running worker current: looks at the key file again and again.

The rule that no two workers can differ by: an epoch starts at least ``lead_ms`` after it was made.
So a look at the file at a moment t shows every epoch that starts before t + lead, by the clock of
whoever made it. A worker trusts a look for batches dated up to t + lead/2; the other half is for
clocks that differ and for copies of the file on other machines. Whoever could not look for so long
that a batch could lie beyond that judges nothing, and in the end stops: it never uses an old epoch
for a time that may have a newer one.
"""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field, replace
from typing import NoReturn

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from events.clock import MS_PER_S, Clock
from events.errors import GlasshouseError, Retry, ServerMissing, SettingsError
from events.log import kind_and_place, log
from events.metrics import KEYS_AGE_SECONDS
from events.settings import Settings
from streams.key_file import KeyFile, read_key_file
from streams.key_ring import KeyRing
from streams.key_service import KeyService
from streams.keys import EPOCH_PREFIX, epoch_name, open_ring, service_of

#: So many looks fall into a lead: some may fail, and a destroyed epoch is gone from memory soon.
_LOOKS = 60
#: A worker must be able to go on for so many looks that fail.
_SPARE_LOOKS = 4
_CHECK_S = 0.05


@dataclass(slots=True)
class RingReader:
    """``first`` opens the ring or says why not; then a thread looks on, and ``current`` waits until
    what it saw reaches far enough. Unsealed keys are in this memory and nowhere else."""

    settings: Settings
    clock: Clock
    _ring: KeyRing | None = None
    _opened: dict[str, bytes] = field(default_factory=dict, repr=False)
    _looked_s: float = float("-inf")
    _lead_ms: int = 0
    _trouble: str = ""
    _unheard: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def first(self) -> KeyRing:
        """The ring now. A key service that is away or sealed is waited for: ``ServerMissing`` after
        ``server_timeout_s``. ``SettingsError`` for every fault of the file, and where the service
        refuses."""
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(Retry),
                stop=stop_after_delay(self.settings.server_timeout_s),
                wait=wait_exponential(multiplier=0.2, max=5),
                reraise=True,
            ):
                with attempt:
                    self._look()
        except Retry as error:
            raise ServerMissing(
                f"{error}. The keys cannot be opened without it; start again when it is back"
            ) from None
        assert self._ring is not None
        return self._ring

    def reach(self, ahead_ms: int) -> None:
        """``SettingsError`` where the file's lead is too short for batches that may be dated
        ``ahead_ms`` ahead of now: no look at it could ever be enough."""
        spare_ms = self._lead_ms // 2 - ahead_ms
        if spare_ms < _SPARE_LOOKS * self._lead_ms // _LOOKS:
            fault = (
                f"its lead of {self._lead_ms:,} ms is too short for a policy whose "
                f"clock_tolerance_ms is {ahead_ms:,}: it must be more than twice as long"
            )
            raise SettingsError(f"key file {self.settings.keys_path}", [fault])

    def start(self) -> None:
        """Look on from a thread of its own; returns at once."""
        KEYS_AGE_SECONDS.set_function(self._age_s)
        self._thread = threading.Thread(target=self._run, name="keys", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    async def current(self, ahead_ms: int) -> KeyRing:
        """The ring, once it is known for batches dated up to ``ahead_ms`` ahead of now.
        ``ServerMissing`` if that takes ``server_timeout_s``; ``SettingsError`` as ``reach``."""
        asked_s = self.clock.monotonic_s()
        while not (
            self._ring is not None and self._ring.known_until_ms > self.clock.now_ms() + ahead_ms
        ):
            if self.clock.monotonic_s() - asked_s > self.settings.server_timeout_s:
                self.reach(ahead_ms)
                self._give_up()
            await asyncio.sleep(_CHECK_S)
        return self._ring

    def look(self) -> bool:
        """Look at the file now. What is wrong is told once, and the ring stays as it was."""
        try:
            self._look()
        except GlasshouseError as error:
            trouble = str(error)
        except Exception as error:  # a thread that ended would only be missed when time is up
            trouble = f"unexpected {kind_and_place(error)}"
        else:
            if self._trouble:
                log.info("the key file is sound again")
            self._trouble = ""
            return True
        if trouble != self._trouble:
            log.error("the key file was not taken; what is open is used on", reason=trouble)
        self._trouble = trouble
        return False

    def _run(self) -> None:
        while not self._stop.wait(self._lead_ms / MS_PER_S / _LOOKS):
            self.look()

    def _age_s(self) -> float:
        return self.clock.monotonic_s() - self._looked_s

    def _look(self) -> None:
        """1 note the time, 2 read the file, 3 unseal what is new, 4 compare with what was open and
        with the service, 5 use it."""
        looked_ms, looked_s = self.clock.now_ms(), self.clock.monotonic_s()
        path = self.settings.keys_path
        stored, faults = read_key_file(path)
        service = service_of(stored.service, self.settings)
        opened: dict[str, bytes] = {}

        def unseal(name: str, sealed: str) -> bytes:
            known = self._opened.get(sealed)
            opened[sealed] = service.open(name, sealed) if known is None else known
            return opened[sealed]

        ring = open_ring(stored, unseal, path, faults)
        faults = [*_lost_or_changed(self._ring, ring), *self._unknown(stored, service)]
        if self._ring is not None and stored.lead_ms != self._lead_ms:
            faults.append("its lead_ms is not what it was")
        if faults:
            raise SettingsError(f"key file {path}", faults)
        known_until_ms = looked_ms + stored.lead_ms // 2
        if self._ring is not None:
            if ring.sealing == self._ring.sealing:
                ring = replace(ring, sealing=self._ring.sealing)  # it remembers what it opened
            if replace(ring, known_until_ms=self._ring.known_until_ms) != self._ring:
                _tell_news(ring)
        self._opened, self._lead_ms, self._looked_s = opened, stored.lead_ms, looked_s
        self._ring = replace(ring, known_until_ms=known_until_ms)

    def _unknown(self, stored: KeyFile, service: KeyService) -> list[str]:
        """A key of the service that the file does not know: this copy of the file is behind. A
        service that does not answer cannot tell; then the file is believed."""
        try:
            there = service.names()
        except GlasshouseError as error:
            if self._ring is None:
                raise
            if str(error) != self._unheard:
                log.warning("the key service does not show its keys", reason=str(error))
            self._unheard = str(error)
            return []
        self._unheard = ""
        known = {epoch_name(entry.epoch) for entry in stored.epochs}
        more = sorted(name for name in there - known if name.startswith(EPOCH_PREFIX))
        if not more:
            return []
        return [
            f"the key service has {', '.join(more)}, which is not in this file: bring the newest "
            "copy here; or, if a rotation was interrupted, run `glasshouse keys rotate` again"
        ]

    def _give_up(self) -> NoReturn:
        raise ServerMissing(
            f"whether there is a new key epoch could not be found out for {self._age_s():.0f} s, "
            f"so nothing was judged. Look at the key file {self.settings.keys_path} (last trouble: "
            f"{self._trouble or 'none'})."
        )


def _tell_news(ring: KeyRing) -> None:
    log.info(
        "keys reloaded",
        epochs=len(ring.epochs),
        destroyed=len(ring.destroyed),
        sealing_key=ring.sealing.public.id.hex(),
    )


def _lost_or_changed(before: KeyRing | None, now: KeyRing) -> list[str]:
    """What a file may never do to times that were known: rows would get another identity."""
    if before is None:
        return []
    found = {epoch.epoch: epoch for epoch in now.epochs}
    faults = [
        f"epoch {epoch.epoch} came too late: batches of its time were judged"
        for epoch in now.epochs[len(before.epochs) :]
        if epoch.from_ms < before.known_until_ms
    ]
    for old in before.epochs:
        new = found.get(old.epoch)
        if new is None or new.from_ms != old.from_ms:
            faults.append(f"epoch {old.epoch} is missing or starts at another time than before")
        elif new.keys != old.keys and not new.is_destroyed:
            faults.append(f"epoch {old.epoch} has other keys than before")
    if before.sealing.digest_key != now.sealing.digest_key:
        faults.append("its digest key is another one than before: nobody would be found any more")
    return faults
