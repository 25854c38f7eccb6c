"""Puts the figures of a result into README.md and DESIGN.md, between their marks; empties these
where no result is published.

python -m benchmarks.throughput.documents
"""

from __future__ import annotations

from benchmarks import marks
from benchmarks.marks import EXAMPLES
from benchmarks.throughput.result import Result
from benchmarks.throughput.show import method, tables

NAME = "throughput"
FIGURES = EXAMPLES / f"{NAME}.json"

#: What each picture shows, for who cannot see it.
PICTURES = {
    "speeds": "Events/s of Glasshouse, of what people would use instead, and of ClickHouse alone",
    "stages": "Processor time for a million events, by process and stage",
    "freshness": "How many batches are readable after so many seconds, at half load",
    "scaling": "Events/s with 1, 2 and 4 workers, as measured and as foretold",
}
TABLES = ("speeds", "targets", "processes", "stages", "freshness", "workers", "scale")


def parts(result: Result | None) -> dict[str, str]:
    """The text of each mark: the tables by their names, what was done, the pictures. Empty where
    there is no result, or none of that."""
    if result is None:
        return dict.fromkeys((*TABLES, "method", "pictures"), "")
    found = {table.name: table.markdown() for table in tables(result)}
    shown = {name: found.get(name, "") for name in TABLES}
    return {**shown, "method": method(result), "pictures": _pictures()}


def read_figures() -> Result | None:
    """The result that is published with the project, if one is."""
    return Result.load(FIGURES) if FIGURES.exists() else None


def _pictures() -> str:
    shown = (name for name in PICTURES if (EXAMPLES / f"{NAME}-{name}-light.svg").exists())
    return "\n\n".join(map(_picture, shown))


def _picture(name: str) -> str:
    files = f"deploy/examples/{NAME}-{name}"
    return (
        "<picture>\n"
        f'  <source media="(prefers-color-scheme: dark)" srcset="{files}-dark.svg">\n'
        f'  <img alt="{PICTURES[name]}" src="{files}-light.svg">\n'
        "</picture>"
    )


if __name__ == "__main__":
    marks.fill(NAME, parts(read_figures()))
