"""Who the patient is: age, sex, pregnancy, habits, and what only the study team can settle."""

from __future__ import annotations

from datetime import date

from matching.judging.dates import Span, birthday, completed, has_numbers, shift_days
from matching.judging.facts import Facts, Reading
from matching.knowledge import hierarchy
from matching.model.codes import Sex, WhyUnknown
from matching.model.criterion import (
    AgeIs,
    Bound,
    ConditionIs,
    LifestyleIs,
    OnSite,
    PregnancyIs,
    PregnancyState,
    SexIs,
    Unreadable,
)
from matching.model.finding import Distance, Evidence, Finding, MissingFact
from matching.model.truth import Truth, conjunction, disjunction

AGE = MissingFact("age", "age", "date of birth")
SEX = MissingFact("sex", "sex", "sex")
HEALTHY = MissingFact("statement", "healthy_volunteer", "whether you would take part as a healthy volunteer")

HEALTHY_VOLUNTEERS = "D064368"
"""MeSH: Healthy Volunteers. In a text it asks for somebody who is one."""
HEALTHY_BY_FIELD = "TM:healthy-volunteer"
"""The registry's own field: whoever lists a condition is not a healthy volunteer by it."""
PREGNANCY = "D011247"
BREAST_FEEDING = "D001942"
NOT_FERTILE = frozenset(
    {
        "D017698",  # postmenopause
        "D008593",  # menopause
        "D007044",  # hysterectomy
        "D010052",  # ovariectomy
        "D013258",  # sterilization, tubal
    }
)
OLDEST_FERTILE_AGE, YOUNGEST_FERTILE_AGE = 60, 8
"""Nobody is taken to be of childbearing potential from 60 years on or under 8: said as assumed."""

STATEMENTS = {
    "consent": ("can_consent", "consent"),
    "assent": ("can_consent", "assent"),
    "compliance": ("will_comply", "compliance"),
    "contraception": ("uses_contraception", "will_use_contraception", "contraception"),
    "availability": ("available", "availability"),
    "language": ("speaks_language", "language"),
}
"""What a patient may state about a topic; an investigator's opinion is nobody's to state."""


def judge_age(leaf: AgeIs, facts: Facts, day: date) -> Finding:
    """Completed years (months, weeks, days): "up to 40 years" holds until the 41st birthday, "over 65" from the 66th."""
    if facts.birth is None:
        reason = WhyUnknown.CONFLICT if facts.birth_contradicts else WhyUnknown.MISSING
        return Finding(leaf, Truth.UNKNOWN, (reason,), missing=(AGE,))
    truth = age_truth(leaf, facts, day)
    evidence = (_age_evidence(leaf, facts, facts.birth, day),)
    if truth is Truth.UNKNOWN:
        return Finding(leaf, truth, (WhyUnknown.MISSING,), evidence, (AGE,))
    return Finding(leaf, truth, (), evidence, distances=_age_distance(leaf, facts.birth, day))


def age_truth(leaf: AgeIs, facts: Facts, day: date) -> Truth:
    """The truth alone."""
    if facts.birth is None:
        return Truth.UNKNOWN
    birth = facts.birth
    return conjunction(
        _age_truth(b, birth, day, is_lower=low) for b, low in ((leaf.lower, True), (leaf.upper, False)) if b
    )


def age_turns(leaf: AgeIs, facts: Facts) -> set[date]:
    """The birthdays that matter."""
    if facts.birth is None:
        return set()
    return {
        _limit(born, bound, is_lower=low)
        for bound, low in ((leaf.lower, True), (leaf.upper, False))
        if bound is not None
        for born in (facts.birth.earliest, facts.birth.latest)
    }


def _limit(born: date, bound: Bound, *, is_lower: bool) -> date:
    """The first day on which a lower bound holds, or on which an upper bound no longer holds."""
    unit = bound.unit or "a"
    if float(bound.value).is_integer():
        whole_more = bound.inclusive is not is_lower
        return birthday(born, bound.value + (1 if whole_more else 0), unit)
    exact = birthday(born, bound.value, unit)
    return exact if is_lower or not bound.inclusive else shift_days(exact, 1)


def _age_truth(bound: Bound, birth: Span, day: date, *, is_lower: bool) -> Truth:
    reached = {day >= _limit(born, bound, is_lower=is_lower) for born in (birth.earliest, birth.latest)}
    return Truth.UNKNOWN if len(reached) > 1 else Truth.of(reached.pop() is is_lower)


