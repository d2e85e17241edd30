"""Conditions, treatments and counts: the patient's concepts against the trial's.

At or below the trial's concept satisfies it, above leaves it unknown, and what is not listed is FALSE only where the
list is declared complete, a fact at or above is known to be absent, or the concepts exclude each other by definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from matching.judging import shown, spells
from matching.judging.compare import evidence_of
from matching.judging.dates import has_numbers, turning_days
from matching.judging.facts import Facts, Known, KnownList, only
from matching.judging.half_lives import half_life_of
from matching.judging.qualifiers import Fit, fit_of, splits_status
from matching.judging.spells import Said
from matching.judging.targets import (
    Target,
    absent_by,
    excluded_by,
    is_diagnostic,
    is_exactly,
    matched_by,
    might_be,
    only_a_symptom,
    target_of,
    unlisted_and_unlike,
    would_be_listed,
)
from matching.knowledge import hierarchy
from matching.knowledge.events import SUDDEN
from matching.knowledge.spoken import spoken
from matching.knowledge.units import NotComparable, convert
from matching.model.codes import WhyUnknown
from matching.model.criterion import ConditionIs, CountIs, Dose, Expression, TreatmentIs
from matching.model.finding import Distance, Evidence, Finding, MissingFact
from matching.model.truth import Truth, conjunction, disjunction, negation

Judge = Callable[[Expression, Facts], Finding]
"""How an exception is judged: the evaluator, handed in because it calls this module."""


def judge_condition(leaf: ConditionIs, facts: Facts, day: date, judge: Judge) -> Finding:
    """A disease or finding that the patient has or had."""
    target = target_of(leaf.concept, "condition")
    matched = matched_by(facts.conditions, target)
    said = [_conjoin(_condition_said(leaf, known, target, facts, day, judge)) for known in matched]
    exact = [s for s, k in zip(said, matched, strict=True) if is_exactly(k, target) and s.decides]
    finding = _weigh(leaf, facts.conditions, target, matched, said, settled_by_exact=bool(exact))
    if finding.truth is Truth.FALSE and not matched and target.id is not None:
        readings = shown.out_of_range(target.id, facts)
        if readings:  # no list, and no denial, stands against a value that may show the disease
            evidence = (*finding.evidence, *(evidence_of(r) for r in readings))
            return Finding(leaf, Truth.UNKNOWN, (WhyUnknown.MISSING,), evidence, (target.missing,))
    return finding


def judge_treatment(leaf: TreatmentIs, facts: Facts, day: date, judge: Judge) -> Finding:
    """A drug, procedure, device or radiation that the patient takes, took or will take."""
    target = target_of(leaf.concept, "treatment")
    matched = matched_by(facts.treatments, target)
    said = [_conjoin(_treatment_said(leaf, known, target, facts, day, judge)) for known in matched]
    # The very drug, with the day it was stopped or the dose it is taken in: the patient has told of it, and would have
    # told of a later course.
    dosed = leaf.dose is not None and leaf.window is None
    exact = any(
        is_exactly(k, target) and (k.end is not None or (dosed and k.goes_on is True)) and s.truth is Truth.FALSE
        for s, k in zip(said, matched, strict=True)
    )
    finding = _weigh(
        leaf, facts.treatments, target, matched, said, settled_by_exact=exact, planned=leaf.status == "planned"
    )
    if finding.truth is Truth.FALSE and not matched and spells.only_lower(leaf.window):
        # "At least 4 weeks since the last dose" may mean only those who had one: for the rest the text does not say.
        return Finding(leaf, Truth.UNKNOWN, (WhyUnknown.UNREADABLE,), finding.evidence)
    return finding


def judge_count(leaf: CountIs, facts: Facts, day: date) -> Finding:
    """How often something happened: as somebody counted it, or 0 where it is known never to have happened."""
    target = target_of(leaf.of, "count")
    for reading in facts.readings.get(target.concept.text.strip().lower(), facts.readings.get(target.key, ())):
        value = reading.observation.value
        if value is not None and reading.observation.comparator is None and leaf.window is None:
            return Finding(leaf, _within(leaf, value), (), (Evidence(target.name, value, on=reading.observation.on),))
    for known in (facts.conditions, facts.treatments):
        absent = absent_by(known, target)
        if absent and not matched_by(known, target) and target.id is not None:
            return Finding(leaf, _within(leaf, 0), (), tuple(_evidence(k, target) for k in absent))
    return Finding(leaf, Truth.UNKNOWN, (WhyUnknown.MISSING,), missing=(target.missing,))


def turning_points(leaf: ConditionIs | TreatmentIs, facts: Facts) -> set[date]:
    """The days on which time alone may change what the leaf says."""
    target = target_of(leaf.concept, "condition")
    known = facts.conditions if isinstance(leaf, ConditionIs) else facts.treatments
    days: set[date] = set()
    for fact in matched_by(known, target):
        half_life = half_life_of((*fact.ids, *((target.id,) if target.id else ())))
        days |= turning_days(leaf.window, (fact.start, fact.end), half_life)
        days |= spells.end_days(fact)
        for exception in leaf.exceptions:
            if isinstance(exception, ConditionIs | TreatmentIs):
                days |= turning_days(exception.window, (fact.start, fact.end), half_life)
    return days


def _within(leaf: CountIs, value: float) -> Truth:
    low = leaf.lower is None or value > leaf.lower.value or (value == leaf.lower.value and leaf.lower.inclusive)
    high = leaf.upper is None or value < leaf.upper.value or (value == leaf.upper.value and leaf.upper.inclusive)
    if leaf.lower is None and leaf.upper is None:
        return Truth.of(value > 0)
    return Truth.of(low and high)


def _weigh(
    leaf: ConditionIs | TreatmentIs,
    known: KnownList,
    target: Target,
    matched: Sequence[Known],
    said: Sequence[Said],
    *,
    settled_by_exact: bool,
    planned: bool = False,
) -> Finding:
    """All facts together: one that holds is enough, one known absence is enough, both are a conflict."""
    absent = () if planned else absent_by(known, target)
    evidence = tuple(s.evidence for s in said if s.evidence is not None)
    denied = tuple(_evidence(k, target) for k in absent)
    best = disjunction(s.truth for s in said)
    if absent and best is not Truth.FALSE:
        return Finding(leaf, Truth.UNKNOWN, (WhyUnknown.CONFLICT,), (*evidence, *denied), (target.missing,))
    distances = tuple(s.distance for s in said if s.distance is not None)[:1]
    if best is Truth.TRUE:
        shown = tuple(s.evidence for s in said if s.truth is Truth.TRUE and s.evidence is not None)
        return Finding(leaf, Truth.TRUE, (), shown, distances=distances)
    if best is Truth.UNKNOWN:
        unsure = [s for s in said if s.truth is Truth.UNKNOWN]
        reasons = tuple(dict.fromkeys(r for s in unsure for r in s.reasons))
        asked = tuple(dict.fromkeys(m for s in unsure for m in s.missing))
        return Finding(leaf, Truth.UNKNOWN, reasons, tuple(s.evidence for s in unsure if s.evidence is not None), asked)
    if absent or settled_by_exact:
        return Finding(leaf, Truth.FALSE, (), (*denied, *evidence), distances=distances)
    if not matched and not planned and (ruled_out := excluded_by(known, target)):
        return Finding(leaf, Truth.FALSE, (), tuple(_evidence(k, target) for k in ruled_out))
    possible = might_be(known, target)
    condition = isinstance(leaf, ConditionIs)
    if (
        known.complete
        and not planned
        and not possible
        and (would_be_listed(target, condition=condition) or unlisted_and_unlike(known, target, condition=condition))
    ):
        what = "conditions" if condition else "treatments"
        closed = Evidence(target.name, False, working=f"the list of {what} is complete")
        return Finding(leaf, Truth.FALSE, (), (*evidence, closed), distances=distances)
    shown = (*evidence, *(_evidence(k, target) for k in possible))
    return Finding(leaf, Truth.UNKNOWN, (WhyUnknown.MISSING,), shown, (target.missing,))


def _evidence(known: Known, target: Target) -> Evidence:
    """The fact with its path to the trial's concept."""
    path: tuple[str, ...] = ()
    if target.id is not None:
        for own in known.ids:
            found = hierarchy.path(own, target.id) or hierarchy.path(target.id, own)
            if found is not None and (not path or len(found) < len(path)):
                path = found
    value: bool | None = None if known.present else False
    return Evidence(known.text, value, on=known.began_on, path=path, span=known.span)


