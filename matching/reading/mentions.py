"""A name in a line, with the cues around it, as a leaf: condition, treatment, result or measurement."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple, cast

from matching.knowledge import hierarchy, lexicon
from matching.model.criterion import (
    AllOf,
    Analyte,
    Concept,
    ConditionIs,
    CountIs,
    Expression,
    LifestyleIs,
    MeasurementIs,
    OnSite,
    PregnancyIs,
    PregnancyState,
    ResultIs,
    ScoreIs,
    Status,
    TreatmentIs,
    TreatmentStatus,
    TreatmentType,
    Unreadable,
    Window,
)
from matching.reading.exceptions import rebuilt
from matching.reading.items import TREATMENTS, Item
from matching.reading.logic import all_of, any_of, clouded, narrowed, negate
from matching.reading.phrase_words import NEEDING

CONDITIONS = frozenset({"condition", "finding", "organism"})

_CONDITION_STATUS: dict[str, Status] = {"history": "history", "active": "active", "any": "history", "current": "active"}
_TREATMENT_STATUS: dict[str, TreatmentStatus] = {
    "history": "prior", "active": "current", "current": "current", "planned": "planned", "any": "prior",
}  # fmt: skip


class Mods(NamedTuple):
    """What was said before a name and holds for it, and for the names listed after it."""

    status: str = ""
    qualifiers: tuple[str, ...] = ()
    result: str = ""
    result_start: int = -1
    shift: Item | None = None
    route: Item | None = None
    narrow: Item | None = None
    studied: Item | None = None
    governor: Unreadable | None = None
    window: Window | None = None


NOTHING = Mods()
"""Nothing was said."""
_SHIFTED = {
    "family": "family history of {}",
    "own or family": "family history of {}",
    "hypersensitivity": "hypersensitivity to {}",
    "intolerance": "intolerance to {}",
    "contraindication": "contraindication to {}",
    "risk": "risk of {}",
}
_RADIATION = ("radiotherap", "radiation", "brachytherap", "irradiation", "radiosurg")
_ABNORMAL = frozenset({"elevated", "low", "abnormal", "normal"})


@lru_cache(maxsize=8192)
def _concept(concept_id: str, text: str) -> Concept:
    return lexicon.concept(concept_id, text)


@lru_cache(maxsize=2048)
def infection(name: str) -> Concept | None:
    """The infection with an organism ("HIV" is HIV infections), None where the vocabulary has none of that name."""
    for form in (f"{name} infections", f"{name} infection"):
        found = lexicon.lookup(form)
        if found is not None and found.id is not None and hierarchy.category(found.id) in {"condition", "finding"}:
            return replace(found, text=name)
    return None


_ORGANS = {
    "hypothalamus": "hypothalamic", "spinal cord": "spinal cord", "retina": "retinal", "cornea": "corneal", "macula": "retinal",
    "pancreas": "pancreatic", "stomach": "stomach", "uterus": "uterine", "ovary": "ovarian", "prostate": "prostatic", "breast": "breast",
}  # fmt: skip
"""Adjectives by which the vocabulary names the diseases of an organ."""


@lru_cache(maxsize=2048)
def diseases_of(organ: str) -> Concept | None:
    """The diseases of an organ ("nervous system" is nervous system diseases)."""
    short = organ.lower().removesuffix(" gland").removesuffix(" glands")
    for name in (
        organ,
        organ.removesuffix(" system"),
        organ.removesuffix("s"),
        short,
        _ORGANS.get(organ.lower(), organ),
    ):
        found = lexicon.lookup(f"{name} diseases")
        if found is not None and found.id is not None and hierarchy.category(found.id) == "condition":
            return replace(found, text=organ)
    return None


def treatment_type(category: str, text: str) -> TreatmentType:
    """The contract's type of treatment from the vocabulary's category."""
    lower = text.lower()
    if any(stem in lower for stem in _RADIATION):
        return "radiation"
    if "donat" in lower:
        return "donation"
    if category in {"procedure", "device", "class"}:
        return cast(TreatmentType, category)
    return "drug"


def mention(item: Item, mods: Mods, text: str) -> Expression:
    """The leaf of a name with its cues; a shifting cue ("allergy to") makes a condition of its own, or clouds it."""
    leaf = _leaf(item, mods)
    if mods.shift is not None and mods.shift.cue is not None:
        if mods.shift.cue.value == "team":
            needing = mods.narrow is not None and mods.narrow.text in NEEDING and mods.narrow.start > mods.shift.start
            if needing:  # "need of intensive care due to shock": without the shock it is not so
                return all_of((leaf, OnSite(mods.shift.start, mods.shift.end, "investigator_opinion")))
            return clouded(leaf, OnSite(mods.shift.start, mods.shift.end, "investigator_opinion"))
        if mods.shift.cue.value == "recovery" and isinstance(leaf, TreatmentIs):
            return clouded(leaf, OnSite(mods.shift.start, mods.shift.end, "recovery"))
        if mods.shift.cue.value == "own or family":
            return own_or_family(mods, item.start, item.end, text, leaf)
        if shifted_name(mods.shift) is None:
            return clouded(leaf, Unreadable(mods.shift.start, mods.shift.end, "words that change the meaning"))
        return shifted(mods, item.start, item.end, text)
    if mods.studied is not None:
        leaf = narrowed(leaf, Unreadable(mods.studied.start, mods.studied.end, "other than what is studied here"))
    if mods.route is not None and isinstance(leaf, ConditionIs) and not text[mods.route.end : item.start].strip():
        leaf = replace(leaf, qualifiers=(*leaf.qualifiers, mods.route.text.lower()))  # "vaginal infection"
    if mods.route is not None and isinstance(leaf, TreatmentIs):
        leaf = narrowed(leaf, Unreadable(mods.route.start, mods.route.end, "route or kind of treatment"))
    if mods.governor is not None:
        leaf = clouded(leaf, mods.governor)
    if mods.narrow is not None:
        leaf = narrowed(leaf, Unreadable(mods.narrow.start, mods.narrow.end, "a narrower statement"))
    return leaf


def shifted_name(shift: Item) -> str | None:
    """How the condition is called that a shifting cue makes of a name; None where it only clouds the name."""
    return _SHIFTED.get(shift.cue.value) if shift.cue is not None else None


def own_or_family(mods: Mods, start: int, end: int, text: str, own: Expression) -> Expression:
    """The condition of the patient, ever, or that of a relative."""
    if isinstance(own, ConditionIs):
        own = replace(own, status="history")
    return any_of((own, shifted(mods, start, end, text)))


def shifted(mods: Mods, start: int, end: int, text: str) -> Expression:
    """The condition that a shifting cue ("allergy to") makes of the name text[start:end]."""
    shift = mods.shift
    assert shift is not None
    after = text[max(start, shift.end) : end].strip() or text[start:end]
    if after[:5].lower() in {"that ", "this "} or after[:6].lower() in {"these ", "those ", "such a"}:
        return Unreadable(max(start, 0), end, "what it refers to")
    name = (shifted_name(shift) or "{}").format(" ".join(after.split()))
    status = _CONDITION_STATUS.get(mods.status, "any")
    near = abs(start - shift.start) < 60
    begin = min(shift.start, start) if near else start
    return ConditionIs(begin, max(end, shift.end) if near else end, Concept(name), status, mods.qualifiers, mods.window)


def _leaf(item: Item, mods: Mods) -> Expression:
    if item.analyte is not None:
        return _analyte(item, mods)
    term = item.term
    if term is None:
        return _habit(item, mods)
    if term.category == "anatomy":
        organ = diseases_of(term.text)
        if organ is None:
            return Unreadable(item.start, item.end, "a part of the body")
        return _condition(item, organ, mods)
    if term.category in TREATMENTS:
        return _treatment(item, mods)
    concept = _concept(term.concept_id, term.text)
    if term.category == "organism":
        concept = infection(term.text) or concept
    if mods.result in {"positive", "negative"}:
        leaf = _condition(item, concept, mods)
        return leaf if mods.result == "positive" else negate(leaf)
    if mods.result in {"mutated", "wild_type"}:
        return ResultIs(item.start, item.end, Analyte(term.text), mods.result, mods.window)
    return _condition(item, concept, mods)


def _condition(item: Item, concept: Concept, mods: Mods) -> Expression:
    qualifiers = mods.qualifiers
    if not mods.status and item.text[:7].lower() == "active ":
        mods = mods._replace(status="active")
    if mods.result in _ABNORMAL and mods.result != "normal":
        qualifiers = (*qualifiers, mods.result)
    status = _CONDITION_STATUS.get(mods.status, "any")
    return ConditionIs(item.start, item.end, concept, status, tuple(dict.fromkeys(qualifiers)), mods.window)


_TESTED = frozenset({"positive", "negative"})
_TOLD = {
    "drug": _TESTED,
    "class": _TESTED,
    "device": _TESTED,
    "procedure": _TESTED | {"abnormal", "normal"},
    "substance": _TESTED | {"abnormal", "normal", "elevated", "low", "mutated", "wild_type"},
}


def _treatment(item: Item, mods: Mods) -> Expression:
    term = item.term
    assert term is not None
    if mods.result in _TOLD[term.category]:
        return ResultIs(item.start, item.end, Analyte(term.text), mods.result, mods.window)
    concept = _concept(term.concept_id, term.text)
    status = _TREATMENT_STATUS.get(mods.status, "any")
    leaf = TreatmentIs(
        item.start, item.end, concept, treatment_type(term.category, term.text), status, None, mods.window
    )
    idle = _IDLE if mods.window is None else _IDLE | {VAGUE_TIME}
    telling = tuple(q for q in mods.qualifiers if q not in idle)
    if not telling:
        return leaf
    return narrowed(leaf, Unreadable(item.start, item.end, "which of the treatments: " + ", ".join(telling)))


_IDLE = frozenset({"other", "concomitant", "clinically significant", "systemic"})
"""Qualifiers that do not narrow a treatment; `other` is told by the leaf before it."""


_ALTERATIONS = ("mutation", "rearrangement", "fusion", "amplification", "deletion", "translocation")
"""Findings that are there or not: to name them is to say that they are."""
_STEADY = frozenset({"controlled", "uncontrolled", "stable", "unstable"})
"""What is said of a measured thing without a number."""
_FOUND_OR_NOT = ("antibody", "antigen", "autoantibody", "RNA", "DNA")
"""Their presence is a positive result."""


def _analyte(item: Item, mods: Mods) -> Expression:
    mention = item.analyte
    assert mention is not None
    entry = mention.entry
    analyte = Analyte(entry.name, entry.loinc)
    if mods.result:
        return ResultIs(item.start, item.end, analyte, mods.result, mods.window)
    if entry.name.endswith(_ALTERATIONS) or (mods.status == "active" and entry.name.endswith(_FOUND_OR_NOT)):
        return ResultIs(item.start, item.end, analyte, "positive", mods.window)
    told = next((q for q in mods.qualifiers if q in _STEADY), "")
    if told:
        return ResultIs(item.start, item.end, analyte, told, mods.window)
    leaf = MeasurementIs(item.start, item.end, analyte, window=mods.window, setting=mention.setting)
    return clouded(leaf, Unreadable(item.start, item.end, "which result is meant"))


def _habit(item: Item, mods: Mods) -> Expression:
    cue = item.cue
    assert cue is not None
    if item.kind == "pregnancy":
        return PregnancyIs(item.start, item.end, (cast(PregnancyState, cue.value),), mods.window)
    if item.kind == "healthy":
        return ConditionIs(item.start, item.end, replace(HEALTHY, text=item.text), "active")
    if item.kind == "trial":
        status = _TREATMENT_STATUS.get(mods.status, "any")
        return TreatmentIs(item.start, item.end, TRIAL, "drug", status, None, mods.window)
    status_word = cue.status
    if status_word == "never":
        return negate(LifestyleIs(item.start, item.end, cue.value, "any", window=mods.window))
    if mods.status == "history":
        status_word = "abuse" if cue.status == "abuse" else "any"
    elif mods.status in {"active", "current"} and cue.status != "abuse":
        status_word = "current"
    return LifestyleIs(item.start, item.end, cue.value, status_word or "any", window=mods.window)


HEALTHY = Concept("healthy volunteers", "D064368", "D064368")
TRIAL = Concept("investigational drug or another clinical trial", "D015507", "D015507")
"""Taking part in another trial is having an investigational treatment (DECISIONS.md)."""


def with_window(expression: Expression, window: Window) -> Expression:
    """The same with the window on every leaf below that can hold one and has none."""
    return rebuilt(
        expression,
        lambda leaf: replace(leaf, window=window) if isinstance(leaf, _TIMED) and leaf.window is None else leaf,
    )


VAGUE_TIME = "recent"
_VAGUELY = f"which of the treatments: {VAGUE_TIME}"


def dated(expression: Expression) -> Expression:
    """The same without "recent": how recent is said by a window."""

    def plain(leaf: Expression) -> Expression:
        if isinstance(leaf, ConditionIs) and VAGUE_TIME in leaf.qualifiers:
            return replace(leaf, qualifiers=tuple(q for q in leaf.qualifiers if q != VAGUE_TIME))
        return leaf

    if isinstance(expression, AllOf):
        rest = [e for e in expression.of if not (isinstance(e, Unreadable) and e.reason == _VAGUELY)]
        expression = all_of(rest) if rest else expression
    return rebuilt(expression, plain)


def with_qualifiers(expression: Expression, qualifiers: tuple[str, ...]) -> Expression:
    """The same with the qualifiers on every condition below."""

    def qualify(leaf: Expression) -> Expression:
        if isinstance(leaf, ConditionIs):
            return replace(leaf, qualifiers=tuple(dict.fromkeys((*leaf.qualifiers, *qualifiers))))
        return leaf

    return rebuilt(expression, qualify)


_TIMED = (CountIs, ConditionIs, TreatmentIs, PregnancyIs, LifestyleIs, ResultIs, MeasurementIs, ScoreIs)


__all__ = ["CONDITIONS", "TREATMENTS", "Mods", "all_of", "mention", "with_qualifiers", "with_window"]
