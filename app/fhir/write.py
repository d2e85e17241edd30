"""A trial as a FHIR R4 ResearchStudy.

The shape is the one that trial-matching clients read: everything that R4 keeps in other resources (sites, sponsor,
interventions, who may join) is contained. What the registry does not say is absent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from matching import AgeLimit, Arm, Contact, Intervention, MeshTerm, PartialDate, Reference, Site, Trial

REGISTRY = "http://clinicaltrials.gov"
PHASE_SYSTEM = "http://terminology.hl7.org/CodeSystem/research-study-phase"
PURPOSE_SYSTEM = "http://terminology.hl7.org/CodeSystem/research-study-prim-purp-type"
OBJECTIVE_SYSTEM = "http://terminology.hl7.org/CodeSystem/research-study-objective-type"
MESH_SYSTEM = "https://www.nlm.nih.gov/mesh"
STATUS_EXTENSION = "urn:trialmatch:overall-status"
ELIGIBILITY_EXTENSION = "urn:trialmatch:eligibility-field"

STATUS = {
    "RECRUITING": "active",
    "ENROLLING_BY_INVITATION": "active",
    "NOT_YET_RECRUITING": "approved",
    "ACTIVE_NOT_RECRUITING": "closed-to-accrual",
    "COMPLETED": "completed",
    "SUSPENDED": "temporarily-closed-to-accrual",
    "TERMINATED": "administratively-completed",
    "WITHDRAWN": "withdrawn",
    "AVAILABLE": "active",
    "NO_LONGER_AVAILABLE": "closed-to-accrual",
    "TEMPORARILY_NOT_AVAILABLE": "temporarily-closed-to-accrual",
    "APPROVED_FOR_MARKETING": "completed",
    "WITHHELD": "in-review",
    "UNKNOWN": "in-review",
}
"""The registry's status -> R4's, which is required there; the registry's own word stands in an extension."""

PHASES = {
    ("NA",): "n-a",
    ("EARLY_PHASE1",): "early-phase-1",
    ("PHASE1",): "phase-1",
    ("PHASE1", "PHASE2"): "phase-1-phase-2",
    ("PHASE2",): "phase-2",
    ("PHASE2", "PHASE3"): "phase-2-phase-3",
    ("PHASE3",): "phase-3",
    ("PHASE4",): "phase-4",
}

PURPOSES = {
    "TREATMENT": "treatment",
    "PREVENTION": "prevention",
    "DIAGNOSTIC": "diagnostic",
    "SUPPORTIVE_CARE": "supportive-care",
    "SCREENING": "screening",
    "HEALTH_SERVICES_RESEARCH": "health-services-research",
    "BASIC_SCIENCE": "basic-science",
    "DEVICE_FEASIBILITY": "device-feasibility",
}

Resource = dict[str, Any]


def research_study(trial: Trial) -> Resource:
    """The trial as a ResearchStudy; `id` is its nct_id."""
    contained: list[Resource] = []
    study: Resource = {
        "resourceType": "ResearchStudy",
        "id": trial.nct_id,
        "extension": _study_extensions(trial),
        "identifier": list(_identifiers(trial)),
        "title": _text(trial.brief_title or trial.official_title),
        "protocol": [_contain(contained, plan) for plan in _plans(trial.interventions)],
        "status": STATUS.get(trial.overall_status or "", "in-review"),
        "primaryPurposeType": _purpose(trial.design.primary_purpose),
        "phase": _phase(trial.design.phases),
        "category": list(_categories(trial)),
        "condition": _conditions(trial.conditions, trial.condition_mesh),
        "contact": [contact for each in trial.central_contacts if (contact := _contact(each))],
        "relatedArtifact": [artifact for each in trial.references if (artifact := _artifact(each))],
        "keyword": [{"text": text} for each in trial.keywords if (text := _text(each))],
        "location": [{"text": text} for each in trial.countries if (text := _text(each))],
        "description": _text(trial.brief_summary) or _text(trial.detailed_description),
        "enrollment": [_contain(contained, _group(trial), display=_text(trial.eligibility.text))],
        "period": _period(trial),
        "sponsor": _sponsor(trial, contained),
        "principalInvestigator": _investigator(trial, contained),
        "site": [_contain(contained, _site(each, i)) for i, each in enumerate(trial.sites)],
        "reasonStopped": {"text": _text(trial.why_stopped)} if _text(trial.why_stopped) else None,
        "arm": [arm for each in trial.arms if (arm := _arm(each))],
        "objective": [objective for each in trial.outcomes if (objective := _objective(each.rank, each.measure))],
    }
    study["contained"] = contained
    return _without_empty(study)


