"""What questions and joint sets promise, over the shipped trials and people: by brute force, not by the same code."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import combinations

from real_trials import real_patients, real_trials

from matching.answering.deciding import EXACT_FACTS, deciding_facts, is_open, open_facts, open_leaves, undecided_sets
from matching.judging.askable import FINDABLE, FactKey, askable, key
from matching.judging.dates import from_now
from matching.judging.eligibility import judge_trial
from matching.judging.facts import prepare
from matching.knowledge import analytes
from matching.model.codes import Role, Sex, WhyUnknown
from matching.model.criterion import AllOf, AnyOf, AtLeast, ConditionIs, If, Leaf, Not, OnSite, Unreadable
from matching.model.finding import Finding, JudgedCriterion, JudgedTrial, MissingFact
from matching.model.patient import Condition, Observation, PartialDate, Patient, Treatment
from matching.model.trial import ReadableTrial
from matching.model.truth import Truth, at_least, conjunction, disjunction, negation

ON = date(2026, 11, 22)
TODAY = PartialDate(2026, 11, 22)
TOP = 8


def judged(trial: ReadableTrial, patient: Patient) -> JudgedTrial:
    return judge_trial(trial.summary.nct_id, trial.parsed.criteria, trial.summary.eligibility, prepare(patient, ON))


def answers(patient: Patient, fact: MissingFact, leaf: Leaf) -> Iterator[Patient]:
    """The patient after the question was answered: on each side of what the leaf asks, with all that it asks."""
    match fact.kind:
        case "measurement" | "score":
            entry = analytes.by_name(fact.id.partition("|")[0]) or analytes.by_instrument(fact.id)
            setting = fact.id.partition("|")[2] or None
            low, high = (entry.plausible_low, entry.plausible_high) if entry else (None, None)
            unit = (entry.unit if entry else fact.unit) if fact.kind == "measurement" else None
            ends = [b.value for b in (getattr(leaf, "lower", None), getattr(leaf, "upper", None)) if b is not None]
            inside = ends if fact.kind == "score" else []  # "stage III" has a lower and an upper side, and itself
            for value in (0.0 if low is None else low, 1e6 if high is None else high, *inside):
                new = Observation(entry.name if entry else fact.id, value=value, unit=unit, on=TODAY, setting=setting)
                yield replace(patient, observations=(*patient.observations, new))
        case "result":
            for result in RESULTS:
                new = Observation(fact.id, result=result, on=TODAY)
                yield replace(patient, observations=(*patient.observations, new))
        case "age":
            for year in (1900, 1985, 2026):
                yield replace(patient, birth_date=PartialDate(year, 1, 1))
        case "sex":
            for sex in Sex:
                yield replace(patient, sex=sex)
        case "condition":
            yield replace(patient, conditions=(*patient.conditions, Condition(fact.fact, present=False)))
            qualifiers = leaf.qualifiers if isinstance(leaf, ConditionIs) else ()
            for onset, resolved in ((LATELY, None), (LONG_AGO, None), (LATELY, TODAY), (LONG_AGO, LONG_AGO)):
                own = Condition(
                    fact.fact, onset_on=onset, resolved_on=resolved, active=resolved is None, qualifiers=qualifiers
                )
                yield replace(patient, conditions=(*patient.conditions, own))
        case "treatment":
            yield replace(patient, treatments=(*patient.treatments, Treatment(fact.fact, taken=False)))
            for began, ended in ((LATELY, None), (LONG_AGO, None), (LATELY, TODAY), (LONG_AGO, LONG_AGO)):
                taken = Treatment(fact.fact, started_on=began, stopped_on=ended, current=ended is None)
                yield replace(patient, treatments=(*patient.treatments, taken))


LATELY, LONG_AGO = PartialDate(2026, 11, 18), PartialDate(1995, 1, 1)
RESULTS = (
    "positive", "negative", "normal", "abnormal", "mutated", "wild type", "adequate", "inadequate", "elevated", "low", "controlled",
    "uncontrolled", "stable", "unstable",
)  # fmt: skip


def is_beyond_one_answer(finding: Finding) -> bool:
    """Whether one answer may not do: it counts from a day that nobody is asked for, or has exceptions, or facts differ."""
    leaf = finding.expression
    window = getattr(leaf, "window", None)
    return (
        (window is not None and not from_now(window))
        or bool(getattr(leaf, "exceptions", ()))
        or WhyUnknown.CONFLICT in finding.reasons
        or any(evidence.value is False for evidence in finding.evidence)  # a denial that a value stands against
    )


KINDS = ("measurement", "score", "result", "age", "sex", "condition", "treatment")


def leaves_on(trial: JudgedTrial, fact: FactKey) -> list[Finding]:
    """The open leaves that miss a fact."""
    open_ones = (leaf for criterion in trial.criteria if is_open(criterion) for leaf in open_leaves(criterion.finding))
    return [leaf for leaf in open_ones if any(key(missing) == fact for missing in askable(leaf))]


def test_answering_a_top_question_on_either_side_changes_a_verdict_of_every_trial_it_decides() -> None:
    asked: Counter[str] = Counter()
    unmoved = []
    for patient in real_patients(6):
        before = {trial.summary.nct_id: (trial, judged(trial, patient)) for trial in real_trials()}
        deciding = {nct_id: deciding_facts(found) for nct_id, (_, found) in before.items()}
        counted = Counter(each for facts in deciding.values() for each in facts)
        facts = {each: fact for found in deciding.values() for each, fact in found.items()}
        plain = [
            e for e, _ in sorted(counted.items(), key=lambda c: (-c[1], c[0])) if e[0] in KINDS and not facts[e].aspect
        ]
        for each in plain[:TOP]:
            for nct_id, found in deciding.items():
                if each not in found:
                    continue
                trial, old = before[nct_id]
                leaves = leaves_on(old, each)
                if any(map(is_beyond_one_answer, leaves)):
                    continue
                told = [new for leaf in leaves for new in answers(patient, facts[each], leaf.expression)]
                asked[each[0]] += 1
                verdicts = [c.verdict for c in old.criteria]
                if all([c.verdict for c in judged(trial, new).criteria] == verdicts for new in told):
                    unmoved.append((nct_id, each))
    assert sum(asked.values()) > 300
    assert unmoved == []


def favourable(finding: Finding, wanted: bool, known: frozenset[FactKey]) -> Truth:
    """The finding's truth where every open leaf whose facts are known came out as is best for `wanted`.

    Kleene's connectives grow with their parts, so leaf by leaf the best is the best of all outcomes.
    """
    if finding.truth is not Truth.UNKNOWN or not finding.applicable:
        return finding.truth if finding.applicable else Truth.of(wanted)
    if FINDABLE.isdisjoint(finding.reasons):
        return Truth.UNKNOWN
    expression, parts = finding.expression, finding.parts
    match expression:
        case AllOf():
            return conjunction(favourable(part, wanted, known) for part in parts)
        case AnyOf():
            return disjunction(favourable(part, wanted, known) for part in parts)
        case AtLeast():
            return at_least(expression.count, [favourable(part, wanted, known) for part in parts])
        case Not():
            return negation(favourable(parts[0], not wanted, known))
        case If():
            when, then = favourable(parts[0], not wanted, known), favourable(parts[1], wanted, known)
            return disjunction((negation(when), then))
        case OnSite() | Unreadable():
            return Truth.UNKNOWN
    missing = askable(finding)
    return Truth.of(wanted) if missing and known.issuperset(map(key, missing)) else Truth.UNKNOWN


def closes(criterion: JudgedCriterion, known: frozenset[FactKey]) -> bool:
    wanted = criterion.role is Role.INCLUSION
    return favourable(criterion.finding, wanted, known) is Truth.of(wanted)


def by_brute_force(trial: JudgedTrial) -> set[frozenset[FactKey]]:
    """Every minimal set of facts that could close all that facts can close, found by trying all subsets, small ones first."""
    facts = frozenset(open_facts(trial))
    closable = [c for c in trial.criteria if is_open(c) and closes(c, facts)]
    own = [frozenset(key(f) for leaf in open_leaves(c.finding) for f in askable(leaf)) for c in closable]
    remembered: list[dict[frozenset[FactKey], bool]] = [{} for _ in closable]

    def enough(known: frozenset[FactKey]) -> bool:
        for place, criterion in enumerate(closable):
            local = known & own[place]
            if local not in remembered[place]:
                remembered[place][local] = closes(criterion, local)
            if not remembered[place][local]:
                return False
        return True

    found: set[frozenset[FactKey]] = set()
    for size in range(len(facts) + 1):
        for chosen in map(frozenset, combinations(sorted(facts), size)):
            if not any(smaller <= chosen for smaller in found) and enough(chosen):
                found.add(chosen)
    return found - {frozenset()}


@cache
def samples() -> tuple[JudgedTrial, ...]:
    chance = random.Random(7)
    people = real_patients(8)
    return tuple(judged(trial, people[chance.randrange(len(people))]) for trial in real_trials())


def sets_of(trial: JudgedTrial) -> tuple[list[frozenset[FactKey]], bool]:
    sets, exact = undecided_sets(trial)
    return [frozenset(map(key, group)) for group in sets], exact


def test_the_joint_sets_of_a_trial_are_all_the_minimal_ones() -> None:
    compared: Counter[int] = Counter()
    for trial in samples():
        sets, exact = sets_of(trial)
        assert exact is (len(open_facts(trial)) <= EXACT_FACTS)
        if exact:
            assert len(sets) == len(set(sets))
            assert set(sets) == by_brute_force(trial), trial.nct_id
            compared[len(sets)] += 1
    assert sum(compared.values()) > 100
    assert sum(number for size, number in compared.items() if size > 1) > 10


def test_beyond_the_exact_ones_there_is_one_set_and_it_suffices() -> None:
    seen = 0
    for trial in samples():
        sets, exact = sets_of(trial)
        if exact:
            continue
        seen += 1
        facts = frozenset(open_facts(trial))
        closable = [c for c in trial.criteria if is_open(c) and closes(c, facts)]
        assert len(sets) == (1 if closable and not all(closes(c, frozenset()) for c in closable) else 0)
        for group in sets:
            assert group <= facts
            assert all(closes(criterion, group) for criterion in closable), trial.nct_id
    assert seen > 20
