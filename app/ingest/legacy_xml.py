"""The registry's former XML download (`clinical_study`): statuses, phases and dates are spelled in words there."""

from __future__ import annotations

import re
import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO, TypeVar

from app.ingest.source import Record, RecordError
from app.ingest.words import (
    ALLOCATIONS,
    ARM_TYPES,
    CLASSES,
    INTERVENTION_TYPES,
    MASKED,
    MASKINGS,
    MODELS,
    NCT_ID,
    PHASES,
    PURPOSES,
    STATUSES,
    STUDY_TYPES,
    age_limit,
    clean,
)
from matching import (
    AgeLimit,
    Arm,
    Contact,
    Design,
    EligibilityFields,
    Identifier,
    Intervention,
    IpdSharing,
    Official,
    Outcome,
    Oversight,
    PartialDate,
    Provenance,
    Reference,
    ResponsibleParty,
    Site,
    Sponsor,
    Trial,
    TrialDate,
)

T = TypeVar("T")

LARGEST_FILE = 64 << 20

SPELLINGS = {
    "UNKNOWN_STATUS": "UNKNOWN",
    "N_A": "NA",
    "U_S_FED": "FED",
    "BOTH": "ALL",
}
"""Words that the API spells in another way than upper case with underscores."""

IPD_TYPES = {
    "Study Protocol": "STUDY_PROTOCOL",
    "Statistical Analysis Plan (SAP)": "SAP",
    "Informed Consent Form (ICF)": "ICF",
    "Clinical Study Report (CSR)": "CSR",
    "Analytic Code": "ANALYTIC_CODE",
}
DATE_WORDS = {"Actual": "ACTUAL", "Anticipated": "ESTIMATED", "Estimate": "ESTIMATED", "Estimated": "ESTIMATED"}
DATE_FORMS = ("%B %d, %Y", "%B %Y")
MASKING = re.compile(r"(?:(?P<masking>[A-Za-z]+) ?)?(?:\((?P<who>[^)]*)\))?")


class LegacyXml:
    """One file, one study."""

    name = "legacy_xml"

    def recognises(self, head: bytes) -> bool:
        """Whether it is XML of a clinical study."""
        return b"<clinical_study" in head

    def read(self, stream: BinaryIO, place: str) -> Iterator[Record | RecordError]:
        """The study of the file."""
        raw = stream.read(LARGEST_FILE + 1)
        if len(raw) > LARGEST_FILE:
            yield RecordError(None, "larger than any study", place)
            return
        if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
            # The registry never wrote one; an entity may stand for a gigabyte or for a file of this machine.
            yield RecordError(None, "a document type declaration is not accepted", place)
            return
        try:
            yield read_xml(ET.fromstring(raw))
        except ET.ParseError:
            yield RecordError(None, "not well-formed XML", place)
        except RecordError as fault:
            fault.place = place
            yield fault


