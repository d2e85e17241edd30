"""Other numbers in an eligibility text: plausible, readable, and in the same order as before.

Only numbers that bound something are touched: those behind a comparator or before a unit. A stage, a type, a score, a
year or the exponent of a unit stays.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from random import Random

GROWN_UP = 18

FACTORS = tuple(map(Decimal, ("0.8", "0.9", "1.1", "1.2", "1.25")))
YEARS = (1, 2, 3, 4, 5, 7)
LIMITS = tuple(map(Decimal, ("-0.5", "0.5", "1")))

NUMBER = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"

BEFORE = r"(?<![\w.,/^*-])"
"""A number that is a part of something longer (10^9, 1.73 m2 below a stroke, PD-1) is none of ours."""

YEAR = r"years?\b|yrs?\b|y/o\b|year-old\b"
TIME = r"months?\b|weeks?\b|days?\b|hours?\b"
TIMES = r"(?:x|×|times)\s*(?:the\s+)?(?:institutional\s+)?(?:ULN|upper)"
UNIT = rf"{TIME}|%|mg\b|g/d?L|mmol|µmol|umol|mcg|ng/|pg/|IU\b|mL/min|kg\b|cm\b|mm\b|mmHg|(?:x|×|\*)\s*10|/\s*(?:mm|µL|uL|mcL)"
COMPARED = r"(?:[<>≤≥]\\?=?|\\?[<>]\\?=?|\bat least|\bmore than|\bless than|\bgreater than)\s*"

AGES = re.compile(rf"{BEFORE}(?:({NUMBER})(\s*(?:-|–|to|and)\s*))?({NUMBER})(?=[\s-]*(?:{YEAR}))", re.IGNORECASE)
MULTIPLES = re.compile(rf"{BEFORE}({NUMBER})(?=\s*{TIMES})", re.IGNORECASE)
MEASURES = re.compile(
    rf"{BEFORE}(?:({NUMBER})(\s*(?:-|–|to)\s*))?({NUMBER})(?=\s*(?:{UNIT}))|({COMPARED})({NUMBER})(?![\w.,%^-]|\s*(?:{UNIT}|{YEAR}|{TIMES}))"
)
SCORED = re.compile(r"karnofsky|\bkps\b|lansky|ecog|performance|score|scale|grade|class|stage", re.IGNORECASE)
SCORED_WITHIN = 40
"""Letters before a number in which the name of a score keeps it: scores have ends of their own."""

FIELD = re.compile(r"(\d+) Years")


@dataclass(frozen=True, slots=True)
class Change:
    """How the numbers of one text change: ages by years, multiples of a limit by a step, all else by a factor."""

    factor: Decimal
    years: int
    limit: Decimal

    @classmethod
    def drawn(cls, random: Random) -> Change:
        """One of the changes that leave a plausible text."""
        return cls(random.choice(FACTORS), random.choice(YEARS), random.choice(LIMITS))


def varied_text(text: str, change: Change) -> str:
    """The text with other numbers; everything else stays to the letter."""

    def ages(found: re.Match[str]) -> str:
        low, between, high = found.groups()
        first = f"{_age(low, change)}{between}" if low else ""
        return first + _age(high, change)

    def measures(found: re.Match[str]) -> str:
        low, between, high, compared, alone = found.groups()
        if alone is not None:
            scored = SCORED.search(found.string, max(0, found.start() - SCORED_WITHIN), found.start())
            return found[0] if scored else f"{compared}{_measure(alone, change)}"
        percent = found.string[found.end() :].lstrip()[:1] == "%"
        first = f"{_measure(low, change, percent)}{between}" if low else ""
        return first + _measure(high, change, percent)

    text = MEASURES.sub(measures, text)
    text = AGES.sub(ages, text)
    return MULTIPLES.sub(lambda found: _multiple(found[1], change), text)


def varied_age(field: str, change: Change) -> str:
    """An age of the registry's fields, moved as the ages of the text are."""
    return FIELD.sub(lambda found: f"{_age(found[1], change)} Years", field)


def _age(number: str, change: Change) -> str:
    """Children's ages and numbers of years since something stay."""
    if not number.isdigit() or not GROWN_UP <= int(number) <= 90:
        return number
    return str(int(number) + change.years)


def _multiple(number: str, change: Change) -> str:
    value = Decimal(number.replace(",", ""))
    new = value + change.limit
    return str(new) if value > 1 and new > 1 else number


def _measure(number: str, change: Change, percent: bool = False) -> str:
    """To the places that the number has; a whole one to its own roundness, or half of that."""
    value = Decimal(number.replace(",", ""))
    if (value <= 4 and "." not in number) or (1900 <= value <= 2100 and "." not in number and "," not in number):
        return number
    if "." in number:
        grain = Decimal(1).scaleb(-len(number.partition(".")[2]))
    else:
        zeros = len(str(value)) - len(str(value).rstrip("0"))
        grain = Decimal(5) * 10 ** (zeros - 1) if zeros else Decimal(1)
    new = (value * change.factor / grain).quantize(Decimal(1), ROUND_HALF_UP) * grain
    if (percent and new >= 100) or not new:
        return number
    return f"{new:,}" if "," in number else str(new)
