"""Numeric statements of one line: ages, measured values, scores, blood pressures, life expectancy, counts, amounts, doses.

    statement = subject values [second unit] { connective values } [subgroup]
              | values subject
    subject   = age | life expectancy | names | class word | noun phrase

`spot` claims only what it understands; numbers that state nothing (dates, names, windows of time) stay unclaimed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from matching.knowledge import analytes
from matching.knowledge.analytes import AnalyteEntry, AnalyteMention
from matching.model.codes import Sex
from matching.model.criterion import (
    AgeIs,
    AllOf,
    Analyte,
    AnyOf,
    AtLeast,
    Bound,
    Expression,
    LifeExpectancyIs,
    MeasurementIs,
    ScoreIs,
    SexIs,
    Unreadable,
)
from matching.reading import amounts, bounds, subjects, windows
from matching.reading.quantities import Interval, Limit, Reader, Value
from matching.reading.subjects import Subject
from matching.reading.tokens import ANYTHING, Token, lex

SUBGROUP = "applies to a subgroup only"
LOST_SIGN = "the comparison sign is lost"
APPROXIMATE = "the number is only approximate"
SUB_CLASS = "the letter of the class is not told apart"
EITHER = "one of these or all of them: the text may mean either"
BARE = "a number without a comparison"

_TIME = frozenset({"a", "mo", "wk", "d", "h", "min"})
_AGE_BEFORE = re.compile(
    r"(?i)\b(?:age[ds]?|aging|ageing|agemust|years\s+old)\b(?:\s*\(?(?:years|yrs?|y)\)?)?[^.;<>\d]{0,40}$"
)
_OTHER_AGE_BEFORE = re.compile(
    r"(?i)\b(?:onset|diagnosis|diagnosed|menarche|menopause|menopausal|bone|mental|donors?|partner|gestation\w*|conception(?:al|s)?|developmental|maternal|mother'?s?|father'?s?|parental|skeletal|first\s+\w+)\b[^.;,]{0,30}$"
)
_OTHER_AGE_AFTER = re.compile(
    r"(?i)\s*(?:old\s+)?(?:at|of)\s+(?:the\s+)?(?:time\s+of\s+)?(?:initial\s+|first\s+|disease\s+|symptom\s+)?(?P<what>onset|diagnosis|gestation\w*|menarche|menopause|symptoms?\s+onset)\b|\s*(?:of\s+)?(?:completed\s+)?(?P<gest>gestation\w*|GA\b|amenorrh)"
)
_GESTATION = re.compile(r"(?i)\bgestation\w*(?:\s+(?:age|period))?[^.;,\d]{0,25}$")
_PEOPLE = re.compile(
    r"(?i)\b(?:patients?|subjects?|participants?|males?|females?|men|man|women|woman|adults?|children|child|volunteers?|individuals?|persons?|people|boys?|girls?|infants?|adolescents?|neonates?|newborns?|recipients?|genders?|sex|sexes|elderly|they|who\s+(?:is|are)|must\s+be|be|is|are|those|pediatric|paediatric)\b"
    r"[\s,:()]*(?:(?:of|with|who|must|should|are|is|be|aged?|any|either|both|an?|at|the|and|from|age|between|in|range|group|currently|whose|have|has)\b[\s,:()]*){0,6}$"
)
_HEAD = re.compile(r"^[\s\d.*\u2022)(\\-]{0,8}$")
_LIFE = re.compile(
    r"(?i)\b(?:life[\s-]*expectanc\w*|life\s+expectation|(?:expected|anticipated|estimated|predicted|projected|likely|overall)\s+(?:overall\s+)?(?:survival|lifespan|life\s*span|life)(?:\s+(?:time|period))?|expected\s+to\s+(?:live|survive)|survival\s+(?:expectancy|expectation|time|prognosis|estimate)|expectancy\s+of\s+life|prognosis|anticipated\s+life\w*|survival)\b"
)
_CLASS_WORD = re.compile(r"(?i)(?P<word>grade|stage|staging)\w{0,2}\b[\s:(]*(?:of\s+|is\s+)?$")
_NOT_A_NAME = re.compile(r"^\w$|^\w+(?:ed|ing)$|\bversion\b|\bandroid\b|\bdose\b|^\d")
_NOT_CLASSED = re.compile(r"(?i)\b(?:mhc|hla|drugs?|agents?|antiarrhythmic|social|fitness)\b")
_CLASSED = re.compile(
    r"(?i)\b(?:class(?:ification)?|scores?|grade|status|scale|index|killip|asa|nyha|ecog|gold|ccs|birads|bi-rads)\b"
)
_AFTER_NUMBER = frozenset(
    "at in on as or and if for with by during within prior before after due despite who will are is to but".split()
)
_RANGE_NOTE = re.compile(
    r"(?i)(?:\brang(?:e|es|ing)\b|\bscale\b|\bscored?\s+from|out\s+of|scale\s+of|\bfrom)[\s:]*(?:is\s+)?$|[(\[]\s*(?:scale|possible|score)?\s*(?:of\s+)?$"
)
_SCALE_AFTER = re.compile(
    r"(?i)[\s-]*(?:points?\s+)?(?:scale\b|point\s+(?:scale|nrs|vas|likert)|items?\b|best\b|worst\b|severity\s+scale)"
)
_NAMELIKE = re.compile(
    r"(?i)\b(?:version|v|phase|type|types|visit|day|days|week|weeks|month|months|cycle|cycles|part|cohort|arm|step|study|protocol|group|groups|appendix|section|table|figure|criterion|criteria|no|number|edition|dsm|icd|level|levels|line|lines|genotype|genotypes|serotype|factor|chromosome|exon|codon|hepatitis|diabetes|interleukin|covid|nct|ctcae|recist|page|item|items|period|stratum|tier|t|c|l|chapter|grp|dose|note|form|question|questions|year|years)\s*\.?\s*$"
)
_SUBGROUP = re.compile(
    r"(?i)[\s,]*[(\[]?\s*(?:are\s+|is\s+)?(?:allowed\s+|permitted\s+|acceptable\s+|eligible\s+|required\s+)?(?P<cond>(?:if|for|in|when|in\s+case\s+of|in\s+the\s+(?:presence|case|absence)\s+of|unless|except|where|with|without|among|who|provided|due\s+to|secondary\s+to)\b[^.;()\[\],<>\u2264\u2265=]{2,120})"
)
_SUBGROUP_BEFORE = re.compile(
    r"(?i)(?P<cond>(?:if|for|in|when|with)\s+(?:the\s+)?(?:patients?|subjects?|participants?|those|presence|case|documented|liver|hepatic|bone|known|tumor|gilbert)[^.;()\[\],<>\u2264\u2265=]{0,110}|(?:patients|subjects|participants|those)\s+(?:with|who)[^.;()\[\],<>\u2264\u2265=]{2,110})[\s,:(]*(?:must\s+be|is|should\s+be|are)?\s*$"
)
_NEUTRAL = re.compile(
    r"(?i)^[\s,]*[(\[]?\s*(?:in|for|with)\s+(?:the\s+)?(?:past|last|previous|screening|study|adults?|all\b|both\b|each\b|either\b|any\b|normal|age|serum|blood|plasma|females?\s+and|males?\s+and|men\s+and|women\s+and|the\s+(?:past|last|previous|screening|opinion)|at\s+least|inclusion|\d|participation|entry|enrol)"
)
_SAID = re.compile(r"(?i)\b(?!(?:and|or|but|to|is|of|the|a)\b)[a-z]{2,}")
_LEADS_ON = re.compile(r"(?i)[\s,:(\[]*(?:must\s+be|is|are|should\s+be|value|values)?\s*")
_NAMED_CLASS = re.compile(r"[A-Z][\w\u00c0-\u024f]*(?:[-\s][A-Z][\w\u00c0-\u024f]*)*\s(?:grade|stage)\b")
_OPENED = re.compile(r"(?i)\s*\\?[(\[]\s*(?:or\s+|i\.e\.,?\s*)?")
_LISTED_DIGITS = re.compile(r"\d(?:,\d)+")
_FEMALE = re.compile(r"(?i)\b(?:females?|women|woman|girls?)\b")
_MALE = re.compile(r"(?i)(?<!fe)\b(?:males?|men|man|boys?)\b")
_SEX_AFTER = re.compile(
    r"(?i)[\s,)]*[(\[]?\s*(?:in\s+|for\s+|if\s+|\(|among\s+)?(?:adult\s+|the\s+|all\s+|subject\s+is\s+)?(?P<sex>females?|women|woman|girls?|males?|men|man|boys?)\b(?!\s*(?:and|or|/|&)\s*(?:fe)?(?:male|men|women))(?!\s*(?:[:,]\s*)?(?:[<>\u2264\u2265=\\]|\d|with\b|of\b))(?:\s+(?:patients?|subjects?|participants?))?\s*[)\]]?"
)
_SEX_BEFORE = re.compile(
    r"(?i)(?P<sex>females?|women|woman|girls?|males?|men|man|boys?)\b(?:\s+(?:patients?|subjects?|participants?))?\s*[):,]*\s*(?:is\s+|of\s+|with\s+|must\s+be\s+)?$"
)


@dataclass(frozen=True, slots=True)
class Spot:
    """One numeric statement: where it stands and what it says. `negative`: the words beside it deny it."""

    start: int
    end: int
    expression: Expression
    negative: bool = False


@dataclass(slots=True)
class _Term:
    """A value of a statement: how it is joined to the one before, and the subgroup that it holds for."""

    value: Value
    joined: str = ""
    sex: Sex | None = None
    condition: tuple[int, int] | None = None
    end: int = 0


@dataclass(slots=True)
class _Statement:
    subject: Subject
    terms: list[_Term] = field(default_factory=list)


def spot(text: str, start: int, end: int) -> list[Spot]:
    """Every numeric statement of text[start:end], which is one line or sentence: in order, never overlapping."""
    if ANYTHING.search(text, start, end) is None:
        return []
    names = analytes.spot(text, start, end)
    tokens = _merge(lex(text, start, end), names)
    values = Reader(text, end, tokens).values()
    if not values:
        return []
    line = _Line(text, start, end, tokens, {m.start: m for m in names})
    return line.read(values)


def _merge(tokens: list[Token], names: Sequence[AnalyteMention]) -> list[Token]:
    """Puts each name in place of the tokens that it is made of."""
    if not names:
        return tokens
    out: list[Token] = []
    k, count = 0, len(tokens)
    for name in names:
        while k < count and tokens[k].end <= name.start:
            out.append(tokens[k])
            k += 1
        out.append(Token("mention", name.start, name.end))
        while k < count and tokens[k].start < name.end:
            k += 1
    out.extend(tokens[k:])
    return out


class _Line:
    """One line while it is read."""

    def __init__(
        self, text: str, start: int, end: int, tokens: list[Token], mentions: dict[int, AnalyteMention]
    ) -> None:
        self.text, self.start, self.end, self.tokens, self.mentions = text, start, end, tokens, mentions
        self.windows = windows.spot(text, start, end)
        self.statements: list[_Statement | Spot] = []
        self.used: set[int] = set()

    def read(self, values: list[Value]) -> list[Spot]:
        previous: Value | None = None
        for value in values:
            if self._skipped(value):
                continue
            floor = previous.last if previous is not None else 0
            if self._place(value, previous, floor):
                previous = value
        spots = [s if isinstance(s, Spot) else self._spot(s) for s in self.statements]
        out: list[Spot] = []
        for s in sorted((s for s in spots if s is not None), key=lambda s: (s.start, -s.end)):
            if not out or s.start >= out[-1].end:
                out.append(s)
        return _alternatives(out, self.text)

    def _skipped(self, value: Value) -> bool:
        """Windows of time, ranges of a scale, numbers in names and lists."""
        if any(w.start < value.end and value.start < w.end for w in self.windows):
            return True
        text, q = self.text, value.quantity
        lead = text[max(self.start, value.start - 30) : value.start]
        if value.form in ("range", "bare", "set") and (
            _SCALE_AFTER.match(text, value.end, self.end)
            or (_RANGE_NOTE.search(lead) and q.unit in (None, "{score}") and self._bracketed(value))
        ):
            return True
        if value.form in ("bare", "set", "range") and q.unit is None and q.times is None and not q.roman:
            if _NAMELIKE.search(lead):
                return True
            if value.start == self.start or (
                _HEAD.match(text[self.start : value.start]) and text[value.end : value.end + 1] in (".", ")")
            ):
                return value.form == "bare" and text[value.end : value.end + 1] in (".", ")", "\\")
        return False

    def _bracketed(self, value: Value) -> bool:
        before = self.tokens[max(0, value.first - 4) : value.first]
        opened = any(t.kind == "open" for t in before)
        words = (
            " ".join(t.text for t in before)
            + " "
            + (self.tokens[value.first].text if value.first < len(self.tokens) else "")
        )
        return (
            opened
            and value.form == "range"
            and any(w in words for w in ("range", "scale", "scored", "from", "possible"))
        ) or "scale" in words

    def _place(self, value: Value, previous: Value | None, floor: int) -> bool:
        """Finds the value's subject and files it under a statement; False when it is none of ours."""
        if value.quantity.over is not None and self._pressure(value, floor):
            return True
        subject = subjects.before(self.tokens, self.mentions, value, floor)
        if subject is not None and self._too_bare(subject, value):
            return False
        if subject is None and (age := self._age(value, floor)) is not None:
            subject = age
        if subject is None:
            subject = self._life(value)
        if subject is None:
            subject = self._class(value)
        last = self.statements[-1] if self.statements else None
        if (
            subject is None
            and isinstance(last, _Statement)
            and previous is not None
            and self._shares(last, previous, value)
        ):
            self._join(last, value, previous)
            return True
        if subject is None:
            subject = subjects.behind(self.text, self.tokens, self.mentions, value)
        if subject is None:
            found = amounts.read(self.text, self.start, self.end, self.tokens, value, floor)
            if found is not None:
                self.statements.append(Spot(found[0], found[1], found[2]))
                return True
            subject = self._weight(value, floor) or self._phrase(value, floor)
        if subject is None:
            return False
        subject = self._changed(subject, value)
        if subject.kind == "phrase" and value.form in ("bare", "set"):
            return False
        if (
            isinstance(last, _Statement)
            and previous is not None
            and subject.kind == last.subject.kind == "age"
            and self._shares(last, previous, value)
        ):
            self._join(last, value, previous)
            return True
        if (
            isinstance(last, _Statement)
            and previous is not None
            and subject.kind == "analyte"
            and self._same(last, subject)
            and self._again(previous, value)
        ):
            self._join(last, value, previous)
            return True
        statement = _Statement(subject)
        self.statements.append(statement)
        self._join(statement, value, None)
        return True

    def _comma_list(self, value: Value) -> tuple[Interval, ...]:
        """ "ASA 1,2": a class has no decimals, so the comma parts a list."""
        q = value.quantity
        if not _LISTED_DIGITS.fullmatch(self.text, q.start, q.end):
            return ()
        points = [replace(q, numbers=(float(d),)) for d in self.text[q.start : q.end].split(",")]
        return _merged(replace(value, form="set", intervals=tuple(Interval(Limit(p), Limit(p)) for p in points)))

    def _too_bare(self, subject: Subject, value: Value) -> bool:
        """A number without comparison and unit states nothing of a measurement, and of a score only right behind its name."""
        q = value.quantity
        if value.form not in ("bare", "set") or q.unit is not None or q.times is not None:
            return False
        if subject.mentions[0].entry.kind != "score":
            return True
        return q.word or (value.start - subject.end > 45 and not q.roman)

    @staticmethod
    def _same(last: _Statement, subject: Subject) -> bool:
        return bool(last.subject.mentions) and [m.entry for m in last.subject.mentions] == [
            m.entry for m in subject.mentions
        ]

    def _again(self, previous: Value, value: Value) -> bool:
        """The same name with a second bound: an alternative ("or"), or a bound on the same side for a subgroup."""
        if value.start - previous.end >= 120:
            return False
        either = any(t.kind == "or" for t in self.tokens[previous.last : value.first])
        return either or (previous.direction == value.direction != "both" and previous.quantity.times == value.quantity.times)

    def _age(self, value: Value, floor: int) -> Subject | None:
        """Age = "aged" value | value "of age" | people value "years" | value "or older"."""
        text, q = self.text, value.quantity
        if (q.unit not in _TIME and q.unit not in (None, "m")) or q.times is not None or q.roman:
            return None
        low = max(self.start, value.start - 70, self.tokens[floor - 1].end if floor else 0)
        lead = text[low : value.start]
        said = text[value.start : value.end].lower()
        other = _OTHER_AGE_AFTER.match(text, value.end, self.end) or (
            _GESTATION.search(lead) if q.unit in ("wk", "d") else None
        )
        if other is not None and q.unit is not None:
            return self._other_age(lead, value, other)
        word = _AGE_BEFORE.search(lead) or (" age" in said or "aged" in said or "ages" in said)
        if value.form == "bare" and not (value.older or word):
            return None
        if not word and not value.older:
            if self._aged_by_words(value, lead, low):
                return Subject("age", value.start, value.start)
            if q.unit is None or q.unit == "min":
                return None
            people = _PEOPLE.search(lead)
            if not (people or (_HEAD.match(lead) and low == self.start and q.unit in ("a", "mo"))):
                return None
            if re.match(
                r"(?i)\s*(?:of|after|before|prior|since|from|post|ago|duration|history)\b(?!\s+age)",
                text[value.end : value.end + 12],
            ):
                return None
            if people and re.search(r"(?i)(?:must\s+be|be|is|are)\s*$", people[0]) and q.unit != "a":
                return None
        if q.unit is None and value.form == "lost" and not word:
            return None
        other = _OTHER_AGE_BEFORE.search(lead)
        if other is not None:
            return self._other_age(lead, value, other)
        start = value.start
        if word and not isinstance(word, bool):
            start = low + word.start()
        return Subject("age", start, start)

    def _aged_by_words(self, value: Value, lead: str, low: int) -> bool:
        """ "patients under 18" | ", over 18 years," | "18-50 ages" | "19 and over, under 75" as a whole line."""
        q, text = value.quantity, self.text
        rest = text[value.end : value.end + 40]
        said = text[value.start : value.end].lower()
        if re.match(r"(?i)\s*(?:ages?\b|in\s+age\b)", rest):
            return True
        worded = re.match(r"(?:over|above|under|below)\b", said) is not None
        ends = re.match(r"(?i)\s*(?:[,;.)]|$|and\b|or\b|with\b|of\s+(?:either|both|any)\b|who\b)", rest) is not None
        people = re.search(r"(?i)(?:patients?|subjects?|participants?|adults?|children|people|persons)\s*$", lead)
        if ends and people and value.form == "bound" and q.unit is None and 10 <= q.first <= 100 and not q.word:
            return True
        if (
            worded
            and ends
            and (q.unit == "a" and q.first >= 10 or q.unit is None and 1 <= q.first <= 100 and _PEOPLE.search(lead))
        ):
            return True
        alone = low == self.start and _HEAD.match(lead) is not None and not rest.strip(" .,;)")
        return (
            alone
            and q.unit is None
            and re.search(r"over|above|under|below|up", said) is not None
            and 1 <= q.first <= 110
        )

    def _other_age(self, lead: str, value: Value, other: re.Match[str]) -> Subject | None:
        """An age that is not the patient's own age now: at onset, at diagnosis, of the donor, gestational."""
        if _LIFE.search(lead):
            return None
        said = other[0].lower()
        word = next(
            w
            for w in ("gest", "onset", "diagnos", "menarche", "menopaus", "bone", "mental", "donor", "partner", "")
            if w in said
        )
        names = {
            "gest": "gestational age",
            "onset": "age at onset",
            "diagnos": "age at diagnosis",
            "": "age of another kind",
        }
        return Subject("phrase", value.start, value.start, name=names.get(word, f"age ({word})"))

    def _life(self, value: Value) -> Subject | None:
        q = value.quantity
        if q.unit not in _TIME or value.form == "bare":
            return None
        low = max(self.start, value.start - 60)
        found = None
        for found in _LIFE.finditer(self.text, low, value.start):
            pass
        if found is not None and not re.search(r"[.;]\s", self.text[found.end() : value.start]):
            return Subject("life", found.start(), found.end())
        after = _LIFE.search(self.text, value.end, min(self.end, value.end + 25))
        if after is not None and re.fullmatch(r"(?i)\s*(?:of\s+)?(?:the\s+)?", self.text[value.end : after.start()]):
            return Subject("life", after.start(), after.end())
        return None

    def _weight(self, value: Value, floor: int) -> Subject | None:
        """ "patients < 31 pounds" | "40-120 kg" as a whole line: people are weighed in such units."""
        low = max(self.start, value.start - 70, self.tokens[floor - 1].end if floor else 0)
        lead = self.text[low : value.start]
        alone = (
            low == self.start
            and _HEAD.match(lead) is not None
            and re.match(r"(?i)\s*(?:[,;.)]|$|inclusive)", self.text[value.end : value.end + 12])
        )
        entry = analytes.by_name("body weight")
        if value.quantity.unit not in ("kg", "[lb_av]") or entry is None or not (alone or _PEOPLE.search(lead)):
            return None
        return Subject("analyte", value.start, value.start, (AnalyteMention(value.start, value.start, entry, None),))

    def _class(self, value: Value) -> Subject | None:
        """ "grade" or "stage" before a class number that no named score owns."""
        q = value.quantity
        if q.unit is not None or q.times is not None or q.over is not None:
            return None
        said = self.text[value.start : value.end].lower()
        m = _CLASS_WORD.search(self.text, max(self.start, value.start - 20), value.start)
        word = (
            m["word"].lower() if m is not None else "grade" if "grade" in said else "stage" if "stage" in said else None
        )
        if word is None or max(q.numbers) > 5:
            return None
        named = _NAMED_CLASS.search(self.text, max(self.start, value.start - 40), value.end)
        if named is not None:
            return Subject(
                "class", min(named.start(), value.start), min(named.start(), value.start), name=named[0].lower()
            )
        start = m.start() if m is not None else value.start
        return Subject("class", start, start, name="ctcae_grade" if word == "grade" else "stage")

    def _phrase(self, value: Value, floor: int) -> Subject | None:
        """The noun phrase that the value belongs to, before it or behind it."""
        q = value.quantity
        found = subjects.phrase(self.text, self.tokens, value, floor)
        numbered = q.unit is None and q.times is None and q.over is None
        if found is not None and _NOT_A_NAME.search(found.name):
            return None
        classed = (
            numbered
            and found is not None
            and not _NOT_CLASSED.search(self.text, found.start, min(self.end, value.end + 15))
            and _CLASSED.search(self.text, found.start, value.start) is not None
        )
        if found is not None and classed and (q.roman or value.form in ("bare", "set", "equal")):
            return Subject("class", found.start, found.end, name=found.name)
        if (
            q.unit in _TIME
            or q.roman
            or value.form == "bare"
            or (value.form in ("set", "near", "equal") and q.unit is None)
        ):
            return None
        if found is not None and len(found.name) > 1 and (not numbered or classed or self._signed(value)):
            return found
        inside = [
            t for t in self.tokens[value.first : value.last] if t.kind == "word" and t.text not in subjects.FILLERS
        ]
        if value.form == "range" and len(inside) == 1 and self.tokens[value.first].kind == "number":
            return Subject("phrase", inside[0].start, inside[0].start, name=inside[0].text)
        k = value.last
        scored = re.search(
            r"(?i)\bscor(?:e|es|ed|ing)\b[\s\w:]{0,12}$", self.text[max(self.start, value.start - 25) : value.start]
        )
        if scored is not None:
            after = subjects.words_behind(self.text, self.tokens, self._past_of(k))
            if (
                after is not None
                and after[0] > value.end
                and self.text[value.end : after[0]].strip(" ,)") in ("on", "on the", "in the", "in", "on a", "of the")
            ):
                return Subject("class", after[0], after[1], name=after[2])
        after = subjects.words_behind(self.text, self.tokens, self._past_of(k))
        if after is not None and after[0] - value.end < 12 and q.unit is not None:
            return Subject("phrase", after[0], after[1], name=after[2])
        return None

    def _signed(self, value: Value) -> bool:
        """The comparator is a sign, or the number has decimals: "ABI > 0.9", not "at least one"."""
        token = self.tokens[value.first]
        if value.quantity.word:
            return False
        sign = token.kind == "compare" and not token.text
        behind = self.tokens[value.last].kind if value.last < len(self.tokens) else ""
        adjacent = behind == "word" and self.tokens[value.last].text not in _AFTER_NUMBER
        whole = value.quantity.first == int(value.quantity.first)
        return (sign or not whole or value.form == "range") and not (adjacent and whole)

    def _past_of(self, k: int) -> int:
        while (
            k < len(self.tokens)
            and self.tokens[k].kind == "word"
            and self.tokens[k].text in ("of", "in", "the", "for", "on", "a", "initial")
        ):
            k += 1
        return k

    def _changed(self, subject: Subject, value: Value) -> Subject:
        """ "decrease in haemoglobin > 2 g/dL" measures the change, not the haemoglobin."""
        if subject.kind != "analyte":
            return subject
        low = max(self.start, subject.start - 28)
        lead = self.text[low : subject.start]
        m = None
        for m in subjects.CHANGE.finditer(lead):
            pass
        if (
            m is not None
            and re.fullmatch(r"(?i)\s*(?:of|in|from|the|serum|s)?\s*(?:the\s+|serum\s+|baseline\s+)?", lead[m.end() :])
            and subject.mentions[0].entry.name not in ("weight loss",)
        ):
            start = low + m.start()
            return Subject("phrase", start, subject.end, name=" ".join(self.text[start : subject.end].lower().split()))
        gap = self.text[subject.end : value.start]
        if (
            len(subject.mentions) == 1
            and subject.end < value.start
            and (m := subjects.CHANGE.search(gap)) is not None
            and "not" not in gap
        ):
            return Subject(
                "phrase",
                subject.start,
                subject.start + len(gap) + subject.end - subject.start,
                name=" ".join(self.text[subject.start : subject.end + m.end()].lower().split()),
            )
        if len(subject.mentions) == 2 and re.match(r"(?i)\s*\)?\s*ratio\b", gap):
            return Subject("phrase", subject.start, subject.end, name=subjects.name_of(subject.mentions) + " ratio")
        return subject

    def _shares(self, last: _Statement, previous: Value, value: Value) -> bool:
        """Only connectives, brackets and words of a subgroup stand between two values of one subject."""
        a, b = previous.quantity, value.quantity
        if last.subject.kind == "age":
            if b.unit not in _TIME and b.unit is not None:
                return False
        elif last.subject.kind == "analyte":
            if not all(subjects.accepts(m.entry, value) for m in last.subject.mentions):
                return False
        elif last.subject.kind == "pressure":
            return False
        elif a.unit != b.unit or a.times != b.times:
            return False
        gap = self.tokens[previous.last : value.first]
        if b.over is not None or (last.subject.kind == "age" and value.start - previous.end > 40):
            return False
        if any(t.kind in ("mention", "number", "multiple") for t in gap):
            return False
        between = self.text[previous.end : value.start]
        by_sex = (
            _SEX_BEFORE.search(between) is not None
            or _SEX_AFTER.match(between) is not None
            or _SEX_AFTER.match(self.text, value.end, self.end) is not None
        )
        relative = last.subject.kind == "analyte" and b.times is not None and a.times == b.times and len(between) < 150
        conditional = relative and (self._opened(previous, value) or self._condition(value.end, self._next_number(value)) is not None)
        if any(t.kind == "stop" for t in gap) and not by_sex and not conditional:
            return False
        if value.form in ("bare", "set") and not (b.unit is not None and (by_sex or self._opened(previous, value))):
            return False
        words = [t for t in gap if t.kind == "word"]
        if not words or relative:
            return True
        return bool(by_sex or (a.unit == b.unit and a.times == b.times and last.subject.kind != "age" and (self._condition(previous.end, value.start) or _SUBGROUP_BEFORE.search(between)))) or len(words) <= 1 and words[0].text in ("is", "are", "age", "aged", "i", "e", "equivalent", "approximately")  # fmt: skip

    def _opened(self, previous: Value, value: Value) -> bool:
        return any(t.kind == "open" for t in self.tokens[previous.last : value.first])

    def _condition(self, low: int, high: int) -> tuple[int, int] | None:
        m = _SUBGROUP.match(self.text, low, high)
        if m is None or _NEUTRAL.match(self.text, low, high):
            return None
        a, b = m.span("cond")
        return a, len(self.text[:b].rstrip())

    def _join(self, statement: _Statement, value: Value, previous: Value | None) -> None:
        """Adds a value with its connective; one without a comparator takes that of the value before."""
        joined = ""
        if previous is not None:
            gap = self.tokens[previous.last : value.first]
            joined = "(" if any(t.kind == "open" for t in gap) else ""
            joined = (
                "or"
                if any(t.kind == "or" for t in gap)
                else joined or ("and" if any(t.kind == "and" for t in gap) else "(")
            )
            last = next(
                (t.value for t in reversed(statement.terms) if t.value.form != "bare"), statement.terms[-1].value
            )
            if value.form == "bare" and (
                joined != "("
                or (value.quantity.unit == last.quantity.unit and value.quantity.times == last.quantity.times)
            ):
                value = replace(value, intervals=_like(last, value), form=last.form)
        statement.terms.append(_Term(value, joined, end=value.end))

    def _subgroups(self, statement: _Statement, terms: list[_Term]) -> None:
        """Finds for each value the sex or the subgroup that it is said of, before it or behind it."""
        low = max(self.start, (statement.subject.start or terms[0].value.start) - 40)
        for n, term in enumerate(terms):
            value = term.value
            if n == 0 and statement.subject.start < value.start:
                between = self.text[low : statement.subject.start]
            else:
                between = self.text[low : value.start]
            high = self._next_number(value)
            if (m := _SEX_AFTER.match(self.text, value.end, self.end)) is not None and m.end("sex") <= high:
                term.sex = Sex.FEMALE if _FEMALE.match(m["sex"]) else Sex.MALE
                term.end = m.end()
            elif (condition := self._condition(value.end, high)) is not None:
                following = terms[n + 1] if n + 1 < len(terms) else None
                if following is not None and _LEADS_ON.fullmatch(self.text, condition[1], following.value.start):
                    following.condition = condition
                else:
                    term.condition, term.end = condition, condition[1]
            if n == 0 and term.sex is None and statement.subject.end < value.start:
                inner = _SEX_BEFORE.search(self.text[statement.subject.end : value.start])
                term.sex = None if inner is None else Sex.FEMALE if _FEMALE.match(inner["sex"]) else Sex.MALE
            if term.sex is None and (m := _SEX_BEFORE.search(between)) is not None:
                term.sex = Sex.FEMALE if _FEMALE.match(m["sex"]) else Sex.MALE
            if term.condition is None and n and (m := _SUBGROUP_BEFORE.search(between)) is not None:
                term.condition = (low + m.start("cond"), low + m.end("cond"))
            if n and term.condition is None and term.sex is None and term.value.direction == terms[n - 1].value.direction != "both":
                # two bounds on one side and words between them: the words tell whom each is for
                words = _SAID.search(self.text, terms[n - 1].value.end, value.start)
                if words is not None and terms[n - 1].condition is None and not self._renamed(statement, terms[n - 1].value.end, value.start):
                    term.condition = (words.start(), len(self.text[: value.start].rstrip(" (,:")))
            low = term.end

    def _renamed(self, statement: _Statement, low: int, high: int) -> bool:
        """Nothing but the name itself, connectives and fillers stand between."""
        for t in self.tokens:
            if low <= t.start < high and t.kind == "word" and t.text not in subjects.FILLERS:
                return False
        return True

    def _next_number(self, value: Value) -> int:
        for t in self.tokens[value.last : value.last + 40]:
            if t.kind in ("number", "compare", "stop", "mention"):
                return t.start
        return min(self.end, value.end + 130)

    def _pressure(self, value: Value, floor: int) -> bool:
        """ "BP > 140/90 mmHg": either half above; "< 140/90": both below."""
        q = value.quantity
        top, bottom = q.first, q.over
        if bottom is None or not (50 <= top <= 300 and 20 <= bottom <= 200 and bottom < top):
            return False
        subject = subjects.before(self.tokens, self.mentions, value, floor)
        named = subject is not None and subject.mentions[0].entry.name in (
            "blood pressure",
            "systolic blood pressure",
            "diastolic blood pressure",
        )
        near = re.search(
            r"(?i)\b(?:blood\s+pressures?|bp|hypertensi\w+|hypotensi\w+|rr)\b",
            self.text[max(self.start, value.start - 60) : min(self.end, value.end + 30)],
        )
        if not (named or q.unit == "mm[Hg]" or near) or q.unit not in (None, "mm[Hg]"):
            return False
        systolic, diastolic = analytes.by_name("systolic blood pressure"), analytes.by_name("diastolic blood pressure")
        if systolic is None or diastolic is None or value.form not in ("bound", "range"):
            return False
        interval = value.intervals[0]
        start = subject.start if named and subject is not None else value.start
        slash = self.text.find("/", q.start, q.end)
        whole = (start, value.end)
        parts: list[Expression] = []
        for entry, first in ((systolic, True), (diastolic, False)):
            lower, upper = (self._half(x, first) for x in (interval.lower, interval.upper))
            at = (start, slash) if first else (slash, value.end)
            parts.append(
                MeasurementIs(
                    *(at if value.form == "bound" and slash > 0 else whole),
                    Analyte(entry.name, entry.loinc),
                    lower,
                    upper,
                )
            )
        either = value.direction == "lower"
        self.statements.append(Spot(start, value.end, AnyOf(tuple(parts)) if either else AllOf(tuple(parts))))
        return True

    @staticmethod
    def _half(limit: Limit | None, first: bool) -> Bound | None:
        if limit is None:
            return None
        number = limit.quantity.first if first else limit.quantity.over
        return None if number is None else Bound(number, "mm[Hg]", limit.inclusive)

    def _spot(self, statement: _Statement) -> Spot | None:
        """The statement as an expression; None where nothing could be made of it."""
        terms = self._without_restatements(statement)
        if len(terms) > 1:
            self._subgroups(statement, terms)
        built: list[tuple[_Term, Expression]] = []
        for n, term in enumerate(terms):
            expression = self._leafs(statement.subject, term, first=n == 0)
            if expression is not None:
                built.append((term, expression))
        if not built:
            return None
        start = min([statement.subject.start] + [t.value.start for t, _ in built])
        end = max([statement.subject.end] + [t.value.end for t, _ in built])
        if len(built) == 1:
            return Spot(start, end, built[0][1])
        whole = _combine(built)
        covered = (
            max(t.end for t, _ in built if t.condition is not None or t.sex is not None)
            if any(t.condition or t.sex for t, _ in built)
            else end
        )
        return Spot(start, max(end, covered), whole)

    def _without_restatements(self, statement: _Statement) -> list[_Term]:
        """Drops a second unit that agrees with the first; one that does not makes the bound unreadable."""
        kept: list[_Term] = []
        entry = statement.subject.mentions[0].entry if statement.subject.mentions else None
        for term in statement.terms:
            if (
                kept
                and term.joined in ("(", "or")
                and term.condition is None
                and term.sex is None
                and _restates(kept[-1].value, term.value)
            ):
                first = kept[-1].value
                same = len(first.intervals) == len(term.value.intervals) and all(
                    bounds.agree(entry, a, b) for a, b in zip(first.intervals, _like(first, term.value), strict=True)
                )
                form = first.form if same else "mismatch"
                if same:
                    kept[-1] = replace(
                        kept[-1], value=replace(first, end=max(first.end, term.value.end), last=term.value.last)
                    )
                    continue
                if term.joined == "(" and form == "mismatch":
                    kept[-1] = replace(
                        kept[-1],
                        value=replace(first, end=max(first.end, term.value.end), form="near"),
                        joined="mismatch",
                    )
                    continue
            kept.append(term)
        return kept

    def _leafs(self, subject: Subject, term: _Term, *, first: bool) -> Expression | None:
        value = term.value
        start = subject.start if first and 0 <= value.start - subject.start <= 160 else value.start
        if subject.kind in ("analyte", "phrase") and subject.start > value.start:
            start, end = value.start, max(value.end, subject.end) if subject.end - value.start < 120 else value.end
        else:
            end = value.end
        if term.joined == "mismatch":
            return Unreadable(start, end, bounds.MISMATCH)
        if subject.kind == "age":
            return _either([_age_leaf(start, end, i) for i in value.intervals], value)
        if subject.kind == "life":
            return _either(
                [LifeExpectancyIs(start, end, _time(i.lower), _time(i.upper)) for i in value.intervals], value
            )
        if subject.kind == "class":
            return _either([_score_leaf(subject.name, None, start, end, i) for i in _merged(value)], value, exact=True)
        if subject.kind == "phrase":
            name = Analyte(subject.name, None)
            return _either(
                [
                    MeasurementIs(start, end, name, bounds.plain(i.lower), bounds.plain(i.upper))
                    for i in value.intervals
                ],
                value,
            )
        parts = [
            self._analyte_leaf(m, value, m.start if first and 0 <= value.start - m.start <= 160 else start, end)
            for m in subject.mentions
        ]
        return _joined(parts, subject, value)

    def _analyte_leaf(self, mention: AnalyteMention, value: Value, start: int, end: int) -> Expression:
        entry = mention.entry
        intervals = _merged(value) if entry.kind == "score" else value.intervals
        if entry.kind == "score" and value.form == "bare":
            intervals = self._comma_list(value) or intervals
        out: list[Expression] = []
        for i in intervals:
            if entry.kind == "score":
                out.append(_score_leaf(entry.instrument or entry.name, entry, start, end, i))
                continue
            lower, upper = bounds.bound(entry, i.lower), bounds.bound(entry, i.upper)
            wrong = lower if isinstance(lower, str) else upper if isinstance(upper, str) else None
            if wrong is not None or isinstance(lower, str) or isinstance(upper, str):
                out.append(Unreadable(start, end, wrong or bounds.UNFIT))
            else:
                out.append(
                    MeasurementIs(start, end, Analyte(entry.name, entry.loinc), lower, upper, None, mention.setting)
                )
        return _either(out, value, exact=entry.kind == "score")


