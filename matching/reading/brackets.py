"""What stands in brackets after a name: examples, an exception, a definition, an abbreviation, a remark."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from matching.model.criterion import (
    ConditionIs,
    Expression,
    LifestyleIs,
    MeasurementIs,
    PregnancyIs,
    ScoreIs,
    TreatmentIs,
    Unreadable,
)
from matching.reading.absence import free_for
from matching.reading.defined import by_value, only_named, valued
from matching.reading.exceptions import except_from
from matching.reading.items import NAMES, Item
from matching.reading.logic import all_of, any_of, between, clouded, explained, leaves, narrowed
from matching.reading.mentions import NOTHING, Mods, shifted_name, with_qualifiers, with_window

if TYPE_CHECKING:
    from matching.reading.phrase import Phrase


_PART_OF_STUDY = re.compile(
    r"(?i)[(\[]\s*(?:for|in|only|if)?\s*(?:the\s+)?(?:only\s+)?(?:patients?\s+in\s+)?(?:phase|part|cohort|arm|group|stage|step|sub-?study|expansion|escalation|dose|randomi[sz]ed)s?\b"
    r"[^)\]]{0,40}?(?:\bonly\b|\bpart\b|\bportion\b|\b[1-4IV]{1,3}[ab]?\b|\b[A-H]\b)[^)\]]{0,20}[)\]]"
)


_CODES = re.compile(
    r"(?i)[(\[]\s*(?:(?:ICD|CPT|SNOMED|MedDRA|OMIM|ORPHA|LOINC|procedure|diagnos\w+)[-\s]*(?:(?:9|10|11)(?:th)?[-\s]*)?(?:CM|CT|PCS|ed\w*)?[-\s:]*(?:codes?|number|no\.?)?[-\s:]*"
    r"[A-Z]?\d[\w.]*(?:\s*(?:,|;|or|and|to|-|\u2013)\s*(?:or\s+|and\s+)?[A-Z]?\d[\w.]*)*[,;\s]*(?:or|and)?\s*)+[)\]]"
)


def brackets(phrase: Phrase, group: Item) -> None:
    """Brackets = examples | exception | permission | definition | window | abbreviation | remark."""
    inner = group.inner
    if not inner:
        return
    if _CODES.match(phrase.line.text, group.start, group.end):
        return  # "(ICD-10 E11.9)": the same once more, in a classification
    kinds = {i.kind for i in inner}
    if phrase.expression is not None and _PART_OF_STUDY.match(phrase.line.text, group.start, group.end):
        phrase.expression = clouded(
            phrase.expression, Unreadable(group.start, group.end, "for a part of the study only")
        )
        return
    if inner[0].kind in {"unless", "except"} and phrase.expression is not None:
        away_for = free_for(phrase.line.text, inner[1:])
        if away_for is not None and not away_for[1]:
            phrase.expression = with_window(phrase.expression, away_for[0])
            return
        if away_for is None and "window" in kinds and not kinds & NAMES:
            mark = Unreadable(group.start, group.end, "an exception that could not be read")
            phrase.expression = clouded(phrase.expression, mark)
            return
    if len(inner) == 1 and inner[0].kind == "anatomy" and inner[0].text.isupper():
        return  # "gastrointestinal (GI) bleeding"
    names = kinds & (NAMES | {"measure", "pregtest", "not_childbearing"})
    if "window" in kinds and not names and not kinds & {"word", "neg"}:
        for item in inner:
            if item.kind == "window":
                phrase.take_window(item)
        return
    bound = phrase.expression is not None and all(isinstance(e, MeasurementIs) for e in leaves(phrase.expression))
    if bound and phrase.expression is not None and "person" in kinds and kinds & (NAMES | {"qual", "status", "word"}):
        mark = Unreadable(group.start, group.end, "whom the bound is for")
        phrase.expression = clouded(phrase.expression, mark)  # "< 20 (HIV-positive patients)"
        return
    if not names:
        if "word" not in kinds or _abbreviation(phrase, inner):
            return
        if phrase.expression is None:
            phrase.words.extend(i for i in inner if i.kind == "word")
            phrase.governed = True
            return
        rest = phrase.line.unreadable(inner, "a remark in brackets")
        wider = inner[0].kind in {"conj", "eg"}
        if wider:
            phrase.expression = any_of((phrase.expression, rest))
        elif kinds & {"except", "permit", "unless"}:
            phrase.expression = narrowed(phrase.expression, rest)
        else:
            phrase.expression = narrowed(phrase.expression, rest)
        return
    last = phrase.last
    if len(names) == 1 and last is not None and _same(phrase, inner, last):
        return
    content = [i for i in inner if i.kind not in {"eg", "except", "permit", "unless"}]
    if kinds & {"except", "permit", "unless"} and phrase.expression is not None:
        _exception(phrase, content, kinds)
        return
    if inner[0].text in _SIGNS and phrase.expression is not None:
        mark = Unreadable(group.start, group.end, "what the brackets say of it")
        phrase.expression = narrowed(phrase.expression, mark)
        return
    if "eg" in kinds:
        _examples(phrase, group, content)
        return
    if phrase.expression is None:
        phrase.expression = _titled(phrase, phrase.line.read(inner, phrase.mods, phrase.depth + 1), group)
        return
    told = phrase.line.read(content, NOTHING, phrase.depth + 1)
    if told is None:
        return
    if only_named(told) and any(isinstance(e, ScoreIs) for e in leaves(phrase.expression)):
        return  # "grade 2 or more (CTCAE)": the scale of the score
    mark = Unreadable(group.start, group.end, "what the brackets say of it")
    if _by_what(phrase, group, told):
        return  # "pneumonia (as shown by a radiograph)": how it was found is not asked of the patient
    if isinstance(phrase.expression, Unreadable):
        phrase.expression = any_of((phrase.expression, told))
    elif isinstance(told, (PregnancyIs, Unreadable)) or kinds & {"neg"}:
        phrase.expression = narrowed(phrase.expression, mark)
    elif by_value(told):
        phrase.expression = valued(phrase.expression, told, mark)
    elif (
        phrase.prior is not None
        and phrase.leaf is not None
        and phrase.expression == all_of((phrase.prior, phrase.leaf))
    ):
        phrase.expression = all_of((phrase.prior, explained(phrase.leaf, told, mark)))
    else:
        phrase.expression = explained(phrase.expression, told, mark)


_BY = re.compile(
    r"(?i)[(\[]\s*(?:as\s+)?(?:(?:based\s+on|according\s+to|per)|(?:diagnosed|confirmed|documented|established|verified|proven|shown|seen|"
    r"evidenced|detected|assessed|determined|demonstrated|measured)\s+(?:by|on|with|per|according\s+to))\b"
)
_SIGNS = frozenset({"symptoms", "signs", "signs and symptoms", "signs or symptoms", "symptom", "sign"})


def _by_what(phrase: Phrase, group: Item, told: Expression) -> bool:
    """Whether the brackets name the tests by which a disease was found, without a value that they must have."""
    if _BY.match(phrase.line.text, group.start, group.end) is None or phrase.expression is None:
        return False
    if any(isinstance(e, MeasurementIs | ScoreIs) and (e.lower or e.upper) for e in leaves(told)):
        return False
    return any(isinstance(e, ConditionIs) for e in leaves(phrase.expression))


def _titled(phrase: Phrase, told: Expression | None, group: Item) -> Expression | None:
    if told is None or not phrase.words:
        return told
    rest = phrase.line.unreadable(phrase.words)
    phrase.words = []
    return clouded(told, rest)


def _same(phrase: Phrase, inner: list[Item], last: Item) -> bool:
    """Whether the brackets only repeat the name ("type 1 diabetes (T1DM)", "AST (SGOT)")."""
    named = [i for i in inner if i.kind in NAMES]
    if len(named) != 1 or any(i.kind in {"neg", "except", "permit", "unless"} for i in inner):
        return False
    item = named[0]
    if item.term is not None and last.term is not None:
        return item.term.concept_id == last.term.concept_id
    if item.analyte is not None and last.analyte is not None:
        return item.analyte.entry is last.analyte.entry
    text = phrase.line.text[item.start : item.end]
    return len(text) <= 6 and text.isupper() and item.kind in {"analyte", "term"} and len(inner) == 1


def _abbreviation(phrase: Phrase, inner: list[Item]) -> bool:
    words = [i for i in inner if i.kind == "word"]
    if len(words) != 1:
        return False
    text = phrase.line.text[words[0].start : words[0].end]
    return len(text) <= 8 and sum(c.isupper() or c.isdigit() for c in text) * 2 >= len(text) and len(inner) <= 3


def _exception(phrase: Phrase, content: list[Item], kinds: set[str]) -> None:
    told = phrase.line.read(content, NOTHING, phrase.depth + 1)
    if told is None or phrase.expression is None:
        return
    widen = (
        "except" not in kinds and not phrase.line.exclusion and not (phrase.part is not None and phrase.part.negated)
    )
    phrase.expression = except_from(phrase.expression, [told], exclusion=phrase.line.exclusion, widen=widen)


def _gives_the_value(named: Expression, told: Expression) -> bool:
    """Whether a measure is named without a value, and the example gives one."""
    bare = [e for e in leaves(named) if not isinstance(e, Unreadable)]
    given = [e for e in leaves(told) if isinstance(e, MeasurementIs)]
    return (
        bool(bare)
        and only_named(named)
        and by_value(told)
        and bool(given)
        and {e.analyte.name for e in bare if isinstance(e, MeasurementIs)} >= {e.analyte.name for e in given}
    )


def _examples(phrase: Phrase, group: Item, content: list[Item]) -> None:
    shift = phrase.mods.shift if phrase.mods.shift is not None and shifted_name(phrase.mods.shift) else None
    told = phrase.line.read(content, Mods(status=phrase.mods.status, shift=shift), phrase.depth + 1)
    if told is None:
        return
    if phrase.mods.qualifiers:
        told = with_qualifiers(told, phrase.mods.qualifiers)
    times = (
        {e.window for e in leaves(phrase.expression) if isinstance(e, ConditionIs | TreatmentIs)}
        if phrase.expression is not None
        else set()
    )
    if len(times) == 1 and (time := times.pop()) is not None:
        told = with_window(told, time)
    if phrase.expression is not None and _gives_the_value(phrase.expression, told):
        phrase.expression = told  # "marked prolongation of QTc (e.g. QTc > 450 ms)"
        return
    if phrase.expression is None:
        begin = (
            phrase.words[0].start
            if phrase.words
            else (phrase.generic.start if phrase.generic is not None else group.start)
        )
        phrase.line.skip(phrase.words)
        phrase.words = []
        mark = Unreadable(begin, max(group.start, begin + 1), "a general term that could not be read")
        phrase.expression = any_of((told, mark))
    elif phrase.link in {"narrow", "prep", "that"} and phrase.last is not None and phrase.last.term is not None:
        # "hematoma caused by another illness (e.g. overdrainage)": examples of what stands after the link
        phrase.expression = narrowed(phrase.expression, Unreadable(group.start, group.end, "examples in brackets"))
    elif all(isinstance(e, Unreadable) for e in leaves(phrase.expression)):
        phrase.expression = any_of((told, phrase.expression))
    elif not any(isinstance(e, (ConditionIs, TreatmentIs, LifestyleIs)) for e in leaves(phrase.expression)):
        phrase.expression = between(
            [phrase.expression, told], Unreadable(group.start, group.end, "examples in brackets")
        )
    else:
        phrase.expression = any_of((phrase.expression, told))
