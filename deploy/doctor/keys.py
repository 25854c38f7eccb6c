"""Can the keys be opened, by who should, and are those gone that were destroyed?"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from deploy.doctor.finding import Finding
from events.errors import Retry, ServerMissing, SettingsError
from events.settings import Settings
from streams.key_file import KeyFile, read_key_file
from streams.keys import EPOCH_PREFIX, epoch_name, load_ring, service_of
from streams.transit import Transit

_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
#: What makes, changes or gives away a key of Vault's; opening takes none of it.
_TOO_MUCH = frozenset({"create", "update", "delete", "sudo", "root"})


def check_keys(settings: Settings) -> Iterator[Finding]:
    """The key file, and what seals it. No key is in a finding."""
    path = settings.keys_path
    try:
        stored, faults = read_key_file(path)
        if faults:
            raise SettingsError(f"key file {path}", faults)
        gone = f", {len(destroyed)} destroyed" if (destroyed := _destroyed(stored)) else ""
        sound = Finding("key file", f"{len(stored.epochs)} epoch(s){gone}, mode 0600")
        if stored.service == "file":
            load_ring(settings)
            yield sound
            return
    except SettingsError as error:
        remedy = f"chmod 600 {path}, or restore it from its backup; never make a new one"
        yield Finding("key file", "; ".join(error.faults), remedy)
        return
    yield sound
    yield from _service(settings, stored)


def _service(settings: Settings, stored: KeyFile) -> Iterator[Finding]:
    check = "key service"
    try:
        service = service_of(stored.service, settings)
        load_ring(settings)
        there = service.names()
    except (Retry, ServerMissing) as error:
        yield Finding(check, str(error), "start and unseal it; workers cannot start without it")
        return
    except SettingsError as error:
        yield Finding(check, "; ".join(error.faults), "see README.md, Keys in Vault")
        return
    yield Finding(check, f"opens all keys, {len(there)} there")
    yield from _names(stored, there)
    if isinstance(service, Transit):
        yield from _transit(service, stored)


def _names(stored: KeyFile, there: frozenset[str]) -> Iterator[Finding]:
    known = {epoch_name(entry.epoch) for entry in stored.epochs}
    for name in sorted(there - known):
        if name.startswith(EPOCH_PREFIX):
            remedy = "bring the newest key file here, or run `glasshouse keys rotate` again"
            yield Finding(f"key {name}", "the key service has it, this file does not", remedy)
    for number in _destroyed(stored):
        if epoch_name(number) in there:
            remedy = f"run `glasshouse keys destroy {number}` again, as the key officer"
            yield Finding(f"key {epoch_name(number)}", "destroyed here, not in the service", remedy)


def _transit(service: Transit, stored: KeyFile) -> Iterator[Finding]:
    parts = urlsplit(service.url)
    if parts.scheme != "https" and parts.hostname not in _THIS_MACHINE:
        yield Finding("key service", "is spoken to in the clear", "give it a certificate: https://")
    live = next(epoch_name(entry.epoch) for entry in stored.epochs if entry.sealed is not None)
    paths = (f"keys/{live}", f"keys/{live}/config", f"export/encryption-key/{live}")
    try:
        allowed = service.may(*paths)
    except (Retry, SettingsError):
        return  # the token may not even ask what it may do
    rights = {right for path in paths for right in allowed[path]} & _TOO_MUCH
    if allowed[paths[2]] - {"deny"} or rights:
        remedy = "give it the policy deploy/vault/worker.hcl alone"
        yield Finding("key service", "this token opens keys and also changes them", remedy)


def _destroyed(stored: KeyFile) -> list[int]:
    return [entry.epoch for entry in stored.epochs if entry.sealed is None]
