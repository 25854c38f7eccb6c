"""One person's secret, for those who have the keys and ask for somebody by name."""

from __future__ import annotations

from events.errors import Reject
from events.kept_secrets import all_secrets
from events.registry import codec_for
from events.sealing import digest
from events.settings import Settings
from events.subject_secret import SCHEMA, SubjectSecret, opened
from streams.sealing_keys import SealingKeys


def secret_of(subject: str, settings: Settings, keys: SealingKeys) -> SubjectSecret | None:
    """The secret that the person has now; None where there is none. Raises as
    ``events.kept_secrets.all_secrets``, and ``Retry`` where a registry is away."""
    name = digest(keys.digest_key, subject)
    try:
        record = codec_for(settings).decode(SCHEMA, all_secrets(settings).get(name))
    except Reject:
        return None
    return opened(record, name, keys.private)