def _alternatives(spots: list[Spot], text: str) -> list[Spot]:
    """A second score in brackets ("ECOG <= 2 (Karnofsky >= 60 %)") says the same on another scale: either may decide."""
    out: list[Spot] = []
    for s in spots:
        last = out[-1] if out else None
        if (
            last is not None
            and isinstance(s.expression, ScoreIs)
            and isinstance(last.expression, ScoreIs)
            and _OPENED.fullmatch(text, last.end, s.start)
        ):
            out[-1] = Spot(last.start, s.end, AnyOf((last.expression, s.expression)))
        else:
            out.append(s)
    return out


def _age_leaf(start: int, end: int, i: Interval) -> Expression:
    lower, upper = _time(i.lower, "a"), _time(i.upper, "a")
    if any(b is not None and b.unit == "a" and not 0 <= b.value <= 120 for b in (lower, upper)):
        return Unreadable(start, end, bounds.IMPLAUSIBLE)
    return AgeIs(start, end, lower, upper)


def _time(limit: Limit | None, default: str | None = None) -> Bound | None:
    if limit is None:
        return None
    unit = "mo" if limit.quantity.unit == "m" else limit.quantity.unit
    return Bound(limit.quantity.first, unit or default, limit.inclusive)


def _score_leaf(instrument: str, entry: AnalyteEntry | None, start: int, end: int, i: Interval) -> Expression:
    """A class with a letter ("IIIB") is the class, and what the letter says stays unread."""
    ends: list[Bound | None] = []
    lettered = False
    for limit in (i.lower, i.upper):
        if limit is None:
            ends.append(None)
            continue
        sized = bounds.size(entry, limit.quantity) if entry is not None else bounds.Sized(limit.quantity.first, "1")
        if isinstance(sized, str):
            return Unreadable(start, end, sized)
        lettered = lettered or bool(limit.quantity.letter)
        ends.append(Bound(sized.value, "1", limit.inclusive))
    leaf = ScoreIs(start, end, instrument, ends[0], ends[1])
    return AllOf((leaf, Unreadable(start, end, SUB_CLASS))) if lettered else leaf