def _age_evidence(leaf: AgeIs, facts: Facts, birth: Span, day: date) -> Evidence:
    unit = next((b.unit for b in (leaf.lower, leaf.upper) if b is not None and b.unit), "a")
    if unit not in {"a", "mo", "wk", "d"}:
        unit = "d"
    youngest, oldest = completed(birth.latest, day, unit), completed(birth.earliest, day, unit)
    bounds = [b for b in (leaf.lower, leaf.upper) if b is not None]
    on_bound = youngest == oldest and any(b.value == oldest for b in bounds)
    value: float | str = oldest if youngest == oldest else f"{youngest}-{oldest}"
    return Evidence("age", value, unit, facts.patient.birth_date, boundary=on_bound)


def _age_distance(leaf: AgeIs, birth: Span, day: date) -> tuple[Distance, ...]:
    unit = next((b.unit for b in (leaf.lower, leaf.upper) if b is not None and b.unit in {"a", "mo", "wk", "d"}), None)
    if unit is None:
        return ()
    age = completed(birth.latest, day, unit)
    below = leaf.lower is not None and _age_truth(leaf.lower, birth, day, is_lower=True) is Truth.FALSE
    candidates = [
        b for b in (leaf.lower if below or leaf.upper is None else None, None if below else leaf.upper) if b is not None
    ]
    bound = candidates[0] if candidates else None
    if bound is None:
        return ()
    by = age - bound.value
    relative = abs(by) / bound.value if bound.value else None
    return (Distance("age", age, bound.value, by, unit, relative, "by_itself" if by < 0 else "fixed"),)


def judge_sex(leaf: SexIs, facts: Facts) -> Finding:
    """The patient's sex."""
    if facts.sex is None:
        return Finding(leaf, Truth.UNKNOWN, (WhyUnknown.MISSING,), missing=(SEX,))
    return Finding(leaf, Truth.of(facts.sex is leaf.sex), (), (Evidence("sex", facts.sex.value),))


def judge_pregnancy(leaf: PregnancyIs, facts: Facts, day: date) -> Finding:
    """One of the states; about people whom a man is not, unless he says otherwise."""
    states = [_state(state, facts, day) for state in leaf.states]
    if facts.sex is Sex.MALE and all(truth is not Truth.TRUE for truth, _ in states):
        return Finding(leaf, Truth.FALSE, (), (Evidence("sex", Sex.MALE.value),), applicable=False)
    truth = disjunction(truth for truth, _ in states)
    evidence = tuple(e for t, e in states if t is truth and e is not None)
    if truth is Truth.FALSE and has_numbers(leaf.window):
        truth = Truth.UNKNOWN
    if truth is not Truth.UNKNOWN:
        return Finding(leaf, truth, (), evidence)
    missing = tuple(pregnancy_fact(s) for s, (t, _) in zip(leaf.states, states, strict=True) if t is Truth.UNKNOWN)
    asked = missing or tuple(pregnancy_fact(s) for s in leaf.states)
    return Finding(leaf, truth, (WhyUnknown.MISSING,), evidence, asked + ((SEX,) if facts.sex is None else ()))


def pregnancy_turns(leaf: PregnancyIs, facts: Facts) -> set[date]:
    """Ages at which childbearing potential begins and ends by assumption."""
    if facts.birth is None or "childbearing_potential" not in leaf.states:
        return set()
    ages = (YOUNGEST_FERTILE_AGE, OLDEST_FERTILE_AGE)
    return {birthday(born, age) for born in (facts.birth.earliest, facts.birth.latest) for age in ages}


def pregnancy_fact(state: PregnancyState) -> MissingFact:
    """The fact to ask for."""
    words = {
        "pregnant": "whether you are pregnant",
        "breastfeeding": "whether you are breastfeeding",
        "planning": "whether you plan a pregnancy",
        "childbearing_potential": "whether you could become pregnant",
    }
    return MissingFact("pregnancy", state, words[state])


def _state(state: PregnancyState, facts: Facts, day: date) -> tuple[Truth, Evidence | None]:
    patient = facts.patient
    match state:
        case "pregnant":
            return _stated("pregnant", patient.pregnant, facts, PREGNANCY)
        case "breastfeeding":
            return _stated("breastfeeding", patient.breastfeeding, facts, BREAST_FEEDING)
        case "planning":
            return _stated("planning a pregnancy", patient.planning_pregnancy, facts, None)
        case "childbearing_potential":
            return _fertile(facts, day)


