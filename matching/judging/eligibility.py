"""From findings to verdicts, and from verdicts to a trial's eligibility. Roles are applied here and nowhere else.

A cohort's criteria (`applies_to`) never decide against the trial: which cohort a patient would join is not known. A
criterion that fails shows that the patient is not of that cohort, so all its criteria are not applicable; while a cohort
has been ruled out, the trial is at best possibly eligible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from operator import itemgetter

from matching.judging import near_miss, silence
from matching.judging.dates import failing_changes, merge, spans_without
from matching.judging.evaluate import evaluate, most_telling
from matching.judging.facts import Facts
from matching.judging.people import HEALTHY_BY_FIELD
from matching.model.codes import Eligibility, Role, Sex, Verdict, WhyUnknown
from matching.model.criterion import (
    AgeIs,
    AllOf,
    AnyOf,
    AtLeast,
    Bound,
    Concept,
    ConditionIs,
    Criterion,
    Expression,
    If,
    Leaf,
    Not,
    OnSite,
    SexIs,
    Unreadable,
)
from matching.model.finding import Change, Counts, Finding, JudgedCriterion, JudgedTrial, PartVerdict
from matching.model.trial import AgeLimit, EligibilityFields
from matching.model.truth import Truth, disjunction

ROLES: Mapping[tuple[Role, Truth], Verdict] = {
    (Role.INCLUSION, Truth.TRUE): Verdict.INCLUDED,
    (Role.INCLUSION, Truth.FALSE): Verdict.NOT_INCLUDED,
    (Role.INCLUSION, Truth.UNKNOWN): Verdict.UNKNOWN,
    (Role.EXCLUSION, Truth.TRUE): Verdict.EXCLUDED,
    (Role.EXCLUSION, Truth.FALSE): Verdict.NOT_EXCLUDED,
    (Role.EXCLUSION, Truth.UNKNOWN): Verdict.UNKNOWN,
}
"""The one table: what a sentence's truth means in each list."""

AGAINST = frozenset({Verdict.NOT_INCLUDED, Verdict.EXCLUDED})
IN_FAVOUR = frozenset({Verdict.INCLUDED, Verdict.NOT_EXCLUDED})
FAILING = {Role.INCLUSION: Truth.FALSE, Role.EXCLUSION: Truth.TRUE}
FIELD_IDS = ("age", "sex", "healthy_volunteers")
NEUTRAL: Mapping[Role, Expression] = {Role.INCLUSION: AllOf(()), Role.EXCLUSION: AnyOf(())}
"""What asks nothing of anybody."""
_UNITS = {"a": "Year", "mo": "Month", "wk": "Week", "d": "Day", "h": "Hour", "min": "Minute"}


def verdict_of(role: Role, finding: Finding) -> Verdict:
    """The role table, with sentences about other people set apart."""
    return ROLES[role, finding.truth] if finding.applicable else Verdict.NOT_APPLICABLE


def why_unknown(finding: Finding) -> WhyUnknown | None:
    """The most telling reason; None for a settled finding."""
    if finding.truth is not Truth.UNKNOWN or not finding.reasons:
        return None
    return finding.reasons[0] if len(finding.reasons) == 1 else most_telling(finding.reasons)[0]


def judge_criterion(criterion: Criterion, facts: Facts, source: str | None = None, prefix: str = "") -> JudgedCriterion:
    """One criterion with the verdict of each of its leaves.

    `prefix` goes before its id. `source` is the text that the offsets count in; without it a leaf outside the criterion's own line has no quote.
    """
    failing = FAILING[criterion.role]
    favourable = Truth(-failing.value)
    finding = evaluate(criterion.expression, facts, favourable)
    if finding.truth is failing and (doubted := silence.doubted(facts)) is not None:
        # A failure that rests on a silence too thin to shut anybody out is none.
        finding = evaluate(criterion.expression, doubted, favourable)
    if criterion.expression == NEUTRAL[criterion.role] and not criterion.id.endswith(FIELD_IDS):
        finding = replace(finding, applicable=False)  # "None", a title: it asks nothing, so it speaks for nobody
    if finding.truth is failing and (facts.empty or not finding.evidence):
        # Nothing that the patient said speaks against anybody: an odd expression must not.
        finding = replace(finding, truth=Truth.UNKNOWN, reasons=(WhyUnknown.UNREADABLE,), timeline=())
    fails = Truth.of(finding.truth is failing and finding.applicable)
    failures = failing_changes(failing, finding.timeline)
    if any(c.to is Truth.TRUE for c in failures) and (doubted := silence.doubted(facts)) is not None:
        # A failure to come, too, must not rest on such a silence.
        failures = failing_changes(failing, evaluate(criterion.expression, doubted, favourable).timeline)
    starts, ends = spans_without(Truth.TRUE, fails, failures)
    return JudgedCriterion(
        prefix + criterion.id,
        criterion.role,
        criterion.text,
        criterion.start,
        criterion.end,
        verdict_of(criterion.role, finding),
        why_unknown(finding) if finding.applicable else None,
        finding,
        criterion.applies_to,
        None if criterion.parent is None else prefix + criterion.parent,
        criterion.part_of_parent,
        part_verdicts(criterion, finding, source),
        starts,
        ends,
        failures=failures,
    )


