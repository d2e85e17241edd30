"""Answers as plain dictionaries in the form that clients read. Keys stand in a fixed order; dates are ISO 8601."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any

import numpy as np
import orjson

from matching.model.answer import ReverseAnswer, TrialChange, WhatIfAnswer
from matching.model.criterion import Concept, ConditionIs, CountIs, Leaf, TreatmentIs
from matching.model.finding import (
    Counts,
    Distance,
    Evidence,
    JudgedCriterion,
    MatchAnswer,
    MissingFact,
    NearestSite,
    NoteFact,
    PartVerdict,
    Question,
    Totals,
    TrialMatch,
)
from matching.model.version import ENGINE_VERSION

Json = dict[str, Any]

_AS_JSON = "answering.json"

FIGURES = 10
"""Significant digits of computed numbers: enough for any measurement, few enough to be the same on every machine."""


SMALL = b"0.0000"
"""In every number that the fast encoder writes without an exponent and the canonical form with one."""
LONGEST_NUMBER = 40
BEFORE_NUMBERS = frozenset({b":", b",", b"[", b""})


def answer_to_json(answer: MatchAnswer, *, include: Collection[str], next_cursor: str | None = None) -> Json:
    """The answer to one patient. Without `criteria` in `include` each match goes without its criteria."""
    body: Json = {
        "totals": _totals(answer.totals),
        "read_from_note": note_facts_to_json(answer.read_from_note),
        "questions": [_question(question) for question in answer.questions],
        "matches": [match_to_json(match, include=include) for match in answer.matches],
        "next_cursor": next_cursor,
    }
    return _sealed(answer.on.isoformat(), answer.data_version, body)


def reverse_to_json(answer: ReverseAnswer, *, include: Collection[str]) -> Json:
    """One trial, many patients: each row is a match with `patient`, the place in the request from 0."""
    body: Json = {
        "nct_id": answer.nct_id,
        "totals": _totals(answer.totals),
        "matches": [{"patient": row.patient, **match_to_json(row.match, include=include)} for row in answer.matches],
    }
    return _sealed(answer.on.isoformat(), answer.data_version, body)


def what_if_to_json(answer: WhatIfAnswer) -> Json:
    """What a change changes: totals before and after, and the trials whose verdicts differ."""
    body: Json = {
        "before": {"totals": _totals(answer.before)},
        "after": {"totals": _totals(answer.after)},
        "changed": answer.changed,
        "changes": [_change(change) for change in answer.changes],
    }
    return _sealed(answer.on.isoformat(), answer.data_version, body)


def digest(body: Mapping[str, Any]) -> str:
    """`sha256:` and the hash of the canonical JSON (sorted keys, no spaces, UTF-8) without the digest itself."""
    rest = {name: value for name, value in body.items() if name != "digest"}
    text = orjson.dumps(rest, option=orjson.OPT_SORT_KEYS)
    if SMALL in text or _may_have_exponent(text):
        # The canonical form writes 1e-05 and 1.5e-07 where the fast encoder writes 0.00001 and 1.5e-7.
        text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    return "sha256:" + sha256(text).hexdigest()


def _may_have_exponent(text: bytes) -> bool:
    """Whether there may be a number such as 1e-5: digits and an `e` after a colon, comma or bracket; also in a string."""
    letters = np.frombuffer(text, np.uint8)
    found = np.flatnonzero(letters == ord("e"))
    before = letters[found - 1]
    found = found[(before >= ord("0")) & (before <= ord("9"))]
    return any(
        text[max(0, at - LONGEST_NUMBER) : at].rstrip(b"0123456789.-")[-1:] in BEFORE_NUMBERS for at in found.tolist()
    )


def match_to_json(match: TrialMatch, *, include: Collection[str]) -> Json:
    """One row."""
    judged = match.judged
    related = match.condition_match
    row: Json = {
        "rank": match.rank,
        "nct_id": match.nct_id,
        "brief_title": match.brief_title,
        "overall_status": match.overall_status,
        "phases": list(match.phases),
        "eligibility": judged.eligibility.value,
        "score": match.score,
        "score_parts": dict(match.score_parts),
        "condition_match": None
        if related is None
        else {
            "patient": related.patient,
            "trial": related.trial,
            "path": list(related.path),
            "relation": related.relation,
        },
        "counts": _counts(judged.counts),
        "nearest_site": _site(match.nearest_site),
        "eligible_from": _iso(judged.eligible_from),
        "eligible_until": _iso(judged.eligible_until),
        "recheck_on": _iso(judged.recheck_on),
        "undecided": [list(group) for group in match.undecided],
        "undecided_exact": match.undecided_exact,
        "near_misses": [_distance(distance) for distance in judged.near_misses],
        "cross_check": list(judged.cross_check),
    }
    if "criteria" in include:
        row["criteria"] = [criterion_to_json(criterion) for criterion in judged.criteria]
    return row


def criterion_to_json(criterion: JudgedCriterion) -> Json:
    """One judged criterion with the evidence it was judged by and what is missing, both over all its leaves. Not to be changed."""
    kept = criterion.kept
    if kept is None:
        return _criterion(criterion)
    known: Json | None = kept.get(_AS_JSON)
    if known is None:
        known = kept[_AS_JSON] = _criterion(criterion)
    return known if known["id"] == criterion.id else {**known, "id": criterion.id, "parent": criterion.parent}


def _criterion(criterion: JudgedCriterion) -> Json:
    evidence, missing = _leaf_facts(criterion)
    return {
        "id": criterion.id,
        "role": criterion.role.value,
        "text": criterion.text,
        "start": criterion.start,
        "end": criterion.end,
        "applies_to": criterion.applies_to,
        "parent": criterion.parent,
        "verdict": criterion.verdict.value,
        "why_unknown": None if criterion.why_unknown is None else criterion.why_unknown.value,
        "explanation": criterion.explanation,
        "evidence": [_evidence(each) for each in evidence],
        "missing": [_missing(each) for each in missing],
        "part_verdicts": [_part(each) for each in criterion.part_verdicts],
        "eligible_from": _iso(criterion.eligible_from),
        "eligible_until": _iso(criterion.eligible_until),
    }


def _sealed(on: str, data_version: str, body: Json) -> Json:
    whole: Json = {"on": on, "engine_version": ENGINE_VERSION, "data_version": data_version, "digest": "", **body}
    whole["digest"] = digest(whole)
    return whole


def _leaf_facts(criterion: JudgedCriterion) -> tuple[tuple[Evidence, ...], tuple[MissingFact, ...]]:
    """The finding's own evidence and missing facts, then those of its parts, each once."""
    evidence: dict[Evidence, None] = {}
    missing: dict[MissingFact, None] = {}
    waiting = [criterion.finding]
    while waiting:
        finding = waiting.pop()
        for each in finding.evidence:
            evidence[each] = None
        for fact in finding.missing:
            missing[fact] = None
        if finding.parts:
            waiting += finding.parts[::-1]
    return tuple(evidence), tuple(missing)


