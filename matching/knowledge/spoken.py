"""A vocabulary's name as people say it: "Leukemia, Myeloid, Acute" is "acute myeloid leukemia"."""

from __future__ import annotations

import re
from functools import lru_cache

MOST_INVERTED = 4
"""A name with more parts between commas is a list and no inverted name."""

_NAMED_AFTER = frozenset(
    """Addison Alzheimer Barrett Behcet Bell Burkitt Chagas Creutzfeldt Crohn Cushing Down Duchenne Ebola Epstein-Barr Ewing Fabry
    Gaucher Graves Guillain-Barre Hashimoto Hodgkin Hodgkin's Huntington Hurler Kaposi Kaposi's Kawasaki Klinefelter Krabbe Lyme
    Marfan Meniere Merkel Niemann-Pick Paget Parkinson Philadelphia Pompe Raynaud Rett Reye Sezary Sjogren's Sjogren
    Tourette Turner Waldenstrom Whipple Willebrand Wilson Wilms
    Fanconi Gilbert Langerhans Meckel Budd-Chiari Stevens-Johnson Wolff-Parkinson-White Li-Fraumeni Lynch Castleman Takayasu Asperger
    Bechterew Escherichia Clostridium Pseudomonas Acinetobacter Helicobacter Staphylococcus Streptococcus Candida Pneumocystis
    Plasmodium Toxoplasma Japanese Chinese American African European Western""".split()
)
"""Persons, places and genera: their capital stays."""
_TITLE_WORD = re.compile(r"(?<![\w-])([A-Z][a-z]+(?:-[A-Z]?[a-z]+)*(?:'s)?)(?![\w-])( (?:Disease|Syndrome)\b)?")
"""A capitalised word of a title; before "Disease" or "Syndrome" it is the name of a person unless it is a common word."""
_COMMON = re.compile(r"(?:al|ic|ar|ary|ous|ive|ed|ing|ent|ant|oid|tory)$|^(?:kidney|liver|heart|lung|eye|skin|bone|blood|bowel|brain|gum|joint|muscle|nerve|thyroid|vessel|artery|valve|mouth|tooth|breast|foot|spine|infectious|autoimmune|pain|distress|failure)$", re.IGNORECASE)  # fmt: skip
_TUMOURS = re.compile(r"\bneoplasms?\b", re.IGNORECASE)


@lru_cache(maxsize=8192)
def spoken(name: str) -> str:
    """The name in its natural order, its title words small, "neoplasms" as people call them.

    Remembered: only names of vocabularies and of trials come here, never a patient's.
    """
    parts = name.split(", ")
    if 1 < len(parts) <= MOST_INVERTED and " and " not in name:
        name = " ".join(reversed(parts))
    return _TUMOURS.sub("tumors or cancer", _TITLE_WORD.sub(_small, name))


def _small(word: re.Match[str]) -> str:
    title, disease = word[1], word[2] or ""
    first = title.removeprefix("Non-")
    if first in _NAMED_AFTER or first.endswith("'s"):
        return title.replace("Non-", "non-") + disease.lower()
    return (title if disease and not _COMMON.search(title) else title.lower()) + disease.lower()
