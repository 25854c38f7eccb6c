"""From a row back to its source message: for an officer who has the keys."""