def _study_extensions(trial: Trial) -> list[Resource]:
    status = trial.overall_status
    return [{"url": STATUS_EXTENSION, "valueCode": status}] if status else []


def _identifiers(trial: Trial) -> Iterator[Resource]:
    """The registry's id is the first: clients take the first for the trial's."""
    yield {"use": "official", "system": REGISTRY, "value": trial.nct_id}
    for each in (trial.org_study_id, *trial.other_identifiers):
        value = _text(each.value) if each else None
        if each and value and value != trial.nct_id:
            kind = _text(each.type)
            yield _without_empty({"use": "secondary", "type": {"text": kind} if kind else None, "value": value})


def _phase(phases: Sequence[str]) -> Resource | None:
    code = PHASES.get(tuple(sorted(phases)))
    if code is None:
        return {"text": ", ".join(_words(phase) for phase in phases)} if phases else None
    shown = code.replace("-", " ").replace("n a", "not applicable")
    return {"coding": [{"system": PHASE_SYSTEM, "code": code}], "text": shown}


def _purpose(purpose: str | None) -> Resource | None:
    if not purpose:
        return None
    code = PURPOSES.get(purpose)
    named: Resource = {"text": _words(purpose)}
    return {"coding": [{"system": PURPOSE_SYSTEM, "code": code}], **named} if code else named


def _categories(trial: Trial) -> Iterator[Resource]:
    """The design as "Study Type: Interventional": the form that clients of the registry's conversions know."""
    design = trial.design
    for name, value in (
        ("Study Type", design.study_type),
        ("Intervention Model", design.intervention_model),
        ("Primary Purpose", design.primary_purpose),
        ("Masking", design.masking),
        ("Allocation", design.allocation),
        ("Time Perspective", design.time_perspective),
        ("Observation Model", design.observational_model),
    ):
        if value:
            yield {"text": f"{name}: {_words(value)}"}


def _conditions(names: Sequence[str], terms: Sequence[MeshTerm]) -> list[Resource]:
    """The registry's own names; a MeSH term of the same name gives its code, the others stand by themselves."""
    coded = {term.term.casefold(): term for term in terms}
    found = []
    for name in names:
        text = _text(name)
        if text:
            term = coded.pop(text.casefold(), None)
            found.append({"coding": [_mesh(term)], "text": text} if term else {"text": text})
    return found + [{"coding": [_mesh(term)], "text": term.term} for term in coded.values() if _text(term.term)]


def _mesh(term: MeshTerm) -> Resource:
    return {"system": MESH_SYSTEM, "code": term.id, "display": term.term}


def _contact(contact: Contact) -> Resource | None:
    found = _without_empty({"name": _text(contact.name), "telecom": list(_telecom(contact))})
    return found or None


def _telecom(contact: Contact) -> Iterator[Resource]:
    if phone := _text(contact.phone):
        extension = _text(contact.phone_extension)
        yield {"system": "phone", "value": f"{phone} ext. {extension}" if extension else phone, "use": "work"}
    if email := _text(contact.email):
        yield {"system": "email", "value": email, "use": "work"}


def _artifact(reference: Reference) -> Resource | None:
    found = _without_empty({"citation": _text(reference.citation), "url": _text(reference.url)})
    if reference.pmid and "url" not in found:
        found["url"] = f"https://pubmed.ncbi.nlm.nih.gov/{reference.pmid}/"
    return {"type": "citation" if "citation" in found else "documentation", **found} if found else None


def _group(trial: Trial) -> Resource:
    """Who may join: a group in words, with the registry's own fields as extensions."""
    fields = trial.eligibility
    told = [
        _field("sex", {"valueCode": fields.sex}) if fields.sex else None,
        _field("minimum_age", {"valueQuantity": _age(fields.minimum_age)}) if fields.minimum_age else None,
        _field("maximum_age", {"valueQuantity": _age(fields.maximum_age)}) if fields.maximum_age else None,
        None
        if fields.healthy_volunteers is None
        else _field("healthy_volunteers", {"valueBoolean": fields.healthy_volunteers}),
    ]
    count = trial.design.enrollment_count
    return {
        "resourceType": "Group",
        "id": "eligibility",
        "extension": [each for each in told if each],
        "type": "person",
        "actual": False,
        "quantity": count if count is not None and 0 <= count < 2**31 else None,
    }