def read_xml(root: ET.Element) -> Record:
    """Reads one `clinical_study`. Raises RecordError when it has no NCT id."""
    odd: list[str] = []
    study = _Node(root, odd)
    nct_id = study.text("id_info/nct_id")
    if nct_id is None or NCT_ID.fullmatch(nct_id) is None:
        raise RecordError(None, "no id_info/nct_id of NCT and eight digits")
    sites = tuple(site for node in study.each("location") if (site := _site(node)) is not None)
    listed = study.texts("location_countries/country")
    processed = study.text("required_header/download_date")
    official_party = study.node("responsible_party")
    org_id = study.text("id_info/org_study_id")
    first_submitted = study.date("study_first_submitted") or study.date("firstreceived_date")
    trial = Trial(
        nct_id=nct_id,
        provenance=(
            Provenance(
                source="legacy_xml",
                record_version=_processed_on(processed),
                url=study.text("required_header/url"),
            ),
        ),
        aliases=study.texts("id_info/nct_alias"),
        org_study_id=Identifier(org_id) if org_id else None,
        other_identifiers=tuple(Identifier(value) for value in study.texts("id_info/secondary_id")),
        brief_title=study.text("brief_title"),
        official_title=study.text("official_title"),
        acronym=study.text("acronym"),
        organization=Sponsor(source) if (source := study.text("source")) else None,
        overall_status=study.word("overall_status", STATUSES),
        last_known_status=study.word("last_known_status", STATUSES),
        why_stopped=study.text("why_stopped"),
        status_verified=study.day("verification_date"),
        start=study.date("start_date"),
        primary_completion=study.date("primary_completion_date"),
        completion=study.date("completion_date"),
        first_submitted=TrialDate(first_submitted.on) if first_submitted else None,
        first_posted=study.date("study_first_posted"),
        results_first_posted=study.date("results_first_posted"),
        last_update=study.date("last_update_posted") or study.date("lastchanged_date"),
        has_results=root.find("clinical_results") is not None,
        expanded_access=study.flag("has_expanded_access"),
        sponsor=_sponsor(study.node("sponsors/lead_sponsor")),
        collaborators=_present(_sponsor(node) for node in study.each("sponsors/collaborator")),
        responsible_party=_responsible_party(official_party) if official_party else None,
        officials=_present(_official(node) for node in study.each("overall_official")),
        oversight=_oversight(study),
        brief_summary=study.block("brief_summary/textblock"),
        detailed_description=study.block("detailed_description/textblock"),
        conditions=study.texts("condition"),
        keywords=study.texts("keyword"),
        design=_design(study),
        arms=_arms(study),
        interventions=_present(_intervention(node) for node in study.each("intervention")),
        outcomes=_outcomes(study),
        eligibility=_eligibility(study),
        sites=sites,
        countries=listed or tuple(dict.fromkeys(site.country for site in sites if site.country)),
        central_contacts=_present(
            _contact(node, "CONTACT")
            for path in ("overall_contact", "overall_contact_backup")
            for node in study.each(path)
        ),
        references=_references(study),
        ipd_sharing=_ipd_sharing(study.node("patient_data")),
        # condition_browse names MeSH terms without their ids: the names are those of the conditions, which are kept.
    )
    return Record(trial, tuple(odd))


class _Node:
    """An element. Each reader gives None (or nothing) for what is absent, and notes what it cannot read."""

    __slots__ = ("element", "odd")

    def __init__(self, element: ET.Element, odd: list[str]) -> None:
        self.element = element
        self.odd = odd

    def node(self, path: str) -> _Node | None:
        found = self.element.find(path)
        return None if found is None else _Node(found, self.odd)

    def each(self, path: str) -> Iterator[_Node]:
        for element in self.element.iterfind(path):
            yield _Node(element, self.odd)

    def text(self, path: str) -> str | None:
        found = self.element.find(path)
        return None if found is None or found.text is None else " ".join(clean(found.text).split()) or None

    def texts(self, path: str) -> tuple[str, ...]:
        found = (" ".join(clean(element.text or "").split()) for element in self.element.iterfind(path))
        return tuple(dict.fromkeys(text for text in found if text))

    def block(self, path: str) -> str | None:
        """A text of many lines; what indents all of them and the carriage returns are the form's, not the text's."""
        found = self.element.find(path)
        if found is None or found.text is None:
            return None
        return textwrap.dedent(clean(found.text).replace("\r", "")).strip() or None

    def flag(self, path: str) -> bool | None:
        value = self.text(path)
        if value is None or value in ("Yes", "No"):
            return None if value is None else value == "Yes"
        self.odd.append(f"{path}: {value} is neither Yes nor No")
        return None

    def word(self, path: str, known: frozenset[str] | None = None) -> str | None:
        value = self.text(path)
        return None if value is None else self.known(path, value, known)

    def known(self, path: str, value: str, known: frozenset[str] | None) -> str:
        word = re.sub(r"[^A-Z0-9]+", "_", value.upper()).strip("_")
        word = SPELLINGS.get(word, word)
        if known is not None and word not in known:
            self.odd.append(f"{path}: {value} is not a value known here")
            return value
        return word

    def date(self, path: str) -> TrialDate | None:
        on = self.day(path)
        found = self.element.find(path)
        if on is None or found is None:
            return None
        return TrialDate(on, DATE_WORDS.get(found.get("type", "")))

    def day(self, path: str) -> PartialDate | None:
        value = self.text(path)
        if value is None:
            return None
        on = _english_date(value)
        if on is None:
            self.odd.append(f"{path}: {value} is not a date")
        return on

    def age(self, path: str) -> AgeLimit | None:
        value = self.text(path)
        if value is None or value == "N/A":
            return None
        limit = age_limit(value)
        if limit is None:
            self.odd.append(f"{path}: {value} is not an age")
        return limit