def _merged(value: Value) -> tuple[Interval, ...]:
    """0, 1 or 2 is the interval from 0 to 2; I or III are two."""
    if value.form != "set" or any(i.lower is None for i in value.intervals):
        return value.intervals
    points = sorted({limit.quantity.first: limit for i in value.intervals if (limit := i.lower) is not None}.items())
    out: list[Interval] = []
    for number, limit in points:
        top = out[-1].upper if out else None
        if top is not None and number - top.quantity.first == 1 and number == int(number) and not limit.quantity.letter:
            out[-1] = Interval(out[-1].lower, limit)
        else:
            out.append(Interval(limit, limit))
    return tuple(out)


def _either(parts: Sequence[Expression], value: Value, *, exact: bool = False) -> Expression:
    """Alternatives of one value; a lost or absent comparison decides nothing beyond its own number."""
    whole = parts[0] if len(parts) == 1 else AnyOf(tuple(parts))
    if value.form == "lost":
        return _undecided(whole, value, LOST_SIGN)
    if value.form == "near":
        return _undecided(whole, value, APPROXIMATE)
    if value.form == "bare" and not exact:
        return AnyOf((whole, Unreadable(value.start, value.end, BARE)))
    return whole


def _undecided(whole: Expression, value: Value, reason: str) -> Expression:
    """Unknown whatever the patient's value is: the number is kept to be seen, the side of its bound is not known."""
    unreadable = Unreadable(value.start, value.end, reason)
    return AllOf((AnyOf((whole, unreadable)), unreadable))


