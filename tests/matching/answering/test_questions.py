import pytest
from trees import fact

from matching.answering import names
from matching.answering.questions import QuestionCount, ask, ask_for_all
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
    assert ask(condition, Wording("es")) == "¿Tiene o tuvo alguna vez cáncer de pulmón?"
    assert ask(MissingFact("age", "age", "age"), Wording("en")) == "What is your date of birth?"
    assert ask(fact("something nobody lists"), Wording("en")) == "What is your latest value for something nobody lists?"


def test_every_kind_of_fact_has_a_question_in_both_languages() -> None:
    kinds = "age sex measurement result score condition treatment count pregnancy life_expectancy lifestyle statement"
    for language in ("en", "es"):
        asked = [ask(MissingFact(kind, "zzz", "zzz"), Wording(language)) for kind in kinds.split()]  # type: ignore[arg-type]
        assert all(question.endswith("?") for question in asked), asked


@pytest.mark.parametrize(
    ("concept", "name", "english", "spanish"),
    [
        ("D007938", "Leukemia", "leukemia", "leucemia"),
        ("D001943", "Breast Neoplasms", "breast cancer", "cáncer de mama"),
        ("D003922", "Diabetes Mellitus, Type 1", "type 1 diabetes", "diabetes tipo 1"),
        ("D003424", "Crohn Disease", "Crohn disease", "enfermedad de Crohn"),
        ("x", "hypersensitivity to Heparin", "allergy to heparin", "alergia a heparina"),
        ("x", "family history of zeta fever", "a family history of zeta fever", "antecedente familiar de «zeta fever»"),
        ("x", "Zeta Fever, Chronic", "chronic zeta fever", "«chronic zeta fever»"),
    ],
)
def test_concepts_are_said_as_people_say_them(concept: str, name: str, english: str, spanish: str) -> None:
    fact = MissingFact("condition", concept, name)
    assert (names.fact(fact, Wording("en")), names.fact(fact, Wording("es"))) == (english, spanish)


def test_the_trials_own_word_is_kept_in_english_where_it_is_a_name() -> None:
    kidneys = MissingFact("condition", "D007674", "Kidney Diseases")
    assert names.fact(kidneys, Wording("en"), "Severe Renal Disease") == "severe renal disease"
    assert names.fact(kidneys, Wording("en"), "renal") == "kidney disease"
    assert names.fact(kidneys, Wording("es"), "severe renal disease") == "enfermedad de los riñones"


@pytest.mark.parametrize(
    ("fact", "english", "spanish"),
    [
        (
            MissingFact("condition", "D001943:invasive", "x", aspect="invasive", subject="Breast Neoplasms"),
            "Can you tell us whether you have invasive breast cancer?",
            "¿Puede decirnos si su caso de cáncer de mama es invasivo?",
        ),
        (
            MissingFact("condition", "D001943:odd", "x", aspect="odd", subject="Breast Neoplasms"),
            "Can you tell us whether you have odd breast cancer?",
            "¿Puede decirnos si su caso de cáncer de mama es «odd»?",
        ),
        (
            MissingFact("treatment", "D007328:current", "x", aspect="current", subject="Insulin"),
            "Can you tell us whether you get insulin now?",
            "¿Puede decirnos si recibe insulina ahora?",
        ),
        (
            MissingFact("measurement", "ALT:limit", "x", aspect="limit", subject="ALT"),
            "Can you tell us your laboratory's normal range for ALT?",
            "¿Puede decirnos el rango normal de su laboratorio para ALT (prueba del hígado)?",
        ),
        (
            MissingFact("measurement", "C-peptide|stimulated", "stimulated C-peptide"),
            "What is your latest value for stimulated C-peptide?",
            "¿Cuál es su último valor de péptido C, con estímulo?",
        ),
        (
            MissingFact("treatment", "D001706", "Biopsy"),
            "Did you ever have this done: biopsy?",
            "¿Le hicieron alguna vez biopsia?",
        ),
        (
            MissingFact("result", "HIV test", "HIV test"),
            "What was your result for HIV test?",
            "¿Cuál fue su resultado de prueba del VIH?",
        ),
        (
            MissingFact("lifestyle", "tobacco", "use of tobacco"),
            None,
            "¿Puede decirnos algo sobre esto: consumo de tabaco?",
        ),
    ],
)
def test_each_fact_is_asked_for_in_the_language(fact: MissingFact, english: str | None, spanish: str) -> None:
    assert english is None or ask(fact, Wording("en")) == english
    assert ask(fact, Wording("es")) == spanish


def test_one_question_for_several_facts() -> None:
    conditions = [(MissingFact("condition", name, name), "") for name in ("asthma", "gout", "lupus", "mumps", "rabies")]
    assert ask_for_all(conditions, Wording()) == (
        "Do you have, or did you ever have, any of these: asthma, gout, lupus, mumps and 1 more?"
    )
    assert ask_for_all(conditions[:1], Wording()) == "Do you have, or did you ever have, asthma?"
    assert ask_for_all([conditions[0], (fact("ALT"), "")], Wording()) == "Can you find out about these: asthma and ALT?"
    forms = [
        (MissingFact("condition", f"asthma:{form}", form, aspect=form, subject="Asthma"), "")
        for form in ("mild", "new")
    ]
    assert (
        ask_for_all(forms, Wording()) == "Can you tell us whether you have mild asthma and whether you have new asthma?"
    )
    done = [(MissingFact("treatment", code, code), "") for code in ("D001706", "D007044")]
    assert ask_for_all(done, Wording()) == "Did you ever have any of these done: biopsy and hysterectomy?"
    twice = [
        (MissingFact("condition", "D003922", "x"), "Type 1 Diabetes"),
        (MissingFact("condition", "y", "type 1 diabetes"), ""),
    ]
    assert ask_for_all(twice, Wording()) == "Do you have, or did you ever have, type 1 diabetes?"
