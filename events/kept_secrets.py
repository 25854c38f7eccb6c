"""People's secrets where there is no Kafka that keeps them: in the data directory of a trial.

Sealed, as they stand in Kafka: without the key file nobody can open them.
"""

from __future__ import annotations

import json
from pathlib import Path

from events.compacted import last_values
from events.errors import DataDirError
from events.settings import Settings
from events.topics import Topic

#: Its name in the data directory.
FILE = "subject-secrets.json"


def file_of(settings: Settings) -> Path:
    """Where they are kept."""
    return settings.data_dir / FILE


def kept(settings: Settings) -> dict[bytes, bytes]:
    """Values by key, as they stood in the topic; none where none were kept. ``DataDirError`` where
    the file cannot be read."""
    try:
        content = json.loads(file_of(settings).read_text(encoding="utf-8"))
        return {bytes.fromhex(key): bytes.fromhex(value) for key, value in content.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError):
        raise DataDirError(
            f"{file_of(settings)} cannot be read. It holds the secrets of the people whose rows "
            "are in this directory: restore it from its backup, or begin in another directory."
        ) from None


def all_secrets(settings: Settings) -> dict[bytes, bytes]:
    """What there is, of the Kafka that is named, or else of the trial in the data directory."""
    if settings.embedded_kafka:
        return kept(settings)
    return last_values(settings, Topic.SECRETS)
