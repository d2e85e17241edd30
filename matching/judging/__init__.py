"""Expressions against a patient: findings, verdicts, and a trial as a whole."""
