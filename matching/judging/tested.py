"""Where a test and a disease say the same: a positive HIV test is an HIV infection, and the other way round.

Only where the one is the other by definition. A negative hepatitis B antigen does not deny a hepatitis B of the past,
so it says nothing of the disease.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from matching.model.patient import Observation


@dataclass(frozen=True, slots=True)
class Meaning:
    """The concept that a positive test shows; `denies`: a negative one shows that it is not there."""

    concept: str
    denies: bool


TESTS: Mapping[str, Meaning] = {
    "HIV test": Meaning("D015658", denies=True),  # HIV infections
    "hepatitis B surface antigen": Meaning("D006509", denies=False),  # hepatitis B
    "HCV RNA": Meaning("D006526", denies=False),  # hepatitis C
    "SARS-CoV-2 test": Meaning("D000086382", denies=False),  # COVID-19
}

POSITIVE = frozenset({"positive", "pos", "+", "reactive", "detected", "present", "detectable"})
NEGATIVE = frozenset({"negative", "neg", "-", "non-reactive", "nonreactive", "not detected", "absent", "undetectable"})


def outcome(observations: Sequence[Observation]) -> tuple[Observation, bool] | None:
    """The newest result and whether it is positive; None without one, or where the newest contradict each other."""
    told = [
        (o, result in POSITIVE)
        for o in observations
        if (result := (o.result or "").strip().lower()) in POSITIVE | NEGATIVE
    ]
    if not told:
        return None
    dated = [(o, positive) for o, positive in told if o.on is not None]
    newest = max((o.on.earliest for o, _ in dated if o.on is not None), default=None)
    last = [(o, p) for o, p in dated if o.on is not None and newest is not None and o.on.latest >= newest] or told
    return last[0] if len({positive for _, positive in last}) == 1 else None


_TITRE = re.compile(
    r"(?:positive\s*(?:at|,|\()?\s*)?(?P<sign>[<>]=?|≥|≤)?\s*1\s?:\s?(?P<number>\d{1,3}(?:,\d{3})+|\d{1,6})\)?"
)
_SIGNS: dict[str | None, Literal["<", "<=", ">", ">="]] = {
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
    "≤": "<=",
    "≥": ">=",
}


def as_titre(o: Observation) -> Observation:
    """A dilution given in words ("1:160", "positive at 1:80") with its number; anything else as it is."""
    if o.value is not None or o.result is None or ":" not in o.result:
        return o
    found = _TITRE.fullmatch(o.result[:40].strip().lower())
    if found is None:
        return o
    number = float(found["number"].replace(",", ""))
    return replace(o, value=number, unit="1", comparator=_SIGNS.get(found["sign"], o.comparator), digits=0)
