"""One member of a coordination, read from left to right: modifiers, a name, and what follows the name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from matching.knowledge import hierarchy, lexicon
from matching.model.codes import Sex
from matching.model.criterion import (
    AgeIs,
    Analyte,
    Bound,
    Concept,
    ConditionIs,
    Expression,
    LifestyleIs,
    MeasurementIs,
    Not,
    OnSite,
    PregnancyIs,
    ResultIs,
    ScoreIs,
    SexIs,
    Status,
    TreatmentIs,
    TreatmentStatus,
    Unreadable,
)
from matching.reading.exceptions import except_from
from matching.reading.items import Item
from matching.reading.parts import Line, Part
from matching.reading.logic import all_of, any_of, between, clouded, leaves, narrowed, negate
from matching.reading.mentions import (
    CONDITIONS,
    NOTHING,
    Mods,
    mention,
    shifted,
    shifted_name,
    with_qualifiers,
    with_window,
)

Clause = Callable[[list[Item], Mods, Line, int], Expression | None]

_NAMES = frozenset({"term", "analyte", "anatomy", "pregnancy", "lifestyle", "trial", "healthy"})
_NOT_NOUNS = ("ed", "ing", "ly", "able", "ible")


_DIAGNOSED = frozenset(
    {"diagnosed with", "diagnosis of", "been diagnosed with", "have been diagnosed with", "has been diagnosed with"}
)
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


class Phrase:
    """State while one part is read; `read` fills the part's expression, carried modifiers and window."""

    def __init__(
        self, line: Line, carried: Mods, depth: int, clause: Clause, *, organs: bool = False, first: bool = True
    ) -> None:
        self.line = line
        self.carried = carried
        self.mods = carried
        self.depth = depth
        self.clause = clause
        self.organs = organs
        self.first = first
        self.expression: Expression | None = None
        self.words: list[Item] = []
        self.governed = False
        self.link = ""
        self.last: Item | None = None
        self.prior: Expression | None = None
        self.generic: Item | None = None
        self.taking = False
        self.with_words = False
        self.own_status = ""
        self.sex: Item | None = None
        self.age: Item | None = None
        self.late: tuple[str, ...] = ()
        self.fresh = True
        self.window_item: Item | None = None
        self.part: Part | None = None

    def read(self, part: Part, items: list[Item]) -> None:
        """Phrase = {modifier} [{word} name {window | brackets | link {modifier} name}]."""
        self.part = part
        for item in items:
            self._take(item)
        self._finish(items)
        part.expression = self.expression
        mods = self.mods
        if (
            mods.narrow is not None
            or mods.studied is not None
            or (mods.window is not None and self.expression is not None)
        ):
            mods = mods._replace(window=None if self.expression is not None else mods.window, narrow=None, studied=None)
        part.mods = mods

    def _take(self, item: Item) -> None:
        match item.kind:
            case "anatomy" if not self.organs:
                self.words.append(Item("word", item.start, item.end, item.text.lower(), tight=item.tight))
            case "term" | "analyte" | "anatomy" | "pregnancy" | "lifestyle" | "trial" | "healthy":
                self._name(item)
            case "measure":
                assert item.expression is not None
                self._join(item.expression, item)
            case "pregtest":
                self._pregnancy_test(item)
            case "not_childbearing":
                self._join(negate(PregnancyIs(item.start, item.end, ("childbearing_potential",))), item)
            case "on_site":
                assert item.cue is not None
                self._join(OnSite(item.start, item.end, item.cue.value), item)
            case "window":
                self._window(item)
            case "group":
                self._brackets(item)
            case "denied":
                self._denied(item)
            case "function":
                self._function(item)
            case "place" | "limit":
                if self.expression is not None and not self.words:
                    self.expression = narrowed(self.expression, Unreadable(item.start, item.end, "a limit"))
            case "suffix":
                self._suffix(item, item.cue.value if item.cue is not None else "")
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

    def _cue(self, item: Item) -> None:
        cue = item.cue
        value = cue.value if cue is not None else ""
        match item.kind:
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
                    self._suffix(item, "qual")
                    return
                if self.expression is not None and not self.link:
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
                if self.expression is None:
                    self.mods = self.mods._replace(narrow=item)
                else:
                    self.link = "narrow"
            case "link" | "prep":
                if self.words and self.expression is None:
                    self.governed = True
                    self.with_words = item.kind == "link"
                if self.expression is not None:
                    self.link = "with" if item.kind == "link" else (self.link or "prep")
                elif item.text in {"with", "of"} and self.mods.shift is not None:
                    pass
            case "that":
                if self.expression is not None:
                    self.link = self.link or "that"
            case "generic" | "compound":
                self._head(item)
            case "sex":
                self.sex = item
            case "agegroup":
                self.age = item
            case "verb" if self.expression is not None and item.text in {"treated with", "been treated with"}:
                self.link = "with"
            case "verb" if self.expression is None and not self.words and item.text not in _DIAGNOSED:
                self.taking = True
            case "plain" | "person" | "modal" | "verb":
                if self.words and self.expression is None:
                    self.governed = True
            case _:
                pass

    def _function(self, item: Item) -> None:
        """Function = result "renal function": a result of something that has no number of its own."""
        result = self.mods.result or ("abnormal" if self.mods.qualifiers else "")
        if not result:
            self.words.append(Item("word", item.start, item.end, item.text))
            return
        begin = (
            self.mods.result_start
            if 0 <= self.mods.result_start and item.start - self.mods.result_start < 30
            else item.start
        )
        self._join(ResultIs(begin, item.end, Analyte(item.text), result, self.mods.window), item)

    def _suffix(self, item: Item, value: str) -> None:
        """Suffix = name "-naive" | name "-related": without it, or something else that has to do with it."""
        close = self.last is not None and self.last.end >= item.start - 1 and self.expression is not None
        if value == "allergy" and not close:
            if self.expression is None and not self.words:
                self.generic = item
            elif self.expression is None:
                self.words.append(Item("word", item.start, item.end, item.text))
            return
        if not close or self.last is None or self.last.kind not in _NAMES:
            return
        assert self.expression is not None
        if value == "allergy":
            told = self.line.text[self.last.start : item.end]
            status: Status = "history" if self.mods.status == "history" else "any"
            leaf = ConditionIs(self.last.start, item.end, Concept(told), status, (), self.mods.window)
            self.expression = leaf if self.prior is None else all_of((self.prior, leaf))
            return
        if value == "qual":
            term = self.last.term
            if term is not None and term.category not in CONDITIONS and item.tight:
                told = self.line.text[self.last.start : item.end]
                self.expression, self.last = self.prior, None
                self.mods = self.mods._replace(qualifiers=(*self.mods.qualifiers, told))
            elif term is not None and term.category in CONDITIONS:
                self.late = (*self.late, item.cue.value if item.cue is not None and item.kind == "qual" else item.text)
            else:
                self._cloud(item, "something that has to do with the name")
        elif value == "naive" and not isinstance(self.expression, Not) and len(leaves(self.expression)) == 1:
            self.expression = negate(self.expression)
        else:
            self._cloud(item, "something that has to do with the name")

    def _head(self, item: Item) -> None:
        """Head = name ("disease" | "medication" | "surgery"): a name for a treatment of the condition, or just the name."""
        last = self.last
        if (
            last is not None
            and last.term is not None
            and self.expression is not None
            and not self.link
            and not self.words
        ):
            condition = last.term.category in CONDITIONS
            if self.mods.result and item.text in {"test", "tests", "testing", "antibody", "antibodies", "antigen"}:
                return
            treating = item.kind == "compound" or (item.cue is not None and item.cue.value == "treatment")
            if condition and treating:
                self._compound(last, item)
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
                self._cloud(item, "a compound of the name")
            return
        if (
            last is not None
            and last.analyte is not None
            and item.text == "deficiency"
            and not self.link
            and not self.words
        ):
            text = self.line.text[last.start : item.end]
            concept = lexicon.lookup(f"{last.analyte.entry.name} deficiency") or Concept(text)
            leaf = ConditionIs(
                last.start, item.end, replace(concept, text=text), "any", self.mods.qualifiers, self.mods.window
            )
            self.expression = leaf if self.prior is None else all_of((self.prior, leaf))
            return
        if self.expression is None:
            self.generic = item

    def _compound(self, last: Item, item: Item) -> None:
        text = self.line.text[last.start : item.end]
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
            "vaccine",
            "vaccines",
            "vaccination",
        }:
            kind = "procedure" if item.text == "surgery" else "drug"
            concept = lexicon.lookup(text) or Concept(text)
            leaf = TreatmentIs(last.start, item.end, concept, "procedure" if kind == "procedure" else "drug", "any")
            self.expression = self._replaced(leaf)
            return
        self._cloud(item, "a compound of the name")

    def _replaced(self, leaf: Expression) -> Expression:
        """The expression with its last leaf replaced; where it is more than one leaf the new one is added, clouded."""
        assert self.expression is not None
        if len(leaves(self.expression)) == 1 and not isinstance(self.expression, Not):
            return leaf
        return clouded(
            self.expression, Unreadable(getattr(leaf, "start", 0), getattr(leaf, "end", 0), "a compound of the name")
        )

    def _cloud(self, item: Item, reason: str) -> None:
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
            and value in {"positive", "negative", "mutated", "wild_type"}
        ):
            words, self.words = self.words, []
            name = self.line.text[words[0].start : words[-1].end]
            self._join(ResultIs(words[0].start, item.end, Analyte(name), value, self.mods.window), item)
            return
        self.mods = self.mods._replace(result=value, result_start=item.start)

    def _pregnancy_test(self, item: Item) -> None:
        negative = item.cue is not None and item.cue.value == "negative"
        pregnant = PregnancyIs(item.start, item.end, ("pregnant",))
        if negative or self.mods.result == "negative":
            self._join(negate(pregnant), item)
        elif self.mods.result == "positive":
            self._join(pregnant, item)
        else:
            self._join(clouded(pregnant, Unreadable(item.start, item.end, "which result is meant")), item)

    def _name(self, item: Item) -> None:
        """Name = [{word}] term: unknown words right before a condition qualify it; a noun with "of" may change it."""
        own = self.words
        mods = self.mods
        if self.expression is not None and not self.link:
            self._adjacent(item, own)
            return
        if self.link in {"narrow", "prep", "that"} and own:
            self._linked(item, mods, own)
            return
        leaf = self._leaf(item, mods, own)
        self.words = []
        self.governed = False
        self._join(leaf, item)

    def _leaf(self, item: Item, mods: Mods, words: list[Item]) -> Expression:
        if (
            words
            and not self.governed
            and item.term is not None
            and item.term.category in CONDITIONS
            and not self._prefixed(item)
        ):
            told = tuple(w.text for w in words[-3:])
            if len(words) <= 3 and not any(w.text.isdigit() for w in words):
                return mention(item, mods._replace(qualifiers=(*mods.qualifiers, " ".join(told))), self.line.text)
        leaf = mention(item, mods, self.line.text)
        if not words:
            return leaf
        rest = self.line.unreadable(words)
        adjective = not self.governed and item.term is not None and len(words) <= 2 and not self._prefixed(item)
        adjective = adjective and not words[-1].text.endswith(("ing", "ed", "s"))
        return narrowed(leaf, rest) if adjective else clouded(leaf, rest)

    def _prefixed(self, item: Item) -> bool:
        """Whether a word is joined to the name by a hyphen ("anti-HIV"): it may turn the meaning."""
        return item.tight and bool(self.words) and self.words[-1].text in {
            "anti", "pre", "post", "pseudo", "para", "peri", "sub", "extra", "ex", "hypo", "hyper", "mimicking", "like"
        }  # fmt: skip

    def _adjacent(self, item: Item, words: list[Item]) -> None:
        """Adjacent = name [{word}] name, with nothing said of how they belong together."""
        leaf = mention(item, self.mods if not words else self.mods._replace(shift=None), self.line.text)
        assert self.expression is not None
        same = (
            self.last is not None
            and self.last.term is not None
            and item.term is not None
            and self.last.term.concept_id == item.term.concept_id
        )
        self.words = []
        infected = self.last is not None and self.last.term is not None and self.last.term.category == "organism"
        if same or (
            infected and item.text.lower() in {"infection", "infections", "disease", "virus", "viral infection"}
        ):
            return
        first = words[0] if words else item
        rest = (
            self.line.unreadable(words) if words else Unreadable(first.start, item.end, "how two names belong together")
        )
        scored = self.last is not None and self.last.kind == "measure" and isinstance(self.last.expression, ScoreIs)
        scored = scored or isinstance(self.expression, ResultIs)
        if not words and (scored or isinstance(leaf, (PregnancyIs, OnSite))):
            self.expression = all_of((self.expression, leaf))
        elif words and words[0].text.endswith(_NOT_NOUNS):
            self.expression = all_of((self.expression, clouded(leaf, rest)))
        else:
            self.expression = clouded(all_of((self.expression, leaf)), rest)
        self.last = item

    def _linked(self, item: Item, mods: Mods, words: list[Item]) -> None:
        rest = self.line.unreadable(words)
        leaf = clouded(mention(item, mods._replace(status="", qualifiers=()), self.line.text), rest)
        assert self.expression is not None
        self.expression = all_of((self.expression, leaf))
        self.words, self.governed, self.link, self.last = [], False, "", item

    def _join(self, leaf: Expression, item: Item) -> None:
        """Joined = name [link name]: "with" adds, "due to", "after", "in" and the like narrow."""
        if self.words:
            rest = self.line.unreadable(self.words)
            if self.expression is not None:
                self.expression = narrowed(self.expression, rest)
            elif not isinstance(leaf, (OnSite,)):
                leaf = narrowed(leaf, rest) if self.with_words and item.kind == "measure" else clouded(leaf, rest)
            self.words, self.governed = [], False
        if self.expression is None:
            self.expression = leaf
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

    def _window(self, item: Item) -> None:
        """window: after a name it holds for the name, before it for the name to come."""
        assert item.window is not None and self.part is not None
        if self.words and self.expression is not None:
            self.expression = narrowed(self.expression, self.line.unreadable(self.words))
            self.words = []
        if self.expression is None or (self.link and self.last is None):
            self.mods = self.mods._replace(window=item.window)
            self.window_item = item
            return
        self.expression = with_window(self.expression, item.window)
        self.part.window = item.window

    def _denied(self, denied: Item) -> None:
        """Denied = phrase negation clause ("diabetes without nephropathy")."""
        if self.expression is None:
            begin = (
                self.words[0].start
                if self.words
                else (self.generic.start if self.generic is not None else denied.start)
            )
            self.line.skip(self.words)
            self.expression = Unreadable(begin, denied.start, "what is spoken of")
            self.words = []
        elif self.words:
            self.expression = narrowed(self.expression, self.line.unreadable(self.words))
            self.words = []
        rest = denied.inner
        told = self.clause(rest, NOTHING, self.line, self.depth + 1) if rest else None
        if told is None or any(i.kind in {"narrow", "prep", "shift"} for i in rest[:2]):
            self.line.skip(rest)
            self.expression = narrowed(self.expression, Unreadable(denied.start, denied.end, "what is denied"))
        else:
            self.expression = all_of((self.expression, negate(told)))
        self.last = denied

    def _brackets(self, group: Item) -> None:
        """Brackets = examples | exception | permission | definition | window | abbreviation | remark."""
        inner = group.inner
        if not inner:
            return
        kinds = {i.kind for i in inner}
        names = kinds & (_NAMES | {"measure", "pregtest", "not_childbearing"})
        if "window" in kinds and not names and not kinds & {"word", "neg"}:
            for item in inner:
                if item.kind == "window":
                    self._window(item)
            return
        if not names:
            if "word" not in kinds or self._abbreviation(inner):
                return
            if self.expression is None:
                self.words.extend(i for i in inner if i.kind == "word")
                self.governed = True
                return
            rest = self.line.unreadable(inner, "a remark in brackets")
            wider = inner[0].kind in {"conj", "eg"}
            if wider:
                self.expression = any_of((self.expression, rest))
            elif kinds & {"except", "permit", "unless"}:
                self.expression = narrowed(self.expression, rest)
            else:
                self.expression = narrowed(self.expression, rest)
            return
        last = self.last
        if len(names) == 1 and last is not None and self._same(inner, last):
            return
        content = [i for i in inner if i.kind not in {"eg", "except", "permit", "unless"}]
        if kinds & {"except", "permit", "unless"} and self.expression is not None:
            self._exception(content, kinds)
            return
        if "eg" in kinds:
            self._examples(group, content)
            return
        if self.expression is None:
            self.expression = self._titled(self.clause(inner, self.mods, self.line, self.depth + 1), group)
            return
        told = self.clause(content, NOTHING, self.line, self.depth + 1)
        if told is None:
            return
        mark = Unreadable(group.start, group.end, "what the brackets say of it")
        if isinstance(self.expression, Unreadable):
            self.expression = any_of((self.expression, told))
        elif isinstance(told, (PregnancyIs, Unreadable)) or kinds & {"neg"}:
            self.expression = narrowed(self.expression, mark)
        else:
            self.expression = between([self.expression, told], mark)

    def _titled(self, told: Expression | None, group: Item) -> Expression | None:
        if told is None or not self.words:
            return told
        rest = self.line.unreadable(self.words)
        self.words = []
        return clouded(told, rest)

    def _same(self, inner: list[Item], last: Item) -> bool:
        """Whether the brackets only repeat the name ("type 1 diabetes (T1DM)", "AST (SGOT)")."""
        named = [i for i in inner if i.kind in _NAMES]
        if len(named) != 1 or any(i.kind in {"neg", "except", "permit", "unless"} for i in inner):
            return False
        item = named[0]
        if item.term is not None and last.term is not None:
            return item.term.concept_id == last.term.concept_id
        if item.analyte is not None and last.analyte is not None:
            return item.analyte.entry is last.analyte.entry
        text = self.line.text[item.start : item.end]
        return len(text) <= 6 and text.isupper() and item.kind in {"analyte", "term"} and len(inner) == 1

    def _abbreviation(self, inner: list[Item]) -> bool:
        words = [i for i in inner if i.kind == "word"]
        if len(words) != 1:
            return False
        text = self.line.text[words[0].start : words[0].end]
        return len(text) <= 8 and sum(c.isupper() or c.isdigit() for c in text) * 2 >= len(text) and len(inner) <= 3

    def _exception(self, content: list[Item], kinds: set[str]) -> None:
        told = self.clause(content, NOTHING, self.line, self.depth + 1)
        if told is None or self.expression is None:
            return
        widen = "except" not in kinds and not self.line.exclusion and not (self.part is not None and self.part.negated)
        self.expression = except_from(self.expression, [told], exclusion=self.line.exclusion, widen=widen)

    def _examples(self, group: Item, content: list[Item]) -> None:
        told = self.clause(content, Mods(status=self.mods.status), self.line, self.depth + 1)
        if told is None:
            return
        if self.mods.qualifiers:
            told = with_qualifiers(told, self.mods.qualifiers)
        if self.expression is None:
            begin = (
                self.words[0].start if self.words else (self.generic.start if self.generic is not None else group.start)
            )
            self.line.skip(self.words)
            self.words = []
            mark = Unreadable(begin, group.start, "a general term that could not be read")
            self.expression = any_of((told, mark))
        elif all(isinstance(e, Unreadable) for e in leaves(self.expression)):
            self.expression = any_of((told, self.expression))
        elif not any(isinstance(e, (ConditionIs, TreatmentIs, LifestyleIs)) for e in leaves(self.expression)):
            self.expression = between(
                [self.expression, told], Unreadable(group.start, group.end, "examples in brackets")
            )
        else:
            self.expression = any_of((self.expression, told))

    def _finish(self, items: list[Item]) -> None:
        """What is left over: words after the name narrow it or make another thing of it, words alone are unread."""
        if self.late and self.expression is not None:
            self.expression = with_qualifiers(self.expression, self.late)
        self._people(items)
        if not self.words:
            if self.expression is None and (self.generic is not None or self.mods.shift is not None):
                self.expression = self._general(items)
            return
        if self.expression is None and self._named_by_words(items):
            return
        rest = self.line.unreadable(self.words)
        if self.expression is None:
            begin = self.generic.start if self.generic is not None else rest.start
            self.expression = Unreadable(
                min(begin, rest.start), max(rest.end, self.generic.end if self.generic else 0), rest.reason
            )
        elif (
            self.link
            or self.words[0].text.endswith(_NOT_NOUNS)
            or self.last is None
            or self.last.kind in {"measure", "on_site", "group"}
        ):
            self.expression = narrowed(self.expression, rest)
        else:
            self.expression = clouded(self.expression, rest)
        self.words = []

    def _named_by_words(self, items: list[Item]) -> bool:
        """A marker or a substance that no table knows, told by what stands before it ("positive for X", "allergy to X")."""
        first, last = self.words[0], self.words[-1]
        name = self.line.text[first.start : last.end]
        if len(name) > 80 or self.governed and self.mods.shift is None:
            return False
        if (
            self.mods.result in {"positive", "negative", "mutated", "wild_type"}
            and len(self.words) <= 3
            and self.mods.shift is None
        ):
            self.expression = ResultIs(first.start, last.end, Analyte(name), self.mods.result, self.mods.window)
            self.words = []
            return True
        if self.mods.shift is None and self._unlisted(name, first, last):
            return True
        if self.mods.shift is not None and shifted_name(self.mods.shift):
            self.expression = shifted(self.mods, first.start, last.end, self.line.text)
            self.words = []
            return True
        return False

    def _unlisted(self, name: str, first: Item, last: Item) -> bool:
        """A name that no vocabulary holds, where the words before it say what it is ("history of X", "treated with X")."""
        if (
            len(self.words) > 4
            or len(name) > 50
            or self.generic is not None
            or any(c.isdigit() for c in name)
            or self.mods.result
        ):
            return False
        if any(w.text.endswith(("ing", "ed", "s")) for w in self.words[:-1]) or self.words[-1].text.endswith(
            ("ing", "ed", "ly")
        ):
            return False
        mods = self.mods
        if self.taking or mods.status == "current":
            taken: TreatmentStatus = (
                "current" if mods.status in {"current", "active"} else "prior" if mods.status == "history" else "any"
            )
            self.expression = TreatmentIs(first.start, last.end, Concept(name), "drug", taken, None, mods.window)
        elif (
            mods.status in {"history", "active", "any"}
            and self.own_status in _HAVING
            or set(mods.qualifiers) & _OF_DISEASES
        ):
            status: Status = "history" if mods.status == "history" else "active" if mods.status == "active" else "any"
            self.expression = ConditionIs(first.start, last.end, Concept(name), status, mods.qualifiers, mods.window)
        else:
            return False
        self.words = []
        return True

    def _general(self, items: list[Item]) -> Expression | None:
        """general = modifier "disease" | "treatment": a thing without a name of its own, kept in sight but never decided."""
        shift = self.mods.shift
        if shift is not None and shifted_name(shift) and shift in items:
            return shifted(self.mods, shift.start, max(shift.end, items[-1].end), self.line.text)
        told = [i for i in items if i.kind in {"qual", "status", "route", "result", "shift", "narrow"}]
        if not told and (self.part is None or not self.part.negated):
            return None
        rest = Unreadable(items[0].start, items[-1].end, "a general term that could not be read")
        item = self.generic
        if item is None or item.end - item.start > 60:
            return rest
        if item.kind == "compound" and item.text in {"surgery", "surgeries"}:
            return self._surgery(item, told)
        if item.kind == "compound" or (item.cue is not None and item.cue.value == "treatment"):
            return clouded(
                TreatmentIs(item.start, item.end, Concept(item.text), "drug", "any", None, self.mods.window), rest
            )
        return clouded(
            ConditionIs(item.start, item.end, Concept(item.text), "any", self.mods.qualifiers, self.mods.window), rest
        )

    def _surgery(self, item: Item, told: list[Item]) -> Expression:
        mods = self.mods
        status: TreatmentStatus = {"history": "prior", "planned": "planned", "active": "current"}.get(
            mods.status, "any"
        )  # type: ignore[assignment]
        concept = lexicon.lookup("surgical procedures, operative") or Concept("surgery")
        leaf: Expression = TreatmentIs(
            item.start, item.end, replace(concept, text=item.text), "procedure", status, None, mods.window
        )
        if any(i.kind in {"qual", "route"} and i.text != "other" for i in told):
            leaf = narrowed(leaf, Unreadable(item.start, item.end, "which surgery"))
        return leaf

    def _people(self, items: list[Item]) -> None:
        """People = sex | age group, where they are the requirement and not only its subject."""
        leaf: Expression | None = None
        told = self.expression
        if self.sex is not None and self.sex.cue is not None:
            leaf = SexIs(self.sex.start, self.sex.end, Sex(self.sex.cue.value))
            if told is not None and any(isinstance(e, (PregnancyIs, OnSite)) for e in leaves(told)):
                leaf = None
                if isinstance(told, PregnancyIs):
                    start, end = min(told.start, self.sex.start), max(told.end, self.sex.end)
                    if end - start <= 50:
                        self.expression = replace(told, start=start, end=end)
        if (
            self.age is not None
            and leaf is None
            and (told is None or not any(isinstance(e, AgeIs) for e in leaves(told)))
        ):
            leaf = _age_group(self.age)
        if leaf is None:
            return
        self.expression = leaf if told is None else all_of((leaf, told))


def _age_group(item: Item) -> Expression | None:
    """Adults are 18 years or older, children younger; other words for ages have no agreed bounds."""
    value = item.cue.value if item.cue is not None else ""
    if value == "adult":
        return AgeIs(item.start, item.end, lower=Bound(18, "a"))
    if value == "child":
        return AgeIs(item.start, item.end, upper=Bound(18, "a", inclusive=False))
    return Unreadable(item.start, item.end, "an age group without agreed bounds")


__all__ = ["MeasurementIs", "Phrase", "ResultIs", "hierarchy"]
