"""Criteria read a second on one core, beside a bare regular expression on the same texts."""

from __future__ import annotations

import re

import matching
from bench.report import Report, timed
from bench.run import Run

NUMBER = re.compile(r"(?:[<>≤≥=]=?|at least|more than|less than)\s*(\d+(?:[.,]\d+)?)")


def measure(report: Report, run: Run) -> None:
    """Reads the texts of the shipped trials; a regular expression that finds numbers only is the floor."""
    modules = (record["protocolSection"].get("eligibilityModule", {}) for record in run.records)
    texts = [module["eligibilityCriteria"] for module in modules if module.get("eligibilityCriteria")]
    criteria = sum(len(matching.parse_eligibility(text).criteria) for text in texts)
    taken = timed(lambda: [matching.parse_eligibility(text) for text in texts], times=3).p50
    floor = timed(lambda: [NUMBER.findall(text) for text in texts], times=3).p50
    report.add("criteria read", criteria / taken, "criteria/s", f"{criteria} criteria of {len(texts)} trials, one core")
    report.add("texts read", len(texts) / taken, "trials/s")
    report.add(
        "floor: one regular expression over the same texts", criteria / floor, "criteria/s", "finds numbers only"
    )
    report.add("reader / floor", taken / floor, "times the time")
    longest = "* HbA1c >= 7.0 % and " * 5000
    report.timing(
        "worst case: 100 kB of one repeated phrase", timed(lambda: matching.parse_eligibility(longest), times=3)
    )
