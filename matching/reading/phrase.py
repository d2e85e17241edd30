"""One member of a coordination, read from left to right: modifiers, a name, and what follows the name."""

from __future__ import annotations

import re
from dataclasses import replace

from matching.knowledge import hierarchy
from matching.knowledge.analytes import AnalyteEntry
from matching.model.criterion import (
    AgeIs,
    Analyte,
    ConditionIs,
    Expression,
    Not,
    OnSite,
    PregnancyIs,
    ResultIs,
    ScoreIs,
    SexIs,
    TreatmentIs,
    Unreadable,
)
from matching.reading import brackets, heads, leftovers
from matching.reading import phrase_words as told_by
from matching.reading.absence import away
from matching.reading.adjacent import adjacent
from matching.reading.defined import shown_by
from matching.reading.items import Item
from matching.reading.logic import all_of, clouded, narrowed, negate
from matching.reading.mentions import CONDITIONS, NOTHING, Mods, dated, mention, with_qualifiers, with_window
from matching.reading.parts import Line, Part
from matching.reading.windows import of_absence

MAX_JOINED = 48
"""Names that one phrase joins without a comma, fewer inside brackets: each makes its expression deeper."""
_WITHIN = re.compile(r"(?i)\b(?:within|(?:in|during|over)\s+the\s+(?:last|past|previous|preceding))\b")


_STATUS_SCALES = frozenset({"ecog", "karnofsky", "lansky", "who_ps"})


_PASSING = frozenset(
    {"plain", "person", "modal", "status", "qual", "link", "prep", "generic", "compound", "shift", "narrow"}
)
"""The cues that most phrases hold, none of which is a name."""


