"""One trial from what several sources tell of it.

Precedence, field by field (a field absent in the higher source is taken from the lower):

1. `clinicaltrials_gov`: a whole record of the registry's API v2;
2. `legacy_xml`: a record of the registry's former XML download;
3. `clinicaltrials_gov_partial`: an API record with few fields, of which it is not known how old it is;
4. `registry_page`: the text of a page of a registry aggregator;
5. `medpath_page`: the text of a MedPath page.

A source not named here comes after these, by its name. The parts of `design` and `eligibility` are fields of their own;
lists (sites, arms, outcomes) are taken whole, since two sources' lists cannot be interleaved safely.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from matching import Design, EligibilityFields, Provenance, Trial

PRECEDENCE = ("clinicaltrials_gov", "legacy_xml", "clinicaltrials_gov_partial", "registry_page", "medpath_page")

IDENTITY = frozenset({"nct_id", "provenance"})


def rank(source: str) -> tuple[int, str]:
    """Sorts sources by precedence."""
    return (PRECEDENCE.index(source) if source in PRECEDENCE else len(PRECEDENCE), source)


def merge(records: Iterable[Trial]) -> Trial:
    """The records of one trial, each with one provenance, as one; the order they come in does not matter.

    With two sources or more, `fields` of the first provenance names the source of each field that is present.
    """
    ordered = sorted(records, key=lambda trial: rank(trial.provenance[0].source))
    if len(ordered) == 1:
        return ordered[0]
    taken: dict[str, str] = {}
    changes: dict[str, Any] = {}
    for field in fields(Trial):
        if field.name in IDENTITY:
            continue
        if field.name in ("design", "eligibility"):
            parts = {trial.provenance[0].source: getattr(trial, field.name) for trial in ordered}
            kind = Design if field.name == "design" else EligibilityFields
            changes[field.name] = _merge_parts(kind, parts, f"{field.name}.", taken)
            continue
        for trial in ordered:
            value = getattr(trial, field.name)
            if value is not None and value != ():
                changes[field.name] = value
                taken[field.name] = trial.provenance[0].source
                break
    first, *rest = (trial.provenance[0] for trial in ordered)
    provenance: tuple[Provenance, ...] = (replace(first, fields=taken), *(replace(row, fields={}) for row in rest))
    return replace(ordered[0], **changes, provenance=provenance)


def _merge_parts(kind: type, parts: Mapping[str, Any], prefix: str, taken: dict[str, str]) -> Any:
    found: dict[str, Any] = {}
    for field in fields(kind):
        for source, part in parts.items():
            value = getattr(part, field.name)
            if value is not None and value != ():
                found[field.name] = value
                taken[prefix + field.name] = source
                break
    return kind(**found)