def _stated(name: str, value: bool | None, facts: Facts, concept: str | None) -> tuple[Truth, Evidence | None]:
    if value is not None:
        return Truth.of(value), Evidence(name, value)
    for known in facts.conditions.by_id.get(concept, ()) if concept is not None else ():
        if not known.present:
            return Truth.FALSE, Evidence(known.text, False, span=known.span)
        if known.goes_on is True:
            return Truth.TRUE, Evidence(known.text, on=known.began_on, span=known.span)
    return Truth.UNKNOWN, None


def _fertile(facts: Facts, day: date) -> tuple[Truth, Evidence | None]:
    if facts.patient.pregnant is True:
        return Truth.TRUE, Evidence("pregnant", True)
    if (stated := facts.patient.statements.get("childbearing_potential")) is not None:
        return Truth.of(stated), Evidence("childbearing potential", stated)
    for known_list in (facts.conditions, facts.treatments):
        for concept in sorted(NOT_FERTILE & known_list.below.keys()):
            known = known_list.below[concept][0]
            return Truth.FALSE, Evidence(known.text, on=known.began_on, span=known.span)
    if facts.birth is not None:
        if day >= birthday(facts.birth.latest, OLDEST_FERTILE_AGE):
            return Truth.FALSE, Evidence(
                "age",
                completed(facts.birth.latest, day, "a"),
                "a",
                assumed="no childbearing potential from 60 years on",
            )
        if day < birthday(facts.birth.earliest, YOUNGEST_FERTILE_AGE):
            return Truth.FALSE, Evidence(
                "age", completed(facts.birth.earliest, day, "a"), "a", assumed="no childbearing potential under 8 years"
            )
    return Truth.UNKNOWN, None


def judge_healthy_volunteer(leaf: ConditionIs, facts: Facts) -> Finding:
    """Whether the patient would take part as a healthy volunteer."""
    stated = facts.patient.healthy_volunteer
    if stated is not None:
        return Finding(leaf, Truth.of(stated), (), (Evidence("healthy volunteer", stated),))
    present = [k for k in facts.conditions.facts if k.present]
    if present and leaf.concept.id == HEALTHY_BY_FIELD:
        evidence = Evidence(
            present[0].text, on=present[0].began_on, assumed="who names a condition is no healthy volunteer"
        )
        return Finding(leaf, Truth.FALSE, (), (evidence,))
    return Finding(leaf, Truth.UNKNOWN, (WhyUnknown.MISSING,), missing=(HEALTHY,))


HABITS: dict[str, tuple[str, ...]] = {
    "tobacco": (
        "smoking status",
        "tobacco smoking status",
        "tobacco use",
        "tobacco",
        "smoking",
        "smoker",
        "cigarette smoking",
    ),
    "alcohol": ("alcohol use", "alcohol", "alcohol consumption", "alcohol intake", "drinks per week"),
    "drugs": ("drug use", "drugs", "substance use", "illicit drug use", "recreational drug use"),
    "cannabis": ("cannabis use", "cannabis", "marijuana use", "marijuana"),
    "opioids": ("opioid use", "opioids"),
    "cocaine": ("cocaine use", "cocaine"),
    "caffeine": ("caffeine use", "caffeine", "caffeine intake"),
}
"""Names of observations that speak of a habit."""

DISORDERS = {
    "tobacco": "D014029",  # tobacco use disorder
    "alcohol": "D019973",  # alcohol-related disorders
    "drugs": "D019966",  # substance-related disorders
    "opioids": "D009293",  # opioid-related disorders
    "cannabis": "D002189",  # marijuana abuse
    "cocaine": "D019970",  # cocaine-related disorders
}
_NEVER = (
    "never",
    "non smoker",
    "nonsmoker",
    "non-smoker",
    "none",
    "no",
    "negative",
    "denies",
    "abstinent",
    "does not",
    "lifetime non",
)
_FORMER = ("former", "ex smoker", "ex-smoker", "quit", "past", "previous")
_CURRENT = (
    "current",
    "yes",
    "daily",
    "every day",
    "some days",
    "smokes",
    "smoker",
    "positive",
    "occasional",
    "heavy",
    "light",
    "social",
)


