"""Quantities: a number with its unit or its multiple of a limit, and the intervals made of them.

quantity  = ["-"] number [unit] | number ["x"] limit | "twice" limit | limit | roman
limit     = "ULN" | "upper limit of normal" | "LLN" | "baseline" | ...
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from matching.knowledge.units import match_unit
from matching.model.codes import Times
from matching.reading import numbers
from matching.reading.tokens import Token

Form = Literal["bound", "range", "set", "bare", "equal", "lost", "near"]

_FILL = (
    r"(?:(?:the|of|above|over|higher|greater|than|more|or|institution(?:al|'s)?|laborator(?:y|ies)(?:'s)?|lab|local|central|site|"
    r"respective|corresponding|study|center|centre|age|sex|gender|adjusted|specific|assay|standard|reference|its|their|each|normal|value|values|for|upper)[\s/-]+){0,6}?"
)
_ULN = (
    r"(?:i?u\.?l\.?n\b\.?|unl\b|ulrr?\b|u\.?n\.?l\b"
    r"|upper[\s-]+(?:(?:reference|normal|institutional|laboratory|normality)\s+)?(?:limits?|level|range|bound(?:ary)?|value|end)s?\b"
    r"(?:\s+(?:(?:of|for)\s+)?(?:the\s+)?(?:(?:institutional|laboratory|local|lab|age-adjusted)\s+)?(?:normal(?:ity)?|reference)(?:\s+(?:reference\s+)?(?:ranges?|values?|limits?|intervals?|levels?))?\b)?"
    r"|upper\s+normal\b|high(?:er|est)?\s+(?:normal\s+)?limit(?:\s+of\s+(?:the\s+)?normal)?\b)"
)
_LLN = (
    r"(?:l\.?l\.?n\b\.?|lnl\b|lower[\s-]+(?:(?:reference|normal|institutional|laboratory)\s+)?(?:limits?|level|range|bound|end)\b"
    r"(?:\s+(?:of\s+)?(?:the\s+)?(?:(?:institutional|laboratory|local)\s+)?(?:normal|reference)(?:\s+(?:ranges?|values?|limits?))?\b)?)"
)
_RESTATED = r"(?:\s*\\?[\(\[]\s*(?:i?u\.?l\.?n|unl|l\.?l\.?n|lnl|ul|uln range)\.?\s*\\?[\)\]])?(?:\s+(?:for|of)\s+(?:the\s+)?(?:age|institution|laborator(?:y|ies)|lab|site)\b(?!\s*[<>\d]))?"
_MULTIPLE = re.compile(
    rf"(?i)(?:(?P<sign>\s*(?:-\s*)?(?:[x\u00d7*]\s?(?=\W|[uil])|times?\b|folds?\b))\s*{_FILL}|\s*{_FILL})"
    rf"(?:(?P<uln>{_ULN})|(?P<lln>{_LLN})|(?P<baseline>baseline\b(?:\s+(?:values?|levels?))?)|(?P<normal>normal\b(?:\s+(?:ranges?|limits?|values?|levels?)\b)?(?:\s+upper\s+limit)?|limits?\s+of\s+(?:the\s+)?normal\b))"
    rf"{_RESTATED}"
)
LIMIT = re.compile(
    rf"(?i)\s*{_FILL}(?:(?P<uln>{_ULN})|(?P<lln>{_LLN})){_RESTATED}(?:\s*[x\u00d7*]\s*(?P<by>\d+(?:\.\d+)?))?"
)
_LIMIT_START = re.compile(r"(?i)\s*(?:[x\u00d7*]|-?\s?fold|times?|the|of|above|over|institution|laborator|lab|local|upper|lower|i?u\.?l|unl|l\.?l\.?n|lnl|normal|baseline|higher|greater|limit|age|central|ULN|a?bove|high)")  # fmt: skip
_PERCENT_OF = re.compile(rf"(?i)\s*(?:of|x|above)?\s*{_FILL}(?:(?P<uln>{_ULN})|(?P<lln>{_LLN})){_RESTATED}")
_SEVENTHS = re.compile(r"\s*(?:\+\s*|and\s+)?([0-6])\s?/\s?7\b(?!\s*/)")
_AND_DAYS = re.compile(r"(?i)\s*(?:,|and|\+)?\s*([0-6])\s*(?:days?|d)\b")
# "160 mmHg systolic or 100 mmHg diastolic": the two halves of one pressure, each named behind its number.
_NAMED_HALVES = re.compile(
    r"(?i)\s{0,3}(?:mm\s?hg)?\s{0,3}(?:\(systolic\)|systolic|sbp)(?:\s{1,3}(?:blood\s{1,3})?pressure)?,?\s{0,3}"
    r"(?P<joint>and/or|and|or|/)\s{0,3}(?P<sign>\\?[<>\u2264\u2265]=?\s{0,3}|(?:greater|more|higher|less|lower)\s{1,3}than\s{1,3}|(?:above|below|over|under)\s{1,3})?"
    r"(?P<low>\d{2,3})\s{0,3}(?:mm\s?hg)?\s{0,3}(?:\(diastolic\)|diastolic\b|dbp\b)(?:\s{1,3}(?:blood\s{1,3})?pressure)?"
)
_GRADE = re.compile(r"(?i)\bgrades?[\s(]*(?:\\?[<>\u2264\u2265=]+\s*)?$")
_FOLD = re.compile(r"(?i)\s?-?\s?folds?\b")
_OVER = re.compile(r"\s?/\s?(\d{1,4})(?![\d.,]*\d)(?!\s*[x\u00d7]\s*10)")
_AGE_TAIL = re.compile(
    r"(?i)[\s-]*(?:of\s+(?:old|age)\b|old\b|in\s+age\b|olds\b)|\s+age\b(?!\s*[-\s](?:related|matched|adjusted))"
)
_YEARS = re.compile(r"(?i)[\s-]*(?:y\.?\s?/?\s?o\b\.?|y(?:ea)?rs?['\u2019]?\b\.?|y\b|yo\b|ans\b)(?!\s*/)")
_SAME_UNIT = re.compile(r"\s*\\?[(\[]\s*")
_MORE = re.compile(r"(?i)\b(?:above|over|higher|greater|more)\b")
_GOES_ON = re.compile(r"\s+(?:and|or|to|\\?[<>\u2264\u2265])")
TIME_UNITS = frozenset({"a", "mo", "wk", "d", "h", "min"})


_NO_NAMES = frozenset("age aged ages grade stage class score bmi ecog asa years".split())


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as written: its readings, unit (UCUM) or multiple, and marks that tell what it may be a number of.

    `over`: the second half of "140/90" or "24/30"; `joint`: the word between halves that are named ("or"). `letter`: of a class ("IIIb"). `aged`: "years old" follows.
    `graded`: "grade" stands before it. `more`: "twice higher than normal" holds its own comparator.
    """

    start: int
    end: int
    numbers: tuple[float, ...]
    unit: str | None = None
    times: Times | None = None
    roman: bool = False
    letter: str = ""
    over: float | None = None
    joint: str = ""
    aged: bool = False
    word: bool = False
    more: bool = False
    graded: bool = False

    @property
    def first(self) -> float:
        """The likeliest reading."""
        return self.numbers[0]


