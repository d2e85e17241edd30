"""What a criterion asks for by a concept, and what of a patient's list meets it, denies it, or might be it.

At or below the trial's concept is it, above may be it; a name that no vocabulary holds is compared by its words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from matching.judging import silence
from matching.judging.facts import TREATED, Known, KnownList, key_of, telling_words
from matching.knowledge import hierarchy
from matching.model.criterion import Concept
from matching.model.finding import MissingFact

DIAGNOSTIC = frozenset({"D003933", "D019937", "D019411", "D008919"})
"""Diagnosis, diagnostic techniques, laboratory techniques, investigative techniques."""


SIGNS_AND_SYMPTOMS = "D012816"
ALLERGY, DRUG_ALLERGY = "D006967", "D004342"
_ALLERGIC = ("hypersensitivity to ", "intolerance to ")
_ABOUT_OTHER_THINGS = ("contraindication to ", "risk of ", "family history of ")
"""Names made by the reader of what no list of diseases names: any disease may be a contraindication."""
_SAYING_LITTLE = frozenset(
    """illness medical problem health general serious underlying significant clinical physical reason situation event complication diagnosis
    sign symptom abnormality abnormal pathology pathological comorbidity organ body system major minor therapy treatment medicine agent
    relevant important intercurrent concomitant systemic impairment disturbance complaint process comorbid""".split()
)
"""Words that any disease, or any treatment, may be called by."""
_ALLERGY_WORDS = frozenset(
    {"hypersensitivity", "allergy", "allergic", "intolerance", "intolerant", "anaphylaxis", "anaphylactic"}
)


@dataclass(frozen=True, slots=True)
class Target:
    """What a criterion asks for: its concept, the fact to ask the patient for, and the words of its name."""

    concept: Concept
    id: str | None
    key: str
    name: str
    missing: MissingFact
    telling: frozenset[str] = field(default_factory=frozenset)
    malignant: bool = False


@lru_cache(maxsize=16384)
def target_of(concept: Concept, kind: str) -> Target:
    """What a criterion asks for by a concept; `kind` is condition, treatment or count."""
    key = key_of(concept.text)
    name = (hierarchy.name(concept.id) if concept.id else None) or concept.text
    missing = MissingFact(kind, concept.id or key, name, mesh=concept.mesh)
    malignant = any(stem in concept.text.lower() for stem in _MALIGNANT)
    return Target(concept, concept.id, key, name, missing, telling_words(concept.text) | telling_words(name), malignant)


def matched_by(known: KnownList, target: Target) -> tuple[Known, ...]:
    """The present facts at or below the concept, or with its very name, in a fixed order."""
    found = known.below.get(target.id, ()) if target.id is not None else ()
    if target.malignant:
        found = tuple(k for k in found if not is_benign(k))
    named = tuple(k for k in known.by_key.get(target.key, ()) if k.present and k not in found)
    return (*found, *named) if named else found


_MALIGNANT = ("malign", "cancer", "carcinoma", "sarcoma")
_BENIGN = frozenset(
    {
        "D000236",  # adenoma
        "D007889",  # leiomyoma
        "D008067",  # lipoma
        "D005350",  # fibroma
        "D018226",  # fibroadenoma
        "D009506",  # nevus
        "D006391",  # hemangioma
        "D008202",  # lymphangioma
        "D010016",  # osteoma
        "D015831",  # osteochondroma
        "D002812",  # chondroma
        "D010212",  # papilloma
        "D009232",  # myxoma
        "D006222",  # hamartoma
        "D017492",  # keratosis, seborrheic
        "D018256",  # adenomatous polyps
    }
)
"""Tumours that are benign by definition: the vocabulary files them under the neoplasms, as the malignant ones."""


def is_benign(known: Known) -> bool:
    """Whether the fact is a tumour that nobody would call a cancer."""
    return "benign" in known.qualifiers or any(i in _BENIGN or _BENIGN & hierarchy.ancestors(i) for i in known.ids)


def is_exactly(known: Known, target: Target) -> bool:
    """Whether the fact is the very thing asked for, not a kind of it."""
    return known.key == target.key or target.id in known.ids


def absent_by(known: KnownList, target: Target) -> tuple[Known, ...]:
    """Facts known not to be, at or above the concept: who never had a cancer never had breast cancer."""
    ids = [target.id, *sorted(hierarchy.ancestors(target.id))] if target.id is not None else []
    by_id = [k for i in ids if i is not None for k in known.by_id.get(i, ()) if not k.present and k.exact]
    by_key = [k for k in known.by_key.get(target.key, ()) if not k.present and k.exact]
    return tuple(dict.fromkeys([*by_id, *by_key]))


def might_be(known: KnownList, target: Target) -> tuple[Known, ...]:
    """Present facts that could turn out to be the concept.

    Broader ones, ones that may be it by another way of naming (`hierarchy.may_be`), and names that no vocabulary holds
    and that share a word with it. What lies at or below the concept is not among them: it has had its say.
    """
    broader: list[Known] = []
    if target.id is not None:
        for i in sorted(known.by_id):
            if (
                i != target.id
                and hierarchy.may_be(i, target.id)
                and target.id not in hierarchy.ancestors(i)
                and not (known.speaks_of_unlisted and _only_complaint(i, target.id))
            ):
                broader.extend(k for k in known.by_id[i] if k.present and not (target.malignant and is_benign(k)))
    unresolved = [k for k in known.unresolved if not k.telling or k.telling & target.telling]
    if is_allergy(target):
        broader = [k for k in (*known.by_id.get(ALLERGY, ()), *known.below.get(DRUG_ALLERGY, ())) if k.present]
        unresolved = [k for k in known.facts if k.present and _ALLERGY_WORDS.intersection(k.key.split())]
    elif target.id is None:
        unresolved = [k for k in known.facts if k.present and (not k.telling or k.telling & target.telling)]
    return tuple(dict.fromkeys([*broader, *unresolved]))


@lru_cache(maxsize=65536)
def _only_complaint(said: str, asked: str) -> bool:
    """Whether a complaint is said and a disease is asked that the vocabulary also files under it: angina under chest pain.

    A complete list would have named the disease, as it would a disease that is no kind of the complaint. It speaks so for
    the patient only (judging/silence.py).
    """
    complaints = hierarchy.ancestors(said)
    if SIGNS_AND_SYMPTOMS not in complaints:
        return False
    above = hierarchy.ancestors(asked)
    return any(
        hierarchy.category(i) == "condition" and SIGNS_AND_SYMPTOMS not in hierarchy.ancestors(i)
        for i in above - complaints - {said, SIGNS_AND_SYMPTOMS}
    )


def is_silent(known: KnownList, target: Target) -> bool:
    """Whether the list says nothing of the concept, neither by what it names nor by being complete: whatever asks for it is missing."""
    if known.complete or matched_by(known, target) or excluded_by(known, target):
        return False
    return not absent_by(known, target) and not might_be(known, target)


def is_allergy(target: Target) -> bool:
    """Whether an allergy to something is asked for, which lists name in many ways."""
    return target.concept.text.lower().startswith(_ALLERGIC)


def would_be_listed(target: Target, *, condition: bool) -> bool:
    """Whether a list of all conditions, or of all treatments, would name the concept if it were so.

    A list of treatments names no tests, a list of diseases no body parts, and of what no vocabulary knows nobody can tell
    what it would be called there, but for an allergy to something: a list that names no allergy at all names not this one.
    """
    if target.id is None:
        return condition and is_allergy(target)
    sort = hierarchy.category(target.id)
    if condition:
        return sort in {"condition", "finding", "behaviour"}
    return sort in TREATED and not is_diagnostic(target)


def is_distinct(target: Target) -> bool:
    """Whether a name that no vocabulary holds says enough for a list that shares no word with it to speak against it."""
    if target.id is not None or target.telling <= _SAYING_LITTLE:
        return False
    return not target.concept.text.lower().startswith(_ABOUT_OTHER_THINGS)


def unlisted_and_unlike(known: KnownList, target: Target, *, condition: bool) -> bool:
    """Whether a name that no vocabulary holds is nothing that the complete list names in other words.

    Diseases share no telling word with any name of the listed ones or of what contains them. Drugs and procedures are
    named by classes that share no word with their members, so only a list without any speaks of them.
    """
    if not known.speaks_of_unlisted or not is_distinct(target):
        return False
    present = [k for k in known.facts if k.present]
    if not condition:
        return not present
    return not any(target.telling & silence.words_around(i) for k in present for i in k.ids)


def is_diagnostic(target: Target) -> bool:
    """Whether the concept is a test, not a treatment."""
    return target.id is not None and (target.id in DIAGNOSTIC or bool(DIAGNOSTIC & hierarchy.ancestors(target.id)))


@lru_cache(maxsize=65536)
def _exclusive(a: str, b: str) -> bool:
    return hierarchy.mutually_exclusive(a, b)


def excluded_by(known: KnownList, target: Target) -> tuple[Known, ...]:
    """Present facts that exclude the concept by definition."""
    if target.id is None:
        return ()
    return tuple(k for k in known.facts if k.present and any(_exclusive(i, target.id) for i in k.ids))


def only_a_symptom(known: Known, target: Target) -> bool:
    """Whether the fact is a sign or symptom below a group of diseases, and nothing else of it is at or below the group."""
    if target.id is None or target.id == SIGNS_AND_SYMPTOMS or known.key == target.key:
        return False
    if SIGNS_AND_SYMPTOMS in hierarchy.ancestors(target.id):
        return False
    below = [own for own in known.ids if own == target.id or target.id in hierarchy.ancestors(own)]
    return bool(below) and all(own != target.id and SIGNS_AND_SYMPTOMS in hierarchy.ancestors(own) for own in below)
