"""A clinical note read into facts, each with its place: what it says is so, what it says is not, and nothing else.

Names are found by the same vocabulary as in criteria, values by the same names and units. What is said of relatives is no
fact of the patient; what is only suspected is neither so nor not; what is denied is `present: false`, `taken: false`.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date

from matching.knowledge import analytes, hierarchy, lexicon
from matching.knowledge.analytes import AnalyteMention
from matching.knowledge.codes import concept_of
from matching.knowledge.lexicon import TermMatch
from matching.model.codes import Sex
from matching.model.finding import NoteFact
from matching.model.patient import Code, Condition, NoteSpan, Observation, PartialDate, Patient, Quantity, Treatment
from matching.reading import note_dates, note_measures, note_people
from matching.reading.cues import phrases
from matching.reading.note_cues import Cues, Meaning
from matching.reading.note_people import Told
from matching.reading.note_text import Sentence, sentences, shown

LONGEST_NOTE = 200_000
"""Characters; what stands behind them is not read."""

STATED = ("can_consent", "will_comply", "no_practical_issues")
"""What a note may state of the patient's part in a study."""
_CONDITIONS = frozenset({"condition", "finding", "behaviour"})
_TREATMENTS = frozenset({"drug", "class", "procedure", "device"})
_TOO_WIDE = frozenset(
    {
        "D004194",  # disease
        "D012816",  # signs and symptoms
        "D013577",  # syndrome
        "D002908",  # chronic disease
        "D000208",  # acute disease
        "D013812",  # therapeutics
        "D004358",  # drug therapy
        "D004364",  # pharmaceutical preparations
        "D010361",  # patients
        "D003933",  # diagnosis
        "D010808",  # physical examination
        "D003936",  # diagnosis, computer-assisted
        "D012907",  # smoking: a habit
        "D000428",  # alcohol drinking: a habit
        "D000431",  # ethanol: a habit
        "D014026",  # tobacco: a habit
        "D015438",  # health behavior
        "D001519",  # behavior
        "D011247",  # pregnancy: a state of its own
        "D001942",  # breast feeding
    }
)
"""Names that tell nothing by themselves, or are told elsewhere."""
_DRUGS = frozenset({"drug", "class", "substance"})


@dataclass(frozen=True, slots=True)
class NoteReading:
    """What was read: the facts in the order of the note, and the same as a patient."""

    facts: tuple[NoteFact, ...]
    patient: Patient


def read_note(note: str, on: date) -> NoteReading:
    """The facts of a note that was written on `on`; dates after that day are none. Never raises, whatever the text."""
    text = shown(note[:LONGEST_NOTE])
    lines = list(sentences(text))
    facts: list[NoteFact] = []
    conditions: list[Condition] = []
    treatments: list[Treatment] = []
    observations: list[Observation] = []
    told: dict[str, Told] = {}
    # Who hid the days of a note moved them, so nothing can be counted back from today.
    counts_back = text == note[:LONGEST_NOTE]

    def keep(kind: str, start: int, end: int, fact: Mapping[str, object]) -> None:
        facts.append(NoteFact(kind, start, end, note[start:end], fact))

    for person in _person(text, lines):
        told[person.name] = person
        keep(person.name, person.start, person.end, {person.name: _plain(person.value)})
    for sentence in lines:
        cues = Cues(text, sentence.start, sentence.end)
        numbers = _DIGIT.search(text, sentence.start, sentence.end) is not None
        day = _day(text, sentence) if numbers else None
        if day is not None and day.earliest > on:
            continue
        mentions = analytes.spot(text, sentence.start, sentence.end)
        for named in _names(text, sentence, cues, mentions, on, counts_back=counts_back):
            kind, start, end, item = named
            match item:
                case Condition() if kind != "family":
                    conditions.append(item)
                case Treatment() if kind != "family":
                    treatments.append(item)
            keep(kind, start, end, _mapping(item))
        for o in note_measures.observations(text, sentence, cues, mentions):
            dated = replace(o, on=day)
            observations.append(dated)
            if o.span is not None:
                keep("observation", o.span.start, o.span.end, _mapping(dated))
        if sentence.section == "family":
            continue
        for one in (*note_people.pregnancy(text, sentence, cues), *note_people.statements(text, sentence)):
            if one.name not in told:
                told[one.name] = one
                kind = one.name if one.name in ("pregnant", "breastfeeding") else "statement"
                keep(kind, one.start, one.end, {one.name: one.value})
        for one in note_people.habits(text, sentence, cues):
            value = one.value if isinstance(one.value, float) else None
            result = one.value if isinstance(one.value, str) else None
            habit = Observation(one.name, None, value, one.unit, result, span=NoteSpan(one.start, one.end))
            observations.append(habit)
            keep("lifestyle", one.start, one.end, _mapping(habit))
    patient = _patient(told, _settled(conditions), tuple(treatments), tuple(observations))
    return NoteReading(tuple(sorted(facts, key=lambda f: (f.start, f.end, f.kind))), patient)


