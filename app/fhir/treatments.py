"""Medications, procedures and immunizations -> the patient's treatments."""

from __future__ import annotations

import re
from collections.abc import Iterator

import matching
from app.fhir.conditions import named
from app.fhir.elements import Concept, Entry, UnusableError, concept_of, mapping, reference_of
from matching import Code, PartialDate, Treatment

NEVER_GIVEN = frozenset({"entered-in-error", "cancelled", "draft", "not-done", "declined"})
OVER = frozenset({"completed", "stopped", "ended"})
PLANNED = frozenset({"proposal", "plan", "option"})
TREATED = frozenset({"drug", "class", "procedure", "device", "substance"})
DIAGNOSTIC = frozenset({"103693007", "409063005", "409073007", "410606002"})
"""SNOMED categories of procedures that treat nothing: diagnostic, counselling, education, social service."""

VACCINES = {
    "influenza": "15 16 88 111 135 140 141 144 149 150 151 153 155 158 161 166 168 171 185 186 197 205",
    "hepatitis B": "08 42 43 44 45 189 220",
    "hepatitis A": "31 52 83 84 85",
    "MMR": "03",
    "varicella": "21",
    "zoster": "121 187 188",
    "pneumococcal": "33 100 133 152 215 216",
    "meningococcal": "32 103 108 114 136 147 148 162 163 164 203",
    "HPV": "62 118 137 165",
    "rotavirus": "74 116 119 122",
    "poliovirus": "02 10 89",
    "Haemophilus influenzae type b": "17 46 47 48 49 51",
    "tetanus and diphtheria": "09 28 113 138 139 196",
    "DTaP": "01 20 50 106 107 110 120 130",
    "Tdap": "115",
    "COVID-19": "207 208 210 211 212 213 217 218 219 221 228 229 230 300 301 302 308 309 310 311 312 313",
}
"""CVX codes (CDC) of the vaccines that trials name, by what they protect from."""
_CVX = {code: name for name, codes in VACCINES.items() for code in codes.split()}

_NO_TREATMENT = re.compile(
    r"\b(?:tests?|testing|screen(?:ing)?|measurements?|exam|examinations?|assessments?|evaluations?|counsell?ing|cultures?"
    r"|typing|interpretation|review|documentation|reconciliation|monitoring|education|removal|planning|consultations?"
    r"|x-?ray|radiograph\w*|ultraso\w+|scans?|imaging|auscultation|antibod\w+|antigens?|care|follow-?up|history|vaccination"
    r"|counts?|study|studies|visit)\b",
    re.IGNORECASE,
)

_VACCINATED = re.compile(r"(?i)\s*(?:vaccination|immuni[sz]ation)\s+(?:for|against|with|of)\b")


def read_medication(entry: Entry) -> Iterator[Treatment]:
    """MedicationStatement, MedicationRequest, MedicationAdministration or R5's MedicationUsage."""
    status, kind = entry.status(), entry.type
    if status in NEVER_GIVEN or entry.data.get("doNotPerform") is True:
        return
    if status == "not-taken":
        raise UnusableError("status", "not taken then, which says nothing of other times")
    text, codes = named(entry, "medicationCodeableConcept", _medication(entry))
    planned = status == "intended" or (kind == "MedicationRequest" and entry.status("intent") in PLANNED)
    started = entry.day(
        "effectiveDateTime", "effectivePeriod/start", "occurrenceDateTime", "occurencePeriod/start", "authoredOn"
    )
    ended = entry.end("effectivePeriod/end", "occurencePeriod/end")
    _in_order(started, ended, "effectivePeriod")
    current: bool | None = None
    if status in OVER and kind != "MedicationAdministration":
        current = False
    elif status in ("active", "in-progress", "recorded"):
        current = None if status == "recorded" else ended is None
    yield Treatment(
        text,
        codes,
        started_on=None if planned else started,
        stopped_on=None if planned else ended,
        current=None if planned else current,
        planned=planned,
    )


def read_procedure(entry: Entry) -> Iterator[Treatment]:
    """A procedure that treats; one that only looks, asks or tests is no treatment."""
    status = entry.status()
    if status in NEVER_GIVEN:
        return
    concept = entry.concept("code")
    text, codes = named(entry, "code", concept)
    if _VACCINATED.match(text):
        # What a vaccination is for is no disease of the patient: only that there was one, and when.
        text, codes = "vaccination", ()
    elif entry.concept("category").has(*DIAGNOSTIC) or not _treats(text, codes):
        raise UnusableError("code", "not a treatment that is on file", "information")
    day = entry.day("performedDateTime", "performedPeriod/start", "occurrenceDateTime", "occurrencePeriod/start")
    ended = entry.end("performedPeriod/end", "occurrencePeriod/end")
    _in_order(day, ended, "performedPeriod")
    planned, running = status == "preparation", status in ("in-progress", "on-hold")
    yield Treatment(
        text,
        codes,
        started_on=None if planned else day,
        stopped_on=None if planned or running else ended or day,
        current=None if planned or status == "unknown" else running,
        planned=planned,
    )


def read_immunization(entry: Entry) -> Iterator[Treatment]:
    """A vaccine that was given; what it protects from is never taken for a disease."""
    if entry.status() in NEVER_GIVEN:
        return
    concept = entry.concept("vaccineCode")
    name = next((_CVX[c.code] for c in concept.codings if "cvx" in c.system.lower() and c.code in _CVX), None)
    text = name or concept.text
    if text is None:
        raise UnusableError("vaccineCode", "a code that is not on file, without words")
    if not re.search(r"\bvaccin", text, re.IGNORECASE):
        text = f"{text} vaccine"
    day = entry.day("occurrenceDateTime")
    yield Treatment(text, (), started_on=day, stopped_on=day, current=False)


def _medication(entry: Entry) -> Concept:
    """The medication: said here, or in a Medication that is referred to."""
    data = entry.data
    for value in (data.get("medicationCodeableConcept"), mapping(data.get("medication"))):
        concept = concept_of(value)
        if concept.words:
            return concept
    reference = data.get("medicationReference") or mapping(mapping(data.get("medication")).get("reference"))
    address = reference_of(reference)
    if address and address.startswith("#"):
        contained = data.get("contained")
        for each in contained if isinstance(contained, list) else ():
            if mapping(each).get("id") == address[1:]:
                return concept_of(mapping(each).get("code"))
    target = entry.found.get(address) if address else None
    return concept_of(mapping(target).get("code") if target else {"text": mapping(reference).get("display")})


def _treats(text: str, codes: tuple[Code, ...]) -> bool:
    """Whether a code, or the words, name something that is done to treat and nothing else."""
    coded = [known for code in codes if (known := matching.coded_concept(code.system, code.code)) is not None]
    if any(known.category in TREATED for known in coded):
        return True
    if coded or _NO_TREATMENT.search(text):
        return False
    whole = matching.whole_concept(text)
    within = (whole,) if whole else matching.concepts_within(text)
    return any(known.category in TREATED for known in within)


def _in_order(begin: PartialDate | None, end: PartialDate | None, element: str) -> None:
    if begin is not None and end is not None and end.latest < begin.earliest:
        raise UnusableError(element, "ends before it begins, so the fact was not used")