def _conjoin(parts: Iterable[Said]) -> Said:
    """All that a leaf asks of one fact: the weakest part tells."""
    parts = list(parts)
    truth = conjunction(p.truth for p in parts)
    telling = [p for p in parts if p.truth is truth]
    return Said(
        truth,
        tuple(dict.fromkeys(r for p in telling for r in p.reasons)) if truth is Truth.UNKNOWN else (),
        tuple(dict.fromkeys(m for p in telling for m in p.missing)) if truth is Truth.UNKNOWN else (),
        next((p.evidence for p in parts if p.evidence is not None), None),
        next((p.distance for p in telling if p.distance is not None), None),
        decides=any(p.decides for p in telling),
    )


def _condition_said(
    leaf: ConditionIs, known: Known, target: Target, facts: Facts, day: date, judge: Judge
) -> list[Said]:
    if only_a_symptom(known, target):
        # The hierarchy files a cough under the respiratory diseases: who coughs may have one, or none.
        return [Said(Truth.UNKNOWN, (WhyUnknown.MISSING,), (target.missing,), _evidence(known, target))]
    parts = [Said(Truth.TRUE, evidence=_evidence(known, target))]
    for said in CONDITION_PARTS:
        parts.extend(said(leaf, known, target, facts, day, judge))
    return parts