def merge_note(patient: Patient, reading: NoteReading) -> Patient:
    """The patient with what the note adds. What the caller says of a person wins; lists are put together.

    A condition that the caller has and the note denies stays both: the judge calls it a conflict.
    """
    read = reading.patient
    dated = patient.birth_date is not None or patient.age is not None
    return replace(
        patient,
        age=patient.age if dated else read.age,
        sex=patient.sex if patient.sex is not None else read.sex,
        pregnant=patient.pregnant if patient.pregnant is not None else read.pregnant,
        breastfeeding=patient.breastfeeding if patient.breastfeeding is not None else read.breastfeeding,
        conditions=(*patient.conditions, *read.conditions),
        treatments=(*patient.treatments, *read.treatments),
        observations=(*patient.observations, *read.observations),
        statements={**read.statements, **patient.statements},
    )


def _person(text: str, lines: list[Sentence]) -> Iterator[Told]:
    aged = note_people.age(text, lines[:6])
    if aged is not None:
        yield aged
    sexed = note_people.sex(text, lines, aged)
    if sexed is not None:
        yield sexed


def _patient(
    told: Mapping[str, Told],
    conditions: tuple[Condition, ...],
    treatments: tuple[Treatment, ...],
    observations: tuple[Observation, ...],
) -> Patient:
    values = {name: one.value for name, one in told.items()}
    age, sex = values.get("age"), values.get("sex")
    pregnant, feeding = values.get("pregnant"), values.get("breastfeeding")
    if sex is Sex.MALE:
        pregnant = feeding = None
    statements = {name: v for name in STATED if isinstance(v := values.get(name), bool)}
    return Patient(
        age=age if isinstance(age, Quantity) else None,
        sex=sex if isinstance(sex, Sex) else None,
        pregnant=pregnant if isinstance(pregnant, bool) else None,
        breastfeeding=feeding if isinstance(feeding, bool) else None,
        conditions=conditions,
        treatments=treatments,
        observations=observations,
        statements=statements,
    )


def _settled(conditions: list[Condition]) -> tuple[Condition, ...]:
    """A symptom that the note names in one place and denies in another came and went: the denial is not "never"."""
    had = {code for c in conditions if c.present for code in c.codes}
    return tuple(c for c in conditions if c.present or not had.intersection(c.codes) or not c.codes)


def _day(text: str, sentence: Sentence) -> PartialDate | None:
    found = note_dates.written(text, sentence.start, sentence.end)
    return None if found is None else found[2]


_DIGIT = re.compile(r"\d")
Named = tuple[str, int, int, Condition | Treatment]


def _names(
    text: str,
    sentence: Sentence,
    cues: Cues,
    mentions: Sequence[AnalyteMention],
    on: date,
    *,
    counts_back: bool,
) -> Iterator[Named]:
    measured = [(m.start, m.end) for m in mentions]
    for term in lexicon.find_terms(text, sentence.start, sentence.end):
        if term.concept_id in _TOO_WIDE or _part_of(term, measured):
            continue
        meaning = _in_section(cues.meaning(term.start, term.end), sentence)
        if term.category in _CONDITIONS:
            yield _condition(text, sentence, term, meaning, cues, on if counts_back else None)
        elif term.category in _TREATMENTS or (term.category == "substance" and meaning.now):
            treated = _treatment(text, term, meaning, cues, on if counts_back else None)
            if treated is not None:
                yield treated


def _part_of(term: TermMatch, measured: Sequence[tuple[int, int]]) -> bool:
    """Whether the name is but a part of a test's name: there is no coma in "Glasgow Coma Scale"."""
    n = bisect_right(measured, (term.start, 1 << 60)) - 1
    if n < 0 or term.end > measured[n][1]:
        return False
    return (term.category != "condition" and term.category != "finding") or (term.start, term.end) != measured[n]


def _in_section(meaning: Meaning, sentence: Sentence) -> Meaning:
    match sentence.section:
        case "family":
            return replace(meaning, family=True)
        case "allergies":
            return replace(meaning, allergy=True)
        case "history":
            return replace(meaning, past=True)
        case "medications":
            return replace(meaning, now=True)
        case _:
            return meaning


def _condition(text: str, sentence: Sentence, term: TermMatch, meaning: Meaning, cues: Cues, on: date | None) -> Named:
    start = term.start
    name, codes = _name(term), _codes(term)
    span = NoteSpan(term.start, term.end)
    if meaning.family:
        return "family", start, term.end, Condition(name, codes, not meaning.denied, span=span)
    if meaning.allergy:
        return "condition", start, term.end, Condition(f"hypersensitivity to {name}", span=span)
    if meaning.unsure or meaning.planned or (meaning.sought and term.category == "condition"):
        return "suspected", start, term.end, Condition(f"possible {name}", span=span)
    if meaning.denied:
        return "condition", start, term.end, Condition(name, codes, present=False, span=span)
    start, qualifiers = _qualifiers(text, sentence, term.start)
    onset = ended = None
    if on is not None:
        begin, end = cues.beside(start, term.end)
        onset = note_dates.counted(text, begin, end, on, lasting=not meaning.past) or note_dates.counted(
            text, begin, end, on, lasting=meaning.past
        )
    active = False if meaning.over else None if meaning.past else True
    return (
        "condition",
        start,
        term.end,
        Condition(name, codes, True, onset, ended, active, qualifiers, NoteSpan(start, term.end)),
    )


