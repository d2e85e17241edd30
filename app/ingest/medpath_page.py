"""The text of a trial's page on MedPath.

Labels stand on a line of their own, their value on the next. Tables have lost the marks between their cells: a row is
parted only where a known word (a kind of arm, an intervention's name, a time) says where.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from app.ingest.page_text import page_lines, paragraph, said, site_place
from app.ingest.source import Record, RecordError
from app.ingest.words import ARM_TYPES, INTERVENTION_TYPES, MODELS, NCT_ID, PHASES, SEXES, STATUSES, STUDY_TYPES
from matching import (
    Arm,
    Design,
    EligibilityFields,
    Intervention,
    Outcome,
    Provenance,
    Site,
    Sponsor,
    Trial,
)

LABELS = frozenset(
    {
        "Conditions",
        "Interventions",
        "Registration Number",
        "Lead Sponsor",
        "Brief Summary",
        "Detailed Description",
        "Recruitment & Eligibility",
        "Status",
        "Sex",
        "Target Recruitment",
        "Inclusion Criteria",
        "Exclusion Criteria",
        "Study & Design",
        "Study Type",
        "Study Design",
        "Arm && Interventions",
        "Primary Outcome Measures",
        "Secondary Outcome Measures",
        "Other Outcome Measures",
        "Trial Locations",
    }
)
PHASE_WORDS = {"Not Applicable": ("NA",), "Early Phase 1": ("EARLY_PHASE1",)}
ARM_WORDS = {word.replace("_", " ").title(): word for word in sorted(ARM_TYPES, key=len, reverse=True)}
COUNT = re.compile(r"[0-9]{1,9}")
LOCATIONS = re.compile(r"Locations \([0-9]+\)")
FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{2}")
TIME_FRAME = re.compile(
    r"(?<=[a-z0-9)%])"
    r"(?=(?:Throughout|Through|Up to|Until|From|During|Within|Baseline|Before|After|At|Every|Week|Day|Month|Year|Visit|Hour"
    r"|Pre|Post|An average)\b)"
)


class MedPathPage:
    """One file, one page."""

    name = "medpath_page"

    def recognises(self, head: bytes) -> bool:
        """Whether it has the page's first word and its labels."""
        return head.lstrip().startswith(b"MedPath") and b"\nRegistration Number" in head

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
    """Reads the lines of a page. Raises RecordError when it names no NCT id (MedPath has trials of other registries)."""
    head, parts = _parts(lines)
    nct_id = next((line for line in parts.get("Registration Number", []) if line), "")
    if NCT_ID.fullmatch(nct_id) is None:
        raise RecordError(None, "its registration number is not NCT and eight digits")
    title = next((line for line in head if line and line != "MedPath"), None)
    sponsor = next((line for line in parts.get("Lead Sponsor", []) if said(line)), None)
    interventions = tuple(_intervention(line) for line in parts.get("Interventions", []) if said(line))
    sites = _sites(parts.get("Trial Locations", []))
    odd: list[str] = []
    arms = _arms(parts.get("Arm && Interventions", []), [row.name for row in interventions], odd)
    status = next((line for line in parts.get("Status", []) if line), None)
    sex = next((line.upper() for line in parts.get("Sex", []) if line), None)
    counts = [int(line) for line in parts.get("Target Recruitment", []) if COUNT.fullmatch(line)]
    kinds = [line for line in parts.get("Study Type", []) if line]
    models = [line for line in parts.get("Study Design", []) if line]
    trial = Trial(
        nct_id=nct_id,
        provenance=(Provenance(source="medpath_page"),),
        brief_title=title,
        overall_status=_known("status", status, STATUSES, odd),
        sponsor=Sponsor(sponsor) if sponsor else None,
        brief_summary=paragraph(parts.get("Brief Summary", [])),
        detailed_description=paragraph(parts.get("Detailed Description", [])),
        conditions=tuple(dict.fromkeys(line for line in parts.get("Conditions", []) if said(line))),
        design=Design(
            study_type=_known("study type", kinds[0] if kinds else None, STUDY_TYPES, odd),
            phases=_phases(head),
            intervention_model=_known("study design", models[0] if models else None, MODELS, odd),
            enrollment_count=counts[0] if counts else None,
        ),
        arms=arms,
        interventions=interventions,
        outcomes=tuple(
            outcome
            for rank in ("Primary", "Secondary", "Other")
            for outcome in _outcomes(rank.lower(), parts.get(f"{rank} Outcome Measures", []), odd)
        ),
        eligibility=EligibilityFields(text=_criteria(parts), sex=_known("sex", sex, SEXES, odd)),
        sites=sites,
        countries=tuple(dict.fromkeys(site.country for site in sites if site.country)),
    )
    return Record(trial, tuple(odd))


