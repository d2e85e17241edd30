"""Condition and AllergyIntolerance -> the patient's conditions."""

from __future__ import annotations

import re
from collections.abc import Iterator

import matching
from app.fhir.elements import NOTHING, Concept, Entry, UnusableError, concept_of, extensions, listed
from matching import Code, Condition, PartialDate

UNSURE = frozenset({"unconfirmed", "provisional", "differential"})
ACTIVE = frozenset({"active", "recurrence", "relapse"})
OVER = frozenset({"inactive", "remission", "resolved"})
LONGEST_PREGNANCY_DAYS = 315
"""45 weeks: a pregnancy that began longer ago has ended, whatever the record says."""
REFUTED_FOR_DAYS = 365
"""What was ruled out longer ago may have come since."""
PREGNANCY = "D011247"

_PAST = re.compile(r"(?:personal )?(?:past )?history of (?:an? |single |previous )?", re.IGNORECASE)
_OTHERS = re.compile(
    r"\b(?:family history|fh of|at risk|risk of|suspected|possible|exposure to|screening)\b", re.IGNORECASE
)
_STAGE = re.compile(
    r"(?:\b(?:stage|group)\s+|\A\s*)[cpyra]{0,2}\s*(?P<stage>iv|i{1,3}|[0-4])\s?(?P<letter>[a-d]\d?)?\b", re.IGNORECASE
)
_ROMAN = ("0", "I", "II", "III", "IV")


def read_condition(entry: Entry) -> Iterator[Condition]:
    """A problem, a diagnosis, or (refuted) one that the patient is known not to have."""
    concept = entry.concept("code")
    text, codes = named(entry, "code", concept)
    verified = _status(entry, "verificationStatus")
    if verified == "entered-in-error":
        return
    if verified in UNSURE:
        raise UnusableError("verificationStatus", "not confirmed, so neither used for nor against the patient")
    if _OTHERS.search(text):
        raise UnusableError("code", "not said to be a condition of the patient's own")
    recorded = entry.day("recordedDate")
    if verified == "refuted":
        if recorded is not None and (entry.on - recorded.latest).days > REFUTED_FOR_DAYS:
            raise UnusableError("recordedDate", "ruled out more than a year ago, which says nothing of today")
        yield Condition(text, codes, present=False)
        return
    onset = entry.day("onsetDateTime", "onsetPeriod/start")
    ended = entry.end("abatementDateTime", "abatementPeriod/end")
    active = _active(entry, ended)
    past = _PAST.match(text)
    if past:  # the record began on that day, not the disease
        text, codes, onset, active = text[past.end() :] or text, (), None, False
    elif active and onset is not None and _is_pregnancy(text, codes) and _long_ago(onset, entry):
        entry.fault("clinicalStatus", "a pregnancy that began so long ago is not taken to go on")
        active = False
    if onset is not None and ended is not None and ended.latest < onset.earliest:
        raise UnusableError("abatementDateTime", "lies before the onset, so the fact was not used")
    yield Condition(
        text,
        codes,
        onset_on=onset,
        resolved_on=ended,
        active=active,
        qualifiers=tuple(dict.fromkeys(_qualifiers(entry))),
    )
    for extension in extensions(entry.data, "mcode-histology-morphology-behavior"):
        yield from _histology(extension.get("valueCodeableConcept"), text, onset, active)


def read_allergy(entry: Entry) -> Iterator[Condition]:
    """An allergy or an intolerance; the substance is named in the text only, since nobody was given it."""
    verified = _status(entry, "verificationStatus")
    if verified == "entered-in-error":
        return
    if verified in UNSURE:
        raise UnusableError("verificationStatus", "not confirmed, so neither used for nor against the patient")
    concept = entry.concept("code")
    text, codes = named(entry, "code", concept)
    kept = tuple(code for code in codes if _category(code) in ("condition", "finding"))
    if not re.search(r"allerg|intoleran|hypersensitiv|anaphyla|reaction", text, re.IGNORECASE):
        text, kept = f"{'intolerance' if entry.status('type') == 'intolerance' else 'allergy'} to {text}", ()
    yield Condition(
        text,
        kept,
        present=verified != "refuted",
        onset_on=entry.day("onsetDateTime", "onsetPeriod/start"),
        active=_active(entry, None) if verified != "refuted" else None,
    )


