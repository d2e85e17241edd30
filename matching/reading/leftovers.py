"""What a part still holds when its names are read: unlisted names, general terms, people, unread words."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from matching.knowledge import lexicon
from matching.model.codes import Sex
from matching.model.criterion import (
    AgeIs,
    Analyte,
    Bound,
    Concept,
    ConditionIs,
    Expression,
    OnSite,
    PregnancyIs,
    ResultIs,
    SexIs,
    Status,
    TreatmentIs,
    TreatmentStatus,
    Unreadable,
)
from matching.reading.items import Item
from matching.reading.logic import all_of, any_of, clouded, leaves, narrowed
from matching.reading.mentions import CONDITIONS, own_or_family, shifted, shifted_name, with_qualifiers
from matching.reading.unlisted import HEADS, sort_of

if TYPE_CHECKING:
    from matching.reading.phrase import Phrase

_NOT_NOUNS = ("ed", "ing", "ly", "able", "ible")
_HAVING = frozenset({"history of", "a history of", "presence of", "medical history of", "past history of", "prior history of", "previous history of",
                     "suffering from", "suffers from", "suffer from", "history or presence of", "presence or history of", "personal history of",
                     "current or history of", "known history of", "any history of", "history or evidence of", "past medical history of"})  # fmt: skip
_OF_DISEASES = frozenset(
    {
        "severe",
        "acute",
        "chronic",
        "symptomatic",
        "uncontrolled",
        "clinically significant",
        "congenital",
        "recurrent",
        "newly diagnosed",
    }
)


ALTERED = frozenset({"mutated", "wild_type"})


def is_gene(name: str) -> bool:
    """Whether words beside "mutation" or "fusion" may be a gene ("ROS1", "exon 14"), not a part of the body ("lumbar")."""
    return any(c.isupper() or c.isdigit() for c in name.strip()[1:])


def finish(phrase: Phrase, items: list[Item]) -> None:
    """What is left over: words after the name narrow it or make another thing of it, words alone are unread."""
    if phrase.expression is not None and not phrase.words:
        _clause(phrase, items)
    if phrase.late and phrase.expression is not None:
        phrase.expression = with_qualifiers(phrase.expression, phrase.late)
        if isinstance(phrase.expression, TreatmentIs) and phrase.last is not None:
            rest = Unreadable(phrase.last.start, items[-1].end, "which of the treatments: " + ", ".join(phrase.late))
            phrase.expression = narrowed(phrase.expression, rest)  # "warfarin has been stable"
    _people(phrase, items)
    if phrase.expression is None and not phrase.words and any(i.kind == "bothsex" for i in items):
        phrase.expression = _both_sexes(items)
    if not phrase.words:
        if phrase.expression is None and (phrase.generic is not None or phrase.mods.shift is not None):
            phrase.expression = _general(phrase, items)
        return
    if phrase.expression is None and _named_by_words(phrase, items):
        return
    rest = phrase.line.unreadable(phrase.words)
    if phrase.expression is None:
        begin = phrase.generic.start if phrase.generic is not None else rest.start
        phrase.expression = Unreadable(
            min(begin, rest.start), max(rest.end, phrase.generic.end if phrase.generic else 0), rest.reason
        )
    elif (
        phrase.link
        or _of_its_course(phrase)
        or phrase.words[0].text.endswith(_NOT_NOUNS)
        or phrase.last is None
        or phrase.last.kind in {"measure", "on_site", "group"}
    ):
        if phrase.link == "narrow" and phrase.part is not None and phrase.part.base is None:
            phrase.part.base, phrase.part.loose, phrase.part.required = phrase.expression, True, phrase.requiring
        phrase.expression = narrowed(phrase.expression, rest)
    else:
        phrase.expression = clouded(phrase.expression, rest)
    phrase.words = []


_COURSE = frozenset(
    """exacerbation exacerbations progression recurrence recurrences relapse relapses flare flares crisis crises episode episodes attack attacks
    spell spells state states event events reinfection reactivation deterioration decompensation worsening severity lesion lesions""".split()
)


def _of_its_course(phrase: Phrase) -> bool:
    """Whether the words after a disease only say what it does ("asthma exacerbation"): who has no such disease has none of it."""
    term = phrase.last.term if phrase.last is not None else None
    return term is not None and term.category in CONDITIONS and all(w.text in _COURSE for w in phrase.words)


def _named_by_words(phrase: Phrase, items: list[Item]) -> bool:
    """A marker or a substance that no table knows, told by what stands before it ("positive for X", "allergy to X")."""
    first, last = phrase.words[0], phrase.words[-1]
    name = phrase.line.text[first.start : last.end]
    if len(name) > 80 or (phrase.governed and phrase.mods.shift is None):
        return False
    if (
        (phrase.mods.result in {"positive", "negative"} or (phrase.mods.result in ALTERED and is_gene(name)))
        and len(phrase.words) <= 3
        and phrase.mods.shift is None
    ):
        phrase.expression = ResultIs(first.start, last.end, Analyte(name), phrase.mods.result, phrase.mods.window)
        phrase.words = []
        return True
    if phrase.mods.shift is None and (_told_by_form(phrase) or _unlisted(phrase, name, first, last)):
        return True
    if phrase.mods.shift is not None and shifted_name(phrase.mods.shift):
        shift = phrase.mods.shift
        if shift.cue is not None and shift.cue.value == "own or family":
            own = ConditionIs(first.start, last.end, Concept(" ".join(name.split())), "history")
            phrase.expression = own_or_family(phrase.mods, first.start, last.end, phrase.line.text, own)
        else:
            phrase.expression = shifted(phrase.mods, first.start, last.end, phrase.line.text)
        phrase.words = []
        return True
    return False


_MAY = frozenset({"may", "might", "can", "could", "will", "would"})


def _told_by_form(phrase: Phrase) -> bool:
    """A name that no vocabulary holds, told by its noun or its ending ("ciliary dysfunction", "hypomagnesemia")."""
    words, head = phrase.words, phrase.generic
    if phrase.part is not None and any(
        (i.kind in {"generic", "compound"} and i is not head) or (i.kind == "modal" and i.text in _MAY)
        for i in phrase.part.items
        if i.start < words[0].start
    ):
        return False  # "therapy that could induce renal damage" is no damage
    if head is not None:
        after = head.borrowed or (
            head.start > words[-1].start and not phrase.line.text[words[-1].end : head.start].strip(" -")
        )
        if not after or head.kind != "generic" or head.text not in HEADS:
            return False
        words = [*words, head]
    text = phrase.line.text
    beside = [(a, b) for a, b in pairwise(words) if not b.borrowed]
    if len(words) > 4 or any(text[a.end : b.start].strip(" -") for a, b in beside) or phrase.mods.result:
        return False
    sort = sort_of([w.text for w in words])
    if sort is None:
        return False
    own = phrase.words
    start, end, mods = own[0].start, words[-1].end if not words[-1].borrowed else own[-1].end, phrase.mods
    name = " ".join(text[start : own[-1].end].split()) + (f" {words[-1].text}" if head is not None else "")
    concept = Concept(name)
    if head is not None and (found := lexicon.lookup(name)) is not None and found.id is not None:
        concept = replace(found, text=name)
    leaf: Expression
    if sort == "condition":
        status: Status = "history" if mods.status in {"history", "any"} else "active" if mods.status else "any"
        leaf = ConditionIs(start, end, concept, status, mods.qualifiers, mods.window)
    else:
        taken: TreatmentStatus = _TAKEN.get(mods.status, "any")
        leaf = TreatmentIs(start, end, concept, sort, taken, None, mods.window)
        if mods.route is not None or mods.qualifiers:
            leaf = narrowed(leaf, Unreadable(start, end, "route or kind of treatment"))
    if mods.narrow is not None:
        leaf = narrowed(leaf, Unreadable(mods.narrow.start, mods.narrow.end, "a narrower statement"))
    if mods.governor is not None:
        leaf = clouded(leaf, mods.governor)
    phrase.expression = leaf
    phrase.words = []
    return True


_TAKEN: dict[str, TreatmentStatus] = {
    "history": "prior", "any": "prior", "active": "current", "current": "current", "planned": "planned",
}  # fmt: skip


def _unlisted(phrase: Phrase, name: str, first: Item, last: Item) -> bool:
    """A name that no vocabulary holds, where the words before it say what it is ("history of X", "treated with X")."""
    if (
        len(phrase.words) > 4
        or len(name) > 50
        or phrase.generic is not None
        or any(c.isdigit() for c in name)
        or phrase.mods.result
    ):
        return False
    if any(w.text.endswith(("ing", "ed", "s")) for w in phrase.words[:-1]) or phrase.words[-1].text.endswith(
        ("ing", "ed", "ly")
    ):
        return False
    mods = phrase.mods
    if phrase.taking or mods.status == "current":
        taken: TreatmentStatus = (
            "current" if mods.status in {"current", "active"} else "prior" if mods.status == "history" else "any"
        )
        phrase.expression = TreatmentIs(first.start, last.end, Concept(name), "drug", taken, None, mods.window)
    elif (mods.status in {"history", "active", "any"} and phrase.own_status in _HAVING) or set(
        mods.qualifiers
    ) & _OF_DISEASES:
        status: Status = "history" if mods.status == "history" else "active" if mods.status == "active" else "any"
        phrase.expression = ConditionIs(first.start, last.end, Concept(name), status, mods.qualifiers, mods.window)
    else:
        return False
    phrase.words = []
    return True


def _general(phrase: Phrase, items: list[Item]) -> Expression | None:
    """General = modifier "disease" | "treatment": a thing without a name of its own, kept in sight but never decided."""
    shift = phrase.mods.shift
    if shift is not None and shifted_name(shift) and shift in items:
        return shifted(phrase.mods, shift.start, max(shift.end, items[-1].end), phrase.line.text)
    told = [i for i in items if i.kind in {"qual", "status", "route", "result", "shift", "narrow"}]
    if not told and (phrase.part is None or not phrase.part.negated):
        return None
    rest = Unreadable(items[0].start, items[-1].end, "a general term that could not be read")
    item = phrase.generic
    if item is None or item.end - item.start > 60:
        return rest
    if item.kind == "compound" and item.text in {"surgery", "surgeries"}:
        return _surgery(phrase, item, told)
    if item.kind == "compound" or (item.cue is not None and item.cue.value == "treatment"):
        return clouded(
            TreatmentIs(item.start, item.end, Concept(item.text), "drug", "any", None, phrase.mods.window), rest
        )
    return clouded(
        ConditionIs(item.start, item.end, Concept(item.text), "any", phrase.mods.qualifiers, phrase.mods.window), rest
    )


def _clause(phrase: Phrase, items: list[Item]) -> None:
    """A relative clause that names nothing ("arrhythmia that is symptomatic"): its states narrow the name, or it is unread."""
    n = next(
        (
            k
            for k, i in enumerate(items)
            if i.kind in {"that", "narrow"} and phrase.last is not None and i.start >= phrase.last.end
        ),
        -1,
    )
    if n < 0 or phrase.expression is None:
        return
    said = [
        i
        for i in items[n + 1 :]
        if i.kind in {"qual", "generic", "compound", "narrow", "verb", "status", "route", "result"}
    ]
    if said:
        rest = Unreadable(items[n].start, items[-1].end, "a clause that narrows it")
        phrase.expression = narrowed(phrase.expression, rest)


def _surgery(phrase: Phrase, item: Item, told: list[Item]) -> Expression:
    mods = phrase.mods
    status: TreatmentStatus = {"history": "prior", "planned": "planned", "active": "current"}.get(mods.status, "any")  # type: ignore[assignment]
    concept = lexicon.lookup("surgical procedures, operative") or Concept("surgery")
    leaf: Expression = TreatmentIs(
        item.start, item.end, replace(concept, text=item.text), "procedure", status, None, mods.window
    )
    if any(i.kind in {"qual", "route"} and i.text != "other" for i in told):
        leaf = narrowed(leaf, Unreadable(item.start, item.end, "which surgery"))
    return leaf


def _people(phrase: Phrase, items: list[Item]) -> None:
    """People = sex | age group, where they are the requirement and not only its subject."""
    leaf: Expression | None = None
    told = phrase.expression
    if phrase.sex is not None and phrase.sex.cue is not None:
        leaf = SexIs(phrase.sex.start, phrase.sex.end, Sex(phrase.sex.cue.value))
        if told is not None and any(isinstance(e, (PregnancyIs, OnSite)) for e in leaves(told)):
            leaf = None
            if isinstance(told, PregnancyIs):
                start, end = min(told.start, phrase.sex.start), max(told.end, phrase.sex.end)
                if end - start <= 50:
                    phrase.expression = replace(told, start=start, end=end)
    if (
        phrase.age is not None
        and leaf is None
        and (told is None or not any(isinstance(e, AgeIs) for e in leaves(told)))
    ):
        leaf = _age_group(phrase.age)
    if leaf is None:
        return
    phrase.expression = leaf if told is None else all_of((leaf, told))


def _both_sexes(items: list[Item]) -> Expression | None:
    """Both = "male or female", where a line says nothing else."""
    item = next(i for i in items if i.kind == "bothsex")
    if not any(word in item.text for word in ("male", "men", "woman", "girl", "both sexes", "either sex")):
        return None
    return any_of((SexIs(item.start, item.end, Sex.FEMALE), SexIs(item.start, item.end, Sex.MALE)))


def _age_group(item: Item) -> Expression | None:
    """Adults are 18 years or older, children younger; other words for ages have no agreed bounds."""
    value = item.cue.value if item.cue is not None else ""
    if value == "adult":
        return AgeIs(item.start, item.end, lower=Bound(18, "a"))
    if value == "child":
        return AgeIs(item.start, item.end, upper=Bound(18, "a", inclusive=False))
    return Unreadable(item.start, item.end, "an age group without agreed bounds")