def judge_lifestyle(leaf: LifestyleIs, facts: Facts, day: date) -> Finding:
    """A habit: what was observed of it, or a disorder of use. Amounts are compared only in the very unit of the text."""
    missing = MissingFact("lifestyle", leaf.substance, f"use of {leaf.substance}")
    truths: list[tuple[Truth, Evidence]] = []
    for reading in _habit_readings(leaf.substance, facts):
        truths.append((_habit(leaf, reading), _habit_evidence(reading)))
    if leaf.lower is None and leaf.upper is None:
        truths.extend(_disorder(leaf, facts))
    settled = {t for t, _ in truths if t is not Truth.UNKNOWN}
    evidence = tuple(e for _, e in truths)
    if len(settled) == 1 and not (has_numbers(leaf.window)):
        truth = settled.pop()
        return Finding(leaf, truth, (), tuple(e for t, e in truths if t is truth))
    reason = WhyUnknown.CONFLICT if len(settled) > 1 else WhyUnknown.MISSING
    return Finding(leaf, Truth.UNKNOWN, (reason,), evidence, (missing,))


def _habit_readings(substance: str, facts: Facts) -> list[Reading]:
    names = dict.fromkeys((*HABITS.get(substance, ()), substance))
    return [r for name in names for r in facts.readings.get(name, ())]


def _habit_evidence(reading: Reading) -> Evidence:
    o = reading.observation
    return Evidence(o.name, o.value if o.value is not None else o.result, o.unit, o.on, span=o.span)


def _habit(leaf: LifestyleIs, reading: Reading) -> Truth:
    o = reading.observation
    if leaf.lower is not None or leaf.upper is not None:
        bounds = [b for b in (leaf.lower, leaf.upper) if b is not None]
        if o.value is None or o.comparator is not None or any(b.unit != o.unit or b.times is not None for b in bounds):
            return Truth.UNKNOWN
        value = o.value
        low = leaf.lower is None or value > leaf.lower.value or (value == leaf.lower.value and leaf.lower.inclusive)
        high = leaf.upper is None or value < leaf.upper.value or (value == leaf.upper.value and leaf.upper.inclusive)
        return Truth.of(low and high)
    said = (o.result or "").strip().lower()
    habit = None
    for word, starts in (("never", _NEVER), ("former", _FORMER), ("current", _CURRENT)):
        if any(said == s or said.startswith(s + " ") or said.endswith(" " + s) for s in starts):
            habit = word
            break
    if habit is None or leaf.status == "abuse":
        return Truth.FALSE if habit == "never" else Truth.UNKNOWN
    match leaf.status:
        case "current":
            return Truth.of(habit == "current")
        case "former":
            return Truth.of(habit == "former")
        case "never":
            return Truth.of(habit == "never")
        case "any":
            return Truth.of(habit != "never")
        case _:
            return Truth.UNKNOWN


def _disorder(leaf: LifestyleIs, facts: Facts) -> list[tuple[Truth, Evidence]]:
    """A disorder of use says abuse, ever; its known absence denies abuse."""
    concept = DISORDERS.get(leaf.substance)
    if concept is None or leaf.status != "abuse":
        return []
    found = [
        (Truth.TRUE, Evidence(k.text, on=k.began_on, span=k.span)) for k in facts.conditions.below.get(concept, ())
    ]
    above = {concept, *hierarchy.ancestors(concept)}
    for known in facts.conditions.facts:
        if not known.present and known.exact and above.intersection(known.ids):
            found.append((Truth.FALSE, Evidence(known.text, False, on=known.began_on, span=known.span)))
    return found


def judge_on_site(leaf: OnSite, facts: Facts, favourable: Truth) -> Finding:
    """What the study team settles, unless the patient states it.

    The text may speak of the topic or of its lack ("unable to comply"): a patient who says yes is taken to be on the
    favourable side of it, whichever way the sentence is put.
    """
    for name in STATEMENTS.get(leaf.topic, ()):
        stated = facts.patient.statements.get(name)
        if stated is not None:
            truth = favourable if stated else Truth(-favourable.value)
            return Finding(leaf, truth, (), (Evidence(name.replace("_", " "), stated),))
    return Finding(leaf, Truth.UNKNOWN, (WhyUnknown.ON_SITE,))


def judge_unreadable(leaf: Unreadable) -> Finding:
    """Never a verdict."""
    return Finding(leaf, Truth.UNKNOWN, (WhyUnknown.UNREADABLE,))
