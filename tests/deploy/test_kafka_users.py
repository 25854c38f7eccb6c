"""Passwords come from files, one a user; what is wrong with them is said before Kafka is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.kafka_rights import Principal
from deploy.kafka_users import read_passwords
from events.errors import InputError


def test_only_users_that_have_a_file_get_its_password(tmp_path: Path) -> None:
    (tmp_path / "kafka_worker_password").write_text("secret\n")
    (tmp_path / "kafka_admin_password").write_text("not a principal")
    assert read_passwords(tmp_path) == {Principal.WORKER: "secret"}


def test_a_folder_without_passwords_and_a_password_that_is_none_are_faults(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no file"):
        read_passwords(tmp_path)
    (tmp_path / "kafka_worker_password").write_text(" \n")
    with pytest.raises(InputError, match="is empty"):
        read_passwords(tmp_path)
    (tmp_path / "kafka_worker_password").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="cannot be read"):
        read_passwords(tmp_path)
