"""Codes of other vocabularies -> our concepts: MeSH, ICD-10-CM, SNOMED CT, NCIt, RxNorm and Mondo."""

from __future__ import annotations

from functools import cache

from matching.knowledge.concepts import _resolve, _rows, curated, vocabulary

_MESH_LAST_SHORT = {"C": 588_999, "D": 65_999}


@cache
def _codes() -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    for system, code, concept_id in _rows("codes.tsv.gz"):
        tables.setdefault(system, {})[code] = concept_id
    known = vocabulary()
    for row in curated("codes_curated.csv"):
        concept_id = _resolve(row["concept"], known.terms, known.names, f"codes_curated.csv, {row['code']}")
        tables.setdefault(row["system"], {})[row["code"]] = concept_id
    return tables


@cache
def mondo_concepts() -> frozenset[str]:
    """The ids of all diseases that Mondo names."""
    return frozenset(_codes()["mondo"].values())


@cache
def _icd10() -> dict[str, str]:
    best: dict[str, str] = {}
    for code, concept_id in _codes()["icd10cm"].items():
        if concept_id not in best or (len(code), code) < (len(best[concept_id]), best[concept_id]):
            best[concept_id] = code
    return best


def canonical_mesh(code: str) -> str:
    """A MeSH id as its publisher writes it: the registry pads ids with three zeros, but true 10-character ids exist."""
    names = vocabulary().names
    code = code.strip().upper()
    if code in names or len(code) != 10 or code[1:4] != "000" or not code[4:].isdigit():
        return code
    short = code[0] + code[4:]
    return short if short in names or int(code[4:]) <= _MESH_LAST_SHORT.get(code[0], 0) else code


def concept_of(system: str, code: str) -> str | None:
    """The concept of a code, None when unknown (then go by its display text).

    `system` is a CodeSystem value. An ICD-10-CM code that is not held itself climbs to the nearest code above it,
    which is broader than what was said and never narrower.
    """
    code = code.strip()
    if system == "mesh":
        found = canonical_mesh(code)
        return found if found in vocabulary().names else None
    table = _codes().get(system, {})
    if system == "icd10cm":
        code = code.upper()
        if len(code) > 3 and code[3] != ".":
            code = f"{code[:3]}.{code[3:]}"
        while len(code) >= 3:
            if code in table:
                return table[code]
            code = code[:-1].rstrip(".")
        return None
    if system == "mondo" and code and not code.startswith("MONDO:"):
        code = f"MONDO:{code}"
    return table.get(code)


def icd10_of(concept_id: str) -> str | None:
    """The shortest ICD-10-CM code of a concept, None where none is on file."""
    return _icd10().get(concept_id)
