import json

from hypothesis import given, settings
from hypothesis import strategies as st

from matching.model.codes import Role, Sex, Times
from matching.model.criterion import (
    AgeIs,
    AllOf,
    Analyte,
    AnyOf,
    AtLeast,
    Bound,
    Concept,
    ConditionIs,
    CountIs,
    Coverage,
    Criterion,
    Dose,
    Expression,
    If,
    LifeExpectancyIs,
    LifestyleIs,
    MeasurementIs,
    Not,
    OnSite,
    ParsedCriteria,
    PregnancyIs,
    Problem,
    ResultIs,
    ScoreIs,
    SexIs,
    TreatmentIs,
    Unreadable,
    Window,
)
from matching.model.expression_json import from_json, parsed_from_json, parsed_to_json, to_json

TEXT = st.text(max_size=8)
PLACE = st.integers(0, 10_000)
VALUE = st.floats(-1e6, 1e6, allow_nan=False)
UNIT = st.sampled_from(["a", "mo", "wk", "d", "h"])
BOUND = st.builds(Bound, VALUE, st.none() | TEXT, st.booleans(), st.none() | st.sampled_from(Times))
MAYBE_BOUND = st.none() | BOUND


def windows(otherwise: st.SearchStrategy[Window | None]) -> st.SearchStrategy[Window]:
    return st.builds(
        Window,
        st.none() | VALUE,
        st.none() | VALUE,
        UNIT,
        TEXT,
        st.sampled_from(["before", "after", "around", "duration"]),
        st.booleans(),
        st.booleans(),
        otherwise,
        st.none() | st.sampled_from(["longer", "shorter"]),
    )


WINDOW = st.none() | windows(st.none() | windows(st.none()))
CONCEPT = st.builds(Concept, TEXT, st.none() | TEXT, st.none() | TEXT, st.none() | TEXT)
ANALYTE = st.builds(Analyte, TEXT, st.none() | TEXT)


def leaves(exceptions: st.SearchStrategy[tuple[Expression, ...]]) -> st.SearchStrategy[Expression]:
    return st.one_of(
        st.builds(AgeIs, PLACE, PLACE, MAYBE_BOUND, MAYBE_BOUND),
        st.builds(SexIs, PLACE, PLACE, st.sampled_from([Sex.FEMALE, Sex.MALE])),
        st.builds(MeasurementIs, PLACE, PLACE, ANALYTE, MAYBE_BOUND, MAYBE_BOUND, WINDOW, st.none() | TEXT),
        st.builds(ResultIs, PLACE, PLACE, ANALYTE, TEXT, WINDOW),
        st.builds(ScoreIs, PLACE, PLACE, TEXT, MAYBE_BOUND, MAYBE_BOUND, WINDOW),
        st.builds(
            ConditionIs,
            PLACE,
            PLACE,
            CONCEPT,
            st.sampled_from(["active", "history", "any"]),
            st.lists(TEXT, max_size=2).map(tuple),
            WINDOW,
            exceptions,
        ),
        st.builds(
            TreatmentIs,
            PLACE,
            PLACE,
            CONCEPT,
            st.sampled_from(["drug", "class", "procedure", "device", "radiation", "donation"]),
            st.sampled_from(["current", "prior", "planned", "any"]),
            st.none() | st.builds(Dose, MAYBE_BOUND, MAYBE_BOUND),
            WINDOW,
            exceptions,
        ),
        st.builds(CountIs, PLACE, PLACE, CONCEPT, MAYBE_BOUND, MAYBE_BOUND, st.none() | UNIT, WINDOW),
        st.builds(
            PregnancyIs,
            PLACE,
            PLACE,
            st.lists(
                st.sampled_from(["pregnant", "breastfeeding", "planning", "childbearing_potential"]), max_size=3
            ).map(tuple),
            WINDOW,
        ),
        st.builds(LifeExpectancyIs, PLACE, PLACE, MAYBE_BOUND, MAYBE_BOUND),
        st.builds(LifestyleIs, PLACE, PLACE, TEXT, TEXT, MAYBE_BOUND, MAYBE_BOUND, WINDOW),
        st.builds(OnSite, PLACE, PLACE, TEXT),
        st.builds(Unreadable, PLACE, PLACE, TEXT),
    )


def larger(parts: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    several = st.lists(parts, max_size=3).map(tuple)
    return st.one_of(
        st.builds(AllOf, several),
        st.builds(AnyOf, several),
        st.builds(AtLeast, st.integers(1, 4), several),
        st.builds(Not, parts),
        st.builds(If, parts, parts),
        leaves(several),
    )


EXPRESSION = st.recursive(leaves(st.just(())), larger, max_leaves=8)


@given(EXPRESSION)
@settings(max_examples=400, deadline=None)
def test_an_expression_survives_the_way_to_json_and_back(expression: Expression) -> None:
    assert from_json(json.loads(json.dumps(to_json(expression)))) == expression


def test_the_form_of_the_contract() -> None:
    expression = If(
        SexIs(0, 7, Sex.FEMALE),
        Not(
            MeasurementIs(
                8,
                20,
                Analyte("hemoglobin", "718-7"),
                lower=Bound(11, "g/dL", inclusive=False),
                upper=Bound(3, "1", times=Times.ULN),
                window=Window(upper=6, unit="mo"),
            )
        ),
    )
    assert to_json(expression) == {
        "kind": "if",
        "when": {"kind": "sex", "start": 0, "end": 7, "is": "FEMALE"},
        "then": {
            "kind": "not",
            "of": {
                "kind": "measurement",
                "start": 8,
                "end": 20,
                "analyte": {"loinc": "718-7", "name": "hemoglobin"},
                "lower": {"value": 11, "unit": "g/dL", "inclusive": False, "times": None},
                "upper": {"value": 3, "unit": "1", "inclusive": True, "times": "uln"},
                "window": {
                    "lower": None,
                    "upper": 6,
                    "unit": "mo",
                    "anchor": "now",
                    "direction": "before",
                    "lower_inclusive": True,
                    "upper_inclusive": True,
                    "otherwise": None,
                    "whichever": None,
                },
                "setting": None,
            },
        },
    }


def test_exceptions_are_called_except() -> None:
    leaf = ConditionIs(0, 6, Concept("cancer"), exceptions=(ConditionIs(14, 17, Concept("BCC")),))
    assert [part["kind"] for part in to_json(leaf)["except"]] == ["condition"]


def test_parsed_criteria_survive_the_way_to_json_and_back() -> None:
    parsed = ParsedCriteria(
        criteria=(
            Criterion("i1", Role.INCLUSION, "Any of:", 0, 20, AnyOf((OnSite(8, 12, "consent"),)), coverage=0.5),
            Criterion(
                "i2",
                Role.INCLUSION,
                "consent",
                8,
                12,
                OnSite(8, 12, "consent"),
                "i1",
                "Cohort A",
                1.0,
                part_of_parent=True,
            ),
        ),
        coverage=Coverage(2, 0, 2, 0),
        problems=(Problem("duplicate", "The same as i1.", "i2", 8, 12), Problem("sex_differs", "They differ.")),
    )
    assert parsed_from_json(json.loads(json.dumps(parsed_to_json(parsed)))) == parsed
