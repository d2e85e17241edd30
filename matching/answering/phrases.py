"""Numbers, units, bounds and windows in words; and the words a leaf quotes from its source."""

from __future__ import annotations

import re
from functools import lru_cache

from matching.answering import names
from matching.answering.wording import Wording
from matching.model.criterion import Bound, Window

QUOTE_LENGTH = 180
"""Longer quotes are cut at a word; the whole text stands beside the explanation."""

_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!<>~^|=&])")
_SPACES = re.compile(r"\s+")
_PRETTY = (
    ("mm[Hg]", "mmHg"),
    ("[IU]", "IU"),
    ("[pH]", ""),
    ("[degF]", "°F"),
    ("Cel", "°C"),
    ("{1.73_m2}", "1.73 m²"),
    ("10*", "×10^"),
    ("m2", "m²"),
    ("uL", "µL"),
    ("umol", "µmol"),
    ("ug", "µg"),
)
_THOUSANDS = {"en": ",", "es": "\u202f"}  # a comma would be read as the decimal mark in Spanish
_TIME_UNITS = frozenset({"a", "mo", "wk", "d", "h", "min", "{half_life}"})
_ANNOTATION = re.compile(r"\{([^{}]*)\}")


@lru_cache(maxsize=16384)
def quote(text: str) -> str:
    """Source text as it is read: markdown's backslashes and line breaks removed, cut at a word when long.

    Remembered: only words of trials come here, never a patient's.
    """
    plain = _SPACES.sub(" ", _ESCAPED.sub(r"\1", text)).strip()
    plain = plain.lstrip("*-• ").rstrip(" ;,.")
    if len(plain) <= QUOTE_LENGTH:
        return plain
    cut = plain[:QUOTE_LENGTH]
    return cut[: cut.rfind(" ") if " " in cut else QUOTE_LENGTH].rstrip(" ;,.") + "…"


def number(value: float, words: Wording, digits: int = 6) -> str:
    """A number without exponent and without needless zeros, rounded to significant digits: 0.199, 140,000, 12."""
    if value != value or value in (float("inf"), float("-inf")):
        return str(value)
    rounded = float(f"{value:.{digits}g}")
    if rounded == int(rounded):
        whole = int(rounded)
        return f"{whole:,}".replace(",", _THOUSANDS[words.language])
    return f"{rounded:.12f}".rstrip("0").rstrip(".")


def converted(value: float, words: Wording, *bounds: Bound | None) -> str:
    """A converted value with three digits, or as many more as are needed to tell it from the bounds."""
    for digits in (3, 4, 5, 6):
        rounded = float(f"{value:.{digits}g}")
        if all(bound is None or value == bound.value or rounded != bound.value for bound in bounds):
            return number(value, words, digits)
    return number(value, words, 9)


def unit(code: str | None, value: float, words: Wording) -> str:
    """A UCUM code as people write it, with a leading space where one belongs; empty for plain numbers."""
    if code is None or code == "1":
        return ""
    if code in _TIME_UNITS:
        return " " + words.word("unit.one" if value == 1 else "unit", code)
    if code == "%":
        return " %"
    pretty = _ANNOTATION.sub(lambda found: names.listed("unit", found[0], words) or found[0], code)
    for ucum, written in _PRETTY:
        pretty = pretty.replace(ucum, written)
    pretty = _ANNOTATION.sub(r"\1", pretty).replace("_", " ").strip()
    return f" {pretty}" if pretty else ""


def quantity(value: float, code: str | None, words: Wording, digits: int = 6) -> str:
    """A number with its unit in words."""
    return number(value, words, digits) + unit(code, value, words)


def bound_value(bound: Bound, words: Wording) -> str:
    """The bound's number with its unit, or the multiple of what it is a multiple of."""
    if bound.times is None:
        return quantity(bound.value, bound.unit, words)
    if bound.value == 1:
        return words.say(f"times.one.{bound.times.value}")
    return words.say(f"times.{bound.times.value}", value=number(bound.value, words))


def bounds(lower: Bound | None, upper: Bound | None, words: Wording) -> str:
    """Both ends in words: "above 0.2 nmol/L", "from 18 to 40 years", "exactly 3"."""
    if lower is not None and upper is not None:
        if lower.inclusive and upper.inclusive and lower.times is upper.times:
            if lower.value == upper.value:
                return words.say("bound.exactly", bound=bound_value(lower, words))
            same_unit = lower.unit == upper.unit and lower.times is None
            first = number(lower.value, words) if same_unit else bound_value(lower, words)
            return words.say("bound.from_to", lower=first, upper=bound_value(upper, words))
        return words.say("bound.both", lower=bounds(lower, None, words), upper=bounds(None, upper, words))
    if lower is not None:
        return words.say("bound.at_least" if lower.inclusive else "bound.above", bound=bound_value(lower, words))
    if upper is not None:
        return words.say("bound.at_most" if upper.inclusive else "bound.below", bound=bound_value(upper, words))
    return words.say("bound.open")


def window(window: Window | None, words: Wording) -> str:
    """A stretch of time in words, with a leading space; empty when there is none or its form has no words here."""
    if window is None or window.otherwise is not None or (window.lower is None and window.upper is None):
        return ""
    lower = None if window.lower is None else quantity(window.lower, window.unit, words)
    upper = None if window.upper is None else quantity(window.upper, window.unit, words)
    if window.direction == "duration":
        if lower is not None:
            return " " + words.say("window.lasting", lower=lower)
        return " " + words.say("window.lasting.most", upper=upper or "")
    if window.direction != "before":
        return ""
    now = window.anchor == "now"
    anchor = "" if now else words.word("anchor", window.anchor)
    suffix = "" if now else ".anchor"
    if lower is None:
        return " " + words.say(f"window.within{suffix}", upper=upper or "", anchor=anchor)
    if upper is None:
        return " " + words.say(f"window.ago{suffix}", lower=lower, anchor=anchor)
    first = number(window.lower, words) if window.lower is not None else ""
    return " " + words.say(f"window.between{suffix}", lower=first, upper=upper, anchor=anchor)
