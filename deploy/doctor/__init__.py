"""Checks of a running deployment: each says what it found and, where that is wrong, what to do."""
