"""Numbered SQL, applied once, in order, by ``sinks.migrate``."""
