"""Hostile input: mutated and adversarial messages for every place that reads what others wrote."""