def _parts(lines: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """The lines before the first label, and those below each label; the page's foot is left out."""
    head: list[str] = []
    parts: dict[str, list[str]] = {}
    current = head
    for line in lines:
        if line.startswith("© Copyright"):
            break
        if line in LABELS and line not in parts:
            current = parts.setdefault(line, [])
        else:
            current.append(line)
    return head, parts


def _known(field: str, value: str | None, known: frozenset[str], odd: list[str]) -> str | None:
    if value is None or value in known:
        return value
    odd.append(f"{field}: {value} is not a value known here")
    return value


def _phases(head: list[str]) -> tuple[str, ...]:
    """`Not Applicable`, `Phase 1`, `Phase 1/Phase 2`: one of the lines below the title."""
    for line in head:
        if line in PHASE_WORDS:
            return PHASE_WORDS[line]
        phases = tuple(part.strip().upper().replace("PHASE ", "PHASE") for part in line.split("/"))
        if all(phase in PHASES and phase != "NA" for phase in phases):
            return phases
    return ()


def _intervention(line: str) -> Intervention:
    """`Drug: name`."""
    kind, colon, name = line.partition(": ")
    word = kind.upper().replace(" ", "_")
    return Intervention(name=name, type=word) if colon and word in INTERVENTION_TYPES else Intervention(name=line)


def _criteria(parts: dict[str, list[str]]) -> str | None:
    """Both lists under their headings, as the registry's own text has them."""
    texts = []
    for heading in ("Inclusion Criteria", "Exclusion Criteria"):
        body = paragraph(parts.get(heading, []))
        if body is not None:
            texts.append(f"{heading}:\n\n{body}")
    return "\n\n".join(texts) or None


def _arms(lines: list[str], interventions: list[str], odd: list[str]) -> tuple[Arm, ...]:
    """Rows of group, intervention and description without marks between them."""
    arms = []
    for line in lines:
        if not line or line == "GroupInterventionDescription":
            continue
        word = next((word for word in ARM_WORDS if line.startswith(word)), None)
        name = next(
            (
                name
                for name in sorted(interventions, key=len, reverse=True)
                if word and line[len(word) :].startswith(name)
            ),
            None,
        )
        if word is None or name is None:
            odd.append("arms: a row whose cells cannot be told apart")
            continue
        description = said(line[len(word) + len(name) :])
        arms.append(Arm(label=word, type=ARM_WORDS[word], description=description, interventions=(name,)))
    return tuple(arms)


def _outcomes(rank: str, lines: list[str], odd: list[str]) -> Iterator[Outcome]:
    """A row of name and time without a mark between them, then a paragraph of method."""
    rows = [line for line in lines if line and line != "NameTimeMethod"]
    for row, method in zip(rows[::2], [*rows[1::2], ""], strict=False):
        found = TIME_FRAME.search(row)
        if found is None:
            odd.append(f"outcomes: a {rank} one whose name and time cannot be told apart")
            yield Outcome(rank=rank, measure=row, description=said(method))
        else:
            at = found.start()
            yield Outcome(rank=rank, measure=row[:at], description=said(method), time_frame=row[at:])


def _sites(lines: list[str]) -> tuple[Site, ...]:
    """A facility, its flag, then its place."""
    rows = [line for line in lines if line and not LOCATIONS.fullmatch(line)]
    sites = []
    for at, row in enumerate(rows):
        if FLAG.fullmatch(row) and 0 < at < len(rows) - 1:
            city, state, country = site_place(rows[at + 1])
            sites.append(Site(facility=rows[at - 1], city=city, state=state, country=country))
    return tuple(sites)