@dataclass(frozen=True, slots=True)
class Limit:
    """One end of an interval."""

    quantity: Quantity
    inclusive: bool = True


@dataclass(frozen=True, slots=True)
class Interval:
    """What lies between two limits; one of them may be open."""

    lower: Limit | None
    upper: Limit | None


@dataclass(frozen=True, slots=True)
class Value:
    """One numeric statement without its subject; several intervals are alternatives.

    `older`: the comparator speaks of age ("or older", "younger than"). `first`, `last`: token indices [first, last).
    `joined`: the connective that parts it from the value before.
    """

    start: int
    end: int
    intervals: tuple[Interval, ...]
    form: Form
    first: int
    last: int
    older: bool = False

    @property
    def quantity(self) -> Quantity:
        """A limit that names the unit, if one does; else the first."""
        first: Quantity | None = None
        for interval in self.intervals:
            for limit in (interval.lower, interval.upper):
                if limit is not None:
                    if limit.quantity.unit or limit.quantity.times:
                        return limit.quantity
                    first = first or limit.quantity
        assert first is not None
        return first

    @property
    def direction(self) -> Literal["lower", "upper", "both"]:
        """Which ends are given."""
        if len(self.intervals) == 1:
            one = self.intervals[0]
            if one.upper is None:
                return "lower"
            if one.lower is None:
                return "upper"
        return "both"


