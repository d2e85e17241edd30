"""Words that narrow a condition ("severe", "stage IV"), against what the patient's own words say.

A patient who has the condition and does not say how severe it is neither meets nor fails "severe".
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

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

ONLY_A_DOCTOR_CAN_SAY = frozenset({"clinically significant", "manageable", "untreatable"})
"""A judgement, not a fact."""

ACTIVE = frozenset({"active", "current", "ongoing"})

ALSO = {
    "severe": ("serious",),
    "uncontrolled": ("poorly controlled", "not controlled"),
    "controlled": ("well controlled",),
    "recurrent": ("relapsed", "recurring"),
    "refractory": ("resistant",),
    "newly diagnosed": ("new onset", "recent onset"),
    "metastatic": ("stage iv", "metastasis", "metastases"),
    "advanced": ("stage iv", "metastatic"),
    "end-stage": ("end stage",),
    "stage IV": ("metastatic",),
    "treated": ("insulin treated",),
    "benign": (),
}
"""Other words that say as much or more."""

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


def fit_of(qualifier: str, said: frozenset[str], name: str, *, has_onset: bool) -> Fit:
    """The qualifier against the patient's words (`said`: whole qualifiers and single words) and the concept's own name."""
    if qualifier in ONLY_A_DOCTOR_CAN_SAY:
        return Fit.VAGUE
    alternatives = _BOTH.get(qualifier, (qualifier, *ALSO.get(qualifier, ())))
    if any(_says(said, a) for a in alternatives) or _says(frozenset(words_of(name)), qualifier):
        return Fit.SAID
    if any(_says(said, o) for o in _opposites(qualifier)):
        return Fit.OPPOSITE
    return Fit.UNSAID


@lru_cache(maxsize=1024)
def _opposites(qualifier: str) -> frozenset[str]:
    same = _BOTH.get(qualifier, (qualifier,))
    return frozenset(word for scale in _SCALES if any(s in scale for s in same) for word in scale if word not in same)


@lru_cache(maxsize=4096)
def _words(phrase: str) -> frozenset[str]:
    return frozenset(words_of(phrase))


def _says(said: frozenset[str], phrase: str) -> bool:
    return phrase in said or phrase.lower() in said or _words(phrase) <= said