def _condition_status(
    leaf: ConditionIs, known: Known, target: Target, facts: Facts, day: date, judge: Judge
) -> list[Said]:
    _, status = splits_status(leaf.qualifiers, leaf.status)
    return [spells.condition_status(known, status, day, target.missing, windowed=has_numbers(leaf.window))]


def _condition_qualifiers(
    leaf: ConditionIs, known: Known, target: Target, facts: Facts, day: date, judge: Judge
) -> list[Said]:
    qualifiers, _ = splits_status(leaf.qualifiers, leaf.status)
    windowed = has_numbers(leaf.window)  # then the window says how new
    return [_qualified(q, known, target) for q in qualifiers if not (q == "newly diagnosed" and windowed)]


def _condition_window(
    leaf: ConditionIs, known: Known, target: Target, facts: Facts, day: date, judge: Judge
) -> list[Said]:
    if leaf.window is None:
        return []
    acute = any(own in SUDDEN or hierarchy.ancestors(own) & SUDDEN for own in known.ids)
    newly = "newly diagnosed" in leaf.qualifiers
    return [spells.condition_window(known, leaf.window, day, target.missing, acute=acute, onset=newly)]


def _condition_exceptions(
    leaf: ConditionIs, known: Known, target: Target, facts: Facts, day: date, judge: Judge
) -> list[Said]:
    return not_excepted(leaf.exceptions, known, facts, day, judge, condition=True)


CONDITION_PARTS = (_condition_status, _condition_qualifiers, _condition_window, _condition_exceptions)
"""What a leaf asks of one fact at or below its concept; the arrays ask each part apart (screen/standing.py)."""


def _qualified(qualifier: str, known: Known, target: Target) -> Said:
    match fit_of(qualifier, known.qualifiers, target.name):
        case Fit.SAID:
            return Said(Truth.TRUE)
        case Fit.OPPOSITE:
            return Said(Truth.FALSE, decides=True)
        case Fit.VAGUE:
            return Said(Truth.UNKNOWN, (WhyUnknown.ON_SITE,))
        case Fit.UNSAID:
            asked = MissingFact(
                "condition",
                f"{target.missing.id}:{qualifier}",
                f"whether you have {qualifier} {spoken(target.name)}",
                aspect=qualifier,
                subject=target.name,
            )
            return Said(Truth.UNKNOWN, (WhyUnknown.MISSING,), (asked,))


def _treatment_said(
    leaf: TreatmentIs, known: Known, target: Target, facts: Facts, day: date, judge: Judge
) -> list[Said]:
    parts = [Said(Truth.TRUE, evidence=_evidence(known, target))]
    for said in TREATMENT_PARTS:
        parts.extend(said(leaf, known, target, facts, day, judge))
    return parts