def named(entry: Entry, element: str, concept: Concept) -> tuple[str, tuple[Code, ...]]:
    """What a concept is called, and its codes.

    Raises UnusableError where it has neither text nor a code on file, or where code and text name unrelated things.
    """
    coded = [known for code in concept.codes if (known := matching.coded_concept(code.system, code.code)) is not None]
    text = concept.text or (coded[0].name if coded else None)
    if text is None:
        raise UnusableError(element, "a code that is not on file, without words")
    for coding in concept.codings:
        own = matching.coded_concept(coding.ours.system, coding.ours.code) if coding.ours else None
        said = matching.whole_concept(coding.display) if own and coding.display else None
        if own and said and not matching.are_related(own, said):
            raise UnusableError(element, "the code and its display text name different things")
    return text, concept.codes


def stage_in(concept: Concept) -> tuple[int, str] | None:
    """A stage group as its number (0 to 4) and its letter, from words or from a code such as c3A; None: none is said."""
    for word in concept.words:
        found = _STAGE.search(word)
        if found:
            said = found["stage"].upper()
            return (int(said) if said.isdigit() else _ROMAN.index(said)), (found["letter"] or "").upper()
    return None


def stage_words(stage: tuple[int, str]) -> tuple[str, ...]:
    """A stage as a trial writes it, without its letter and with it."""
    plain = f"stage {_ROMAN[stage[0]]}"
    return (plain, plain + stage[1]) if stage[1] else (plain,)


def _active(entry: Entry, ended: PartialDate | None) -> bool | None:
    status = _status(entry, "clinicalStatus")
    if status in ACTIVE:
        if ended is not None:
            entry.fault("clinicalStatus", "said to be active, but it has an end: taken as over")
            return False
        return True
    if status in OVER or ended is not None:
        return False
    return None


def _status(entry: Entry, element: str) -> str:
    """The code of a status; R4 has it coded, DSTU2 plain."""
    coded = entry.concept(element)
    return (coded.codings[0].code if coded.codings else coded.text or entry.status(element)).strip().lower()


def _qualifiers(entry: Entry) -> Iterator[str]:
    """Severity, stage, and that it is in remission or has come back."""
    severity = entry.concept("severity").text
    if severity:
        yield severity.lower()
    for stage in listed(entry.data.get("stage")):
        said = stage_in(concept_of(stage.get("summary")))
        if said:
            yield from stage_words(said)
    status = _status(entry, "clinicalStatus")
    if status in ("remission", "relapse"):
        yield {"remission": "in remission", "relapse": "relapsed"}[status]


def _histology(value: object, of: str, onset: PartialDate | None, active: bool | None) -> Iterator[Condition]:
    """A histology that is the name of a disease ("infiltrating duct carcinoma") and says more than the condition."""
    concept = concept_of(value) if value else NOTHING
    known, whole = (matching.whole_concept(name) if name else None for name in (concept.text, of))
    if concept.text is None or known is None or known.category != "condition":
        return
    if whole is None or (known.id != whole.id and known.id not in matching.ancestors(whole.id)):
        yield Condition(concept.text, (), onset_on=onset, active=active)


def _is_pregnancy(text: str, codes: tuple[Code, ...]) -> bool:
    found = [matching.whole_concept(text), *(matching.coded_concept(code.system, code.code) for code in codes)]
    return any(each is not None and each.id == PREGNANCY for each in found)


def _long_ago(onset: PartialDate, entry: Entry) -> bool:
    return (entry.on - onset.latest).days > LONGEST_PREGNANCY_DAYS


def _category(code: Code) -> str | None:
    known = matching.coded_concept(code.system, code.code)
    return known.category if known else None
