"""The warehouse and the broker of the sinks' tests."""

from tests.sinks.conftest import broker, engine, kafka, tables, warehouse

__all__ = ["broker", "engine", "kafka", "tables", "warehouse"]