def part_verdicts(criterion: Criterion, finding: Finding, source: str | None = None) -> tuple[PartVerdict, ...]:
    """Each leaf of a compound criterion, in the order of the text; empty for a criterion that is one leaf."""
    if not finding.parts:
        return ()
    found: list[tuple[int, int, Finding, Leaf]] = []
    _collect_leaves(finding, found)
    found.sort(key=itemgetter(0, 1))
    return tuple(
        PartVerdict(_quote(criterion, start, end, source), start, end, leaf.truth, why_unknown(leaf), expression)
        for start, end, leaf, expression in found
    )


def _collect_leaves(finding: Finding, found: list[tuple[int, int, Finding, Leaf]]) -> None:
    for part in finding.parts:
        _collect_leaves(part, found)
    expression = finding.expression
    if not finding.parts and not isinstance(expression, AllOf | AnyOf | AtLeast | Not | If):
        found.append((expression.start, expression.end, finding, expression))


def _quote(criterion: Criterion, start: int, end: int, source: str | None) -> str:
    if source is not None:
        return source[start:end]
    inside = criterion.start <= start and end <= criterion.end
    return criterion.text[start - criterion.start : end - criterion.start] if inside else ""


def field_criteria(fields: EligibilityFields, prefix: str = "") -> tuple[Criterion, ...]:
    """The registry's own fields as criteria: `age`, `sex`, `healthy_volunteers`; a field that is absent gives none.

    Offsets count in the criterion's own text. A field that asks nothing ("Sex: all") holds for everybody.
    """
    found = []
    if fields.minimum_age is not None or fields.maximum_age is not None:
        named = (("Minimum age", fields.minimum_age), ("maximum age", fields.maximum_age))
        text = "; ".join(f"{name}: {_age_text(limit)}" for name, limit in named if limit is not None)
        text = text[0].upper() + text[1:]
        bounds = [_age_bound(limit) for _, limit in named]
        found.append(_field(prefix, "age", text, AgeIs(0, len(text), bounds[0], bounds[1])))
    if fields.sex in {Sex.FEMALE, Sex.MALE, Sex.ALL}:
        text = f"Sex: {fields.sex.lower()}"
        expression: Expression = AllOf(()) if fields.sex == Sex.ALL else SexIs(0, len(text), Sex(fields.sex))
        if fields.gender_based and fields.sex != Sex.ALL:
            # Eligible by gender identity: the sex alone cannot shut anybody out.
            expression = AnyOf((expression, OnSite(0, len(text), "gender_identity")))
        found.append(_field(prefix, "sex", text, expression))
    if fields.healthy_volunteers is not None:
        accepted = fields.healthy_volunteers
        text = f"Healthy volunteers: {'accepted' if accepted else 'not accepted'}"
        healthy = ConditionIs(0, len(text), Concept("healthy volunteer", HEALTHY_BY_FIELD), "active")
        found.append(_field(prefix, "healthy_volunteers", text, AllOf(()) if accepted else Not(healthy)))
    return tuple(found)


def _field(prefix: str, name: str, text: str, expression: Expression) -> Criterion:
    return Criterion(f"{prefix}{name}", Role.INCLUSION, text, 0, len(text), expression)


def _age_text(limit: AgeLimit) -> str:
    name = _UNITS.get(limit.unit, limit.unit)
    return f"{limit.value:g} {name}{'' if limit.value == 1 else 's'}"