def _english_date(text: str) -> PartialDate | None:
    """`June 9, 2023` or `June 2023`."""
    for form in DATE_FORMS:
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007  # a calendar date has no zone
        except ValueError:
            continue
        return PartialDate(found.year, found.month, found.day if "%d" in form else None)
    return None


def _processed_on(text: str | None) -> str | None:
    """The day in `ClinicalTrials.gov processed this data on June 09, 2023`."""
    if text is None:
        return None
    on = _english_date(text.rpartition(" on ")[2])
    return str(on) if on else None


def _present(items: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(item for item in items if item is not None)


def _sponsor(node: _Node | None) -> Sponsor | None:
    name = node.text("agency") if node else None
    return Sponsor(name, node.word("agency_class", CLASSES)) if node and name else None


def _responsible_party(node: _Node) -> ResponsibleParty:
    return ResponsibleParty(
        type=node.word("responsible_party_type"),
        name=node.text("investigator_full_name") or node.text("name_title"),
        title=node.text("investigator_title"),
        affiliation=node.text("investigator_affiliation") or node.text("organization"),
    )


def _official(node: _Node) -> Official | None:
    name = node.text("last_name")
    return Official(name, node.word("role"), node.text("affiliation")) if name else None


def _oversight(study: _Node) -> Oversight | None:
    node = study.node("oversight_info")
    if node is None:
        return None
    oversight = Oversight(
        has_dmc=node.flag("has_dmc"),
        fda_regulated_drug=node.flag("is_fda_regulated_drug"),
        fda_regulated_device=node.flag("is_fda_regulated_device"),
        unapproved_device=node.flag("is_unapproved_device"),
        us_export=node.flag("is_us_export"),
    )
    return None if oversight == Oversight() else oversight


def _design(study: _Node) -> Design:
    phases = study.text("phase")
    info = "study_design_info/"
    masking, who = _masking(study, f"{info}masking")
    model = study.text(f"{info}intervention_model")
    enrollment = study.element.find("enrollment")
    count = (enrollment.text or "").strip() if enrollment is not None else ""
    return Design(
        study_type=study.word("study_type", STUDY_TYPES),
        phases=tuple(study.known("phase", _phase(part), PHASES) for part in phases.split("/"))
        if phases and phases != "N/A"
        else ("NA",)
        if phases
        else (),
        allocation=study.word(f"{info}allocation", ALLOCATIONS),
        intervention_model=study.known("intervention_model", model.removesuffix(" Assignment"), MODELS)
        if model
        else None,
        intervention_model_description=study.text(f"{info}intervention_model_description"),
        primary_purpose=study.word(f"{info}primary_purpose", PURPOSES),
        masking=masking,
        masking_description=study.text(f"{info}masking_description"),
        who_masked=who,
        observational_model=study.word(f"{info}observational_model"),
        time_perspective=study.word(f"{info}time_perspective"),
        biospecimen_retention=study.word("biospec_retention"),
        biospecimen_description=study.block("biospec_descr/textblock"),
        target_duration=study.text("target_duration"),
        enrollment_count=int(count) if count.isdigit() else None,
        enrollment_type=DATE_WORDS.get(enrollment.get("type", "")) if enrollment is not None else None,
    )


def _phase(text: str) -> str:
    """`Phase 2` as the API joins it: PHASE2."""
    return text.strip().replace("Phase ", "Phase")


def _masking(study: _Node, path: str) -> tuple[str | None, tuple[str, ...]]:
    """`Double (Participant, Investigator)`, `None (Open Label)`, or only who is masked."""
    value = study.text(path)
    if value is None:
        return None, ()
    found = MASKING.fullmatch(value)
    masking = found["masking"].upper() if found and found["masking"] else None
    if masking == "NONE":
        return masking, ()
    who = (found["who"] or "") if found and masking in MASKINGS else value
    masked = tuple(study.known(path, part.strip(), MASKED) for part in who.split(",") if part.strip())
    return (masking if masking in MASKINGS else None), masked


def _arms(study: _Node) -> tuple[Arm, ...]:
    given: dict[str, list[str]] = {}
    for node in study.each("intervention"):
        name = node.text("intervention_name")
        for label in node.texts("arm_group_label"):
            if name:
                given.setdefault(label, []).append(name)
    arms = []
    for node in study.each("arm_group"):
        called = node.text("arm_group_label")
        if called:
            kind, description = node.word("arm_group_type", ARM_TYPES), node.block("description")
            arms.append(Arm(called, kind, description, tuple(given.get(called, ()))))
    return tuple(arms)


def _intervention(node: _Node) -> Intervention | None:
    name = node.text("intervention_name")
    if name is None:
        return None
    return Intervention(
        name=name,
        type=node.word("intervention_type", INTERVENTION_TYPES),
        description=node.block("description"),
        other_names=node.texts("other_name"),
        arms=node.texts("arm_group_label"),
    )


def _outcomes(study: _Node) -> tuple[Outcome, ...]:
    outcomes = []
    for rank in ("primary", "secondary", "other"):
        for node in study.each(f"{rank}_outcome"):
            measure = node.text("measure")
            if measure:
                outcomes.append(Outcome(rank, measure, node.block("description"), node.text("time_frame")))
    return tuple(outcomes)


def _eligibility(study: _Node) -> EligibilityFields:
    node = study.node("eligibility")
    if node is None:
        return EligibilityFields()
    volunteers = node.text("healthy_volunteers")
    accepted = {"Accepts Healthy Volunteers": True, "Yes": True, "No": False}
    if volunteers is not None and volunteers not in accepted:
        node.odd.append(f"eligibility/healthy_volunteers: {volunteers} is not a value known here")
    return EligibilityFields(
        text=node.block("criteria/textblock"),
        sex=node.word("gender", frozenset({"ALL", "FEMALE", "MALE"})),
        gender_based=node.flag("gender_based"),
        gender_description=node.text("gender_description"),
        minimum_age=node.age("minimum_age"),
        maximum_age=node.age("maximum_age"),
        healthy_volunteers=accepted.get(volunteers) if volunteers else None,
        study_population=node.block("study_pop/textblock"),
        sampling_method=node.word("sampling_method"),
    )


def _contact(node: _Node, role: str | None) -> Contact | None:
    parts = [node.text("first_name"), node.text("middle_name"), node.text("last_name")]
    contact = Contact(
        name=" ".join(part for part in parts if part) or None,
        role=role,
        phone=node.text("phone"),
        phone_extension=node.text("phone_ext"),
        email=node.text("email"),
    )
    return None if contact == Contact(role=role) else contact


def _site(node: _Node) -> Site | None:
    contacts = [_contact(part, "CONTACT") for path in ("contact", "contact_backup") for part in node.each(path)]
    contacts += [_contact(part, part.word("role")) for part in node.each("investigator")]
    site = Site(
        facility=node.text("facility/name"),
        status=node.word("status", STATUSES),
        city=node.text("facility/address/city"),
        state=node.text("facility/address/state"),
        zip=node.text("facility/address/zip"),
        country=node.text("facility/address/country"),
        contacts=tuple(contact for contact in contacts if contact is not None),
    )
    return None if site == Site() else site


def _references(study: _Node) -> tuple[Reference, ...]:
    rows = [Reference(node.text("citation"), node.text("PMID"), "BACKGROUND") for node in study.each("reference")]
    rows += [Reference(node.text("citation"), node.text("PMID"), "RESULT") for node in study.each("results_reference")]
    rows += [Reference(node.text("description"), None, "LINK", node.text("url")) for node in study.each("link")]
    return tuple(row for row in rows if row.citation or row.pmid or row.url)


def _ipd_sharing(node: _Node | None) -> IpdSharing | None:
    if node is None:
        return None
    return IpdSharing(
        sharing=node.word("sharing_ipd"),
        description=node.block("ipd_description"),
        info_types=tuple(IPD_TYPES.get(text, text) for text in node.texts("ipd_info_type")),
        time_frame=node.text("ipd_time_frame"),
        access_criteria=node.text("ipd_access_criteria"),
        url=node.text("ipd_url"),
    )
