"""Which facts could still move a trial: each alone, and minimal sets of them, over the trees of findings.

An open leaf may come out either way once the facts it misses are known; a leaf that is unreadable, on site or
not comparable stays open whatever is found out. Two open leaves are taken as independent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from matching.judging.askable import FINDABLE, FactKey, askable, key, only_fact, order_of_fact
from matching.model.codes import Eligibility, Role, Verdict, WhyUnknown
from matching.model.criterion import AllOf, AnyOf, AtLeast, If, Leaf, Not
from matching.model.finding import Finding, JudgedCriterion, JudgedTrial, MissingFact
from matching.model.truth import Truth

EXACT_FACTS = 12
"""Up to so many open facts of one trial the minimal sets are exact."""

FactSet = frozenset[FactKey]
FactSets = frozenset[FactSet]

_NEVER: FactSets = frozenset()
_ALREADY: FactSets = frozenset({frozenset()})


def is_open(criterion: JudgedCriterion) -> bool:
    """Whether the criterion counts for the trial and keeps it from being settled; on-site ones do not."""
    return (
        criterion.verdict is Verdict.UNKNOWN
        and criterion.why_unknown is not WhyUnknown.ON_SITE
        and not criterion.part_of_parent
    )


def _beyond_facts(finding: Finding) -> bool:
    """Whether a finding is unknown for reasons that no fact removes."""
    return finding.truth is Truth.UNKNOWN and FINDABLE.isdisjoint(finding.reasons)


def open_leaves(finding: Finding) -> tuple[Finding, ...]:
    """The unknown leaves below a finding, in the order of the text."""
    if finding.truth is not Truth.UNKNOWN or not finding.applicable:
        return ()
    if not finding.parts:
        return (finding,)
    found: list[Finding] = []
    for part in finding.parts:
        if part.truth is Truth.UNKNOWN:
            found += open_leaves(part)
    return tuple(found)


def open_facts(trial: JudgedTrial) -> dict[FactKey, MissingFact]:
    """Every fact that an open criterion misses, each once, in the order of the criteria."""
    found: dict[FactKey, MissingFact] = {}
    for criterion in trial.criteria:
        if is_open(criterion):
            for each, fact in _open_facts_of(criterion).items():
                _take(found, each, fact)
    return found


def _open_facts_of(criterion: JudgedCriterion) -> dict[FactKey, MissingFact]:
    """The facts that one criterion misses; kept with it."""
    known: dict[FactKey, MissingFact] | None = None if criterion.kept is None else criterion.kept.get(_open_facts_of)
    if known is None:
        known = {}
        for leaf in open_leaves(criterion.finding):
            for fact in askable(leaf):
                _take(known, key(fact), fact)
        if criterion.kept is not None:
            criterion.kept[_open_facts_of] = known
    return known


def _take(found: dict[FactKey, MissingFact], each: FactKey, fact: MissingFact) -> None:
    known = found.setdefault(each, fact)
    if known is not fact and known != fact:  # one question in two wordings: the same one wherever it was met first
        found[each] = min(known, fact, key=order_of_fact)


@dataclass(frozen=True, slots=True)
class _Movers:
    """The facts that, each alone, can make a finding FALSE, and those that can make it TRUE; None: it is so already."""

    false: frozenset[FactKey] | None
    true: frozenset[FactKey] | None


_OPEN_FOR_GOOD = _Movers(frozenset(), frozenset())
_SETTLED = {
    Truth.FALSE: _Movers(None, frozenset()),
    Truth.TRUE: _Movers(frozenset(), None),
    Truth.UNKNOWN: _OPEN_FOR_GOOD,
}


def _movers(finding: Finding) -> _Movers:
    """One pass over the tree. An "all of" becomes FALSE with any part, TRUE only with every part; the rest alike."""
    if finding.truth is not Truth.UNKNOWN or not finding.applicable or _beyond_facts(finding):
        return _SETTLED[finding.truth]
    expression = finding.expression
    match expression:
        case AllOf():
            parts = [_movers(part) for part in finding.parts]
            return _Movers(_any(part.false for part in parts), _every(part.true for part in parts))
        case AnyOf():
            parts = [_movers(part) for part in finding.parts]
            return _Movers(_every(part.false for part in parts), _any(part.true for part in parts))
        case AtLeast():
            parts = [_movers(part) for part in finding.parts]
            return _Movers(
                _some(len(parts) - expression.count + 1, [part.false for part in parts]),
                _some(expression.count, [part.true for part in parts]),
            )
        case Not():
            inner = _movers(finding.parts[0])
            return _Movers(inner.true, inner.false)
        case If():
            when, then = (_movers(part) for part in finding.parts)
            return _Movers(_every((when.true, then.false)), _any((when.false, then.true)))
        case _:
            _: Leaf = expression
            fact = only_fact(finding)
            return _OPEN_FOR_GOOD if fact is None else _Movers(frozenset({key(fact)}), frozenset({key(fact)}))


def _any(sets: Iterable[frozenset[FactKey] | None]) -> frozenset[FactKey] | None:
    """The facts in one set or more; None where a part is so already."""
    union: set[FactKey] = set()
    for each in sets:
        if each is None:
            return None
        union |= each
    return frozenset(union)


def _every(sets: Iterable[frozenset[FactKey] | None]) -> frozenset[FactKey] | None:
    """The facts in all sets; parts that are so already do not narrow."""
    common: frozenset[FactKey] | None = None
    for each in sets:
        if each is not None:
            common = each if common is None else common & each
    return common


def _some(count: int, sets: Sequence[frozenset[FactKey] | None]) -> frozenset[FactKey] | None:
    """The facts in as many sets as are still needed for `count`."""
    needed = count - sum(each is None for each in sets)
    if needed <= 0:
        return None
    counted = Counter(fact for each in sets if each is not None for fact in each)
    return frozenset(fact for fact, number in counted.items() if number >= needed)


def deciding_facts(trial: JudgedTrial) -> dict[FactKey, MissingFact]:
    """The facts that, each alone, could change the trial's eligibility.

    Against: one criterion settled against the patient is enough. In favour: the fact must close every open criterion.
    Where a cohort has been ruled out nothing makes the trial likely. A trial that is settled is changed by none.
    """
    if trial.eligibility is not Eligibility.POSSIBLY_ELIGIBLE:
        return {}
    against: set[FactKey] = set()
    favour: list[frozenset[FactKey] | None] = []
    for criterion in trial.criteria:
        if is_open(criterion):
            movers = _movers(criterion.finding)
            bad, good = (movers.false, movers.true) if criterion.role is Role.INCLUSION else (movers.true, movers.false)
            favour.append(good)
            if criterion.applies_to is None:  # one cohort's criterion never speaks against: another may be open
                against |= bad or frozenset()
    cohort_ruled_out = any(
        each.applies_to is not None and each.verdict is Verdict.NOT_APPLICABLE for each in trial.criteria
    )
    deciding = against if cohort_ruled_out else against | (_every(favour) or frozenset())
    return {each: fact for each, fact in open_facts(trial).items() if each in deciding}


def undecided_sets(trial: JudgedTrial) -> tuple[tuple[tuple[MissingFact, ...], ...], bool]:
    """The minimal sets of facts that, known together, could close in the patient's favour all that facts can close.

    Criteria that no fact can close (unreadable ones) stay open and are left out. Sets are ordered by size, then by name.
    The second value is False where a trial misses more than EXACT_FACTS facts: then there is one set, which suffices
    but may not be minimal.
    """
    facts = open_facts(trial)
    exact = len(facts) <= EXACT_FACTS
    meet = _product if exact else _cheapest_product
    needed: FactSets = _ALREADY
    for criterion in trial.criteria:
        if is_open(criterion):
            closing = _closing(criterion, exact=exact)
            if closing:
                needed = meet((needed, closing))
    ordered = sorted((tuple(sorted(group)) for group in needed if group), key=lambda group: (len(group), group))
    return tuple(tuple(facts[each] for each in group) for group in ordered), exact


Combine = Callable[[Iterable[FactSets]], FactSets]


def _closing(criterion: JudgedCriterion, *, exact: bool) -> FactSets:
    """The minimal sets of facts with which the criterion can come out in the patient's favour; kept with the criterion."""
    key = (_closing, exact)
    known: FactSets | None = None if criterion.kept is None else criterion.kept.get(key)
    if known is None:
        join, meet = (_union, _product) if exact else (_cheapest_union, _cheapest_product)
        known = _settling(criterion.finding, criterion.role is Role.INCLUSION, join, meet)
        if criterion.kept is not None:
            criterion.kept[key] = known
    return known


