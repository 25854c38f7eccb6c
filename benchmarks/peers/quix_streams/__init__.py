"""Quix Streams, as its documentation shows it."""
