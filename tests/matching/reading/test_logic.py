"""The joins that keep what was not understood from making a result sharper."""

from itertools import product

import pytest

from matching.model.criterion import (
    AllOf,
    AnyOf,
    AtLeast,
    Concept,
    ConditionIs,
    Expression,
    If,
    Not,
    OnSite,
    Unreadable,
)
from matching.model.truth import Truth, at_least, conjunction, disjunction, negation
from matching.reading.logic import (
    all_of,
    any_of,
    between,
    clouded,
    factored,
    leaves,
    narrowed,
    negate,
    settles,
)

A = ConditionIs(0, 1, Concept("a"))
B = ConditionIs(2, 3, Concept("b"))
C = ConditionIs(4, 5, Concept("c"))
U = Unreadable(6, 9, "words that could not be read")
ALL = (Truth.TRUE, Truth.FALSE, Truth.UNKNOWN)


def _truth(e: Expression, known: dict[Expression, Truth]) -> Truth:
    match e:
        case AllOf(of):
            return conjunction(_truth(x, known) for x in of)
        case AnyOf(of):
            return disjunction(_truth(x, known) for x in of)
        case AtLeast(count, of):
            return at_least(count, [_truth(x, known) for x in of])
        case Not(of):
            return negation(_truth(of, known))
        case _:
            return known.get(e, Truth.UNKNOWN)


@pytest.mark.parametrize("a", ALL)
def test_words_that_narrow_keep_false_and_never_say_true(a: Truth) -> None:
    assert _truth(narrowed(A, U), {A: a}) is (Truth.FALSE if a is Truth.FALSE else Truth.UNKNOWN)


@pytest.mark.parametrize("a", ALL)
def test_words_that_may_do_either_leave_nothing_certain_but_keep_the_leaf_in_sight(a: Truth) -> None:
    told = clouded(A, U)
    assert _truth(told, {A: a}) is Truth.UNKNOWN
    assert A in leaves(told)


@pytest.mark.parametrize("members", [(A, B), (A, B, C)], ids=["two", "three"])
def test_all_or_any_is_settled_only_where_both_readings_agree(members: tuple[Expression, ...]) -> None:
    told = between(members, U)
    for values in product((Truth.TRUE, Truth.FALSE), repeat=len(members)):
        known = dict(zip(members, values, strict=True))
        every, some = _truth(AllOf(members), known), _truth(AnyOf(members), known)
        assert _truth(told, known) is (every if every is some else Truth.UNKNOWN)


def test_each_member_of_all_or_any_stands_once() -> None:
    assert [leaf for leaf in leaves(between((A, B, C), U)) if leaf != U] == [A, B, C]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (AnyOf((AllOf((A, B)), AllOf((A, C)))), AllOf((A, AnyOf((B, C))))),
        (AllOf((AnyOf((A, B)), AnyOf((C, A)))), AnyOf((A, AllOf((B, C))))),
        (AnyOf((AllOf((A, B)), AllOf((A, B, C)))), AllOf((A, B))),
        (Not(AnyOf((AllOf((B, A)), AllOf((A, C))))), Not(AllOf((A, AnyOf((B, C)))))),
        (AnyOf((AllOf((A, B)), C)), AnyOf((AllOf((A, B)), C))),
        (AnyOf((AllOf((A, U)), AllOf((B, U)))), AnyOf((AllOf((A, U)), AllOf((B, U))))),
    ],
)
def test_what_all_members_share_is_said_once_with_the_same_verdicts(
    expression: Expression, expected: Expression
) -> None:
    assert factored(expression) == expected
    for values in product(ALL, repeat=3):
        known: dict[Expression, Truth] = dict(zip((A, B, C), values, strict=True))
        assert _truth(factored(expression), known) is _truth(expression, known)


def test_flat_and_single() -> None:
    assert all_of((A, AllOf((B, C)))) == AllOf((A, B, C))
    assert any_of((AnyOf((A, B)), B)) == AnyOf((A, B))
    assert all_of((A, A)) == A
    assert negate(Not(A)) == A
    assert between((A, A), U) == A


@pytest.mark.parametrize(
    ("expression", "sides"),
    [
        (A, (True, True)),
        (U, (False, False)),
        (OnSite(0, 1, "consent"), (False, False)),
        (narrowed(A, U), (False, True)),
        (AnyOf((A, U)), (True, False)),
        (clouded(A, U), (False, False)),
        (Not(narrowed(A, U)), (True, False)),
        (between((A, B), U), (True, True)),
        (AtLeast(2, (A, U, U)), (False, False)),
        (If(A, narrowed(B, U)), (True, True)),  # true of all of whom A is not
        (If(U, U), (True, False)),  # a permission
        (If(U, A), (False, False)),
    ],
)
def test_which_way_facts_can_settle_it(expression: Expression, sides: tuple[bool, bool]) -> None:
    assert settles(expression) == sides
