"""A study of the registry's API v2 (a JSON object) as a Trial. The only file with the registry's camelCase.

A fault in an optional field leaves the field absent and is told in `Record.odd`; only a record without its NCT id
cannot be read. An enum value that words.py does not know is kept as it stands and told as odd.
"""

from __future__ import annotations

from functools import lru_cache

from app.ingest.module import Module
from app.ingest.source import Record, RecordError
from app.ingest.words import (
    ALLOCATIONS,
    ARM_TYPES,
    CLASSES,
    DATE_TYPES,
    INTERVENTION_TYPES,
    MASKED,
    MASKINGS,
    MODELS,
    NCT_ID,
    PHASES,
    PURPOSES,
    SEXES,
    STANDARD_AGES,
    STATUSES,
    STUDY_TYPES,
    clean,
    mesh_id,
)
from matching import (
    Arm,
    Contact,
    Design,
    EligibilityFields,
    Identifier,
    Intervention,
    IpdSharing,
    MeshTerm,
    Official,
    Outcome,
    Oversight,
    Provenance,
    Reference,
    ResponsibleParty,
    Site,
    Sponsor,
    Trial,
    TrialDate,
)

FULL = "clinicaltrials_gov"
"""The source of a whole record."""

PARTIAL = "clinicaltrials_gov_partial"
"""The source of a record without the date of its last update, such as a search result with few fields."""

NOWHERE = Site()


def read_study(study: object, *, source: str | None = None) -> Record:
    """Reads one study.

    Args:
        study: the decoded JSON object.
        source: the source's name; None: FULL with a last update, PARTIAL without one.

    Raises:
        RecordError: it is not an object, or its protocol section names no NCT id.
    """
    if not isinstance(study, dict):
        raise RecordError(None, "a study is a JSON object")
    odd: list[str] = []
    root = Module(study, odd)
    protocol = root.module("protocolSection")
    identification = protocol.module("identificationModule")
    nct_id = identification.text("nctId")
    if nct_id is None:
        raise RecordError(None, "no protocolSection.identificationModule.nctId")
    if NCT_ID.fullmatch(nct_id) is None:
        raise RecordError(None, "nctId is not NCT and eight digits")
    status = protocol.module("statusModule")
    last_update = status.dated("lastUpdatePostDateStruct")
    derived = root.module("derivedSection")
    sponsors = protocol.module("sponsorCollaboratorsModule")
    contacts = protocol.module("contactsLocationsModule")
    interventions = protocol.module("armsInterventionsModule")
    conditions = protocol.module("conditionsModule")
    condition_terms = derived.module("conditionBrowseModule")
    intervention_terms = derived.module("interventionBrowseModule")
    sites = _sites(contacts)
    submitted = status.date("studyFirstSubmitDate")
    trial = Trial(
        nct_id=nct_id,
        provenance=(
            Provenance(
                source=source or (FULL if last_update else PARTIAL),
                record_version=derived.module("miscInfoModule").text("versionHolder"),
                url=f"https://clinicaltrials.gov/study/{nct_id}",
            ),
        ),
        aliases=identification.texts("nctIdAliases"),
        org_study_id=_identifier(identification.module("orgStudyIdInfo")),
        other_identifiers=identification.each("secondaryIdInfos", _identifier),
        brief_title=identification.text("briefTitle"),
        official_title=identification.text("officialTitle"),
        acronym=identification.text("acronym"),
        organization=_sponsor(identification.module("organization"), name="fullName"),
        overall_status=status.word("overallStatus", STATUSES),
        last_known_status=status.word("lastKnownStatus", STATUSES),
        why_stopped=status.text("whyStopped"),
        status_verified=status.date("statusVerifiedDate"),
        start=status.dated("startDateStruct"),
        primary_completion=status.dated("primaryCompletionDateStruct"),
        completion=status.dated("completionDateStruct"),
        first_submitted=TrialDate(submitted) if submitted else None,
        first_posted=status.dated("studyFirstPostDateStruct"),
        results_first_posted=status.dated("resultsFirstPostDateStruct"),
        last_update=last_update,
        has_results=root.flag("hasResults"),
        expanded_access=status.module("expandedAccessInfo").flag("hasExpandedAccess"),
        sponsor=_sponsor(sponsors.module("leadSponsor")),
        collaborators=sponsors.each("collaborators", _sponsor),
        responsible_party=_responsible_party(sponsors.module("responsibleParty")),
        officials=contacts.each("overallOfficials", _official),
        oversight=_oversight(protocol.module("oversightModule")),
        brief_summary=protocol.module("descriptionModule").text("briefSummary"),
        detailed_description=protocol.module("descriptionModule").text("detailedDescription"),
        conditions=conditions.texts("conditions"),
        keywords=conditions.texts("keywords"),
        design=_design(protocol.module("designModule")),
        arms=_arms(interventions),
        interventions=interventions.each("interventions", _intervention),
        outcomes=_outcomes(protocol.module("outcomesModule")),
        eligibility=_eligibility(protocol.module("eligibilityModule")),
        sites=sites,
        countries=tuple(dict.fromkeys(site.country for site in sites if site.country)),
        central_contacts=contacts.each("centralContacts", _contact),
        references=_references(protocol.module("referencesModule")),
        ipd_sharing=_ipd_sharing(protocol.module("ipdSharingStatementModule")),
        condition_mesh=condition_terms.each("meshes", _mesh),
        condition_ancestors=condition_terms.each("ancestors", _mesh),
        intervention_mesh=intervention_terms.each("meshes", _mesh),
        intervention_ancestors=intervention_terms.each("ancestors", _mesh),
    )
    return Record(trial, tuple(odd))


