"""An attack on the reports: adding and subtracting all that an analyst can read."""