TITRE = "{titer}"
"""The unit of a dilution ("1:80") until it is known of what it is; a bound holds it as a plain number."""


class QuantityReader:
    """A cursor over the tokens of one line. Every method returns what it read and the index behind it, or None."""

    def __init__(self, text: str, end: int, tokens: list[Token]) -> None:
        self.text, self.end, self.tokens, self.count = text, end, tokens, len(tokens)

    def kind(self, i: int) -> str:
        """The kind of token i, "" past the end."""
        return self.tokens[i].kind if i < self.count else ""

    def beyond(self, i: int, pos: int) -> int:
        """The first token that begins at or after `pos`."""
        while i < self.count and self.tokens[i].start < pos:
            i += 1
        return i

    def quantity(self, i: int, *, signed: bool = False) -> tuple[Quantity, int] | None:
        """Quantity = ["-"] number [unit] | number ["x"] limit | "twice" limit | roman; `signed`: a minus may stand here."""
        if i >= self.count:
            return None
        token = self.tokens[i]
        start, sign = token.start, 1.0
        if token.kind == "dash":
            following = self.tokens[i + 1] if i + 1 < self.count else None
            if not signed or following is None or following.kind != "number" or following.start - token.end > 1:
                return None
            i, token, sign = i + 1, following, -1.0
        if token.kind == "multiple":
            found = LIMIT.match(self.text, token.end, self.end) or _MULTIPLE.match(self.text, token.end, self.end)
            if found is None:
                return None
            times = Times.LLN if found["lln"] else Times.ULN
            more = _MORE.search(found[0]) is not None
            return Quantity(start, found.end(), token.numbers, "1", times, more=more), self.beyond(i, found.end())
        if token.kind == "roman":
            read = numbers.read_roman(token.text)
            letter = read[1] if read else ""
            return Quantity(start, token.end, token.numbers, roman=True, letter=letter), i + 1
        if token.kind != "number" or not token.numbers or self._coded(i):
            return None
        return self._measured(i, token, start, sign)

    def _coded(self, i: int) -> bool:
        """The number is written on to a word ("IL-6", "SARS-CoV-2", "cT1-2-3"): it is part of a name."""
        tokens = self.tokens
        for _ in range(8):
            if i < 2 or tokens[i - 1].kind != "dash" or tokens[i - 1].end != tokens[i].start:
                return False
            before = tokens[i - 2]
            if before.end != tokens[i - 1].start:
                return False
            if before.kind == "word":
                return before.text not in _NO_NAMES
            if before.kind != "number":
                return False
            i -= 2
        return True

    def years(self, pos: int) -> tuple[int, bool] | None:
        """The words "years" ["old" | "of age"] at `pos`: where it ends, and whether it tells an age."""
        said = _YEARS.match(self.text, pos, self.end)
        if said is None:
            return None
        tail = _AGE_TAIL.match(self.text, said.end(), self.end)
        return (tail.end(), True) if tail is not None else (said.end(), False)

    def _restated(self, i: int, word: bool) -> bool:
        """The number follows once more in brackets: "three (3)", "3 (three)"."""
        if self.kind(i + 1) != "open" or self.kind(i + 2) != "number" or self.kind(i + 3) != "close":
            return False
        return word != self.tokens[i + 2].text[:1].isalpha()

    def _named_halves(self, start: int, pos: int) -> re.Match[str] | None:
        """Halves = number "systolic" ("and" | "or" | "/") [the same comparator] number "diastolic"."""
        if self.text.find("iastolic", pos, min(self.end, pos + 80)) < 0 and self.text.find("DBP", pos, pos + 80) < 0:
            return None
        found = _NAMED_HALVES.match(self.text, pos, self.end)
        if found is None or not found["sign"]:
            return found
        said = found["sign"].strip().lower()
        return found if self.text[max(0, start - 20) : start].rstrip().lower().endswith(said) else None

    def _measured(self, i: int, token: Token, start: int, sign: float) -> tuple[Quantity, int] | None:
        text, end, pos, values = self.text, self.end, token.end, token.numbers
        word = token.text[:1].isalpha()
        if text[pos : pos + 1] == "." and text[pos + 1 : pos + 2].isalpha():
            return None  # "1.Sx": a digit that was misread
        if ":" in token.text:
            return Quantity(start, token.end, values, TITRE), i + 1
        if self._restated(i, word) and set(self.tokens[i + 2].numbers) & set(values):
            pos = self.tokens[i + 3].end
        values = tuple(sign * v for v in values) if sign < 0 else values
        if (sevenths := _SEVENTHS.match(text, pos, end)) is not None:
            values, pos = tuple(v + int(sevenths[1]) / 7 for v in values), sevenths.end()
        found = _MULTIPLE.match(text, pos, end) if _LIMIT_START.match(text, pos, end) else None
        if found is not None and (found["sign"] or found["uln"] or found["lln"]):
            times = Times.LLN if found["lln"] else Times.BASELINE if found["baseline"] else Times.ULN
            more = _MORE.search(found[0]) is not None
            return Quantity(start, found.end(), values, "1", times, word=word, more=more), self.beyond(i, found.end())
        if (fold := _FOLD.match(text, pos, end)) is not None:  # times what is not said
            return Quantity(start, fold.end(), values, "{fold}", word=word), self.beyond(i, fold.end())
        over = None
        if (slash := _OVER.match(text, pos, end)) is not None and not token.text.startswith("0"):
            over, pos = float(slash[1]), slash.end()
        if (halves := self._named_halves(start, pos)) is not None:
            over, joint = float(halves["low"]), halves["joint"].lower()
            return Quantity(start, halves.end(), values, "mm[Hg]", None, over=over, joint=joint), self.beyond(
                i, halves.end()
            )
        unit, aged, letter = None, False, ""
        following = text[pos : pos + 1]
        if (
            following in ("a", "b", "c", "A", "B", "C")
            and not text[pos + 1 : pos + 2].isalnum()
            and values[0] <= 5
            and pos < end
        ):
            letter, pos, following = following.lower(), pos + 1, ""  # "grade 3b"
        if following and (following not in ",;)]:" or following in "%"):
            if (years := _YEARS.match(text, pos, end)) is not None:
                unit, pos = "a", years.end()
                aged = "o" in years[0].lower().replace("of", "")
            elif (match := match_unit(text, pos, end)) is not None:
                pos, unit = match
        if unit == "%" and (found := _PERCENT_OF.match(text, pos, end)) is not None:
            times = Times.LLN if found["lln"] else Times.ULN
            base = 1.0 if _MORE.search(found[0]) is not None else 0.0  # "20 % above the ULN" is 1.2 x ULN
            return Quantity(start, found.end(), tuple(base + v / 100 for v in values), "1", times), self.beyond(
                i, found.end()
            )
        if unit == "wk" and (days := _AND_DAYS.match(text, pos, end)) is not None:
            values, pos = tuple(v + int(days[1]) / 7 for v in values), days.end()
        if unit is not None and (opened := _SAME_UNIT.match(text, pos, end)) is not None:
            again = match_unit(text, opened.end(), end)
            if again is not None and again[1] == unit and text[again[0] : again[0] + 2].lstrip("\\ ")[:1] in (")", "]"):
                pos = text.index(text[again[0] : again[0] + 2].lstrip("\\ ")[0], again[0]) + 1
        if unit in TIME_UNITS and (tail := _AGE_TAIL.match(text, pos, end)) is not None:
            aged, pos = True, tail.end()
        if unit is not None and text[pos : pos + 2] == ". " and _GOES_ON.match(text, pos + 1, end):
            pos += 1
        graded = unit is None and _GRADE.search(text, max(0, start - 14), start) is not None
        quantity = Quantity(
            start, pos, values, unit, None, letter=letter, over=over, aged=aged, word=word, graded=graded
        )
        return quantity, self.beyond(i, pos)