def _field(name: str, value: Resource) -> Resource:
    return {"url": ELIGIBILITY_EXTENSION, "extension": [{"url": "name", "valueCode": name}, {"url": "value", **value}]}


def _age(limit: AgeLimit) -> Resource:
    return {"value": limit.value, "system": "http://unitsofmeasure.org", "code": limit.unit}


def _period(trial: Trial) -> Resource | None:
    return _without_empty({"start": _day(trial.start.on if trial.start else None), "end": _day(_end(trial))}) or None


def _end(trial: Trial) -> PartialDate | None:
    """The completion; one that lies before the start is left out, since FHIR does not allow it."""
    end = trial.completion or trial.primary_completion
    if end is None or (trial.start and end.on.latest < trial.start.on.earliest):
        return None
    return end.on


def _day(day: PartialDate | None) -> str | None:
    return str(day) if day else None


def _sponsor(trial: Trial, contained: list[Resource]) -> Resource | None:
    name = _text(trial.sponsor.name) if trial.sponsor else None
    if name is None:
        return None
    return _contain(contained, {"resourceType": "Organization", "id": "sponsor", "name": name}, display=name)


def _investigator(trial: Trial, contained: list[Resource]) -> Resource | None:
    for official in trial.officials:
        name = _text(official.name)
        if name and official.role == "PRINCIPAL_INVESTIGATOR":
            practitioner = {"resourceType": "Practitioner", "id": "investigator", "name": [{"text": name}]}
            return _contain(contained, practitioner, display=name)
    return None


def _site(site: Site, index: int) -> Resource:
    placed = site.lat is not None and site.lon is not None
    address = _without_empty(
        {
            "use": "work",
            "city": _text(site.city),
            "state": _text(site.state),
            "postalCode": _text(site.zip),
            "country": _text(site.country),
        }
    )
    return {
        "resourceType": "Location",
        "id": f"site-{index}",
        "extension": [{"url": STATUS_EXTENSION, "valueCode": site.status}] if site.status else [],
        "name": _text(site.facility),
        "telecom": [point for contact in site.contacts for point in _telecom(contact)],
        "address": address if len(address) > 1 else None,
        "position": {"longitude": site.lon, "latitude": site.lat} if placed else None,
    }


def _plans(interventions: Sequence[Intervention]) -> Iterator[Resource]:
    """One plan for each arm of an intervention, so that clients find it under its arm."""
    index = 0
    for each in interventions:
        for arm in each.arms or (None,):
            subtitle = next((text for name in each.other_names if (text := _text(name))), None)
            label = _text(arm)
            yield {
                "resourceType": "PlanDefinition",
                "id": f"intervention-{index}",
                "title": _text(each.name),
                "subtitle": subtitle,
                "type": {"text": _words(each.type)} if each.type else None,
                "status": "unknown",
                "subjectCodeableConcept": {"text": label} if label else None,
                "description": _text(each.description),
            }
            index += 1


def _arm(arm: Arm) -> Resource | None:
    name = _text(arm.label)
    if name is None:
        return None
    kind = {"text": _words(arm.type)} if arm.type else None
    return _without_empty({"name": name, "type": kind, "description": _text(arm.description)})


def _objective(rank: str, measure: str) -> Resource | None:
    name = _text(measure)
    if name is None:
        return None
    code = {"primary": "primary", "secondary": "secondary", "other": "exploratory"}.get(rank)
    kind = {"coding": [{"system": OBJECTIVE_SYSTEM, "code": code}], "text": rank} if code else None
    return _without_empty({"name": name, "type": kind})


def _contain(contained: list[Resource], resource: Resource, *, display: str | None = None) -> Resource:
    """Contains a resource; the reference to it."""
    contained.append(_without_empty(resource))
    return _without_empty(
        {"reference": f"#{resource['id']}", "type": resource["resourceType"], "display": display or None}
    )


def _words(value: str) -> str:
    """`ACTIVE_COMPARATOR` as "Active comparator", `PHASE2` as "Phase 2"."""
    words = value.replace("_", " ").capitalize()
    return f"{words[:-1]} {words[-1]}" if words[-1:].isdigit() else words


def _text(text: str | None) -> str | None:
    """FHIR knows no empty and no blank text."""
    return text if text and text.strip() else None


def _without_empty(resource: Resource) -> Resource:
    """FHIR knows no empty element."""
    return {name: value for name, value in resource.items() if value not in (None, "", [], {})}
