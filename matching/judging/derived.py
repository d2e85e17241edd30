"""Values computed from others, each with its formula: never instead of a measured one.

Sources: CKD-EPI 2021 creatinine equation without race (Inker et al., NEJM 2021;385:1737); Cockcroft and Gault, Nephron
1976;16:31; albumin-corrected calcium, Payne et al., BMJ 1973;4:643; body surface, Du Bois and Du Bois 1916.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from matching.judging.dates import Span, completed
from matching.knowledge.units import NotComparable, convert
from matching.model.codes import Sex
from matching.model.patient import Observation, PartialDate

Given = Mapping[str, Sequence[Observation]]


def derive(given: Given, birth: Span | None, sex: Sex | None, on: date) -> Iterator[tuple[Observation, str]]:
    """Everything that can be computed and was not measured, with its formula; named as the analyte table names it.

    Only plain values count (no censored ones, no ranges). The newest dated input of each sort is taken, and the result
    bears the date of the oldest input that changes with time. Ages are those on the day of the sample.
    """
    weight, height = _latest(given, "body weight", "kg"), _latest(given, "body height", "m")
    creatinine = _latest(given, "creatinine", "mg/dL")
    if "BMI" not in given and weight and height and height[0] > 0:
        value = weight[0] / height[0] ** 2
        yield _made("BMI", value, "kg/m2", weight[1]), f"BMI = {weight[0]:.4g} kg / ({height[0]:.4g} m)^2"
    if creatinine and creatinine[0] > 0:
        age = _age(birth, creatinine[1], on)
        if age is not None and age >= 18 and sex is not None:
            if "eGFR" not in given:
                value, formula = ckd_epi_2021(creatinine[0], age, sex)
                yield _made("eGFR", value, "mL/min/{1.73_m2}", creatinine[1]), formula
            if "creatinine clearance" not in given and weight:
                value, formula = cockcroft_gault(creatinine[0], age, weight[0], sex)
                yield _made("creatinine clearance", value, "mL/min", _older(creatinine[1], weight[1])), formula
    calcium, albumin = _latest(given, "calcium", "mg/dL"), _latest(given, "albumin", "g/dL")
    if calcium and albumin:
        value = calcium[0] + 0.8 * (4.0 - albumin[0])
        formula = f"corrected calcium = {calcium[0]:.4g} mg/dL + 0.8 x (4.0 - albumin {albumin[0]:.4g} g/dL)"
        yield _made("calcium", value, "mg/dL", _older(calcium[1], albumin[1]), "corrected"), formula


def ckd_epi_2021(creatinine: float, age: int, sex: Sex) -> tuple[float, str]:
    """EGFR in mL/min/1.73 m2 from serum creatinine in mg/dL and age in years, adults only, and the formula in words."""
    female = sex is Sex.FEMALE
    kappa, alpha = (0.7, -0.241) if female else (0.9, -0.302)
    ratio = creatinine / kappa
    value = 142 * min(ratio, 1.0) ** alpha * max(ratio, 1.0) ** -1.2 * 0.9938**age * (1.012 if female else 1.0)
    who = "female" if female else "male"
    return value, f"CKD-EPI 2021 from creatinine {creatinine:.4g} mg/dL, {age} years, {who}"


def cockcroft_gault(creatinine: float, age: int, weight: float, sex: Sex) -> tuple[float, str]:
    """Creatinine clearance in mL/min from serum creatinine in mg/dL, age in years and weight in kg, and the formula."""
    female = sex is Sex.FEMALE
    value = max(0.0, (140 - age) * weight / (72 * creatinine) * (0.85 if female else 1.0))
    who = "female" if female else "male"
    return value, f"Cockcroft-Gault from creatinine {creatinine:.4g} mg/dL, {age} years, {weight:.4g} kg, {who}"


def _latest(given: Given, analyte: str, unit: str) -> tuple[float, PartialDate | None] | None:
    """The newest plain value in `unit`; None where there is none, or where values of one day differ."""
    plain = [
        (o.on, converted.value)
        for o in given.get(analyte, ())
        if o.value is not None and o.unit is not None and o.comparator is None and o.value_high is None
        if not isinstance(converted := convert(o.value, o.unit, unit, analyte), NotComparable)
    ]
    dated = [(on, value) for on, value in plain if on is not None]
    if dated:
        newest = max(on.latest for on, _ in dated)
        best = sorted({(on, value) for on, value in dated if on.latest == newest})
        return (best[0][1], best[0][0]) if len({round(v, 9) for _, v in best}) == 1 else None
    values = {round(value, 9) for _, value in plain}
    return (plain[0][1], None) if len(values) == 1 else None


def _age(birth: Span | None, sampled: PartialDate | None, on: date) -> int | None:
    """Age in years on the day of the sample, of the day of judging where it has no date; None where it may differ."""
    if birth is None:
        return None
    first, last = (sampled.earliest, sampled.latest) if sampled is not None else (on, on)
    ages = {completed(birth.latest, first, "a"), completed(birth.earliest, last, "a")}
    return max(ages) if max(ages) - min(ages) <= 1 else None


def _older(a: PartialDate | None, b: PartialDate | None) -> PartialDate | None:
    return None if a is None or b is None else min(a, b, key=lambda d: d.latest)


def _made(name: str, value: float, unit: str, on: PartialDate | None, setting: str | None = None) -> Observation:
    return Observation(name, value=value, unit=unit, on=on, setting=setting)
