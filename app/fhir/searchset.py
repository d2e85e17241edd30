"""An answer about a patient as a FHIR R4 searchset of ResearchStudy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.fhir.elements import EntryFault
from app.fhir.write import Resource, research_study
from matching import Eligibility, JudgedCriterion, MatchAnswer, Trial, TrialMatch

MATCH_GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
ELIGIBILITY = "urn:trialmatch:eligibility"
CRITERION = "urn:trialmatch:criterion"
SET_ASIDE = "urn:trialmatch:set-aside"

GRADE = {
    Eligibility.LIKELY_ELIGIBLE: "probable",
    Eligibility.POSSIBLY_ELIGIBLE: "possible",
    Eligibility.NOT_ELIGIBLE: "certainly-not",
}
"""Never "certain": only the study team decides."""

BANDS = {
    Eligibility.LIKELY_ELIGIBLE: (0.75, 1.0),
    Eligibility.POSSIBLY_ELIGIBLE: (0.01, 0.74),
    Eligibility.NOT_ELIGIBLE: (0.0, 0.009),
}
"""Scores by eligibility: clients call 0.75 and more a likely match, and less than 0.01 none."""


def searchset(
    answer: MatchAnswer, trials: Mapping[str, Trial], faults: Sequence[EntryFault], *, explained: bool
) -> Resource:
    """The page of an answer; `total` counts every trial that is not ruled out.

    Args:
        answer: the matches to write, in their order.
        trials: the whole trials of the matches; a match whose trial has gone since is left out.
        faults: what was set aside of the request, as the last entry.
        explained: each criterion's verdict and sentence as extensions of the entry's search.
    """
    entries = [
        _entry(match, trials[match.nct_id], explained=explained) for match in answer.matches if match.nct_id in trials
    ]
    bundle = _bundle(answer.totals.likely_eligible + answer.totals.possibly_eligible, entries)
    if faults:
        outcome = {"resource": operation_outcome(faults), "search": {"mode": "outcome"}}
        bundle["entry"] = [*entries, outcome]
    return bundle


def plain_searchset(answer: MatchAnswer, trials: Mapping[str, Trial], faults: Sequence[EntryFault]) -> Resource:
    """A searchset for clients that take every entry for a study: what was set aside stands in `meta`."""
    bundle = searchset(answer, trials, (), explained=False)
    if faults:
        told = [{"url": SET_ASIDE, "valueString": f"{fault.pointer or '/'}: {fault.message}"} for fault in faults]
        bundle["meta"] = {"extension": told}
    return bundle


def nobody(faults: Sequence[EntryFault], *, outcome: bool) -> Resource:
    """The answer for a patient who has died: no trial, and the reason."""
    told = EntryFault(None, "Patient", "", "the record says that the patient has died: no trial was matched")
    every = [told, *faults]
    if outcome:
        return _bundle(0, [{"resource": operation_outcome(every), "search": {"mode": "outcome"}}])
    return {**_bundle(0, []), "meta": {"extension": [{"url": SET_ASIDE, "valueString": f"/: {told.message}"}]}}


def _bundle(total: int, entries: list[Resource]) -> Resource:
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": total}
    return {**bundle, "entry": entries}


def operation_outcome(faults: Sequence[EntryFault]) -> Resource:
    """What was set aside, without any value of the request; `expression` is FHIRPath."""
    return {"resourceType": "OperationOutcome", "issue": [_issue(fault) for fault in faults]}


def _issue(fault: EntryFault) -> Resource:
    code = "informational" if fault.severity == "information" else "value" if fault.pointer else "incomplete"
    issue: Resource = {"severity": fault.severity, "code": code, "diagnostics": f"{fault.resource}: {fault.message}"}
    if fault.pointer:
        issue["expression"] = [_fhirpath(fault.pointer)]
    return issue


def _fhirpath(pointer: str) -> str:
    """`/entry/3/resource/birthDate` as `Bundle.entry[3].resource.birthDate`."""
    path = "Parameters" if pointer.startswith("/parameter") else "Bundle"
    for part in pointer.strip("/").split("/"):
        path += f"[{part}]" if part.isdigit() else f".{part}"
    return path


def _entry(match: TrialMatch, trial: Trial, *, explained: bool) -> Resource:
    eligibility = match.judged.eligibility
    extensions: list[Resource] = [
        {"url": MATCH_GRADE, "valueCode": GRADE[eligibility]},
        {"url": ELIGIBILITY, "valueCode": eligibility.value.replace("_", "-")},
    ]
    if explained:
        extensions += [_criterion(each) for each in match.judged.criteria]
    search: dict[str, Any] = {"extension": extensions, "mode": "match", "score": score_of(match)}
    return {
        "fullUrl": f"https://clinicaltrials.gov/study/{match.nct_id}",
        "resource": research_study(trial),
        "search": search,
    }


def score_of(match: TrialMatch) -> float:
    """The score within the band of its eligibility, to four digits."""
    low, high = BANDS[match.judged.eligibility]
    return round(low + (high - low) * min(1.0, max(0.0, match.score)), 4)


def _criterion(judged: JudgedCriterion) -> Resource:
    told = [
        ("id", "valueString", judged.id),
        ("role", "valueCode", judged.role.value),
        ("verdict", "valueCode", judged.verdict.value),
        ("why_unknown", "valueCode", judged.why_unknown.value if judged.why_unknown else None),
        ("text", "valueString", judged.text),
        ("explanation", "valueString", judged.explanation),
    ]
    parts = [{"url": name, kind: value} for name, kind, value in told if value and value.strip()]
    return {"url": CRITERION, "extension": parts}