def _age_bound(limit: AgeLimit | None) -> Bound | None:
    """Hours and minutes of life count as the whole days they make."""
    if limit is None:
        return None
    match limit.unit:
        case "h":
            return Bound(float(limit.value // 24), "d")
        case "min":
            return Bound(float(limit.value // 1440), "d")
        case unit:
            return Bound(limit.value, unit)


def judge_trial(nct_id: str, criteria: Sequence[Criterion], fields: EligibilityFields, facts: Facts) -> JudgedTrial:
    """Every criterion and every field judged, whatever the others say; ids come out as `{nct_id}/{id}`."""
    prefix = f"{nct_id}/"
    own = [judge_field(c, facts) for c in field_criteria(fields, prefix)]
    return assembled(nct_id, own, [judge_criterion(c, facts, fields.text, prefix) for c in criteria], facts)


def judge_field(criterion: Criterion, facts: Facts) -> JudgedCriterion:
    """One of `field_criteria`; it has no place in the trial's text."""
    return replace(judge_criterion(criterion, facts), start=None, end=None)


def assembled(
    nct_id: str, own: Sequence[JudgedCriterion], judged_text: Sequence[JudgedCriterion], facts: Facts
) -> JudgedTrial:
    """The trial whose fields and criteria are judged."""
    read, cohort_ruled_out = _without_cohorts(judged_text)
    judged = (*own, *read)
    counted = [j for j in judged if not j.part_of_parent]
    decisive = [j for j in counted if j.applies_to is None]
    starts, ends = _eligible_span(decisive, facts.on)
    turns = [change.on for j in counted for change in j.finding.timeline[:1]]
    return JudgedTrial(
        nct_id,
        _eligibility(counted, unsure=cohort_ruled_out or facts.empty or not read),
        judged,
        _counts(counted),
        tuple(d for j in decisive if j.verdict in AGAINST for d in near_miss.misses(j.finding, FAILING[j.role])),
        starts,
        ends,
        min(turns) if turns else None,
        cross_check(own, read),
    )


def _without_cohorts(judged: Sequence[JudgedCriterion]) -> tuple[list[JudgedCriterion], bool]:
    """Criteria of a cohort that the patient is not of become not applicable; and whether there is such a cohort."""
    ruled_out = {
        j.applies_to for j in judged if j.applies_to is not None and not j.part_of_parent and j.verdict in AGAINST
    }
    if not ruled_out:
        return list(judged), False
    return [
        replace(j, verdict=Verdict.NOT_APPLICABLE, why_unknown=None, kept=None) if j.applies_to in ruled_out else j
        for j in judged
    ], True


def _eligibility(counted: Sequence[JudgedCriterion], *, unsure: bool) -> Eligibility:
    """One settled failure outweighs any number of unknowns; likely only when nothing but the study team's part is open.

    `unsure`: no criteria were read, nothing is known of the patient, or a cohort was ruled out.
    """
    if any(j.verdict in AGAINST for j in counted):
        return Eligibility.NOT_ELIGIBLE
    still_open = any(j.verdict is Verdict.UNKNOWN and j.why_unknown is not WhyUnknown.ON_SITE for j in counted)
    if still_open or unsure:
        return Eligibility.POSSIBLY_ELIGIBLE
    return Eligibility.LIKELY_ELIGIBLE


def _counts(counted: Sequence[JudgedCriterion]) -> Counts:
    reasons = Counter(j.why_unknown for j in counted if j.verdict is Verdict.UNKNOWN)
    return Counts(
        in_favour=sum(j.verdict in IN_FAVOUR for j in counted),
        against=sum(j.verdict in AGAINST for j in counted),
        not_applicable=sum(j.verdict is Verdict.NOT_APPLICABLE for j in counted),
        missing=reasons[WhyUnknown.MISSING],
        stale=reasons[WhyUnknown.STALE],
        unreadable=reasons[WhyUnknown.UNREADABLE],
        on_site=reasons[WhyUnknown.ON_SITE],
        not_comparable=reasons[WhyUnknown.NOT_COMPARABLE],
        conflict=reasons[WhyUnknown.CONFLICT],
    )


def _eligible_span(decisive: Sequence[JudgedCriterion], on: date) -> tuple[date | None, date | None]:
    """The days on which no criterion fails for certain: the first such stretch from today on."""
    failures = [_failure(j) for j in decisive]
    failing = disjunction(truth for truth, _ in failures)
    return spans_without(Truth.TRUE, failing, merge(failing, failures, disjunction))


def _failure(judged: JudgedCriterion) -> tuple[Truth, tuple[Change, ...]]:
    """Whether this criterion fails for certain, now and in time."""
    return Truth.of(judged.verdict in AGAINST), judged.failures


def cross_check(own: Sequence[JudgedCriterion], read: Sequence[JudgedCriterion]) -> tuple[str, ...]:
    """The fields (`age`, `sex`, `healthy_volunteers`) on which the registry's field and the text disagree for this patient."""
    found = []
    settled = [
        (side, j.finding.expression)
        for j in read
        if not j.part_of_parent and j.applies_to is None and (side := _side(j)) is not None
    ]
    for judged in own:
        name = judged.id.rsplit("/", 1)[-1]
        side = _side(judged)
        if side is not None and any(other is not side and _is_about(asked, name) for other, asked in settled):
            found.append(name)
    return tuple(found)


def _side(judged: JudgedCriterion) -> bool | None:
    return True if judged.verdict in IN_FAVOUR else False if judged.verdict in AGAINST else None


def _is_about(expression: Expression, field: str) -> bool:
    """Whether a criterion of the text asks for the same thing as the field and for nothing else."""
    match expression:
        case AgeIs():
            return field == "age"
        case SexIs():
            return field == "sex"
        case ConditionIs(concept=concept):
            return field == "healthy_volunteers" and concept.id in {HEALTHY_BY_FIELD, "D064368"}
        case AllOf(of=of) | AnyOf(of=of):
            return bool(of) and all(_is_about(part, field) for part in of)
        case Not(of=part):
            return _is_about(part, field)
        case Unreadable():
            return False
        case _:
            return False
