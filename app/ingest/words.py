"""Words that every form of a registry record shares: the registry's own values, ages, clean text, MeSH ids."""

from __future__ import annotations

import re

from matching import AGE_UNITS, AgeLimit

NCT_ID = re.compile(r"NCT[0-9]{8}")

STATUSES = frozenset(
    "ACTIVE_NOT_RECRUITING COMPLETED ENROLLING_BY_INVITATION NOT_YET_RECRUITING RECRUITING SUSPENDED TERMINATED "
    "WITHDRAWN AVAILABLE NO_LONGER_AVAILABLE TEMPORARILY_NOT_AVAILABLE APPROVED_FOR_MARKETING WITHHELD UNKNOWN".split()
)
PHASES = frozenset("NA EARLY_PHASE1 PHASE1 PHASE2 PHASE3 PHASE4".split())
STUDY_TYPES = frozenset("EXPANDED_ACCESS INTERVENTIONAL OBSERVATIONAL".split())
SEXES = frozenset("FEMALE MALE ALL".split())
STANDARD_AGES = frozenset("CHILD ADULT OLDER_ADULT".split())
DATE_TYPES = frozenset("ACTUAL ESTIMATED".split())
CLASSES = frozenset("NIH FED OTHER_GOV INDIV INDUSTRY NETWORK AMBIG OTHER UNKNOWN".split())
INTERVENTION_TYPES = frozenset(
    "BEHAVIORAL BIOLOGICAL COMBINATION_PRODUCT DEVICE DIAGNOSTIC_TEST DIETARY_SUPPLEMENT DRUG GENETIC PROCEDURE "
    "RADIATION OTHER".split()
)
ARM_TYPES = frozenset("EXPERIMENTAL ACTIVE_COMPARATOR PLACEBO_COMPARATOR SHAM_COMPARATOR NO_INTERVENTION OTHER".split())
ALLOCATIONS = frozenset("RANDOMIZED NON_RANDOMIZED NA".split())
MODELS = frozenset("SINGLE_GROUP PARALLEL CROSSOVER FACTORIAL SEQUENTIAL".split())
PURPOSES = frozenset(
    "TREATMENT PREVENTION DIAGNOSTIC ECT SUPPORTIVE_CARE SCREENING HEALTH_SERVICES_RESEARCH BASIC_SCIENCE "
    "DEVICE_FEASIBILITY OTHER".split()
)
MASKINGS = frozenset("NONE SINGLE DOUBLE TRIPLE QUADRUPLE".split())
MASKED = frozenset("PARTICIPANT CARE_PROVIDER INVESTIGATOR OUTCOMES_ASSESSOR".split())

AGE = re.compile(r"([0-9]{1,4}(?:\.[0-9]{1,4})?) *(Year|Month|Week|Day|Hour|Minute)s?", re.IGNORECASE)

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

FIRST_LONG_NUMBER = {"D": 66388, "C": 588000}
"""MeSH numbers from here on are written with ten characters (D000066388); smaller ones have seven (D066331).

Descriptors: the largest of seven and the smallest of ten characters in MeSH 2021. Supplementary concepts: between the
largest of seven (C586847) and the smallest of ten (C000589319) that registry records hold.
"""


def age_limit(text: str) -> AgeLimit | None:
    """`18 Years`, `6 Months`, ... Anything else is None."""
    found = AGE.fullmatch(text.strip())
    if found is None:
        return None
    return AgeLimit(float(found[1]), AGE_UNITS[found[2].capitalize()])


def clean(text: str) -> str:
    """The text with NUL and lone surrogates, which no database holds, as U+FFFD; its length stays."""
    if text.isascii() and "\x00" not in text:
        return text
    return UNSTORABLE.sub("�", text)


def mesh_id(text: str) -> str:
    """The genuine spelling: `D000003924` is D003924, `D000084202` is itself."""
    if len(text) == 10 and text[1:4] == "000" and text[4:].isdigit() and text[0] in FIRST_LONG_NUMBER:
        return text[0] + text[4:] if int(text[4:]) < FIRST_LONG_NUMBER[text[0]] else text
    return text
