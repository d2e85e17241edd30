"""Generated expressions and patients over a small world, dense enough that facts and criteria meet."""

from datetime import date, timedelta
from functools import cache

from hypothesis import strategies as st

from matching.knowledge import lexicon
from matching.model.codes import Sex, Times
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
    Dose,
    If,
    LifeExpectancyIs,
    LifestyleIs,
    MeasurementIs,
    Not,
    OnSite,
    PregnancyIs,
    ResultIs,
    ScoreIs,
    SexIs,
    TreatmentIs,
    Unreadable,
    Window,
)
from matching.model.patient import Condition, Observation, PartialDate, Patient, Treatment

ON = date(2026, 11, 22)
FAMILIES = (("diabetes mellitus", "type 1 diabetes", "type 2 diabetes"), ("asthma",), ("myocardial infarction",))
DRUG_FAMILIES = (("corticosteroids", "prednisone"), ("metformin",), ("appendectomy",))
CONDITIONS = tuple(name for family in FAMILIES for name in family)
DRUGS = tuple(name for family in DRUG_FAMILIES for name in family)
UNITS = {"hemoglobin": ("g/dL", "g/L"), "creatinine": ("mg/dL", "umol/L"), "HbA1c": ("%", "mmol/mol")}
RANGES = {"hemoglobin": (5, 18), "creatinine": (0.4, 4), "HbA1c": (4, 13)}


@cache
def concept(name: str) -> Concept:
    found = lexicon.lookup(name)
    assert found is not None
    return found


def dates(low: int = 2024, high: int = 2026):
    days = st.dates(date(low, 1, 1), min(date(high, 12, 31), ON))
    return days.flatmap(
        lambda d: st.sampled_from(
            [PartialDate(d.year, d.month, d.day), PartialDate(d.year, d.month, d.day), PartialDate(d.year)]
        )
    )


def maybe(strategy):
    return st.none() | strategy


windows = st.one_of(
    st.builds(
        Window, upper=st.integers(1, 24), unit=st.sampled_from(["d", "wk", "mo", "a"]), upper_inclusive=st.booleans()
    ),
    st.builds(Window, lower=st.integers(1, 24), unit=st.sampled_from(["d", "wk", "mo"]), lower_inclusive=st.booleans()),
    st.builds(Window, lower=st.integers(1, 9), unit=st.sampled_from(["wk", "mo"]), direction=st.just("duration")),
    st.just(Window(upper=30, unit="d", otherwise=Window(upper=5, unit="{half_life}"), whichever="longer")),
    st.just(Window(upper=48, unit="h")),
    st.just(Window(anchor="screening")),
    st.just(Window(upper=3, unit="mo", anchor="surgery")),
)


@st.composite
def measurements(draw):
    name = draw(st.sampled_from(sorted(UNITS)))
    low, high = RANGES[name]
    unit = UNITS[name][0]
    bounds = st.builds(
        Bound,
        st.integers(round(low * 10), round(high * 10)).map(lambda n: n / 10 + 0.013),
        st.just(unit),
        st.booleans(),
    )
    return MeasurementIs(0, 1, Analyte(name), draw(maybe(bounds)), draw(maybe(bounds)), draw(maybe(windows)))


condition_leaves = st.builds(
    ConditionIs,
    st.just(0),
    st.just(1),
    st.sampled_from(CONDITIONS).map(concept),
    st.sampled_from(["active", "history", "any"]),
    st.sampled_from([(), (), ("severe",), ("newly diagnosed",)]),
    maybe(windows),
    st.sampled_from([(), (), (ConditionIs(0, 1, Concept("type 1 diabetes", "D003922")),)]),
)
treatment_leaves = st.builds(
    TreatmentIs,
    st.just(0),
    st.just(1),
    st.sampled_from(DRUGS).map(concept),
    st.just("drug"),
    st.sampled_from(["current", "prior", "planned", "any"]),
    st.none(),
    maybe(windows),
)
some_bounds = maybe(
    st.builds(
        Bound,
        st.sampled_from([0.5, 1.0, 2.5, 10.0]),
        st.sampled_from(["1", None, "g/dL", "mo"]),
        st.booleans(),
        st.sampled_from([None, None, Times.ULN, Times.LLN, Times.BASELINE]),
    )
)
odd_leaves = st.one_of(
    st.builds(MeasurementIs, st.just(0), st.just(1), st.sampled_from(["ALT", "creatinine", "zeta antibody", "BMI"]).map(Analyte), some_bounds, some_bounds, maybe(windows), st.sampled_from([None, "fasting"])),
    st.builds(ResultIs, st.just(0), st.just(1), st.sampled_from(["ALT", "zeta antibody"]).map(Analyte), st.sampled_from(["elevated", "detectable", "abnormal", "odd"]), maybe(windows)),
    st.builds(LifeExpectancyIs, st.just(0), st.just(1), some_bounds, some_bounds),
    st.builds(LifestyleIs, st.just(0), st.just(1), st.sampled_from(["alcohol", "drugs"]), st.sampled_from(["any", "never", "former"]), some_bounds),
    st.builds(ConditionIs, st.just(0), st.just(1), st.sampled_from(["renal insufficiency", "cancer"]).map(concept) | st.just(Concept("glomphic dysfunction")), st.just("any"), st.sampled_from([(), ("clinically significant",), ("odd",)]), maybe(windows)),
    st.builds(TreatmentIs, st.just(0), st.just(1), st.sampled_from(DRUGS).map(concept), st.just("drug"), st.just("any"), st.just(Dose(Bound(10, "mg/d")))),
)  # fmt: skip
"""Bounds and words that hardly fit what they are said of."""
leaves = st.one_of(
    odd_leaves,
    st.builds(AgeIs, st.just(0), st.just(1), maybe(st.builds(Bound, st.integers(0, 80), st.just("a"), st.booleans())), maybe(st.builds(Bound, st.integers(0, 80), st.just("a"), st.booleans()))),
    st.builds(SexIs, st.just(0), st.just(1), st.sampled_from([Sex.FEMALE, Sex.MALE])),
    measurements(),
    st.builds(ResultIs, st.just(0), st.just(1), st.just(Analyte("zeta antibody")), st.sampled_from(["positive", "negative", "normal"]), maybe(windows)),
    st.builds(ScoreIs, st.just(0), st.just(1), st.just("ecog"), st.none(), st.builds(Bound, st.integers(0, 3), st.just("1"))),
    condition_leaves,
    treatment_leaves,
    st.builds(CountIs, st.just(0), st.just(1), st.sampled_from(CONDITIONS).map(concept), st.just(Bound(2, "1"))),
    st.builds(PregnancyIs, st.just(0), st.just(1), st.sampled_from([("pregnant",), ("pregnant", "breastfeeding"), ("childbearing_potential",), ("planning",)])),
    st.builds(LifestyleIs, st.just(0), st.just(1), st.just("tobacco"), st.sampled_from(["current", "any", "abuse"])),
    st.builds(OnSite, st.just(0), st.just(1), st.sampled_from(["consent", "compliance", "investigator_opinion"])),
    st.just(Unreadable(0, 1, "words")),
)  # fmt: skip