def _treatment(text: str, term: TermMatch, meaning: Meaning, cues: Cues, on: date | None) -> Named | None:
    name, codes = _name(term), _codes(term)
    span = NoteSpan(term.start, term.end)
    where = (term.start, term.end)
    if meaning.family:
        return "family", *where, Treatment(name, codes, not meaning.denied, span=span)
    if meaning.allergy:
        if meaning.denied:
            return "condition", *where, Condition(f"hypersensitivity to {name}", present=False, span=span)
        return "condition", *where, Condition(f"hypersensitivity to {name}", span=span)
    if meaning.planned and not meaning.denied:
        return "treatment", *where, Treatment(name, codes, planned=True, span=span)
    if meaning.unsure:
        return "suspected", *where, Treatment(f"possible {name}", span=span)
    if meaning.denied:
        return "treatment", *where, Treatment(name, codes, taken=False, span=span)
    drug = term.category in _DRUGS
    current: bool | None = None
    stopped: PartialDate | None = None
    if meaning.stopped or meaning.over:
        current = False
    elif meaning.now and drug:
        current = True
    started = None
    if on is not None and not meaning.now:
        begin, end = cues.beside(term.start, term.end)
        started = note_dates.counted(text, begin, end, on, lasting=False)
    if not drug:
        stopped = started
    return "treatment", *where, Treatment(name, codes, True, started, stopped, current, span=span)


def _name(term: TermMatch) -> str:
    """As the note writes it; the preferred name where the note shortens it ("hepatitis B or C")."""
    found = lexicon.lookup(term.text)
    if found is not None and found.id == term.concept_id:
        return " ".join(term.text.split())
    return hierarchy.name(term.concept_id) or term.text


def _codes(term: TermMatch) -> tuple[Code, ...]:
    for system in ("mesh", "mondo"):
        if concept_of(system, term.concept_id) == term.concept_id:
            return (Code(system, term.concept_id),)
    return ()


def _qualifiers(text: str, sentence: Sentence, start: int) -> tuple[int, tuple[str, ...]]:
    """The words right before a name that narrow it ("severe", "newly diagnosed"): where they begin, and what they say."""
    table = phrases().cues
    found: list[str] = []
    for _ in range(3):
        lead = text[max(sentence.start, start - 40) : start]
        words = lead.split()
        for size in (3, 2, 1):
            if len(words) < size:
                continue
            phrase = " ".join(words[-size:]).lower().replace("-", " ")
            cue = table.get(phrase)
            if cue is not None and cue.kind == "qual":
                found.insert(0, cue.value)
                begins = (
                    lead.rindex(words[-size])
                    if size == 1
                    else lead.rindex(" ".join(words[-size:]))
                    if " ".join(words[-size:]) in lead
                    else -1
                )
                if begins < 0:
                    return start, tuple(dict.fromkeys(found))
                start = start - len(lead) + begins
                break
        else:
            unlisted = _UNLISTED.search(text, max(sentence.start, start - 40), start)
            if unlisted is None or unlisted[1] in _NO_KIND or lexicon.lookup(unlisted[1]) is not None:
                break
            found.insert(0, unlisted[1])  # "cryptogenic stroke": a trial may ask for it in this very word
            start = unlisted.start(1)
    return start, tuple(dict.fromkeys(found))


_UNLISTED = re.compile(r"(?<![-\w])([a-z]{4,}(?:genic|opathic|ic|al|ous|ary|oid|iform))[ \t]+\Z")
"""An adjective of medicine right before a name."""
_NO_KIND = frozenset(
    """clinical medical physical typical atypical several general usual initial final actual occasional additional medial public critical
    diagnostic therapeutic basic specific topic various previous obvious serious continuous numerous anxious nervous necessary ordinary
    primary secondary temporary subsequent frontal total partial""".split()
)
"""Adjectives that say nothing of what kind it is."""


def _plain(value: object) -> object:
    if isinstance(value, Quantity):
        return {"value": value.value, "unit": value.unit}
    return value.value if isinstance(value, Sex) else value


def _mapping(item: Condition | Treatment | Observation) -> dict[str, object]:
    """A fact as CONTRACT section 2 writes it: only what was said."""
    said: dict[str, object] = {}
    for f in fields(item):
        value = getattr(item, f.name)
        if f.name in ("span", "digits") or value is None or value == () or (f.name == "planned" and not value):
            continue
        if f.name in ("present", "taken") and value is True:
            continue
        if isinstance(value, PartialDate):
            value = str(value)
        elif f.name == "codes":
            value = [{"system": c.system, "code": c.code} for c in value]
        elif isinstance(value, tuple):
            value = list(value)
        said[f.name] = value
    return said
