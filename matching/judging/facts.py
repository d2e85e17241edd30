"""A patient, indexed once for judging: readings by analyte, concepts with all that contain them, the span of birth.

Nothing here is cached beyond the request: a cache would hold a patient's words.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from matching.judging import derived, doses
from matching.judging.classes import told_by_stage
from matching.judging.dates import Span, later, shift_days
from matching.judging.qualifiers import said_in
from matching.judging.tested import TESTS, as_titre, outcome
from matching.knowledge import analytes, codes, hierarchy, lexicon
from matching.knowledge.words import words_of
from matching.model.codes import Sex
from matching.model.patient import Code, Condition, NoteSpan, Observation, PartialDate, Patient, Quantity, Treatment

TREATED = frozenset({"drug", "class", "procedure", "device", "substance"})
"""Categories of concepts that are done to or taken by a patient."""
NOT_A_FACT = frozenset({"anatomy", "other", "organism"})
"""Categories that say nothing by being named: a name of a body part is no disease."""
LIFELONG = frozenset(
    {
        "D003920",  # diabetes mellitus
        "D006973",  # hypertension
        "D015658",  # HIV infections
        "D029424",  # pulmonary disease, chronic obstructive
        "D051436",  # renal insufficiency, chronic
        "D010300",  # Parkinson disease
        "D003704",  # dementia
        "D003550",  # cystic fibrosis
        "D006467",  # hemophilia A
        "D000755",  # anemia, sickle cell
        "D004314",  # Down syndrome
        "D000690",  # amyotrophic lateral sclerosis
        "D006816",  # Huntington disease
        "D008103",  # liver cirrhosis
        "D009136",  # muscular dystrophies
    }
)
"""Conditions that stay: where nobody says that one is over, it goes on. Diseases that flare and rest are not among them."""
OF_PREGNANCY = frozenset({"D016640", "D046110"})
"""Gestational diabetes and hypertension: they end with the pregnancy."""
_LOOKED_FOR = frozenset("test tests testing tested screen screening assay measurement examination check panel".split())
"""Words of a name that only looks for what it names: "HIV antigen test" is no HIV infection."""

_UNSURE = frozenset(
    {
        "family",
        "familial",
        "risk",
        "screening",
        "suspected",
        "possible",
        "probable",
        "fear",
        "rule",
        "ruled",
        "like",
        "versus",
        "vs",
    }
    | {
        "borderline",
        "evaluation",
        "workup",
        "concern",
        "question",
        "questionable",
        "exposure",
        "carrier",
        "mimicking",
        "resembling",
    }
)
_DENYING = frozenset(
    {"no", "not", "without", "negative", "denies", "never", "non", "absence", "vaccination", "vaccine", "education"}
)
_EMPTY_WORDS = frozenset(
    {
        "disease",
        "disorder",
        "syndrome",
        "condition",
        "chronic",
        "acute",
        "history",
        "finding",
        "dysfunction",
        "procedure",
        "therapy",
        "treatment",
    }
    | {
        "situation",
        "other",
        "type",
        "with",
        "and",
        "the",
        "for",
        "due",
        "from",
        "active",
        "severe",
        "mild",
        "moderate",
        "patient",
    }
    | {
        "product",
        "tablet",
        "oral",
        "injection",
        "drug",
        "medication",
        "status",
        "primary",
        "secondary",
        "unspecified",
        "left",
        "right",
    }
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured, scored or computed value. `key` is the analyte's preferred name, or the given name in lower case.

    `formula` says how a computed value came about, None for a measured one.
    """

    key: str
    observation: Observation
    entry: analytes.AnalyteEntry | None
    setting: str | None
    when: Span | None
    formula: str | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A condition or a treatment of the patient, with the concepts it stands for.

    `exact`: the concepts stand for the whole text and not for something broader. `qualifiers` are words that narrow it.
    `telling` are the words by which a text that is in no vocabulary may still be something else's name.
    """

    text: str
    ids: tuple[str, ...]
    key: str
    telling: frozenset[str]
    present: bool
    exact: bool
    start: Span | None
    end: Span | None
    goes_on: bool | None
    began_on: PartialDate | None
    ended_on: PartialDate | None
    qualifiers: frozenset[str] = frozenset()
    planned: bool = False
    dose: Quantity | None = None
    span: NoteSpan | None = None

    @property
    def order(self) -> tuple[str, str, str, str]:
        """A total order that does not depend on the order in which facts were given."""
        return (
            self.key,
            str(self.began_on),
            str(self.ended_on),
            f"{self.present}{self.goes_on}{self.planned}{self.dose}",
        )


@dataclass(frozen=True, slots=True)
class KnownList:
    """All conditions, or all treatments. `below` finds the present facts at or under a concept; `by_id` the exact ids.

    `speaks_of_unlisted`: a complete list also speaks of names that no vocabulary holds (judging/silence.py).
    """

    facts: tuple[Known, ...]
    below: Mapping[str, tuple[Known, ...]]
    by_id: Mapping[str, tuple[Known, ...]]
    by_key: Mapping[str, tuple[Known, ...]]
    unresolved: tuple[Known, ...]
    complete: bool
    speaks_of_unlisted: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """The patient on a day, indexed. `birth` is the span of days on which the patient may have been born.

    `memo` holds what the evaluator has found of this patient already; it lives and dies with the request.
    """

    patient: Patient
    on: date
    sex: Sex | None
    birth: Span | None
    birth_contradicts: bool
    readings: Mapping[str, tuple[Reading, ...]]
    conditions: KnownList
    treatments: KnownList
    empty: bool
    memo: dict[Hashable, object] = field(default_factory=dict, compare=False, repr=False)


def prepare(patient: Patient, on: date) -> Facts:
    """Indexes the patient for judging on that day. The order of the patient's lists does not matter."""
    birth, contradicts = _birth(patient, on)
    sex = patient.sex if patient.sex is not Sex.ALL else None
    readings = _readings(patient.observations)
    plain = {key: [r.observation for r in found if r.setting is None] for key, found in readings.items()}
    for o, formula in derived.derive(plain, birth, sex, on):
        if all(r.setting != o.setting for r in readings.get(o.name, ())):
            made = Reading(o.name, o, analytes.by_name(o.name), o.setting, Span.of(o.on), formula)
            readings[o.name] = (*readings.get(o.name, ()), made)
    conditions = [_condition(c) for c in patient.conditions]
    conditions.extend(_tested(readings))
    treatments = [_treatment(t, on) for t in patient.treatments]
    for o, formula in doses.told_by_treatments((k.ids, k.present, k.goes_on, k.dose) for k in treatments if k.exact):
        if o.name not in readings:
            readings[o.name] = (Reading(o.name, o, analytes.by_name(o.name), None, None, formula),)
    done = [_as_treatment(k) for k in conditions if any(hierarchy.category(i) in TREATED for i in k.ids)]
    diseases = [_as_condition(k) for k in treatments if any(hierarchy.category(i) == "condition" for i in k.ids)]
    complete = patient.complete
    return Facts(
        patient,
        on,
        sex,
        birth,
        contradicts,
        readings,
        known_list([*conditions, *diseases], complete="conditions" in complete, speaks_of_unlisted=True),
        known_list([*treatments, *done], complete="treatments" in complete, speaks_of_unlisted=True),
        empty=is_empty(patient),
    )