def _compound(children):
    several = st.lists(children, max_size=4).map(tuple)
    return st.one_of(
        st.builds(AllOf, several),
        st.builds(AnyOf, several),
        st.builds(AtLeast, st.integers(0, 3), several),
        st.builds(Not, children),
        st.builds(If, children, children),
    )


expressions = st.recursive(leaves, _compound, max_leaves=8)


def conditions(names=CONDITIONS):
    return st.builds(
        Condition,
        st.sampled_from(names),
        present=st.sampled_from([True, True, True, False]),
        onset_on=maybe(dates()),
        active=st.sampled_from([None, True, False]),
        qualifiers=st.sampled_from([(), (), ("severe",), ("mild",)]),
    )


def treatments(names=DRUGS):
    return st.builds(
        Treatment,
        st.sampled_from(names),
        taken=st.sampled_from([True, True, True, False]),
        started_on=maybe(dates(2024, 2025)),
        stopped_on=maybe(dates(2026, 2026)),
        planned=st.sampled_from([False, False, False, True]),
    )


@st.composite
def observations(draw):
    name = draw(st.sampled_from(sorted(UNITS)))
    low, high = RANGES[name]
    value = draw(st.integers(round(low * 10), round(high * 10))) / 10
    return Observation(
        name,
        value=value,
        unit=UNITS[name][0],
        on=draw(maybe(dates())),
        comparator=draw(st.sampled_from([None, None, None, "<", ">"])),
    )


words = st.builds(
    Observation, st.just("zeta antibody"), result=st.sampled_from(["positive", "negative"]), on=maybe(dates())
)
scores = st.builds(Observation, st.just("ECOG"), value=st.integers(0, 4).map(float), on=maybe(dates()))
odd = st.builds(
    Observation,
    st.sampled_from(["ALT", "creatinine", "zeta antibody", "life expectancy", "alcohol use"]),
    value=maybe(st.sampled_from([0.0, 1.0, 120.0])),
    unit=st.sampled_from([None, "U/L", "mg/dL", "mo"]),
    result=maybe(st.sampled_from(["1:160", "normal", "never", "odd"])),
    on=maybe(dates()),
    comparator=st.sampled_from([None, "<", ">"]),
    value_high=maybe(st.just(200.0)),
    reference_low=maybe(st.just(0.5)),
    reference_high=maybe(st.just(40.0)),
)
habits = st.builds(Observation, st.just("smoking status"), result=st.sampled_from(["current", "never", "former"]))

patients = st.builds(
    Patient,
    birth_date=maybe(st.dates(date(1945, 1, 1), ON - timedelta(days=1)).map(lambda d: PartialDate(d.year, d.month, d.day)) | st.integers(1945, 2025).map(PartialDate)),
    sex=st.sampled_from([None, Sex.FEMALE, Sex.MALE]),
    pregnant=st.sampled_from([None, True, False]),
    breastfeeding=st.sampled_from([None, True, False]),
    healthy_volunteer=st.sampled_from([None, True, False]),
    conditions=st.lists(conditions(), max_size=4).map(tuple),
    observations=st.lists(observations() | words | scores | habits | odd, max_size=4).map(tuple),
    treatments=st.lists(treatments(), max_size=3).map(tuple),
    complete=st.frozensets(st.sampled_from(["conditions", "treatments"])),
    statements=st.sampled_from([{}, {"can_consent": True}, {"will_comply": False}]),
)  # fmt: skip