def _totals(totals: Totals) -> Json:
    return {
        "considered": totals.considered,
        "likely_eligible": totals.likely_eligible,
        "possibly_eligible": totals.possibly_eligible,
        "not_eligible": totals.not_eligible,
    }


def _counts(counts: Counts) -> Json:
    return {
        "in_favour": counts.in_favour,
        "against": counts.against,
        "not_applicable": counts.not_applicable,
        "missing": counts.missing,
        "stale": counts.stale,
        "unreadable": counts.unreadable,
        "on_site": counts.on_site,
        "not_comparable": counts.not_comparable,
        "conflict": counts.conflict,
    }


def _site(site: NearestSite | None) -> Json | None:
    if site is None:
        return None
    return {
        "facility": site.facility,
        "city": site.city,
        "state": site.state,
        "country": site.country,
        "status": site.status,
        "distance_km": site.distance_km,
        "precision": site.precision,
    }


def _question(question: Question) -> Json:
    fact = question.fact
    return {
        "fact": fact.fact,
        "kind": fact.kind,
        "loinc": fact.loinc,
        "mesh": fact.mesh,
        "ask": question.ask,
        "unit": fact.unit,
        "decides": question.decides,
    }


def _missing(fact: MissingFact) -> Json:
    return {"fact": fact.fact, "kind": fact.kind, "loinc": fact.loinc, "mesh": fact.mesh, "unit": fact.unit}


