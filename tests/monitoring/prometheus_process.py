"""Prometheus with the configuration that is deployed, but for where it finds the others and how
often it asks them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from deploy.broker import free_port
from deploy.process import end, spawn
from tests.documents import ROOT
from tests.monitoring.prometheus_package import need

_START_S = 20.0


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Answers of its HTTP API."""

    url: str

    def get(self, path: str, **parameters: str) -> Any:
        """What `/api/v1/<path>` says under `data`."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        with urlopen(f"{self.url}/api/v1/{path}{query}", timeout=10) as answer:
            return json.load(answer)["data"]

    def series(self, query: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of every series that ``query`` gives now."""
        found = self.get("query", query=query)["result"]
        return [(series["metric"], float(series["value"][1])) for series in found]


@contextmanager
def prometheus(folder: Path, targets: Mapping[str, Sequence[str]]) -> Iterator[Prometheus]:
    """A running one that scrapes ``targets`` (addresses by job) and itself, once a second. The test
    is skipped where there is no Prometheus."""
    program, port = need("prometheus"), free_port()
    everyone = {"prometheus": [f"127.0.0.1:{port}"], **targets}
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(_configuration(everyone)), encoding="utf-8")
    process = spawn(
        [
            program,
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'prometheus-data'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ],
        folder / "prometheus.log",
        {},
    )
    try:
        running = Prometheus(f"http://127.0.0.1:{port}")
        _wait(running)
        yield running
    finally:
        end(process)


def _configuration(targets: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    deployed = ROOT / "deploy/prometheus"
    config: dict[str, Any] = yaml.safe_load((deployed / "prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(deployed / name) for name in config["rule_files"]]
    for job in config["scrape_configs"]:
        job.pop("dns_sd_configs", None)
        job["static_configs"] = [{"targets": list(targets.get(job["job_name"], []))}]
    return config


def _wait(running: Prometheus) -> None:
    give_up_s = time.monotonic() + _START_S
    while True:
        try:
            running.series("vector(1)")
            return
        except URLError:
            assert time.monotonic() < give_up_s, "Prometheus does not start"
            time.sleep(0.1)
