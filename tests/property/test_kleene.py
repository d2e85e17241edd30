"""Kleene's laws, of the truths themselves and of whatever expression is evaluated."""

from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judging_strategies import ON, expressions, patients

from matching.judging.evaluate import evaluate
from matching.judging.facts import prepare
from matching.model.criterion import AllOf, AnyOf, AtLeast, If, Not
from matching.model.truth import Truth, at_least, conjunction, disjunction, negation

T, U, F = Truth.TRUE, Truth.UNKNOWN, Truth.FALSE
TRIPLES = list(product(Truth, repeat=3))
GENERATED = settings(max_examples=60, deadline=None)


def test_a_truth_is_not_a_bool():
    with pytest.raises(TypeError):
        bool(U)


def test_the_tables():
    assert [conjunction(p) for p in product((T, U, F), repeat=2)] == [T, U, F, U, U, F, F, F, F]
    assert [disjunction(p) for p in product((T, U, F), repeat=2)] == [T, T, T, T, U, U, T, U, F]
    assert [negation(t) for t in (T, U, F)] == [F, U, T]


@pytest.mark.parametrize("truths", TRIPLES)
def test_de_morgan(truths):
    assert negation(conjunction(truths)) is disjunction(negation(t) for t in truths)
    assert negation(disjunction(truths)) is conjunction(negation(t) for t in truths)


@pytest.mark.parametrize("truths", TRIPLES)
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_at_least_is_the_disjunction_of_all_choices(truths, count):
    chosen = disjunction(conjunction(choice) for choice in combinations(truths, count))
    assert at_least(count, truths) is chosen


def truth(expression, facts):
    finding = evaluate(expression, facts)
    return finding.truth, finding.timeline


@GENERATED
@given(st.lists(expressions, max_size=3), patients)
def test_de_morgan_of_expressions(parts, patient):
    facts = prepare(patient, ON)
    nots = tuple(Not(p) for p in parts)
    both = evaluate(Not(AllOf(tuple(parts))), facts), evaluate(AnyOf(nots), facts)
    assert [(f.truth, f.timeline, f.applicable) for f in both[:1]] == [
        (f.truth, f.timeline, f.applicable) for f in both[1:]
    ]
    assert truth(Not(AnyOf(tuple(parts))), facts) == truth(AllOf(nots), facts)


@GENERATED
@given(expressions, expressions, patients)
def test_implication_double_negation_and_counting(a, b, patient):
    facts = prepare(patient, ON)
    if a != b:  # "if X then X" is how a permission is read: nobody fails it, known or not
        assert truth(If(a, b), facts) == truth(AnyOf((Not(a), b)), facts)
    assert truth(Not(Not(a)), facts) == truth(a, facts)
    assert truth(AtLeast(2, (a, b)), facts) == truth(AllOf((a, b)), facts)
    assert truth(AtLeast(1, (a, b)), facts) == truth(AnyOf((a, b)), facts)
    assert truth(AllOf((a, b)), facts) == truth(AllOf((b, a)), facts)
