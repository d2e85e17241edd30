"""The text of a trial's page on a registry aggregator: headings, each with one line that says what is below it.

The text has lost most labels. A value is taken only where its form or its place says what it is; where the page leaves
it open (which of two sponsors leads, what a list of conditions held), the field stays absent and the record says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from app.ingest.page_text import page_lines, paragraph, said, site_place
from app.ingest.source import Record, RecordError
from app.ingest.words import (
    ALLOCATIONS,
    CLASSES,
    MASKINGS,
    MODELS,
    NCT_ID,
    PHASES,
    PURPOSES,
    SEXES,
    STATUSES,
    STUDY_TYPES,
    age_limit,
)
from matching import (
    AgeLimit,
    Arm,
    Contact,
    Design,
    EligibilityFields,
    Identifier,
    Intervention,
    Official,
    PartialDate,
    Provenance,
    ResponsibleParty,
    Site,
    Sponsor,
    Trial,
    TrialDate,
)

HEADINGS = frozenset(
    {
        "Study Results",
        "Basic Information",
        "Brief Summary",
        "Related Clinical Trials",
        "Detailed Description",
        "Conditions",
        "Keywords",
        "Study Design",
        "Study Groups",
        "Interventions",
        "Eligibility Criteria",
        "Sponsors",
        "Responsible Party",
        "Principal Investigators",
        "Locations",
        "Countries",
        "Central Contacts",
        "Facility Contacts",
        "References",
        "Other Identifiers",
        "More Related Trials",
    }
)
UNEXPLAINED = frozenset({"Study Results"})
"""Headings without the line that says what is below."""

ENROLLMENT = re.compile(r"([0-9]{1,9}) participants")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?")
VOLUNTEERS = {"Yes": True, "No": False}


class RegistryPage:
    """One file, one page."""

    name = "registry_page"

    def recognises(self, head: bytes) -> bool:
        """Whether it has the page's first lines."""
        return b"\nNCT ID: NCT" in head and b"\nLast Updated: " in head

    def read(self, stream: BinaryIO, place: str) -> Iterator[Record | RecordError]:
        """The trial of the page."""
        lines = page_lines(stream)
        if lines is None:
            yield RecordError(None, "larger than any page", place)
            return
        try:
            yield read_page(lines)
        except RecordError as fault:
            fault.place = place
            yield fault


def read_page(lines: list[str]) -> Record:
    """Reads the lines of a page. Raises RecordError when it names no NCT id."""
    head, sections = _sections(lines)
    labelled = dict(line.split(": ", 1) for line in head if ": " in line)
    nct_id = labelled.get("NCT ID", "")
    if NCT_ID.fullmatch(nct_id) is None:
        raise RecordError(None, "no `NCT ID:` of NCT and eight digits")
    odd: list[str] = []
    basic = sections.get("Basic Information", [])
    interventions = _interventions(sections.get("Interventions", []))
    sites = _sites(sections.get("Locations", []))
    last_update = _date(labelled.get("Last Updated"))
    days = [date for line in basic if (date := _date(line)) is not None]
    sponsors = _sponsors(sections.get("Sponsors", []))
    if len(sponsors) > 1:
        odd.append("sponsors: the page does not say which of them leads; all are kept as collaborators")
    identifiers = _identifiers(sections.get("Other Identifiers", []))
    conditions = _listed(sections.get("Conditions", []))
    if not conditions:
        odd.append("conditions: the page's list is empty")
    responsible = _listed(sections.get("Responsible Party", []))
    countries = _listed(sections.get("Countries", []))
    trial = Trial(
        nct_id=nct_id,
        provenance=(Provenance(source="registry_page", record_version=labelled.get("Last Updated")),),
        org_study_id=next((row for row in identifiers if row.source == "org_study_id"), None),
        other_identifiers=tuple(row for row in identifiers if row.source != "org_study_id"),
        brief_title=said(head[0]) if head and ": " not in head[0] else None,
        overall_status=_one(basic, STATUSES),
        start=TrialDate(days[0]) if days else None,
        completion=TrialDate(days[1]) if len(days) > 1 else None,
        last_update=TrialDate(last_update) if last_update else None,
        has_results=False if any("has not published" in line for line in sections.get("Study Results", [])) else None,
        sponsor=sponsors[0] if len(sponsors) == 1 else None,
        collaborators=sponsors if len(sponsors) > 1 else (),
        responsible_party=ResponsibleParty(name=responsible[0], title=responsible[1] if len(responsible) > 1 else None)
        if responsible
        else None,
        officials=_officials(sections.get("Principal Investigators", [])),
        brief_summary=paragraph(sections.get("Brief Summary", [])),
        detailed_description=paragraph(sections.get("Detailed Description", [])),
        conditions=conditions,
        keywords=_listed(sections.get("Keywords", [])),
        design=_design(basic, sections.get("Study Design", [])),
        arms=_arms(sections.get("Study Groups", []), {row.name for row in interventions}),
        interventions=interventions,
        eligibility=_eligibility(sections.get("Eligibility Criteria", [])),
        sites=sites,
        countries=countries or tuple(dict.fromkeys(site.country for site in sites if site.country)),
        central_contacts=tuple(Contact(name=line) for line in _listed(sections.get("Central Contacts", []))),
        related=_related([*sections.get("Related Clinical Trials", []), *sections.get("More Related Trials", [])]),
    )
    return Record(trial, tuple(odd))


