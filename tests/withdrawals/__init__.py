"""Measures how late an event may pass after its person's withdrawal."""
