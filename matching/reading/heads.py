"""Words right after a name that make another thing of it: "asthma medication", "chemotherapy-naive", "statin intolerance"."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from matching.knowledge import lexicon
from matching.model.criterion import (
    Analyte,
    Concept,
    ConditionIs,
    Expression,
    Not,
    ResultIs,
    Status,
    TreatmentIs,
    TreatmentStatus,
    Unreadable,
)
from matching.reading.items import NAMES, Item
from matching.reading.logic import all_of, clouded, leaves, narrowed, negate
from matching.reading.mentions import CONDITIONS, TREATMENTS

if TYPE_CHECKING:
    from matching.reading.phrase import Phrase


_KEPT_UP = frozenset({"D006435", "D010102", "D010138", "D012121"})
"""Dialysis, oxygen, pacemaker, ventilation: who has them depends on them."""


def function(phrase: Phrase, item: Item) -> None:
    """Function = result "renal function": a result of something that has no number of its own."""
    kept = next((q for q in phrase.mods.qualifiers if q in {"stable", "controlled"}), "")
    result = phrase.mods.result or kept or ("abnormal" if phrase.mods.qualifiers else "")
    if not result:
        phrase.words.append(Item("word", item.start, item.end, item.text))
        return
    begin = (
        phrase.mods.result_start
        if phrase.mods.result_start >= 0 and item.start - phrase.mods.result_start < 30
        else item.start
    )
    if item.borrowed:  # "adequate hepatic, cardiac and renal function": the name is put together
        if not phrase.words:
            phrase.words.append(Item("word", item.start, item.end, item.text))
            return
        first, last = phrase.words[0], phrase.words[-1]
        name = f"{' '.join(phrase.line.text[first.start : last.end].split())} {item.text}"
        begin = begin if phrase.mods.result_start >= 0 and begin < first.start else first.start
        phrase.words = []
        phrase.join(_how_far(phrase, ResultIs(begin, last.end, Analyte(name), result, phrase.mods.window)), item)
        return
    phrase.join(_how_far(phrase, ResultIs(begin, item.end, Analyte(item.text), result, phrase.mods.window)), item)


def _how_far(phrase: Phrase, leaf: ResultIs) -> Expression:
    """A severe impairment is more than an abnormal function: a normal one settles it, an abnormal one does not."""
    if leaf.result != "abnormal" or "severe" not in phrase.mods.qualifiers:
        return leaf
    return narrowed(leaf, Unreadable(leaf.start, leaf.end, "how severe it is"))


def suffix(phrase: Phrase, item: Item, value: str) -> None:
    """Suffix = name "-naive" | name "-related": without it, or something else that has to do with it."""
    close = phrase.last is not None and phrase.last.end >= item.start - 1 and phrase.expression is not None
    if value == "same":  # "medication with GLP-1 agonist activity"
        drug = (
            close
            and phrase.last is not None
            and phrase.last.term is not None
            and phrase.last.term.category in TREATMENTS
        )
        if not drug:
            phrase.words.append(Item("word", item.start, item.end, item.text))
        return
    if value == "allergy" and not close:
        if phrase.expression is None and not phrase.words:
            phrase.generic = item
        elif phrase.expression is None:
            phrase.words.append(Item("word", item.start, item.end, item.text))
        return
    if not close or phrase.last is None or phrase.last.kind not in NAMES:
        return
    assert phrase.expression is not None
    if value == "allergy":
        told = phrase.line.text[phrase.last.start : item.end]
        status: Status = "history" if phrase.mods.status == "history" else "any"
        leaf = ConditionIs(phrase.last.start, item.end, Concept(told), status, (), phrase.mods.window)
        phrase.expression = leaf if phrase.prior is None else all_of((phrase.prior, leaf))
        return
    if value == "contraindicated":
        told = f"contraindication to {phrase.line.text[phrase.last.start : phrase.last.end]}"
        leaf = ConditionIs(phrase.last.start, item.end, Concept(told))
        phrase.expression = leaf if phrase.prior is None else all_of((phrase.prior, leaf))
        return
    if value == "qual":
        term = phrase.last.term
        if item.text == "dependent" and term is not None and term.category in {"procedure", "device"}:
            if term.concept_id not in _KEPT_UP:  # one transfusion makes nobody dependent on them
                phrase.expression = narrowed(phrase.expression, Unreadable(item.start, item.end, "depending on it"))
            return
        if term is not None and term.category not in CONDITIONS and item.tight:
            told = phrase.line.text[phrase.last.start : item.end]
            phrase.expression, phrase.last = phrase.prior, None
            phrase.mods = phrase.mods._replace(qualifiers=(*phrase.mods.qualifiers, told))
        elif term is not None and term.category in CONDITIONS:
            phrase.late = (*phrase.late, item.cue.value if item.cue is not None and item.kind == "qual" else item.text)
        else:
            phrase.cloud(item, "something that has to do with the name")
    elif value == "naive" and not isinstance(phrase.expression, Not) and len(leaves(phrase.expression)) == 1:
        phrase.expression = negate(phrase.expression)
    else:
        phrase.cloud(item, "something that has to do with the name")


def head(phrase: Phrase, item: Item) -> None:
    """Head = name ("disease" | "medication" | "surgery"): a name for a treatment of the condition, or just the name."""
    last = phrase.last
    if last is not None and phrase.window_after(last, item):
        return  # "bleeding within 4 weeks of a treatment": no name goes over a time
    if (
        last is not None
        and last.term is not None
        and phrase.expression is not None
        and not phrase.link
        and not phrase.words
    ):
        condition = last.term.category in CONDITIONS
        if phrase.mods.result and item.text in {"test", "tests", "testing", "antibody", "antibodies", "antigen"}:
            return
        if not condition and item.text in {"deficiency", "deficiencies", "insufficiency"}:
            _deficiency(phrase, last, item, last.text)
            return
        treating = item.kind == "compound" or (item.cue is not None and item.cue.value == "treatment")
        if condition and treating:
            _compound(phrase, last, item)
        elif (
            item.kind == "compound"
            and not condition
            and item.text
            not in {
                "therapy",
                "therapies",
                "treatment",
                "treatments",
                "drugs",
                "drug",
                "agents",
                "agent",
                "medication",
                "medications",
            }
        ):
            phrase.cloud(item, "a compound of the name")
        return
    if (
        last is not None
        and last.analyte is not None
        and item.text == "deficiency"
        and not phrase.link
        and not phrase.words
    ):
        _deficiency(phrase, last, item, last.analyte.entry.name)
        return
    if phrase.expression is None:
        phrase.generic = item


def _deficiency(phrase: Phrase, last: Item, item: Item, name: str) -> None:
    """Deficiency = substance "deficiency": a condition, whatever the substance is otherwise."""
    text = phrase.line.text[last.start : item.end]
    concept = lexicon.lookup(f"{name} deficiency") or Concept(text)
    status: Status = "history" if phrase.mods.status == "history" else "any"
    leaf = ConditionIs(
        last.start, item.end, replace(concept, text=text), status, phrase.mods.qualifiers, phrase.mods.window
    )
    assert phrase.expression is not None
    before = [e for e in leaves(phrase.expression) if isinstance(e, Unreadable) and e.end <= last.start]
    told = all_of((leaf, *before[:1]))  # words before the name belong to it
    phrase.expression = told if phrase.prior is None else all_of((phrase.prior, told))


def _compound(phrase: Phrase, last: Item, item: Item) -> None:
    text = phrase.line.text[last.start : item.end]
    if item.text in {
        "medication",
        "medications",
        "drugs",
        "drug",
        "therapy",
        "therapies",
        "treatment",
        "treatments",
        "agent",
        "agents",
        "surgery",
        "repair",
        "vaccine",
        "vaccines",
        "vaccination",
    }:
        operated = item.text in {"surgery", "repair"}
        concept = lexicon.lookup(text) or Concept(text)
        planned = operated and phrase.mods.status in {"active", "current", "planned"}  # "undergoing hernia repair"
        status: TreatmentStatus = "planned" if planned else "prior" if phrase.mods.status == "history" else "any"
        leaf = TreatmentIs(
            last.start, item.end, concept, "procedure" if operated else "drug", status, None, phrase.mods.window
        )
        phrase.expression = _replaced(phrase, leaf)
        return
    phrase.cloud(item, "a compound of the name")


def _replaced(phrase: Phrase, leaf: Expression) -> Expression:
    """The expression with its last leaf replaced; where it is more than one leaf the new one is added, clouded."""
    assert phrase.expression is not None
    if len(leaves(phrase.expression)) == 1 and not isinstance(phrase.expression, Not):
        return leaf
    return clouded(
        phrase.expression, Unreadable(getattr(leaf, "start", 0), getattr(leaf, "end", 0), "a compound of the name")
    )