def _happens_once(leaf: TreatmentIs, known: Known) -> bool:
    return leaf.type in {"procedure", "donation"} or any(hierarchy.category(i) == "procedure" for i in known.ids)


def _treatment_status(
    leaf: TreatmentIs, known: Known, target: Target, facts: Facts, day: date, judge: Judge
) -> list[Said]:
    event = _happens_once(leaf, known)
    windowed = has_numbers(leaf.window)
    said = spells.treatment_status(known, leaf.status, day, target.missing, windowed=windowed, event=event)
    if leaf.status == "any" and leaf.window is None and is_diagnostic(target):
        # A test that is only named says what was found by it, or how: having had it does not make that true.
        return [Said(Truth.UNKNOWN, (WhyUnknown.UNREADABLE,)), said]
    return [said]


def _treatment_window(
    leaf: TreatmentIs, known: Known, target: Target, facts: Facts, day: date, judge: Judge
) -> list[Said]:
    if leaf.window is None:
        return []
    half_life = half_life_of((*known.ids, *((target.id,) if target.id else ())))
    event = _happens_once(leaf, known)
    return [spells.treatment_window(known, leaf.window, day, target.missing, half_life=half_life, event=event)]


def _treatment_dose(
    leaf: TreatmentIs, known: Known, target: Target, facts: Facts, day: date, judge: Judge
) -> list[Said]:
    return [] if leaf.dose is None else [_dosed(leaf.dose, known, target)]


def _treatment_exceptions(
    leaf: TreatmentIs, known: Known, target: Target, facts: Facts, day: date, judge: Judge
) -> list[Said]:
    return not_excepted(leaf.exceptions, known, facts, day, judge, condition=False)


TREATMENT_PARTS = (_treatment_status, _treatment_window, _treatment_dose, _treatment_exceptions)
"""As CONDITION_PARTS."""


def _dosed(dose: Dose, known: Known, target: Target) -> Said:
    if dose.lower is None and dose.upper is None:
        return Said(Truth.UNKNOWN, (WhyUnknown.UNREADABLE,))
    words = f"your dose of {spoken(target.name)}"
    asked = MissingFact("treatment", f"{target.missing.id}:dose", words, aspect="dose", subject=target.name)
    if known.dose is None:
        return Said(Truth.UNKNOWN, (WhyUnknown.MISSING,), (asked,))
    truths, working, distance, on_bound = [], None, None, False
    for bound, is_lower in ((dose.lower, True), (dose.upper, False)):
        if bound is None:
            continue
        if bound.unit is None or bound.times is not None:
            return Said(Truth.UNKNOWN, (WhyUnknown.NOT_COMPARABLE,), (asked,))
        line = convert(known.dose.value, known.dose.unit, bound.unit)
        if isinstance(line, NotComparable):
            return Said(Truth.UNKNOWN, (WhyUnknown.NOT_COMPARABLE,), (asked,))
        by = line.value - bound.value
        same = abs(by) <= 1e-9 * max(abs(bound.value), 1e-12)
        on_bound = on_bound or same
        truths.append(Truth.of((same and bound.inclusive) or (not same and (by > 0) is is_lower)))
        working = line.working if known.dose.unit != bound.unit else working
        relative = abs(by) / abs(bound.value) if bound.value else None
        name = f"dose of {spoken(target.name)}"
        distance = Distance(name, line.value, bound.value, by, bound.unit, relative, "can_change", about=asked)
    name = f"dose of {known.text}"
    evidence = Evidence(name, known.dose.value, known.dose.unit, working=working, boundary=on_bound, span=known.span)
    return Said(conjunction(truths), evidence=evidence, distance=distance)


def not_excepted(
    exceptions: Sequence[Expression], known: Known, facts: Facts, day: date, judge: Judge, *, condition: bool
) -> list[Said]:
    """That the fact is none of the exceptions: each is asked of this one fact, as if it were all there is."""
    if not exceptions:
        return []
    alone = only(facts, known, condition=condition, on=day)
    parts = []
    for exception in exceptions:
        finding = judge(exception, alone)
        parts.append(Said(negation(finding.truth), finding.reasons, finding.missing))
    return parts
