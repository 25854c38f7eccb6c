"""Starts ``app`` as ``faust -A … --loop uvloop worker --without-web`` would. Runs in the peer's own
environment."""

from __future__ import annotations

import sys

import mode.loop


def main() -> None:
    mode.loop.use("uvloop")  # before anything of Faust is imported
    from benchmarks.peers.plain_faust.app import app

    sys.argv = [sys.argv[0], "worker", "--without-web", "--loglevel", "warn"]
    app.main()


if __name__ == "__main__":
    main()