def _evidence(evidence: Evidence) -> Json:
    return {
        "fact": evidence.fact,
        "value": _stable(evidence.value),
        "unit": evidence.unit,
        "on": None if evidence.on is None else str(evidence.on),
        "as": _stable(evidence.as_value),
        "as_unit": evidence.as_unit,
        "working": evidence.working,
        "path": list(evidence.path),
        "boundary": evidence.boundary,
        "assumed": evidence.assumed,
        "formula": evidence.formula,
        "note_span": None if evidence.span is None else [evidence.span.start, evidence.span.end],
    }


def _distance(distance: Distance) -> Json:
    return {
        "fact": distance.fact,
        "value": _stable(distance.value),
        "bound": _stable(distance.bound),
        "by": _stable(distance.by),
        "unit": distance.unit,
        "relative": _stable(distance.relative),
        "changes": distance.changes,
        "patient_by": _stable(distance.patient_by),
        "patient_unit": distance.patient_unit,
        "explanation": distance.explanation,
    }


def _part(part: PartVerdict) -> Json:
    return {
        "text": part.text,
        "start": part.start,
        "end": part.end,
        "kind": leaf_kind(part.expression),
        "concept": _concept(part.expression),
        "truth": part.truth.name.lower(),
        "why_unknown": None if part.why_unknown is None else part.why_unknown.value,
    }


_KINDS = {
    "AgeIs": "age",
    "SexIs": "sex",
    "MeasurementIs": "measurement",
    "ResultIs": "result",
    "ScoreIs": "score",
    "ConditionIs": "condition",
    "TreatmentIs": "treatment",
    "CountIs": "count",
    "PregnancyIs": "pregnancy",
    "LifeExpectancyIs": "life_expectancy",
    "LifestyleIs": "lifestyle",
    "OnSite": "on_site",
    "Unreadable": "unreadable",
}


def leaf_kind(leaf: Leaf) -> str:
    """The `kind` of a leaf as in a parsed criterion."""
    return _KINDS[type(leaf).__name__]


def _concept(leaf: Leaf) -> str | None:
    concept: Concept | None = None
    match leaf:
        case ConditionIs() | TreatmentIs():
            concept = leaf.concept
        case CountIs():
            concept = leaf.of
        case _:
            return None
    return concept.text


def _change(change: TrialChange) -> Json:
    return {
        "nct_id": change.nct_id,
        "brief_title": change.brief_title,
        "eligibility": {
            "before": None if change.eligibility_before is None else change.eligibility_before.value,
            "after": None if change.eligibility_after is None else change.eligibility_after.value,
        },
        "score": {"before": change.score_before, "after": change.score_after},
        "criteria": [
            {
                "id": each.id,
                "text": each.text,
                "before": None if each.before is None else each.before.value,
                "after": None if each.after is None else each.after.value,
                "explanation": each.explanation,
            }
            for each in change.criteria
        ],
    }


def note_facts_to_json(facts: Iterable[NoteFact]) -> list[Json]:
    """Facts read from a note, in its order; each `fact` is written as in a patient."""
    return [_note_fact(fact) for fact in facts]


def _note_fact(fact: NoteFact) -> Json:
    return {
        "kind": fact.kind,
        "start": fact.start,
        "end": fact.end,
        "text": fact.text,
        "fact": dict(fact.fact),
    }


def _iso(day: Any) -> str | None:
    return None if day is None else day.isoformat()


def _stable(value: Any) -> Any:
    """Floats to FIGURES digits, whole ones as integers; everything else as it is."""
    if not isinstance(value, float):
        return value
    rounded = float(f"{value:.{FIGURES}g}")
    return int(rounded) if rounded.is_integer() and abs(rounded) < 1e15 else rounded