def _joined(parts: list[Expression], subject: Subject, value: Value) -> Expression:
    """One value for several names: "and" all; "or" any; a slash or comma by the side of the bound."""
    if len(parts) == 1:
        return parts[0]
    if subject.joined == "or" and value.direction == "upper":
        # "AST or ALT <= 2.5 x ULN" is written for both as often as for either
        doubt = [Unreadable(subject.start, subject.end, EITHER)] * (len(parts) - 1)
        return AtLeast(len(parts), (*parts, *doubt))
    if subject.joined == "or" or (subject.joined == "" and value.direction == "lower"):
        return AnyOf(tuple(parts))
    return AllOf(tuple(parts))


def _restates(first: Value, second: Value) -> bool:
    a, b = first.quantity, second.quantity
    if a.times or b.times or a.unit is None or b.unit is None or a.unit == b.unit:
        return False
    return second.form in ("bare", "bound", "range") and (second.form == "bare" or first.direction == second.direction)


def _like(first: Value, second: Value) -> tuple[Interval, ...]:
    """The second value with the sides of the first: "(133 umol/L)" behind "<= 1.5 mg/dL"."""
    if second.form != "bare" or first.form == "bare":
        return second.intervals
    limit = second.intervals[0].lower
    return tuple(
        Interval(limit if i.lower is not None else None, limit if i.upper is not None else None)
        for i in first.intervals
    )


