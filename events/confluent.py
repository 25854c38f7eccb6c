"""Confluent's client of schema registries, imported without a word.

One of its dependencies warns whoever imports it of a change to come, past every filter. Only the
authors of the client can act on that, and a worker's standard error is for its operator.
"""

from __future__ import annotations

import warnings

with warnings.catch_warnings(record=True):
    from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
    from confluent_kafka.schema_registry.error import SchemaRegistryError

__all__ = ["Schema", "SchemaRegistryClient", "SchemaRegistryError"]