def is_empty(patient: Patient) -> bool:
    """Whether nothing at all is known that could count against anybody."""
    said = (
        patient.birth_date,
        patient.age,
        patient.sex,
        patient.pregnant,
        patient.breastfeeding,
        patient.planning_pregnancy,
    )
    lists = (patient.conditions, patient.observations, patient.treatments, patient.statements, patient.complete)
    return patient.healthy_volunteer is None and all(s is None for s in said) and not any(lists)


def known_list(facts: Iterable[Known], *, complete: bool, speaks_of_unlisted: bool = False) -> KnownList:
    """Indexes facts of one sort."""
    ordered = tuple(sorted(facts, key=lambda k: k.order))
    below: dict[str, list[Known]] = {}
    by_id: dict[str, list[Known]] = {}
    by_key: dict[str, list[Known]] = {}
    for known in ordered:
        by_key.setdefault(known.key, []).append(known)
        for concept_id in known.ids:
            by_id.setdefault(concept_id, []).append(known)
        if known.present:
            for concept_id in {up for own in known.ids for up in (own, *hierarchy.ancestors(own))}:
                below.setdefault(concept_id, []).append(known)
    return KnownList(
        ordered,
        {k: tuple(v) for k, v in below.items()},
        {k: tuple(v) for k, v in by_id.items()},
        {k: tuple(v) for k, v in by_key.items()},
        tuple(k for k in ordered if not k.ids and k.present),
        complete,
        complete and speaks_of_unlisted,
    )