class Phrase:
    """State while one part is read; `read` fills the part's expression, carried modifiers and window.

    What a part has no use for stays the class's default, since a line has many parts.
    """

    expression: Expression | None = None
    governed = False
    link = ""
    last: Item | None = None
    prior: Expression | None = None
    generic: Item | None = None
    taking = False
    with_words = False
    own_status = ""
    sex: Item | None = None
    age: Item | None = None
    late: tuple[str, ...] = ()
    fresh = True
    window_item: Item | None = None
    part: Part | None = None
    diagnosed = False
    requiring = False
    leaf: Expression | None = None
    people: Item | None = None
    treating = False
    substance: Item | None = None
    windowed: Item | None = None

    def __init__(self, line: Line, carried: Mods, depth: int, *, organs: bool = False, first: bool = True) -> None:
        self.line = line
        self.carried = carried
        self.mods = carried
        self.depth = depth
        self.organs = organs
        self.first = first
        self.words: list[Item] = []

    def read(self, part: Part, items: list[Item]) -> None:
        """Phrase = {modifier} [{word} name {window | brackets | link {modifier} name}]."""
        self.part = part
        for item in items:
            if item.text in told_by.DIAGNOSED:
                self.diagnosed = True
        joined, most = 0, MAX_JOINED // (self.depth + 1)
        for n, item in enumerate(items):
            before = self.expression
            self._take(item)
            if before is not None and self.expression is not before:
                joined += 1
                if joined > most and n + 1 < len(items):
                    self.expression = clouded(before, self.line.unreadable(items[n:], "too long a phrase"))
                    self.words = []
                    break
        leftovers.finish(self, items)
        if self.people is not None:
            rest = self.line.unreadable([self.people])
            self.expression = rest if self.expression is None else narrowed(self.expression, rest)
        part.expression = self.expression
        if self.window_item is not None and part.window is None and self.last is None and self.expression is not None:
            part.window = self.window_item.window  # after words that name nothing: it may hold for the names before
        mods = self.mods
        if (
            mods.narrow is not None
            or mods.studied is not None
            or (mods.window is not None and self.expression is not None)
        ):
            mods = mods._replace(window=None if self.expression is not None else mods.window, narrow=None, studied=None)
        part.mods = mods

    def _take(self, item: Item) -> None:
        if item.kind in _PASSING:
            self._cue(item)
            return
        match item.kind:
            case "anatomy" if not self.organs and not self._of_organ(item):
                word = Item("word", item.start, item.end, item.text.lower())
                word.tight = item.tight
                self.words.append(word)
            case "term" | "analyte" | "anatomy" | "pregnancy" | "lifestyle" | "trial" | "healthy":
                self._name(item)
            case "measure":
                assert item.expression is not None
                self.join(item.expression, item)
            case "pregtest":
                self._pregnancy_test(item)
            case "not_childbearing":
                self.join(negate(PregnancyIs(item.start, item.end, ("childbearing_potential",))), item)
            case "on_site":
                assert item.cue is not None
                self.join(OnSite(item.start, item.end, item.cue.value), item)
            case "window":
                self.take_window(item)
            case "group":
                brackets.brackets(self, item)
            case "denied":
                self._denied(item)
            case "hung":
                told = self.line.read(item.inner, NOTHING, self.depth + 1)
                if told is not None and self.treating and self.generic is not None and self.expression is None:
                    told = clouded(told, Unreadable(self.generic.start, self.generic.end, "a treatment of it"))
                self.join(told if told is not None else self.line.unreadable(item.inner), item)
            case "function":
                heads.function(self, item)
            case "place" | "limit":
                if self.expression is not None and not self.words:
                    self.expression = narrowed(self.expression, Unreadable(item.start, item.end, "a limit"))
            case "suffix":
                heads.suffix(self, item, item.cue.value if item.cue is not None else "")
            case "word" if item.text in told_by.PEOPLES and self.expression is None and not self.words:
                self.people = item
            case "word":
                if self.expression is not None and self.link == "" and self.last is not None and not self.words:
                    self.governed = False
                self.words.append(item)
            case "neg":
                part = self.part
                assert part is not None
                part.negated = not part.negated
            case _:
                self._cue(item)

    def _of_organ(self, item: Item) -> bool:
        """Whether the part of the body stands after "disease of" and its like."""
        generic = self.generic
        if generic is None or self.words or self.expression is not None or generic.text not in told_by.DISEASES:
            return False
        between = self.line.text[generic.end : item.start].lower().split()
        return (
            bool(between) and between[0] in {"of", "in", "affecting", "involving"} and set(between[1:]) <= {"the", "a"}
        )

    def _cue(self, item: Item) -> None:
        cue = item.cue
        value = cue.value if cue is not None else ""
        match item.kind:
            case "plain" | "person" | "modal" | "verb" if self.expression is not None:
                if item.kind == "verb" and item.text in {"treated with", "been treated with"}:
                    self.link = "with"
            case "status":
                if self.expression is not None and not self.link:
                    if value not in {"current", "planned"}:
                        return
                    self.link = "with"
                known = "" if self.fresh and not self.carried.status else self.mods.status
                self.mods = self.mods._replace(
                    status=value if not known or known == value or self.carried.status else "any"
                )
                if self.carried.status:
                    self.carried = self.carried._replace(status="")
                self.own_status = item.text
            case "qual":
                if item.tight and self.last is not None and self.last.term is not None and self.expression is not None:
                    heads.suffix(self, item, "qual")
                    return
                if self.expression is not None and not self.link:
                    if value != "other":
                        self.late = (*self.late, value)
                    return
                if value == "other":
                    if self.first and self.expression is None:
                        self.mods = self.mods._replace(studied=item)
                    return
                old = () if self.fresh else self.mods.qualifiers
                self.mods = self.mods._replace(qualifiers=(*old, value))
                self.fresh = False
            case "route":
                self.mods = self.mods._replace(route=item)
            case "result":
                self._result(item, value)
            case "shift":
                if self.expression is not None and not self.link:
                    self.link = "prep"
                self.mods = self.mods._replace(shift=item)
            case "narrow":
                if item.text == "onset of" and _WITHIN.search(
                    self.line.text, item.end, min(item.end + 120, self.line.end)
                ):
                    self.mods = self.mods._replace(qualifiers=(*self.mods.qualifiers, "newly diagnosed"))
                elif self.expression is None:
                    self.mods = self.mods._replace(narrow=item)
                    self._of_substance()
                else:
                    self.link = "narrow"
                    self.requiring = item.text in told_by.REQUIRING
            case "link" | "prep":
                if self.words and self.expression is None:
                    self.governed = True
                    self.with_words = item.kind == "link"
                if self.expression is None and self.generic is not None and self.generic.kind == "compound":
                    self.treating = item.text not in {"with", "for"}
                if self.expression is not None:
                    self.link = "with" if item.kind == "link" else (self.link or "prep")
                elif item.text in {"with", "of"} and self.mods.shift is not None:
                    pass
            case "that":
                if self.expression is not None:
                    self.link = self.link or "that"
            case "generic" | "compound":
                heads.head(self, item)
            case "sex":
                self.sex = item
            case "agegroup":
                self.age = item
            case "verb" if self.expression is None and not self.words and item.text not in told_by.DIAGNOSED:
                self.taking = True
            case "substance" if self.expression is None and self.generic is None:
                self.substance = item
            case "person" if item.text in {"that", "which"} and self.substance is not None:
                self._of_substance()
            case "plain" | "person" | "modal" | "verb":
                if self.words and self.expression is None and item.text not in told_by.AND_SO_ON:
                    self.governed = True
            case _:
                pass

    def _of_substance(self) -> None:
        """What is said of drugs ("drugs that may cause seizures") names what they do, not what the patient has."""
        if self.substance is not None and self.expression is None:
            self.generic, self.treating = self.substance, True

    def window_after(self, name: Item, item: Item) -> bool:
        """Whether a window stands between the name and the item."""
        return self.windowed is not None and name.end <= self.windowed.start < item.start

    def cloud(self, item: Item, reason: str) -> None:
        """Makes what is read so far unknown: the item may change it either way."""
        assert self.expression is not None
        self.expression = clouded(self.expression, Unreadable(item.start, item.end, reason))

    def _result(self, item: Item, value: str) -> None:
        """Result = ("positive" | "elevated" | ...) name | name ("positive" | "elevated" | ...)."""
        last = self.last
        if (
            self.expression is not None
            and not self.link
            and last is not None
            and (last.term is not None or last.analyte is not None)
        ):
            told = value in {"positive", "negative", "mutated", "wild_type"}
            if last.analyte is not None or told or (last.term is not None and last.term.category not in CONDITIONS):
                leaf = mention(
                    last, self.mods._replace(result=value, shift=None, route=None, narrow=None), self.line.text
                )
                self.expression = leaf if self.prior is None else all_of((self.prior, leaf))
                self.mods = self.mods._replace(result="")
            else:
                self.late = (*self.late, value)
            return
        if (
            self.words
            and not self.governed
            and len(self.words) <= 3
            and (
                value in {"positive", "negative"}
                or (value in leftovers.ALTERED and leftovers.is_gene(self.line.text[self.words[0].start : item.start]))
            )
        ):
            words, self.words = self.words, []
            name = self.line.text[words[0].start : words[-1].end]
            self.join(ResultIs(words[0].start, item.end, Analyte(name), value, self.mods.window), item)
            return
        self.mods = self.mods._replace(result=value, result_start=item.start)

    def _pregnancy_test(self, item: Item) -> None:
        negative = item.cue is not None and item.cue.value == "negative"
        pregnant = PregnancyIs(item.start, item.end, ("pregnant",))
        if negative or self.mods.result == "negative":
            self.join(negate(pregnant), item)
        elif self.mods.result == "positive":
            self.join(pregnant, item)
        else:
            self.join(clouded(pregnant, Unreadable(item.start, item.end, "which result is meant")), item)

    def _name(self, item: Item) -> None:
        """Name = [{word}] term: unknown words right before a condition qualify it; a noun with "of" may change it."""
        own = self.words
        mods = self.mods
        if item.analyte is not None and not own and self._of_scale(item.analyte.entry):
            return
        if self.expression is not None and not self.link:
            adjacent(self, item, own)
            return
        if self.link in {"narrow", "prep", "that"} and own:
            self._linked(item, mods, own)
            return
        leaf = self._leaf(item, mods, own)
        self.words = []
        self.governed = False
        self.join(leaf, item)

    def _of_scale(self, entry: AnalyteEntry) -> bool:
        """Takes the scale that a score before it is on ("performance status of 0-2 on the ECOG scale")."""
        told = self.expression
        if not isinstance(told, ScoreIs) or (self.link and self.link != "prep"):
            return False
        if entry.instrument == "performance_status" and told.instrument in _STATUS_SCALES and not self.link:
            return True
        if entry.instrument == told.instrument and self.link:
            self.link = ""
            return True
        if told.instrument != "performance_status" or entry.instrument not in _STATUS_SCALES:
            return False
        self.expression = replace(told, instrument=entry.instrument)
        self.link = ""
        return True

    def _leaf(self, item: Item, mods: Mods, words: list[Item]) -> Expression:
        if (
            words
            and mods.narrow is not None
            and mods.narrow.text in told_by.NEEDING
            and words[-1].end <= mods.narrow.start
        ):
            # "an exacerbation that required ventilation": whatever the words say, what they required is needed.
            return narrowed(mention(item, mods, self.line.text), self.line.unreadable(words))
        if (
            words
            and not self.governed
            and not self.treating
            and item.term is not None
            and item.term.category in CONDITIONS
            and not self._prefixed(item)
        ):
            told = tuple(w.text for w in words[-3:])
            if len(words) <= 3 and not any(w.text.isdigit() for w in words):
                # As other qualifiers do, unknown ones hold for the next members too ("bullous asthma or pemphigoid").
                self.mods = mods._replace(qualifiers=(*mods.qualifiers, " ".join(told)))
                return mention(item, self.mods, self.line.text)
        leaf = mention(item, mods, self.line.text)
        if self.treating and item.term is not None and item.term.category in CONDITIONS and self.generic is not None:
            # "therapy directed at lymphoma" is no lymphoma
            leaf = clouded(leaf, Unreadable(self.generic.start, self.generic.end, "a treatment of it"))
        if not words:
            return leaf
        rest = self.line.unreadable(words)
        kind = item.kind == "trial" or (item.kind == "pregnancy" and words[0].text in told_by.OF_PREGNANCIES)
        if kind and not self.governed and len(words) == 1 and not self._prefixed(item):
            return narrowed(leaf, rest)  # "singleton pregnancy", "an unlicensed investigational drug"
        adjective = not self.governed and item.term is not None and len(words) <= 2 and not self._prefixed(item)
        last = words[-1].text
        adjective = adjective and (last.endswith("ous") or not last.endswith(("ing", "ed", "s")))
        if adjective:
            self.mods = self.mods._replace(route=Item("route", words[0].start, words[-1].end))
            return narrowed(leaf, rest)
        if self.governed:  # "tapering of prednisone or cortisone": the names after it are governed too
            self.mods = self.mods._replace(governor=rest)
        return clouded(leaf, rest)

    def _prefixed(self, item: Item) -> bool:
        """Whether a word is joined to the name by a hyphen ("anti-HIV"): it may turn the meaning."""
        return item.tight and bool(self.words) and self.words[-1].text in {
            "anti", "pre", "post", "pseudo", "para", "peri", "sub", "extra", "ex", "hypo", "hyper", "mimicking", "like"
        }  # fmt: skip

    def _linked(self, item: Item, mods: Mods, words: list[Item]) -> None:
        rest = self.line.unreadable(words)
        leaf = clouded(mention(item, mods._replace(status="", qualifiers=()), self.line.text), rest)
        assert self.expression is not None
        self.expression = all_of((self.expression, leaf))
        self.words, self.governed, self.link, self.last = [], False, "", item

    def join(self, leaf: Expression, item: Item) -> None:
        """Joined = name [link name]: "with" adds, "due to", "after", "in" and the like narrow."""
        if self.words:
            rest = self.line.unreadable(self.words)
            if self.expression is not None:
                self.expression = narrowed(self.expression, rest)
            elif not isinstance(leaf, (OnSite,)):
                leaf = narrowed(leaf, rest) if self.with_words and item.kind == "measure" else clouded(leaf, rest)
                if self.governed:
                    self.mods = self.mods._replace(governor=rest)
            self.words, self.governed = [], False
        self.prior, self.leaf = self.expression, leaf
        if self._titles(item):
            self.expression = leaf  # "pulmonary function test values of FVC < 60 %"
            self.link, self.last, self.fresh, self.prior = "", item, True, None
            return
        if self._infection_with(leaf):
            self.expression = leaf  # "infection with HIV"
            self.link, self.last, self.fresh, self.prior = "", item, True, None
            return
        if self.expression is not None and self.link and self.part is not None:
            self.part.base, self.part.loose = self.expression, self.link != "with"
            self.part.required = self.link == "narrow" and self.requiring
        if self.expression is None:
            self.expression = leaf
        elif item.kind == "measure" and not self.link and (told := shown_by(self.expression, leaf)) is not None:
            self.expression = told  # "anemia Hb < 8 g/dL"
        elif (
            (item.kind == "measure" and not self.link)
            or self.link in {"with", ""}
            or self.link == "that"
            or item.kind == "measure"
            or isinstance(self.expression, (AgeIs, SexIs))
        ):
            self.expression = all_of((self.expression, leaf))
        else:
            why = Unreadable(item.start, item.end, "how this belongs to what stands before it")
            self.expression = all_of((self.expression, clouded(leaf, why)))
        if self.mods.window is not None and self.window_item is not None:
            self.mods = self.mods._replace(window=None)
        self.link = ""
        self.last = item
        self.fresh = True
        if self.mods.narrow is not None:
            self.mods = self.mods._replace(narrow=None)

    def _titles(self, item: Item) -> bool:
        """Whether the name so far is that of the test whose value follows."""
        told = self.expression
        return (
            item.kind == "measure"
            and isinstance(told, TreatmentIs)
            and told.status == "any"
            and self.link != "with"
            and bool(told_by.TESTS & {told.concept.id or "", *hierarchy.ancestors(told.concept.id or "")})
        )

    def _infection_with(self, leaf: Expression) -> bool:
        """Whether the name so far is "infection", and what follows is the infection it is with."""
        told = self.expression
        return (
            self.link == "with"
            and isinstance(told, ConditionIs)
            and told.concept.id in told_by.INFECTIONS
            and isinstance(leaf, ConditionIs)
            and leaf.concept.id is not None
            and hierarchy.is_a(leaf.concept.id, "D007239")
            and leaf.status == told.status
        )

    def take_window(self, item: Item) -> None:
        """window: after a name it holds for the name, before it for the name to come."""
        assert item.window is not None and self.part is not None
        if self.words and self.expression is not None:
            self.expression = narrowed(self.expression, self.line.unreadable(self.words))
            self.words = []
        if self.expression is None or (self.link and self.last is None):
            self.mods = self.mods._replace(window=item.window)
            self.window_item = item
            return
        self.windowed = item
        window = item.window
        if self.diagnosed and window.lower is not None and window.upper is None and window.direction == "before":
            window = replace(
                window, direction="duration", anchor="now"
            )  # "diagnosed at least 180 days before screening"
        elif self.diagnosed and window.upper is not None and window.lower is None and window.direction == "before":
            # "diagnosis of asthma within 6 months": its beginning
            self.expression = with_qualifiers(self.expression, ("newly diagnosed",))
        if isinstance(self.expression, Not):
            window = of_absence(window) or window  # "seizure-free for 6 months"
        timed = with_window(dated(self.expression) if window.lower or window.upper else self.expression, window)
        if timed == self.expression and self.part.window is not None and self.part.window != item.window:
            # "prior to screening for at least 4 weeks": a leaf holds one of them
            timed = narrowed(timed, Unreadable(item.start, item.end, "a second time"))
        self.expression = timed
        self.part.window = item.window

    def _denied(self, denied: Item) -> None:
        """Denied = phrase negation clause ("diabetes without nephropathy")."""
        free = self.expression is None and not self.words and self.line.text[denied.start :][:4].lower() == "free"
        if free and self.generic is not None:
            pass  # "disease-free of prior cancer": free of it, no more
        elif self.expression is None:
            begin = (
                self.words[0].start
                if self.words
                else (self.generic.start if self.generic is not None else denied.start)
            )
            self.line.skip(self.words)
            self.expression = Unreadable(min(begin, denied.start - 1), denied.start, "what is spoken of")
            self.words = []
        elif self.words:
            self.expression = narrowed(self.expression, self.line.unreadable(self.words))
            self.words = []
        rest = denied.inner
        told = self.line.read(rest, NOTHING, self.depth + 1) if rest else None
        if told is None or any(i.kind in {"narrow", "prep", "shift"} for i in rest[:2]):
            self.line.skip(rest)
            unread = Unreadable(denied.start, denied.end, "what is denied")
            self.expression = unread if self.expression is None else narrowed(self.expression, unread)
        else:
            absent = negate(away(told))
            self.expression = absent if self.expression is None else all_of((self.expression, absent))
        self.last = denied
