"""Words that narrow a condition ("severe", "stage IV"), against what the patient's own words say.

A patient who has the condition and does not say how severe it is neither meets nor fails "severe".
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from enum import Enum
from functools import cache, lru_cache
from importlib.resources import files

from matching.knowledge.words import words_of
from matching.model.criterion import Status


class Fit(Enum):
    """What the patient's words say of a qualifier."""

    SAID = "said"
    OPPOSITE = "opposite"
    UNSAID = "unsaid"
    VAGUE = "vague"


NEUTRAL = frozenset(
    {
        "known",
        "documented",
        "confirmed",
        "established",
        "diagnosed",
        "proven",
        "clinical",
        "concomitant",
        "other",
        "any",
    }
)
"""They ask for nothing that having the condition does not answer."""

ONLY_A_DOCTOR_CAN_SAY = frozenset({"clinically significant", "manageable", "untreatable", "recent"})
"""A judgement, not a fact."""

ACTIVE = frozenset({"active", "current", "ongoing"})

ALSO = {
    "recurrent": ("relapsed",),
    "metastatic": ("stage IV",),
    "advanced": ("stage IV", "metastatic"),
    "stage IV": ("metastatic",),
    "treated": ("insulin-treated",),
}
"""Other qualifiers that say as much or more."""

_SCALES = (
    ("mild", "moderate", "severe"),
    ("uncontrolled", "controlled"),
    ("stable", "unstable"),
    ("symptomatic", "asymptomatic"),
    ("acute", "chronic"),
    ("untreated", "treated"),
    ("localized", "metastatic"),
    ("in situ", "invasive"),
    ("unresectable", "resectable"),
    ("decompensated", "compensated"),
    ("primary", "secondary"),
    ("congenital", "acquired"),
    ("complicated", "uncomplicated"),
    ("bilateral", "unilateral"),
    ("high-risk", "intermediate-risk", "low-risk"),
    ("malignant", "benign"),
    ("latent", "overt"),
    ("castration-resistant", "castration-sensitive"),
    ("stage I", "stage II", "stage III", "stage IV"),
    ("low-grade", "high-grade"),
    ("ischemic", "hemorrhagic"),
)
"""Words of one scale: who is one is not the other."""

_BOTH = {"moderate to severe": ("moderate", "severe"), "mild to moderate": ("mild", "moderate")}


def splits_status(qualifiers: tuple[str, ...], status: Status) -> tuple[tuple[str, ...], Status]:
    """Qualifiers without those that ask nothing, and the status with "active" and its like moved into it."""
    kept = tuple(q for q in qualifiers if q not in NEUTRAL and q not in ACTIVE)
    return kept, "active" if status == "any" and any(q in ACTIVE for q in qualifiers) else status


@cache
def _phrases() -> dict[str, str]:
    """Phrases and the one qualifier each stands for ("poorly controlled": uncontrolled)."""
    found: dict[str, str] = {}
    with files("matching.knowledge").joinpath("data/cues.csv").open(encoding="utf-8") as source:
        for row in csv.DictReader(source):
            if row["kind"] == "qual":
                for phrase in (row["value"], *row["phrases"].split("|")):
                    found.setdefault(" ".join(words_of(phrase)), row["value"])
    return found


_MALIGNANT = (
    "cancer",
    "carcinoma",
    "sarcoma",
    "lymphoma",
    "leukemia",
    "melanoma",
    "myeloma",
    "adenocarcinoma",
    "malignancy",
)
"""Names of tumours that are malignant by definition."""


@cache
def _longest() -> int:
    """Words of the longest phrase."""
    return max(phrase.count(" ") for phrase in _phrases()) + 1


def said_in(qualifiers: Iterable[str], text: str) -> frozenset[str]:
    """The qualifiers that a patient's own words state: the longest phrases first, so that "not controlled" is not "controlled"."""
    table = _phrases()
    longest = _longest()
    said: set[str] = set()
    for part in (*qualifiers, text):
        words = words_of(part)
        at = 0
        while at < len(words):
            size = min(longest, len(words) - at)
            while size > 1 and " ".join(words[at : at + size]) not in table:
                size -= 1
            phrase = " ".join(words[at : at + size])
            said.add(table.get(phrase, phrase))
            at += size
    if any(word.endswith(_MALIGNANT) for word in words_of(text)) and not {"benign", "in situ"} & said:
        said.add("malignant")
    return frozenset(said | {q.strip().lower() for q in qualifiers})


def fit_of(qualifier: str, said: frozenset[str], name: str) -> Fit:
    """A qualifier against what the patient's words state (`said_in`) and the concept's own name."""
    if qualifier in ONLY_A_DOCTOR_CAN_SAY:
        return Fit.VAGUE
    denied = qualifier.removeprefix("non-")
    if denied != qualifier:  # "non-severe"
        turned = {Fit.SAID: Fit.OPPOSITE, Fit.OPPOSITE: Fit.SAID}
        return turned.get(fit := fit_of(denied, said, name), fit)
    alternatives = _BOTH.get(qualifier, (qualifier, *ALSO.get(qualifier, ())))
    if said.intersection(alternatives) or qualifier.lower() in said or qualifier in said_by_name(name):
        return Fit.SAID
    return Fit.OPPOSITE if said & _opposites(qualifier) else Fit.UNSAID


@lru_cache(maxsize=4096)
def said_by_name(name: str) -> frozenset[str]:
    """The qualifiers that the concept's own name states."""
    return said_in((), name)


@lru_cache(maxsize=1024)
def _opposites(qualifier: str) -> frozenset[str]:
    same = _BOTH.get(qualifier, (qualifier,))
    return frozenset(word for scale in _SCALES if any(s in scale for s in same) for word in scale if word not in same)
