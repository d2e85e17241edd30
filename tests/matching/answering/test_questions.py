import pytest
from trees import fact

from matching.answering.questions import QuestionCount, ask, ask_for_all, plain_name
from matching.answering.wording import Wording
from matching.model.finding import MissingFact


def counted(*groups: str) -> QuestionCount:
    count = QuestionCount()
    for group in groups:
        count.add({("measurement", name): fact(name) for name in group})
    return count


def test_the_order_is_greedy_and_the_counts_are_the_facts_own() -> None:
    # a moves 4 trials, b 3 (all of them also moved by a), c 2 that no other moves
    questions = counted("ab", "ab", "ab", "a", "c", "c").deciders()
    assert [(q.fact.fact, q.decides) for q in questions] == [("a", 4), ("c", 2), ("b", 3)]


def test_ties_go_by_name_and_the_limit_holds() -> None:
    assert [q.fact.fact for q in counted("b", "a", "c").deciders(limit=2)] == ["a", "b"]


def test_the_order_in_which_trials_come_never_matters() -> None:
    groups = ["ab", "bc", "a", "c", "cd", "d", "abcd"]
    assert counted(*groups).deciders() == counted(*reversed(groups)).deciders()


def test_no_trial_gives_no_question() -> None:
    assert QuestionCount().deciders() == ()


def test_the_question_is_the_analytes_own_or_that_of_its_kind() -> None:
    condition = MissingFact("condition", "D008175", "lung cancer")
    assert ask(condition, Wording("en")) == "Do you have, or did you ever have, lung cancer?"
    assert ask(condition, Wording("es")) == "¿Tiene o tuvo alguna vez lung cancer?"
    assert ask(MissingFact("age", "age", "age"), Wording("en")) == "What is your date of birth?"
    assert ask(fact("something nobody lists"), Wording("en")) == "What is your latest value for something nobody lists?"


def test_every_kind_of_fact_has_a_question_in_both_languages() -> None:
    kinds = "age sex measurement result score condition treatment count pregnancy life_expectancy lifestyle statement"
    for language in ("en", "es"):
        asked = [ask(MissingFact(kind, "zzz", "zzz"), Wording(language)) for kind in kinds.split()]  # type: ignore[arg-type]
        assert all(question.endswith("?") for question in asked), asked


@pytest.mark.parametrize(
    ("kind", "name", "plain"),
    [
        ("condition", "Leukemia, Myeloid, Acute", "acute myeloid leukemia"),
        ("condition", "Breast Neoplasms", "breast tumors or cancer"),
        ("condition", "Diabetes Mellitus, Type 1", "type 1 diabetes mellitus"),
        ("condition", "Crohn Disease", "Crohn disease"),
        ("condition", "HIV Infections", "HIV infections"),
        ("condition", "Lymphoma, Non-Hodgkin", "Non-Hodgkin lymphoma"),
        (
            "condition",
            "whether your Diabetes Mellitus, Type 1 is active now",
            "whether your Diabetes Mellitus, Type 1 is active now",
        ),
        ("measurement", "Lp(a), mass", "Lp(a), mass"),
    ],
)
def test_names_are_said_as_people_say_them(kind: str, name: str, plain: str) -> None:
    assert plain_name(MissingFact(kind, "x", name)) == plain


def test_one_question_for_several_facts() -> None:
    conditions = [MissingFact("condition", name, name) for name in ("asthma", "gout", "lupus", "mumps", "rabies")]
    assert ask_for_all(conditions, Wording()) == (
        "Do you have, or did you ever have, any of these: asthma, gout, lupus, mumps and 1 more?"
    )
    assert ask_for_all(conditions[:1], Wording()) == "Do you have, or did you ever have, asthma?"
    assert ask_for_all([conditions[0], fact("ALT")], Wording()) == "Can you find out about these: asthma and ALT?"
    clauses = [MissingFact("condition", f"x:{n}", f"whether {n}") for n in ("it is mild", "it is new")]
    assert ask_for_all(clauses, Wording()) == "Can you tell us whether it is mild and whether it is new?"
    assert ask(clauses[0], Wording()) == "Can you tell us whether it is mild?"
