"""Measurements, all in one run on one machine: read ratios, not absolutes."""
