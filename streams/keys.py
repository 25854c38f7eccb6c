"""From the key file to a ring: the only place in which keys are unsealed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from events.errors import Retry, ServerMissing, SettingsError
from events.settings import Settings
from streams.key_file import KeyFile, Service, StoredEpoch, read_key_file, write_key_file
from streams.key_ring import (
    DOMAINS,
    KEY_BYTES,
    KeyEpoch,
    KeyRing,
    faults_of,
    from_bytes,
    new_epoch,
    new_ring,
    to_bytes,
)
from streams.key_service import FileAlone, KeyService
from streams.sealing_keys import SealingKeys

__all__ = [
    "DOMAINS",
    "KEY_BYTES",
    "KeyEpoch",
    "KeyRing",
    "load_keys",
    "new_epoch",
    "new_ring",
    "save_keys",
]

#: What was sealed under a name.
Unseal = Callable[[str, str], bytes]


#: What the names of the epochs' keys begin with.
EPOCH_PREFIX = "epoch-"


def epoch_name(epoch: int) -> str:
    """What the key service calls the key of an epoch."""
    return f"{EPOCH_PREFIX}{epoch}"


def secret_name(name: str) -> str:
    """What the key service calls the key of another secret."""
    return f"secret-{name}"


def service_of(kind: Service, settings: Settings) -> KeyService:
    """The key service of this kind. ``SettingsError`` where the settings do not name it."""
    if kind == "file":
        return FileAlone()
    if not settings.vault_url:
        fault = "vault_url is not set, and the keys are sealed by Vault's Transit engine"
        raise SettingsError(f"key file {settings.keys_path}", [fault])
    from streams.transit import Transit

    return Transit(
        settings.vault_url.rstrip("/"),
        settings.vault_mount,
        settings.vault_token_file,
        settings.vault_ca_file,
    )


def open_ring(stored: KeyFile, unseal: Unseal, path: Path, faults: list[str]) -> KeyRing:
    """The ring in a file, whose own ``faults`` were found. ``SettingsError`` names all there are;
    ``Retry`` where the service is away."""
    epochs: list[KeyEpoch] = []
    for entry in stored.epochs:
        try:
            epochs.append(_opened(entry, unseal))
        except ValueError as error:
            faults = [*faults, f"epoch {entry.epoch}: {error}"]
    sealing = None
    try:
        secrets = {
            name: unseal(secret_name(name), sealed) for name, sealed in stored.secrets.items()
        }
        sealing = SealingKeys.from_secrets(secrets)
    except ValueError as error:
        faults = [*faults, f"sealing keys: {error}"]
    if len(epochs) == len(stored.epochs):
        faults = [*faults, *faults_of(epochs)]
    if faults or sealing is None:
        raise SettingsError(f"key file {path}", faults)
    return KeyRing(tuple(epochs), sealing)


def _opened(entry: StoredEpoch, unseal: Unseal) -> KeyEpoch:
    if entry.sealed is None:
        return KeyEpoch(entry.epoch, entry.from_ms, {})
    epoch = from_bytes(unseal(epoch_name(entry.epoch), entry.sealed))
    if (epoch.epoch, epoch.from_ms) != (entry.epoch, entry.from_ms):
        raise ValueError("its keys were made for another number or start")
    if epoch.is_destroyed:
        raise ValueError("has no keys, and does not say that they were destroyed")
    return epoch


def load_ring(settings: Settings) -> KeyRing:
    """The keys that the settings name, for a command that ends soon. ``Stop`` for every fault, and
    where a key service is away."""
    path = settings.keys_path
    stored, faults = read_key_file(path)
    try:
        return open_ring(stored, service_of(stored.service, settings).open, path, faults)
    except Retry as error:
        raise ServerMissing(f"{error}. Without it the keys in {path} cannot be opened") from None


def load_keys(path: Path) -> KeyRing:
    """The ring of a file that alone keeps its keys. ``SettingsError`` names every fault; key
    material is in none."""
    return load_ring(Settings(key_file=path))


def save_keys(ring: KeyRing, path: Path, *, replace: bool = True) -> None:
    """Write a file that alone keeps the keys of ``ring``, mode 0600, whole or not at all.

    ``InputError`` where there is such a file and it may not be replaced, however late it came.
    """
    alone = FileAlone()
    epochs = tuple(
        StoredEpoch(
            epoch=epoch.epoch,
            from_ms=epoch.from_ms,
            sealed=alone.seal(epoch_name(epoch.epoch), to_bytes(epoch)),
        )
        for epoch in ring.epochs
    )
    secrets = {
        name: alone.seal(secret_name(name), secret)
        for name, secret in ring.sealing.to_secrets().items()
    }
    write_key_file(KeyFile(epochs=epochs, secrets=secrets), path, replace=replace)
