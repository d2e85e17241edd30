"""Who the patient is: age, sex, pregnancy, habits, and what only the study team can settle."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from matching.judging import silence
from matching.judging.dates import Span, birthday, completed, has_numbers, shift_days, timeline
from matching.judging.facts import Facts, Reading
from matching.judging.tested import outcome
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
    "availability": ("available", "availability", "no_practical_issues"),
    "language": ("speaks_language", "language", "no_practical_issues"),
}
"""What a patient may state about a topic; an investigator's opinion is nobody's to state."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """A bound of age as days: a lower bound holds from, an upper bound fails from a day between `first` and `last`."""

    is_lower: bool
    first: date
    last: date

    def truth(self, day: date) -> Truth:
        if day >= self.last:
            return Truth.TRUE if self.is_lower else Truth.FALSE
        if day < self.first:
            return Truth.FALSE if self.is_lower else Truth.TRUE
        return Truth.UNKNOWN


def judge_age(leaf: AgeIs, facts: Facts) -> Finding:
    """Completed years (months, weeks, days): "up to 40 years" holds until the 41st birthday, "over 65" from the 66th."""
    birth, day = facts.birth, facts.on
    if birth is None:
        reason = WhyUnknown.CONFLICT if facts.birth_contradicts else WhyUnknown.MISSING
        return Finding(leaf, Truth.UNKNOWN, (reason,), missing=(AGE,))
    turns = [
        age_turn(bound, birth, is_lower=is_lower)
        for bound, is_lower in ((leaf.lower, True), (leaf.upper, False))
        if bound is not None
    ]

    def truth_on(on: date) -> Truth:
        return conjunction(turn.truth(on) for turn in turns)

    truth = truth_on(day)
    changes = timeline(day, truth, {d for turn in turns for d in (turn.first, turn.last)}, truth_on)
    evidence, oldest = _age_evidence(leaf, facts, birth, day)
    if truth is Truth.UNKNOWN:
        return Finding(leaf, truth, (WhyUnknown.MISSING,), (evidence,), (AGE,), timeline=changes)
    too_young = any(turn.is_lower and turn.truth(day) is Truth.FALSE for turn in turns)
    distance = _age_distance(leaf.lower if too_young or leaf.upper is None else leaf.upper, oldest)
    return Finding(leaf, truth, (), (evidence,), distances=distance, timeline=changes)


def age_turn(bound: Bound, birth: Span, *, is_lower: bool) -> _Turn:
    """The days around which a bound of age turns for somebody born in that span."""
    first = _limit(birth.earliest, bound, is_lower=is_lower)
    return _Turn(is_lower, first, _last(birth, bound, first, is_lower=is_lower))


def _limit(born: date, bound: Bound, *, is_lower: bool) -> date:
    """The first day on which a lower bound holds, or on which an upper bound no longer holds."""
    unit = bound.unit or "a"
    if float(bound.value).is_integer():
        whole_more = bound.inclusive is not is_lower
        return birthday(born, bound.value + (1 if whole_more else 0), unit)
    exact = birthday(born, bound.value, unit)
    return exact if is_lower or not bound.inclusive else shift_days(exact, 1)


def _last(birth: Span, bound: Bound, first: date, *, is_lower: bool) -> date:
    return first if birth.latest == birth.earliest else _limit(birth.latest, bound, is_lower=is_lower)


def _age_evidence(leaf: AgeIs, facts: Facts, birth: Span, day: date) -> tuple[Evidence, int]:
    """The age in the unit of the bounds, and as a number (the greatest it may be)."""
    bounds = [b for b in (leaf.lower, leaf.upper) if b is not None]
    unit = next((b.unit for b in bounds if b.unit in {"a", "mo", "wk", "d"}), "a" if not bounds else "d")
    oldest = completed(birth.earliest, day, unit)
    youngest = oldest if birth.earliest == birth.latest else completed(birth.latest, day, unit)
    on_bound = youngest == oldest and any(b.value == oldest for b in bounds)
    value: float | str = oldest if youngest == oldest else f"{youngest}-{oldest}"
    return Evidence("age", value, unit, facts.patient.birth_date, boundary=on_bound), oldest


def _age_distance(bound: Bound | None, age: int) -> tuple[Distance, ...]:
    """Time mends being too young, never being too old."""
    if bound is None or bound.unit not in {"a", "mo", "wk", "d"}:
        return ()
    by = age - bound.value
    relative = abs(by) / bound.value if bound.value else None
    changes = "by_itself" if by < 0 else "fixed"
    return (Distance("age", age, bound.value, by, bound.unit, relative, changes, about=AGE),)


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
    if _too_old_for_pregnancy(leaf, facts, day) and all(truth is not Truth.TRUE for truth, _ in states):
        age = completed(facts.birth.latest, day, "a") if facts.birth is not None else None
        assumed = f"no pregnancy from {OLDEST_FERTILE_AGE} years on"
        of_her = facts.sex is Sex.FEMALE  # the line is about women, and she is one: she is not pregnant
        return Finding(leaf, Truth.FALSE, (), (Evidence("age", age, "a", assumed=assumed),), applicable=of_her)
    truth = disjunction(truth for truth, _ in states)
    evidence = tuple(e for t, e in states if t is truth and e is not None)
    if truth is Truth.FALSE and has_numbers(leaf.window):
        truth = Truth.UNKNOWN
    if truth is not Truth.UNKNOWN:
        return Finding(leaf, truth, (), evidence)
    missing = tuple(pregnancy_fact(s) for s, (t, _) in zip(leaf.states, states, strict=True) if t is Truth.UNKNOWN)
    asked = missing or tuple(pregnancy_fact(s) for s in leaf.states)
    return Finding(leaf, truth, (WhyUnknown.MISSING,), evidence, asked + ((SEX,) if facts.sex is None else ()))


def _too_old_for_pregnancy(leaf: PregnancyIs, facts: Facts, day: date) -> bool:
    """Nobody of 60 years is taken to be pregnant or breastfeeding; childbearing potential has its own answer."""
    if facts.birth is None or all(state == "childbearing_potential" for state in leaf.states):
        return False
    return day >= birthday(facts.birth.latest, OLDEST_FERTILE_AGE)


def pregnancy_turns(leaf: PregnancyIs, facts: Facts) -> set[date]:
    """Ages at which childbearing potential begins and ends by assumption."""
    if facts.birth is None:
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
            tested = outcome([r.observation for r in facts.readings.get("pregnancy test", ())])
            if patient.pregnant is None and tested is not None:
                o, positive = tested
                return Truth.of(positive), Evidence(o.name, o.result, on=o.on, span=o.span)
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
    for reading in habit_readings(leaf.substance, facts):
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


def habit_readings(substance: str, facts: Facts) -> list[Reading]:
    """What was observed of a habit, under any of its names."""
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
    if not found and facts.conditions.complete and not _may_be_addicted(facts, concept, above):
        name = hierarchy.name(concept) or leaf.substance
        found.append((Truth.FALSE, Evidence(name, False, working="the list of conditions is complete")))
    return found


def _may_be_addicted(facts: Facts, concept: str, above: set[str]) -> bool:
    """Whether something listed may be the disorder, or the habit itself is said to go on."""
    words = silence.words_around(concept)
    for known in facts.conditions.facts:
        if known.present and (above.intersection(known.ids) or (not known.ids and words & known.telling)):
            return True
    return any(hierarchy.may_be(i, concept) for i in facts.conditions.by_id)


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
