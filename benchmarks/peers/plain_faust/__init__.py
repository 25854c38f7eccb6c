"""Faust, as its documentation shows it: an agent for each event, a windowed table."""