def _combine(built: list[tuple[_Term, Expression]]) -> Expression:
    """Several values of one subject: by sex, by subgroup, or joined by and/or."""
    sexes = [t.sex for t, _ in built]
    if len(built) == 2 and set(sexes) == {Sex.FEMALE, Sex.MALE}:
        return AnyOf(
            tuple(
                AllOf((SexIs(t.value.start, t.end, s), e))
                for (t, e), s in zip(built, sexes, strict=True)
                if s is not None
            )
        )
    if (
        len(built) == 2
        and built[0][0].condition is None
        and (where := built[1][0].condition) is not None
        and _looser(built[0][0].value, built[1][0].value)
    ):
        return AnyOf((built[0][1], AllOf((Unreadable(where[0], where[1], SUBGROUP), built[1][1]))))
    if any(t.condition is not None or t.sex is not None for t, _ in built):
        doubt: list[Expression] = []
        for t, _ in built[1:]:
            a, b = t.condition or (t.value.start, t.end)
            doubt.append(Unreadable(a, b, SUBGROUP))
        return AtLeast(len(built), (*(e for _, e in built), *doubt))
    parts = tuple(e for _, e in built)
    kinds = {t.joined for t, _ in built[1:]}
    if kinds == {"or"}:
        return AnyOf(parts)
    if kinds == {"and"} or all(t.value.form in ("bound", "range") for t, _ in built) and "(" not in kinds:
        return AllOf(parts)
    doubt = [Unreadable(t.value.start, t.value.end, SUBGROUP) for t, _ in built[1:]]
    return AtLeast(len(built), (*parts, *doubt))


def _looser(first: Value, second: Value) -> bool:
    """Whether every value that meets the first bound meets the second."""
    if (
        len(first.intervals) != 1
        or len(second.intervals) != 1
        or first.quantity.unit != second.quantity.unit
        or first.quantity.times != second.quantity.times
    ):
        return False
    a, b = first.intervals[0], second.intervals[0]
    if a.upper is not None and a.lower is None and b.upper is not None and b.lower is None:
        return b.upper.quantity.first >= a.upper.quantity.first
    if a.lower is not None and a.upper is None and b.lower is not None and b.upper is None:
        return b.lower.quantity.first <= a.lower.quantity.first
    return False
