"""Which facts could move a trial, held against trying every way in which the open leaves may come out."""

from collections.abc import Collection
from dataclasses import replace
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st
from trees import UNREAD, all_of, any_of, criterion, if_, leaf, not_, some_of, trial

from matching.answering.deciding import (
    deciding_facts,
    is_open,
    open_facts,
    undecided_sets,
)
from matching.model.codes import Eligibility, Role, WhyUnknown
from matching.model.criterion import AllOf, AnyOf, AtLeast, If, MeasurementIs, Not, OnSite
from matching.model.finding import Finding, JudgedTrial
from matching.model.truth import Truth, at_least, conjunction, disjunction, negation


def truth_of(finding: Finding, given: dict[str, Truth]) -> Truth:
    """Plain Kleene evaluation with the open leaves of `given` names set."""
    expression, parts = finding.expression, [truth_of(part, given) for part in finding.parts]
    match expression:
        case AllOf():
            return conjunction(parts)
        case AnyOf():
            return disjunction(parts)
        case AtLeast():
            return at_least(expression.count, parts)
        case Not():
            return negation(parts[0])
        case If():
            return disjunction((negation(parts[0]), parts[1]))
        case MeasurementIs() if finding.truth is Truth.UNKNOWN:
            return given.get(expression.analyte.name, Truth.UNKNOWN)
        case _:
            return finding.truth


def trees(names: st.SearchStrategy[str], depth: int = 2) -> st.SearchStrategy[Finding]:
    leaves = st.one_of(
        names.map(leaf), names.map(leaf), st.sampled_from([UNREAD, leaf("x", Truth.TRUE), leaf("y", Truth.FALSE)])
    )
    if depth == 0:
        return leaves
    below = trees(names, depth - 1)
    lists = st.lists(below, min_size=1, max_size=3)
    return st.one_of(
        leaves,
        lists.map(lambda parts: all_of(*parts)),
        lists.map(lambda parts: any_of(*parts)),
        st.tuples(st.integers(1, 3), lists).map(lambda pair: some_of(pair[0], *pair[1])),
        below.map(not_),
        st.tuples(below, below).map(lambda pair: if_(*pair)),
    )


def renamed(finding: Finding, counter: list[int]) -> Finding:
    """Every open leaf about a fact of its own: then leaves are independent, as the module says it takes them to be."""
    if not finding.parts:
        if isinstance(finding.expression, MeasurementIs) and finding.truth is Truth.UNKNOWN:
            counter[0] += 1
            return leaf(f"f{counter[0]}")
        return finding
    return replace(finding, parts=tuple(renamed(part, counter) for part in finding.parts))


def reachable(tree: Finding, known: Collection[str]) -> set[Truth]:
    """Every truth that the tree can take when the leaves on the known facts come out in any way."""
    counter = [0]
    apart = renamed(tree, counter)
    every = {f"f{n + 1}": name for n, name in enumerate(_names_in(tree))}
    moving = [leaf_name for leaf_name, name in every.items() if name in known]
    return {
        truth_of(apart, dict(zip(moving, values, strict=True)))
        for values in product((Truth.FALSE, Truth.TRUE), repeat=len(moving))
    }


def _names_in(finding: Finding) -> list[str]:
    if finding.parts:
        return [name for part in finding.parts for name in _names_in(part)]
    expression = finding.expression
    return [expression.analyte.name] if isinstance(expression, MeasurementIs) and finding.truth is Truth.UNKNOWN else []


def closes(tree: Finding, role: Role, known: Collection[str]) -> bool:
    return (Truth.TRUE if role is Role.INCLUSION else Truth.FALSE) in reachable(tree, known)


def fails(tree: Finding, role: Role, known: Collection[str]) -> bool:
    return (Truth.FALSE if role is Role.INCLUSION else Truth.TRUE) in reachable(tree, known)


PAIRS = st.lists(st.tuples(trees(st.sampled_from("abcde")), st.sampled_from(Role)), min_size=1, max_size=3)


def judged_of(pairs: list[tuple[Finding, Role]]) -> JudgedTrial:
    return trial(*(criterion(tree, role, f"c{n}") for n, (tree, role) in enumerate(pairs)))


