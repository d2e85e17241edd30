"""Where a paragraph holds several requirements of their own.

A sentence splitter made for criteria: it cuts only where the next sentence begins as a requirement does, so that a
sentence that explains, restricts or lets through the one before stays with it.
"""

from __future__ import annotations

import re

_STOP = re.compile(r"[.;]\)?\s+(?=[A-Z])")
_ABBREVIATION = re.compile(
    r"(?i)(?:\b(?:e\.g|i\.e|vs|cf|al|approx|dr|mr|mrs|st|no|nos|fig|incl|excl|resp|etc|max|min|ver|v|ca|sp|spp|inc|dept|prof|ed|wt|hr|hrs|yr|yrs|mo|wk|wks)|\b[A-Za-z]|\W\d)\.\)?\s+\Z"
)
_REQUIREMENT = re.compile(
    r"""(?x) (?:
      (?:All\ )?(?:Patients?|Subjects?|Participants?|Individuals?|Volunteers?)\ (?:must|should|need|have\ to|will\ have|are\ required)\b(?!\ (?:also\ )?not\ be\ (?:excluded|considered))
    | No\ (?!t?e\b) | Not\ (?:pregnant|currently|receiving|taking) | At\ least\ | Age[ds]?\b | Ages\b | Able\ to | Ability\ to | Willing
    | Must\ | Signed\ | Written\ | Informed\ | Adequate\ | ECOG\ | Karnofsky\ | Life\ expectancy | Body\ mass\ index | BMI\b
    | (?:Absolute\ )?[Nn]eutrophil | Platelets?\ | Ha?emoglobin\ | Total\ bilirubin | Serum\ | Creatinine\ | AST\b | ALT\b
    | History\ of | Known\ | Pregnan | Current\ | Presence\ of | Prior\ (?!to\b) | Previous\ | Active\ | Uncontrolled\ | Severe\ | Any\ (?:other|history|condition|prior|known|current)
    | Male\ | Female\ | Males\ | Females\ | Fertile\ | Negative\ | Positive\ | Histologically | Measurable\ | Newly\ diagnosed
    )"""
)
_PERMISSION = re.compile(
    r"(?i)\b(?:allowed|permitted|permissible|eligible|acceptable|exempt\w*|not\s+(?:be\s+)?(?:excluded|required|exclusionary|considered)|may\s+be|above|such|these|this|otherwise)\b"
)
_LABEL = re.compile(
    r"""(?x)(?<=\s)(?:Age|Sex|Menopausal\ status|Performance\ status|Life\ expectancy|Hematopoietic|Hematologic|Hepatic|Renal|Cardiovascular|Pulmonary
    |Neurologic|Ophthalmic|Immunologic|Gastrointestinal|Metabolic|Other|Biologic\ therapy|Chemotherapy|Endocrine\ therapy|Radiotherapy|Surgery|Hormone\ receptor\ status):\s"""
)
_LABEL_ITEM = re.compile(
    r"""(?x)(?<=[a-z0-9%)\]])\s+(?=(?:No\ |Not\ (?!specified)|At\ least\ |Must\ |Fertile\ |Bilirubin\ |Creatinine\ |SGOT|SGPT|AST\b|ALT\b|WBC\ |Platelet|Hemoglobin\ |Absolute\ |ANC\ |Negative\ |Adequate\ |More\ than\ |Recovered\ |Prior\ |Concurrent\ |Alkaline\ |Transaminases|Failed\ |Measurable\ |Histologically\ |Ejection\ ))"""
)


def cut_requirements(text: str, start: int, end: int) -> list[int]:
    """Where the second and later requirements of a paragraph begin; none for most lines."""
    if end - start < 30:
        return []
    labels = [m.start() for m in _LABEL.finditer(text, start + 1, end)] if text.find(": ", start, end) >= 0 else []
    if len(labels) >= 2 or (labels and end - start > 200):
        items = [m.end() for m in _LABEL_ITEM.finditer(text, start, end)]
        return sorted({*labels, *items})
    cuts: list[int] = []
    depth, counted = 0, start
    if text.find(". ", start, end) < 0 and text.find("; ", start, end) < 0 and text.find(".\n", start, end) < 0:
        return []
    stops = list(_STOP.finditer(text, start, end))
    for number, stop in enumerate(stops):
        if _ABBREVIATION.search(text, max(start, stop.start() - 12), stop.end()):
            continue  # the brackets are counted with the next stop
        depth += text.count("(", counted, stop.end()) - text.count(")", counted, stop.end())
        counted = stop.end()
        if depth <= 0 and _REQUIREMENT.match(text, stop.end(), end):
            until = stops[number + 1].start() if number + 1 < len(stops) else end
            if _PERMISSION.search(text, stop.end(), until):
                continue
            cuts.append(stop.end())
    return cuts