def _identifier(module: Module) -> Identifier | None:
    value = module.text("id")
    if value is None:
        return None
    return Identifier(value, module.text("type"), module.text("domain"), module.text("link"))


def _sponsor(module: Module, name: str = "name") -> Sponsor | None:
    called = module.text(name)
    return Sponsor(called, module.word("class", CLASSES)) if called else None


def _responsible_party(module: Module) -> ResponsibleParty | None:
    if not module.data:
        return None
    return ResponsibleParty(
        type=module.text("type"),
        name=module.text("investigatorFullName") or module.text("oldNameTitle"),
        title=module.text("investigatorTitle"),
        affiliation=module.text("investigatorAffiliation") or module.text("oldOrganization"),
    )


def _official(module: Module) -> Official | None:
    name, role, affiliation = module.each_text("name", "role", "affiliation")
    return Official(name, role, affiliation) if name else None


def _oversight(module: Module) -> Oversight | None:
    if not module.data:
        return None
    return Oversight(
        has_dmc=module.flag("oversightHasDmc"),
        fda_regulated_drug=module.flag("isFdaRegulatedDrug"),
        fda_regulated_device=module.flag("isFdaRegulatedDevice"),
        unapproved_device=module.flag("isUnapprovedDevice"),
        us_export=module.flag("isUsExport"),
    )


def _design(module: Module) -> Design:
    info = module.module("designInfo")
    masking = info.module("maskingInfo")
    samples = module.module("bioSpec")
    enrollment = module.module("enrollmentInfo")
    return Design(
        study_type=module.word("studyType", STUDY_TYPES),
        phases=module.words("phases", PHASES),
        allocation=info.word("allocation", ALLOCATIONS),
        intervention_model=info.word("interventionModel", MODELS),
        intervention_model_description=info.text("interventionModelDescription"),
        primary_purpose=info.word("primaryPurpose", PURPOSES),
        masking=masking.word("masking", MASKINGS),
        masking_description=masking.text("maskingDescription"),
        who_masked=masking.words("whoMasked", MASKED),
        observational_model=info.text("observationalModel"),
        time_perspective=info.text("timePerspective"),
        patient_registry=module.flag("patientRegistry"),
        target_duration=module.text("targetDuration"),
        biospecimen_retention=samples.text("retention"),
        biospecimen_description=samples.text("description"),
        enrollment_count=enrollment.count("count"),
        enrollment_type=enrollment.word("type", DATE_TYPES),
    )