@settings(max_examples=150, deadline=None)
@given(PAIRS)
def test_a_fact_decides_when_it_alone_fails_a_criterion_or_closes_all(pairs: list[tuple[Finding, Role]]) -> None:
    judged = judged_of(pairs)
    still_open = [each for each in judged.criteria if is_open(each)]
    deciding = {
        name
        for _, name in open_facts(judged)
        if any(fails(each.finding, each.role, {name}) for each in still_open)
        or all(closes(each.finding, each.role, {name}) for each in still_open)
    }
    assert {name for _, name in deciding_facts(judged)} == deciding


@settings(max_examples=60, deadline=None)
@given(PAIRS)
def test_the_joint_sets_are_the_minimal_ones(pairs: list[tuple[Finding, Role]]) -> None:
    judged = judged_of(pairs)
    still_open = [each for each in judged.criteria if is_open(each)]
    everything = [name for _, name in open_facts(judged)]
    closable = [each for each in still_open if closes(each.finding, each.role, everything)]
    enough = [
        frozenset(group)
        for size in range(len(everything) + 1)
        for group in combinations(everything, size)
        if all(closes(each.finding, each.role, group) for each in closable)
    ]
    minimal = {group for group in enough if group and not any(other < group for other in enough)}
    sets, exact = undecided_sets(judged)
    assert exact
    assert {frozenset(fact.id for fact in group) for group in sets} == minimal


def names(judged: JudgedTrial) -> list[list[str]]:
    return [[fact.fact for fact in group] for group in undecided_sets(judged)[0]]


def test_alternatives_give_several_sets_and_criteria_join_them() -> None:
    judged = trial(
        criterion(any_of(leaf("ALT"), leaf("AST"))),
        criterion(leaf("C-peptide"), Role.EXCLUSION, "e1"),
        criterion(UNREAD, name="i2"),
    )
    assert names(judged) == [["ALT", "C-peptide"], ["AST", "C-peptide"]]


def test_beyond_twelve_facts_one_set_is_given_and_labelled() -> None:
    judged = trial(*(criterion(leaf(f"f{n:02}"), name=f"i{n}") for n in range(13)))
    sets, exact = undecided_sets(judged)
    assert (len(sets), len(sets[0]), exact) == (1, 13, False)
    wide = trial(criterion(any_of(*(leaf(f"f{n:02}") for n in range(300)))))
    assert (names(wide), undecided_sets(wide)[1]) == ([["f00"]], False)


def test_one_fact_decides_against_through_one_criterion_and_in_favour_only_when_nothing_else_is_open() -> None:
    both = trial(criterion(all_of(leaf("ALT"), UNREAD)), criterion(any_of(leaf("AST"), UNREAD), name="i2"))
    # a bad ALT fails the first criterion; no AST fails the second, and a good one leaves the first open
    assert [key for _, key in deciding_facts(both)] == ["ALT"]
    alone = trial(criterion(any_of(leaf("AST"), UNREAD)))
    assert [key for _, key in deciding_facts(alone)] == ["AST"]


def test_a_settled_trial_is_decided_by_nothing() -> None:
    for settled in (Eligibility.NOT_ELIGIBLE, Eligibility.LIKELY_ELIGIBLE):
        assert deciding_facts(trial(criterion(leaf("ALT")), eligibility=settled)) == {}


def test_what_the_study_team_settles_is_neither_asked_nor_in_the_way() -> None:
    consent = Finding(OnSite(0, 1, "consent"), Truth.UNKNOWN, (WhyUnknown.ON_SITE,))
    judged = trial(criterion(consent), criterion(leaf("ALT"), name="i2"))
    assert [key for _, key in open_facts(judged)] == ["ALT"]
    assert names(judged) == [["ALT"]]


def test_nested_lines_do_not_count() -> None:
    assert open_facts(trial(criterion(leaf("AST"), part_of_parent=True))) == {}


def test_a_cohorts_criterion_can_be_closed_but_never_decides_against() -> None:
    cohort = criterion(all_of(leaf("ALT"), UNREAD), applies_to="Cohort B")
    assert deciding_facts(trial(cohort)) == {}
    assert [key for _, key in deciding_facts(trial(criterion(leaf("ALT"), applies_to="Cohort B")))] == ["ALT"]


def test_what_no_fact_rests_on_is_not_opened_by_one() -> None:
    settled_on_nothing = replace(
        all_of(leaf("x", Truth.FALSE), leaf("ALT")), truth=Truth.UNKNOWN, reasons=(WhyUnknown.UNREADABLE,)
    )
    assert deciding_facts(trial(criterion(settled_on_nothing))) == {}
    assert undecided_sets(trial(criterion(settled_on_nothing))) == ((), True)
