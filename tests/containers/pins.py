"""The names of the air-gapped images, from the file that their scripts read."""

from __future__ import annotations

from tests.documents import ROOT

_LINES = (ROOT / "deploy/airgap/pins.env").read_text(encoding="utf-8").splitlines()

#: By name: Debian's release, Kafka's version, the images.
PINS = dict(line.split("=", 1) for line in _LINES if line and not line.startswith("#"))