def _arms(module: Module) -> tuple[Arm, ...]:
    names = {row.text("name") for row in module.modules("interventions")}

    def resolved(text: str) -> str:
        _, colon, name = text.partition(": ")
        return name if colon and name in names else text

    arms = []
    for row in module.modules("armGroups"):
        label = row.text("label")
        if label:
            given = tuple(resolved(text) for text in row.texts("interventionNames"))
            arms.append(Arm(label, row.word("type", ARM_TYPES), row.text("description"), given))
    return tuple(arms)


def _intervention(module: Module) -> Intervention | None:
    name = module.text("name")
    if name is None:
        return None
    return Intervention(
        name=name,
        type=module.word("type", INTERVENTION_TYPES),
        description=module.text("description"),
        other_names=module.texts("otherNames"),
        arms=module.texts("armGroupLabels"),
    )


def _outcomes(module: Module) -> tuple[Outcome, ...]:
    outcomes = []
    for rank in ("primary", "secondary", "other"):
        for row in module.modules(f"{rank}Outcomes"):
            measure, description, time_frame = row.each_text("measure", "description", "timeFrame")
            if measure:
                outcomes.append(Outcome(rank, measure, description, time_frame))
    return tuple(outcomes)


def _eligibility(module: Module) -> EligibilityFields:
    text = module.data.get("eligibilityCriteria")
    return EligibilityFields(
        # Not stripped: offsets into this text are promised to count the source as it is.
        text=clean(text) if isinstance(text, str) and text.strip() else None,
        sex=module.word("sex", SEXES),
        gender_based=module.flag("genderBased"),
        gender_description=module.text("genderDescription"),
        minimum_age=module.age("minimumAge"),
        maximum_age=module.age("maximumAge"),
        healthy_volunteers=module.flag("healthyVolunteers"),
        standard_ages=module.words("stdAges", STANDARD_AGES),
        study_population=module.text("studyPopulation"),
        sampling_method=module.text("samplingMethod"),
    )


def _contact(module: Module) -> Contact | None:
    told = module.each_text("name", "role", "phone", "phoneExt", "email")
    return Contact(*told) if any(told) else None


def _sites(module: Module) -> tuple[Site, ...]:
    """`locations_nested` repeats `locations` in many real records; what it holds beyond them is kept."""
    sites = module.each("locations", _site)
    if "locations_nested" not in module.data:
        return sites
    known = set(sites)
    return (*sites, *(site for site in module.each("locations_nested", _site) if site not in known))


def _site(module: Module) -> Site | None:
    lat = lon = None
    if module.data.get("geoPoint") is not None:
        point = module.module("geoPoint")
        lat, lon = point.degrees("lat", 90), point.degrees("lon", 180)
        if lat is None or lon is None:
            lat = lon = None
    facility, city, state, zip_code, country = module.each_text("facility", "city", "state", "zip", "country")
    status = module.data.get("status")
    if status is not None:
        status = module.word("status", STATUSES)
    contacts = module.each("contacts", _contact) if "contacts" in module.data else ()
    site = Site(facility, status, city, state, zip_code, country, lat, lon, contacts)
    return None if site == NOWHERE else site


def _references(module: Module) -> tuple[Reference, ...]:
    rows = [Reference(row.text("citation"), row.text("pmid"), row.text("type")) for row in module.modules("references")]
    rows += [Reference(row.text("label"), None, "LINK", row.text("url")) for row in module.modules("seeAlsoLinks")]
    rows += [
        Reference(row.text("comment") or row.text("type"), None, "LINK", row.text("url"))
        for row in module.modules("availIpds")
    ]
    return tuple(row for row in rows if row.citation or row.pmid or row.url)


def _ipd_sharing(module: Module) -> IpdSharing | None:
    if not module.data:
        return None
    return IpdSharing(
        sharing=module.text("ipdSharing"),
        description=module.text("description"),
        info_types=module.texts("infoTypes"),
        time_frame=module.text("timeFrame"),
        access_criteria=module.text("accessCriteria"),
        url=module.text("url"),
    )


def _mesh(module: Module) -> MeshTerm | None:
    given, term = module.each_text("id", "term")
    return _mesh_term(given, term) if given and term else None


@lru_cache(maxsize=32_768)
def _mesh_term(given: str, term: str) -> MeshTerm:
    """Terms recur from study to study, those high in the hierarchy in most of them."""
    return MeshTerm(mesh_id(given), term)