def _settling(finding: Finding, wanted: bool, join: Combine, meet: Combine) -> FactSets:
    """The minimal sets of facts with which the finding can come out TRUE (or FALSE, where `wanted` is False)."""
    target = Truth.of(wanted)
    if finding.truth is not Truth.UNKNOWN or not finding.applicable:
        return _ALREADY if finding.truth is target or not finding.applicable else _NEVER
    if _beyond_facts(finding):
        return _NEVER
    expression = finding.expression
    match expression:
        case AllOf():
            return (meet if wanted else join)(_settling(part, wanted, join, meet) for part in finding.parts)
        case AnyOf():
            return (join if wanted else meet)(_settling(part, wanted, join, meet) for part in finding.parts)
        case AtLeast():
            parts = [_settling(part, wanted, join, meet) for part in finding.parts]
            count = expression.count if wanted else len(parts) - expression.count + 1
            parts = [part for part in parts if part]
            if len(parts) < count:
                return _NEVER
            if len(parts) > EXACT_FACTS:
                return meet(sorted(parts, key=_least_size)[:count])
            return join(meet(chosen) for chosen in combinations(parts, count))
        case Not():
            return _settling(finding.parts[0], not wanted, join, meet)
        case If():
            when, then = finding.parts
            if wanted:
                return join((_settling(when, False, join, meet), _settling(then, True, join, meet)))
            return meet((_settling(when, True, join, meet), _settling(then, False, join, meet)))
        case _:
            _: Leaf = expression
            facts = askable(finding)
            return frozenset({frozenset(key(fact) for fact in facts)}) if facts else _NEVER


