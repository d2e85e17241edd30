"""Findings into the ranked, explained answer."""
