"""The shipped trials, read once, and people whose facts are those that such trials ask about."""

from __future__ import annotations

import gzip
import os
import random
from functools import cache

import orjson

import matching
from app.ingest.study import read_study
from app.samples import TRIALS
from app.store.convert import summary_document, summary_from_bytes, trial_to_json
from matching import ReadableTrial
from matching.model.codes import Sex
from matching.model.patient import Condition, Location, Observation, PartialDate, Patient, Treatment


@cache
def real_trials() -> tuple[ReadableTrial, ...]:
    trials = {}
    for path in (*os.environ.get("TRIALMATCH_MORE_TRIALS", "").split(), TRIALS[0]):
        with gzip.open(path) as lines:
            trials |= {trial.nct_id: trial for line in lines for trial in (read_study(orjson.loads(line)).trial,)}
    return tuple(
        ReadableTrial(
            summary_from_bytes(
                orjson.dumps(summary_document(trial_to_json(trial), matching.trial_condition_ids(trial)))
            ),
            matching.parse_trial_eligibility(trial.eligibility),
        )
        for trial in sorted(trials.values(), key=lambda trial: trial.nct_id)
    )


PLACES = (
    None,
    Location(lat=32.78, lon=-79.93),
    Location(place="Boston, MA"),
    Location(place="Paris", country="France"),
    Location(place="Shanghai, China"),
)


def real_patients(count: int) -> list[Patient]:
    """People whose facts are those that the shipped trials ask about, in sizes and dates around what they ask."""
    chance = random.Random(11)
    names = ("type 2 diabetes", "breast cancer", "asthma", "hypertension", "malignancy", "HIV infection", "stroke", "hepatitis B",
             "depression", "COPD", "heart failure", "lung cancer", "epilepsy", "psoriasis", "chronic kidney disease")  # fmt: skip
    drugs = (
        "metformin",
        "insulin",
        "prednisone",
        "chemotherapy",
        "warfarin",
        "pembrolizumab",
        "aspirin",
        "levothyroxine",
        "radiotherapy",
    )
    values = (("HbA1c", "%", 4, 13), ("creatinine", "mg/dL", 0.4, 4), ("hemoglobin", "g/dL", 5, 18), ("platelets", "10*9/L", 20, 500),
              ("ALT", "U/L", 5, 300), ("AST", "U/L", 5, 300), ("BMI", "kg/m2", 15, 50), ("systolic blood pressure", "mm[Hg]", 80, 200),
              ("diastolic blood pressure", "mm[Hg]", 40, 120), ("neutrophils", "10*9/L", 0.2, 9), ("total bilirubin", "mg/dL", 0.1, 5),
              ("fasting glucose", "mmol/L", 3, 20), ("eGFR", "mL/min/{1.73_m2}", 8, 120), ("ECOG", None, 0, 4), ("LVEF", "%", 15, 70))  # fmt: skip

    def day(first: int = 2015) -> PartialDate | None:
        kind = chance.random()
        year = chance.randint(first, 2025)
        return (
            None
            if kind < 0.2
            else PartialDate(year)
            if kind < 0.3
            else PartialDate(year, chance.randint(1, 12), chance.randint(1, 28))
        )

    people = []
    for _ in range(count):
        observations = tuple(
            Observation(
                name, value=round(chance.uniform(low, high), 1 if unit else 0), unit=unit,
                on=chance.choice([PartialDate(2026, 11, chance.randint(1, 20)), PartialDate(2026, 11, 2), day()]),
                comparator=chance.choice([None, None, None, None, "<", ">"]),
                reference_high=chance.choice([None, None, high / 3]) if unit else None,
            )
            for name, unit, low, high in chance.sample(values, chance.randint(0, 12))
        )  # fmt: skip
        again = tuple(
            Observation(o.name, value=o.value * 1.2 if o.value else 0.0, unit=o.unit, on=o.on) for o in observations[:2]
        )
        people.append(
            Patient(
                location=chance.choice(PLACES),
                birth_date=chance.choice([None, PartialDate(chance.randint(1935, 2024)), PartialDate(chance.randint(1935, 2024), 5, 29)]),
                sex=chance.choice([None, Sex.FEMALE, Sex.MALE]),
                pregnant=chance.choice([None, True, False]),
                breastfeeding=chance.choice([None, None, False]),
                healthy_volunteer=chance.choice([None, None, True, False]),
                conditions=tuple(
                    Condition(name, present=chance.random() < 0.7, onset_on=day(), resolved_on=None, active=chance.choice([None, True, False]),
                              qualifiers=chance.choice([(), (), ("severe",), ("metastatic",), ("controlled",)]))
                    for name in chance.sample(names, chance.randint(0, 5))
                ),
                observations=observations + again,
                treatments=tuple(
                    Treatment(name, taken=chance.random() < 0.7, started_on=day(2020), stopped_on=None, current=chance.choice([None, True, False]))
                    for name in chance.sample(drugs, chance.randint(0, 4))
                ),
                complete=chance.choice([frozenset(), frozenset({"conditions"}), frozenset({"conditions", "treatments"})]),
                statements=chance.choice([{}, {"can_consent": True, "will_comply": True}]),
            )
        )  # fmt: skip
    return people
