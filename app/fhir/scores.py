"""Scores and answers that FHIR gives as codes: performance status, tumour categories, presence, genes."""

from __future__ import annotations

import re

from app.fhir.elements import Concept, UnusableError, text_of
from matching import Code

ECOG, KARNOFSKY = "ECOG performance status", "Karnofsky performance status"
STAGE_GROUP = "AJCC stage"

PROFILES = {
    "ecog-performance-status": ("89247-1", ECOG),
    "karnofsky-performance-status": ("89243-0", KARNOFSKY),
    "primary-tumor-category": ("21905-5", "TNM T category"),
    "regional-nodes-category": ("21906-3", "TNM N category"),
    "distant-metastases-category": ("21907-1", "TNM M category"),
    "stage-group": ("21908-9", STAGE_GROUP),
}
"""Ends of mCODE profiles whose resources often come without the right code -> LOINC and name."""

SNOMED_TESTS = {
    "399504009": ("21905-5", "TNM T category"),
    "399534004": ("21906-3", "TNM N category"),
    "399387003": ("21907-1", "TNM M category"),
    "384625004": ("21899-0", "TNM T category"),
    "371494008": ("21900-6", "TNM N category"),
    "371497001": ("21901-4", "TNM M category"),
    "399390009": ("21908-9", STAGE_GROUP),
    "399537006": ("21908-9", STAGE_GROUP),
    "399588009": ("21902-2", STAGE_GROUP),
    "423740007": ("89247-1", ECOG),
    "273546003": ("89243-0", KARNOFSKY),
    "75367002": ("85354-9", "blood pressure"),
    "271649006": ("8480-6", "systolic blood pressure"),
    "271650006": ("8462-4", "diastolic blood pressure"),
    "60621009": ("39156-5", "BMI"),
    "27113001": ("29463-7", "body weight"),
    "50373000": ("8302-2", "body height"),
}
"""Observations that are coded in SNOMED CT."""

ANSWERS = {
    "LA6576-8": "positive",
    "LA6577-6": "negative",
    "LA9633-4": "positive",
    "LA9634-2": "negative",
    "LA11882-0": "positive",
    "LA11883-8": "negative",
    "LA33-6": "yes",
    "LA32-8": "no",
    "10828004": "positive",
    "260385009": "negative",
    "52101004": "positive",
    "2667000": "negative",
    "260373001": "positive",
    "260415000": "negative",
    "42425007": "equivocal",
    "419984006": "inconclusive",
    "POS": "positive",
    "NEG": "negative",
    "DET": "positive",
    "ND": "negative",
}
"""Codes of answers (LOINC answers, SNOMED CT qualifiers, HL7 interpretations) -> the word that trials use."""

INTERPRETED = {"H": "elevated", "HH": "elevated", "HU": "elevated", "L": "low", "LL": "low", "LU": "low", "N": "normal"}
"""Interpretations that stand for a result where no value is given."""

GRADES = {
    ECOG: {"LA9622-7": 0, "LA9623-5": 1, "LA9624-3": 2, "LA9625-0": 3, "LA9626-8": 4, "LA9627-6": 5},
    KARNOFSKY: {
        "LA29175-9": 100,
        "LA29176-7": 90,
        "LA29177-5": 80,
        "LA29178-3": 70,
        "LA29179-1": 60,
        "LA29180-9": 50,
        "LA29181-7": 40,
        "LA29182-5": 30,
        "LA29183-3": 20,
        "LA29184-1": 10,
        "LA9627-6": 0,
    },
}  # fmt: skip
"""LOINC's answer lists LL529-9 (ECOG) and LL4986-7 (Karnofsky)."""

POSSIBLE = {ECOG: frozenset(range(6)), KARNOFSKY: frozenset(range(0, 101, 10))}

GENES = {
    "427": "ALK",
    "795": "ATM",
    "1097": "BRAF",
    "1100": "BRCA1",
    "1101": "BRCA2",
    "1884": "CFTR",
    "3236": "EGFR",
    "3430": "ERBB2",
    "3690": "FGFR3",
    "3765": "FLT3",
    "5382": "IDH1",
    "5383": "IDH2",
    "6192": "JAK2",
    "6342": "KIT",
    "6407": "KRAS",
    "7029": "MET",
    "7910": "NPM1",
    "7989": "NRAS",
    "8975": "PIK3CA",
    "9588": "PTEN",
    "9967": "RET",
    "10261": "ROS1",
    "11389": "STK11",
    "11998": "TP53",
    "26144": "PALB2",
}
"""Numbers of the HUGO Gene Nomenclature Committee -> symbols of genes that trials name."""

GENE_STUDIED, VARIANT = "48018-6", "69548-6"
_SYMBOL = re.compile(r"[A-Z][A-Z0-9-]{1,11}\Z")
_TNM = re.compile(r"(?:\A|\b)[cpyra]{0,3}([TNM])\s?([0-4])([a-d]\d?)?\b", re.IGNORECASE)
_WHOLE_NUMBER = re.compile(r"\d{1,3}\Z")


def answer_in(concept: Concept) -> str | None:
    """A coded answer as one word, else as its own words in lower case; None without words."""
    for coding in concept.codings:
        if coding.code in ANSWERS:
            return ANSWERS[coding.code]
    return concept.text.lower() if concept.text else None


def grade_in(name: str, value: object, coded: Concept) -> float | None:
    """A performance status from a number, a text with a number, or LOINC's answer; None where none is given.

    Raises UnusableError for a number that the scale does not have.
    """
    grades = GRADES[name]
    found = next((grades[coding.code] for coding in coded.codings if coding.code in grades), None)
    text = text_of(value)
    if text and _WHOLE_NUMBER.match(text):
        value = int(text)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value not in POSSIBLE[name]:
            raise UnusableError("value", f"not a grade of {name}, so the fact was not used")
        return float(value)
    return None if found is None else float(found)


def tnm_in(name: str, concept: Concept) -> tuple[int, str] | None:
    """The category of T, N or M that `name` asks for, as its number and its letter."""
    wanted = name.split()[1]
    for word in concept.words:
        found = _TNM.search(word)
        if found and found[1].upper() == wanted:
            return int(found[2]), (found[3] or "").lower()
    return None


def gene_in(concept: Concept) -> str | None:
    """The symbol of a gene, by its display or by its number; None where neither is on file."""
    for coding in concept.codings:
        symbol = (coding.display or "").split(" ")[0]
        number = coding.code.removeprefix("HGNC:")
        if _SYMBOL.match(symbol) or (number in GENES and "gene" in coding.system.lower()):
            return symbol if _SYMBOL.match(symbol) else GENES[number]
    text = (concept.text or "").split(" ")[0]
    return text if _SYMBOL.match(text) else None


def kind_of(profiles: str, concept: Concept) -> tuple[str, str] | None:
    """LOINC code and name of what was observed, where a profile or a SNOMED code says it better than the code."""
    for ending, kind in PROFILES.items():
        if ending in profiles:
            return kind
    for coding in concept.codings:
        if coding.ours == Code("snomed", coding.code) and coding.code in SNOMED_TESTS:
            return SNOMED_TESTS[coding.code]
    return None
