"""Coverage-guided fuzzing of one target, by atheris (libFuzzer), which is installed apart:

    python -m tests.fuzz.guided TARGET [flags of libFuzzer, such as -max_total_time=60]

What reaches new code in ours is kept and mutated further, and half of the mutations are those of
the blind run, which know the formats. Avro and Arrow are compiled: there it sees no coverage."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["events", "streams", "sinks", "deploy"]):
    from tests.fuzz.fuzzing import MOST_S
    from tests.fuzz.targets import NAMES, TARGETS, quiet

_SEEDS = 500
_HANG_S = 60  # by the clock, which goes on while others have the processor
_MOST_MB = 1_024


def main() -> None:
    """Run until a fault or the flags end it; the status is libFuzzer's, 0 where nothing was
    found. An input that is a fault is left in the working directory, as `crash-…`."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in NAMES:
        sys.exit(f"name a target: {', '.join(NAMES)}")
    quiet()
    target = TARGETS[name]
    target.run(target.make(Random(0)))  # what is imported once is no slow input

    def one(data: bytes) -> None:
        started_s = time.process_time()
        target.run(data)
        assert time.process_time() - started_s < MOST_S, "too slow"

    def mutated(data: bytes, most_bytes: int, seed: int) -> bytes:
        if seed % 2:
            return bytes(atheris.Mutate(data, most_bytes))
        return target.make(Random(seed))[:most_bytes]

    with tempfile.TemporaryDirectory(prefix="fuzz-seeds-") as folder:
        for number in range(_SEEDS):
            (Path(folder) / str(number)).write_bytes(target.make(Random(number)))
        limits = [f"-timeout={_HANG_S}", f"-rss_limit_mb={_MOST_MB}", "-max_len=300000"]
        flags = [sys.argv[0], *limits, *sys.argv[2:], folder]
        atheris.Setup(flags, one, custom_mutator=mutated)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