def _sections(lines: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The lines before the first heading, and those below each; the line that explains a heading is left out."""
    head: list[str] = []
    sections: dict[str, list[str]] = {}
    current = head
    explained = True
    for line in lines:
        if line in HEADINGS and line not in sections:
            current = sections.setdefault(line, [])
            explained = line in UNEXPLAINED
        elif explained or not line:
            current.append(line)
        else:
            explained = True
    return [line for line in head if line], sections


def _listed(lines: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for line in lines if (value := said(line)) is not None))


def _one(lines: list[str], known: frozenset[str]) -> str | None:
    return next((line for line in lines if line in known), None)


def _date(text: str | None) -> PartialDate | None:
    if text is None or DAY.fullmatch(text) is None:
        return None
    try:
        return PartialDate.parse(text)
    except ValueError:
        return None


def _design(basic: list[str], design: list[str]) -> Design:
    counts = [int(found[1]) for line in basic if (found := ENROLLMENT.fullmatch(line))]
    return Design(
        study_type=_one(basic, STUDY_TYPES),
        phases=tuple(part for line in basic for part in re.split(r"[/,|] ?", line) if part in PHASES),
        allocation=_one(design, ALLOCATIONS),
        intervention_model=_one(design, MODELS),
        primary_purpose=_one(design, PURPOSES),
        masking=_one(design, MASKINGS),
        enrollment_count=counts[0] if counts else None,
    )


def _interventions(lines: list[str]) -> tuple[Intervention, ...]:
    """A name, then its description."""
    rows = [line for line in lines if line]
    return tuple(
        Intervention(name=name, description=said(description))
        for name, description in zip(rows[::2], [*rows[1::2], ""], strict=False)
    )


def _arms(lines: list[str], interventions: set[str]) -> tuple[Arm, ...]:
    """A label and a description, then each intervention's name with its description again."""
    rows = [line for line in lines if line]
    arms: list[Arm] = []
    at = 0
    while at + 1 < len(rows):
        label, description = rows[at], rows[at + 1]
        at += 2
        given = []
        while at < len(rows) and rows[at] in interventions:
            given.append(rows[at])
            at += 2
        arms.append(Arm(label=label, description=said(description), interventions=tuple(given)))
    return tuple(arms)


def _eligibility(lines: list[str]) -> EligibilityFields:
    """The text, then one line each: ages, sex, whether healthy volunteers are taken."""
    body = [*lines]
    while body and not body[-1]:
        body.pop()
    volunteers = VOLUNTEERS.get(body.pop()) if body and body[-1] in VOLUNTEERS else None
    sex = body.pop() if body and body[-1] in SEXES else None
    ages: list[AgeLimit] = []
    while body and (limit := age_limit(body[-1])) is not None:
        ages.insert(0, limit)
        body.pop()
    return EligibilityFields(
        text=paragraph(body),
        sex=sex,
        # A single age is not said to be the lower or the upper one.
        minimum_age=ages[0] if len(ages) == 2 else None,
        maximum_age=ages[1] if len(ages) == 2 else None,
        healthy_volunteers=volunteers,
    )


def _sponsors(lines: list[str]) -> tuple[Sponsor, ...]:
    """A name, then its class."""
    sponsors: list[Sponsor] = []
    for line in lines:
        if line in CLASSES and sponsors:
            sponsors[-1] = Sponsor(sponsors[-1].name, line)
        elif said(line):
            sponsors.append(Sponsor(line))
    return tuple(sponsors)


def _officials(lines: list[str]) -> tuple[Official, ...]:
    """A name, `Role: ...`, an affiliation."""
    officials: list[Official] = []
    for line in lines:
        if line.startswith("Role: ") and officials:
            officials[-1] = Official(officials[-1].name, said(line.removeprefix("Role: ")))
        elif officials and officials[-1].role is not None and officials[-1].affiliation is None and said(line):
            officials[-1] = Official(officials[-1].name, officials[-1].role, line)
        elif said(line):
            officials.append(Official(line))
    return tuple(officials)


def _sites(lines: list[str]) -> tuple[Site, ...]:
    """An optional status, a facility, then its place."""
    sites: list[Site] = []
    status: str | None = None
    facility: str | None = None
    for line in lines:
        if line in STATUSES:
            status = line
        elif facility is None:
            facility = said(line)
        elif said(line):
            city, state, country = site_place(line)
            sites.append(Site(facility=facility, status=status, city=city, state=state, country=country))
            facility = status = None
    return tuple(sites)


def _identifiers(lines: list[str]) -> tuple[Identifier, ...]:
    """A value, `Identifier Type: ...`, `Identifier Source: ...`."""
    identifiers: list[Identifier] = []
    for line in lines:
        label, colon, value = line.partition(": ")
        if colon and label == "Identifier Type" and identifiers:
            identifiers[-1] = Identifier(identifiers[-1].value, said(value), identifiers[-1].source)
        elif colon and label == "Identifier Source" and identifiers:
            identifiers[-1] = Identifier(identifiers[-1].value, identifiers[-1].type, said(value))
        elif said(line):
            identifiers.append(Identifier(line))
    return tuple(identifiers)


def _related(lines: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line for line in lines if NCT_ID.fullmatch(line)))