def only(facts: Facts, known: Known, *, condition: bool, on: date) -> Facts:
    """The same patient on a day, as if this one fact were all there is of its sort: for asking what the fact itself is.

    Made once for each fact, and kept in the facts' own memory.
    """
    kept = ("only", id(known), condition, on)
    made = facts.memo.get(kept)
    if not isinstance(made, Facts):
        patched = {name: getattr(facts, name) for name in Facts.__slots__}
        patched["conditions" if condition else "treatments"] = known_list([known], complete=True)
        patched["memo"], patched["on"] = {}, on
        made = facts.memo[kept] = Facts(**patched)
    return made


def telling_words(text: str) -> frozenset[str]:
    """The words of a name that set it apart from other names."""
    return frozenset(w for w in words_of(text) if len(w) > 2 and w not in _EMPTY_WORDS)


def key_of(text: str) -> str:
    """A name without case, plural and spelling variants."""
    return " ".join(words_of(text))


def _birth(patient: Patient, on: date) -> tuple[Span | None, bool]:
    by_date = Span.of(patient.birth_date)
    by_age = None if patient.age is None else _born(patient.age, on)
    if by_date is None or by_age is None:
        return by_date or by_age, False
    both = Span(max(by_date.earliest, by_age.earliest), min(by_date.latest, by_age.latest))
    return (both, False) if both.earliest <= both.latest else (None, True)


def _born(age: Quantity, on: date) -> Span:
    """Who is 41 was born after the day 42 years ago and no later than the day 41 years ago."""
    step = 1.0 if float(age.value).is_integer() else 1 / 12 if age.unit == "a" else 0.0
    earliest = shift_days(later(on, -(age.value + step), age.unit), 1) if step else later(on, -age.value, age.unit)
    return Span(min(earliest, on), min(later(on, -age.value, age.unit), on))


def _readings(observations: Iterable[Observation]) -> dict[str, tuple[Reading, ...]]:
    found: dict[str, list[Reading]] = {}
    analytes_of: dict[tuple[str | None, str], tuple[analytes.AnalyteEntry | None, str | None]] = {}
    for observation in observations:
        named = observation.loinc, observation.name
        if named not in analytes_of:
            analytes_of[named] = _analyte(*named)
        entry, setting = analytes_of[named]
        key = entry.name if entry is not None else analytes.normalise(observation.name)
        setting = analyte_setting(observation.setting) or setting
        observation = as_titre(observation)
        found.setdefault(key, []).append(Reading(key, observation, entry, setting, Span.of(observation.on)))
        for part in told_by_stage(observation, entry):
            own = analytes.by_name(part.name)
            found.setdefault(part.name, []).append(Reading(part.name, part, own, None, Span.of(part.on)))
    return {key: tuple(sorted(readings, key=_reading_order)) for key, readings in found.items()}


def _reading_order(reading: Reading) -> tuple[str, str, float, str, str]:
    o = reading.observation
    return (
        str(o.on),
        str(o.setting),
        o.value if o.value is not None else 0.0,
        str(o.unit),
        f"{o.result}{o.comparator}{o.value_high}",
    )


def _analyte(loinc: str | None, name: str) -> tuple[analytes.AnalyteEntry | None, str | None]:
    """A code counts before a name; the setting is said by the name, or else by the code (1558-6 is a fasting glucose)."""
    named = analytes.find_with_setting(name)
    coded = analytes.by_loinc(loinc) if loinc else None
    if loinc is not None and coded is not None:
        said = named[1] if named is not None and named[0] is coded else None
        return coded, said or analytes.setting_of_loinc(loinc)
    return named if named is not None else (None, None)


def analyte_setting(setting: str | None) -> str | None:
    """A setting by its key in the analytes' table ("2-hour post-load" is "2_hour"); words of no key stay as they are."""
    if setting is None or setting in analytes.SETTINGS:
        return setting
    text = setting.strip().lower()
    for key, words in analytes.SETTINGS.items():
        if re.fullmatch(words, text):
            return key
    return text or None