def _least_size(sets: FactSets) -> int:
    return min(len(group) for group in sets)


def _minimal(sets: Iterable[FactSet]) -> FactSets:
    kept: list[FactSet] = []
    for group in sorted(set(sets), key=len):
        if not any(smaller <= group for smaller in kept):
            kept.append(group)
    return frozenset(kept)


def _union(families: Iterable[FactSets]) -> FactSets:
    return _minimal(group for family in families for group in family)


def _product(families: Iterable[FactSets]) -> FactSets:
    result: FactSets = _ALREADY
    for family in families:
        if len(result) == 1 and len(family) == 1:
            (left,), (right,) = result, family
            result = frozenset({left | right})
        else:
            result = _minimal(left | right for left in result for right in family)
    return result


def _cheapest(sets: FactSets) -> FactSets:
    return frozenset({min(sets, key=lambda group: (len(group), sorted(group)))}) if sets else _NEVER


def _cheapest_union(families: Iterable[FactSets]) -> FactSets:
    return _cheapest(frozenset(group for family in families for group in family))


def _cheapest_product(families: Iterable[FactSets]) -> FactSets:
    whole: FactSet = frozenset()
    for family in families:
        if not family:
            return _NEVER
        whole |= next(iter(_cheapest(family)))
    return frozenset({whole})
