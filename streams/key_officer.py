"""What the key officer does: make, rotate, destroy, rewrap and move keys, and rotate sealing.

Every act changes the file in one step, and where there is a key service, does what cannot be undone
there in such an order that a crash leaves either the old state, or a state in which the same
command goes on. None but ``move`` opens what is sealed, so an officer needs no right to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from secrets import token_bytes

from events.audit.entry import Act
from events.audit.log import os_user
from events.clock import MS_PER_MINUTE, Clock, to_datetime
from events.errors import InputError, SettingsError
from events.sealing import KEY_BYTES as SEALING_KEY_BYTES
from events.sealing import PrivateKeys, PublicKey
from events.sealing_file import DIGEST, sealing_name
from events.settings import Settings
from streams.key_file import (
    LEAD_MS,
    KeyFile,
    Service,
    StoredEpoch,
    changing,
    read_key_file,
    write_key_file,
)
from streams.key_ring import new_epoch, to_bytes
from streams.key_service import FileAlone, KeyService
from streams.keys import EPOCH_PREFIX, epoch_name, open_ring, secret_name, service_of
from streams.sealing_keys import SealingKeys


@dataclass(frozen=True, slots=True)
class KeyAct:
    """What was done, on which epochs, when (ms UTC) and by whom (the account of this machine)."""

    act: Act
    epochs: tuple[int, ...]
    at_ms: int
    by: str
    service: Service


@dataclass(frozen=True, slots=True)
class KeyOfficer:
    """The acts on the key file that ``settings`` name. Beside what is said at each, all raise
    ``SettingsError`` for an unusable file and where the key service refuses, ``Retry`` where that
    is away, and ``InputError`` where another process is changing the file."""

    settings: Settings
    clock: Clock

    def init(self, kind: Service, lead_ms: int = LEAD_MS) -> KeyAct:
        """Make the file with one epoch. ``InputError`` if there is one, or if the service holds
        epochs of another."""
        with changing(self.settings.keys_path):
            service = service_of(kind, self.settings)
            if self.settings.keys_path.exists():
                raise InputError(
                    f"key file {self.settings.keys_path} exists already; it was left as it is"
                )
            _refuse_a_used(service, self.settings)
            first = self._sealed_epoch(service, 1, 0)
            secrets = _sealed(service, SealingKeys.new().to_secrets())
            made = KeyFile(service=kind, lead_ms=lead_ms, epochs=(first,), secrets=secrets)
            write_key_file(made, self.settings.keys_path, replace=False)
            return self._done(Act.KEYS_INIT, [1], kind)

    def rotate(self, from_ms: int | None, ahead_ms: int) -> tuple[KeyAct, int]:
        """Add an epoch from ``from_ms`` (None: ``ahead_ms`` from now) on; its start. ``InputError``
        if that is less than the file's lead ahead, or not after the last epoch's start.

        1. read the file   2. have the service make a key and seal the new keys   3. make sure that
        the start is still far enough ahead   4. write the file. A crash before 4 leaves a key in
        the service that seals nothing; the next rotation takes it.
        """
        with changing(self.settings.keys_path):
            stored = self._read()
            start_ms = self.clock.now_ms() + ahead_ms if from_ms is None else from_ms
            self._far_enough(stored, start_ms)
            number = stored.epochs[-1].epoch + 1
            added = self._sealed_epoch(self._service(stored), number, start_ms)
            self._far_enough(stored, start_ms)
            self._write(stored, epochs=(*stored.epochs, added))
            return self._done(Act.KEYS_ROTATE, [number], stored.service), start_ms

    def destroy(self, number: int) -> KeyAct:
        """Remove the keys of an epoch that is over, for good. ``InputError`` if there is none such.

        1. make sure that the service lets us   2. write the file without the keys: from then on no
        process opens them, and those that run drop them   3. remove the service's key. After a
        crash between 2 and 3, or a refusal at 3, the same command goes on with 3.
        """
        with changing(self.settings.keys_path):
            stored = self._read()
            entry = self._over(stored, number)
            service = self._service(stored)
            service.allow_destruction(epoch_name(number))
            now_ms, by = self.clock.now_ms(), os_user()
            if entry.sealed is not None:
                gone = {"sealed": None, "destroyed_ms": now_ms, "destroyed_by": by}
                after = (
                    each.model_copy(update=gone) if each is entry else each
                    for each in stored.epochs
                )
                self._write(stored, epochs=tuple(after))
            elif epoch_name(number) not in service.names():
                raise InputError(f"key epoch {number} was destroyed before: {_when(entry)}")
            service.destroy(epoch_name(number))
            return self._done(Act.KEYS_DESTROY, [number], stored.service)

    def rewrap(self) -> KeyAct:
        """Seal everything under new versions of the service's keys, and have it open no older
        ones: copies of the file from before are then worth nothing. ``InputError`` without a
        service.

        1. renew each text, without opening it here   2. write the file   3. retire the old
        versions. After a crash before 3 old and new copies can be opened.
        """
        with changing(self.settings.keys_path):
            stored = self._read()
            if stored.service == "file":
                raise InputError("the keys are in the file itself: there is nothing to rewrap")
            service = self._service(stored)
            epochs = [
                each.model_copy(update={"sealed": service.renew(epoch_name(each.epoch), sealed)})
                if (sealed := each.sealed) is not None
                else each
                for each in stored.epochs
            ]
            secrets = {
                name: service.renew(secret_name(name), sealed)
                for name, sealed in stored.secrets.items()
            }
            self._write(stored, epochs=tuple(epochs), secrets=secrets)
            for each in epochs:
                if each.sealed is not None:
                    service.retire(epoch_name(each.epoch))
            for name in secrets:
                service.retire(secret_name(name))
            return self._done(Act.KEYS_REWRAP, _live(stored), stored.service)

    def move(self) -> KeyAct:
        """Bring the keys out of the file into the key service that the settings name. Running
        workers go on: the keys are the same. ``InputError`` if they are there already.

        1. make sure that the file is sound   2. have the service seal each   3. write the file,
        over the old one. A crash before 3 leaves the file as it was, and keys in the service that
        seal nothing.
        """
        with changing(self.settings.keys_path):
            stored = self._read()
            if stored.service != "file":
                raise InputError("the keys are in the key service already")
            alone, service = FileAlone(), service_of("vault", self.settings)
            open_ring(stored, alone.open, self.settings.keys_path, [])
            _refuse_a_used(service, self.settings, beyond=_live(stored))

            def moved(name: str, sealed: str) -> str:
                service.create(name)
                return service.seal(name, alone.open(name, sealed))

            epochs = [
                each.model_copy(update={"sealed": moved(epoch_name(each.epoch), each.sealed)})
                if each.sealed is not None
                else each
                for each in stored.epochs
            ]
            secrets = {
                name: moved(secret_name(name), sealed) for name, sealed in stored.secrets.items()
            }
            self._write(stored, service="vault", epochs=tuple(epochs), secrets=secrets)
            return self._done(Act.KEYS_MOVE, _live(stored), "vault")

    def rotate_sealing(self) -> tuple[KeyAct, PublicKey]:
        """Add a key pair that subjects are sealed to, and give its public key; the older ones go on
        opening. A file from before subjects were sealed gets its digest key as well.

        1. have the service make keys and seal   2. write the file. A crash before 2 leaves a key in
        the service that seals nothing; the next rotation takes it.
        """
        with changing(self.settings.keys_path):
            stored = self._read()
            added = {sealing_name(max(len(stored.secrets), 1)): token_bytes(SEALING_KEY_BYTES)}
            public = PrivateKeys(tuple(added.values())).public_keys[0]
            if not stored.secrets:
                added[DIGEST] = token_bytes(SEALING_KEY_BYTES)
            sealed = _sealed(self._service(stored), added)
            self._write(stored, secrets={**stored.secrets, **sealed})
            return self._done(Act.KEYS_ROTATE_SEALING, [], stored.service), public

    def _read(self) -> KeyFile:
        stored, faults = read_key_file(self.settings.keys_path)
        if faults:
            raise SettingsError(f"key file {self.settings.keys_path}", faults)
        return stored

    def _write(self, stored: KeyFile, **changed: object) -> None:
        write_key_file(stored.model_copy(update=changed), self.settings.keys_path)

    def _service(self, stored: KeyFile) -> KeyService:
        return service_of(stored.service, self.settings)

    def _sealed_epoch(self, service: KeyService, number: int, from_ms: int) -> StoredEpoch:
        name = epoch_name(number)
        service.create(name)
        return StoredEpoch(
            epoch=number,
            from_ms=from_ms,
            sealed=service.seal(name, to_bytes(new_epoch(number, from_ms))),
            made_ms=self.clock.now_ms(),
            made_by=os_user(),
        )

    def _far_enough(self, stored: KeyFile, start_ms: int) -> None:
        earliest_ms = self.clock.now_ms() + stored.lead_ms
        if start_ms < earliest_ms or start_ms <= stored.epochs[-1].from_ms:
            lead = f"{stored.lead_ms / MS_PER_MINUTE:g} minutes"
            raise InputError(
                f"an epoch starts at least {lead} ahead, so that every worker knows it, and "
                "after the last epoch's start: give a later --from"
            )

    def _over(self, stored: KeyFile, number: int) -> StoredEpoch:
        """The entry of an epoch whose time is over."""
        for entry, after in zip(stored.epochs, [*stored.epochs[1:], None], strict=True):
            if entry.epoch == number:
                if after is None or after.from_ms > self.clock.now_ms():
                    raise InputError(
                        f"key epoch {number} is in use, or will be: only one whose time is over "
                        "can be destroyed (`glasshouse keys rotate` starts the next one)"
                    )
                return entry
        raise InputError(f"there is no key epoch {number}: see `glasshouse keys list`")

    def _done(self, act: Act, epochs: Sequence[int], service: Service) -> KeyAct:
        return KeyAct(act, tuple(epochs), self.clock.now_ms(), os_user(), service)


def _sealed(service: KeyService, secrets: Mapping[str, bytes]) -> dict[str, str]:
    """``secrets``, each under a key of its own, as text for the key file."""
    for name in secrets:
        service.create(secret_name(name))
    return {name: service.seal(secret_name(name), secret) for name, secret in secrets.items()}


def _refuse_a_used(service: KeyService, settings: Settings, beyond: Sequence[int] = ()) -> None:
    """``InputError`` where the service has epochs other than ``beyond``: they are somebody's."""
    mine = {epoch_name(number) for number in beyond}
    others = [name for name in service.names() if name.startswith(EPOCH_PREFIX)]
    if not mine.issuperset(others):
        raise InputError(
            f"{settings.vault_url} has keys of epochs at {settings.vault_mount} already: mount a "
            "Transit engine for this key file alone, or remove them if they seal nothing"
        )


def _live(stored: KeyFile) -> list[int]:
    return [entry.epoch for entry in stored.epochs if entry.sealed is not None]


def _when(entry: StoredEpoch) -> str:
    return f"{to_datetime(entry.destroyed_ms or 0).isoformat()} by {entry.destroyed_by}"