def _condition(condition: Condition) -> Known:
    ids, exact = _concepts(condition.text, condition.codes, treated=False)
    goes_on = condition.active
    if goes_on is None and condition.resolved_on is not None:
        goes_on = False
    if goes_on is None and not OF_PREGNANCY.intersection(ids):
        goes_on = True if any(own in LIFELONG or hierarchy.ancestors(own) & LIFELONG for own in ids) else None
    return Known(
        condition.text,
        ids,
        key_of(condition.text),
        telling_words(condition.text),
        condition.present,
        exact and (condition.present or not condition.qualifiers),
        Span.of(condition.onset_on),
        Span.of(condition.resolved_on),
        goes_on,
        condition.onset_on,
        condition.resolved_on,
        said_in(condition.qualifiers, condition.text),
        span=condition.span,
    )


def _treatment(treatment: Treatment, on: date) -> Known:
    ids, exact = _concepts(treatment.text, treatment.codes, treated=True)
    goes_on = treatment.current
    stopped = treatment.stopped_on
    if goes_on is None and stopped is not None:
        goes_on = False if stopped.latest < on else None
    return Known(
        treatment.text,
        ids,
        key_of(treatment.text),
        telling_words(treatment.text),
        treatment.taken,
        exact,
        Span.of(treatment.started_on),
        Span.of(stopped),
        goes_on,
        treatment.started_on,
        stopped,
        frozenset(),
        treatment.planned,
        treatment.dose,
        treatment.span,
    )


def _tested(readings: Mapping[str, Sequence[Reading]]) -> Iterator[Known]:
    """Diseases that a test shows, or denies."""
    for name, meaning in TESTS.items():
        result = outcome([r.observation for r in readings.get(name, ())])
        if result is None or not (result[1] or meaning.denies):
            continue
        o, positive = result
        text = f"{o.name}: {o.result}"
        yield Known(
            text,
            (meaning.concept,),
            key_of(text),
            frozenset(),
            positive,
            True,
            Span.of(o.on),
            None,
            None,
            o.on,
            None,
            span=o.span,
        )


def _as_treatment(known: Known) -> Known:
    """A procedure that was listed among the conditions ("appendectomy") was done when it began."""
    ids = tuple(i for i in known.ids if hierarchy.category(i) in TREATED)
    drug = any(hierarchy.category(i) in {"drug", "class", "substance", "device"} for i in ids)
    end, ended_on = (
        (known.end, known.ended_on) if drug else (known.end or known.start, known.ended_on or known.began_on)
    )
    goes_on = known.goes_on if drug else False
    return _replaced(known, ids, end, goes_on, ended_on)


def _as_condition(known: Known) -> Known:
    return _replaced(
        known,
        tuple(i for i in known.ids if hierarchy.category(i) == "condition"),
        known.end,
        known.goes_on,
        known.ended_on,
    )


def _replaced(
    known: Known, ids: tuple[str, ...], end: Span | None, goes_on: bool | None, ended_on: PartialDate | None
) -> Known:
    patched = {name: getattr(known, name) for name in Known.__slots__}
    patched.update(ids=ids, end=end, goes_on=goes_on, ended_on=ended_on)
    return Known(**patched)


def _concepts(text: str, given: tuple[Code, ...], *, treated: bool) -> tuple[tuple[str, ...], bool]:
    """The concepts that a fact stands for, and whether they stand for all of it and not for something broader."""
    ids = [found for code in given if (found := codes.concept_of(code.system, code.code))]
    exact = bool(ids) and all(code.system != "icd10cm" for code in given)
    whole = lexicon.lookup(text)
    if whole is not None and whole.id is not None:
        ids.append(whole.id)
        matches = lexicon.find_terms(text)
        exact = exact or not matches or (len(matches) == 1 and len(matches[0].text) == len(text.strip()))
    elif not ids:
        words = set(words_of(text))
        if not (words & _UNSURE or words & _DENYING):
            named = [(c.id, hierarchy.category(c.id)) for c in lexicon.lookup_all(text) if c.id is not None]
            if words & _LOOKED_FOR:
                named = [(i, sort) for i, sort in named if sort == "procedure"]
            wanted = [i for i, sort in named if (sort in TREATED) is treated and sort not in NOT_A_FACT]
            ids = wanted or [i for i, sort in named if sort not in NOT_A_FACT]
    return tuple(dict.fromkeys(ids)), exact or not ids
