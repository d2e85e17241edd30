"""Numeric statements of one line: ages, measured values, scores, blood pressures, life expectancy, counts, amounts, doses.

    statement = subject values [second unit] { connective values } [subgroup]
              | values subject
    subject   = age | life expectancy | names | class word | noun phrase

`spot` claims only what it understands; numbers that state nothing (dates, names, windows of time) stay unclaimed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from matching.knowledge import analytes
from matching.knowledge.analytes import AnalyteMention
from matching.model.criterion import AllOf, Analyte, AnyOf, Bound, Expression, MeasurementIs, ScoreIs
from matching.reading import (
    ages,
    amounts,
    ordinals,
    repeats,
    signals,
    statements,
    subgroups,
    subjects,
    tnm,
    windows,
)
from matching.reading.lowered import lowered, lowered_word
from matching.reading.measured_line import MeasuredLine
from matching.reading.quantities import Limit, Value
from matching.reading.statements import Spot
from matching.reading.subgroups import Statement
from matching.reading.tokens import DIGITS, NUMBER_LIKE, Token, lex
from matching.reading.values import Reader
from matching.reading.windows import WindowSpot

__all__ = ["Spot", "spot"]

_MOST_NUMBERS = 150
"""No sentence holds so many numbers: what lies behind them stays unread, so that a wall of digits takes no time."""
_SIGHT = re.compile(r"(?i)\b(?:acuity|vision|visual|snellen|BCVA)\b")
_RANGE_NOTE = re.compile(
    r"(?i)(?:\brang(?:e|es|ing)\b|\bscale\b|\bscored?\s+from|out\s+of|scale\s+of|\bfrom)[\s:]*(?:is\s+)?$|[(\[]\s*(?:scale|possible|score)?\s*(?:of\s+)?$"
)
_RANGE_NOTED = ("range", "ranges", "ranging", "scale", "from", "of", "is", "(", "[", "possible", "score")
"""What a match of _RANGE_NOTE ends in, blanks and colons apart."""
_SCALE_AFTER = re.compile(
    r"(?i)[\s-]*(?:points?\s+)?(?:scale\b|point\s+(?:scale|nrs|vas|likert)|items?\b|best\b|worst\b|severity\s+scale)"
)
_NAMELIKE = frozenset(
    """version v phase type types visit day days week weeks month months cycle cycles part cohort arm step study protocol group groups
    appendix section table figure criterion criteria no number edition dsm icd level levels line lines genotype genotypes serotype
    factor chromosome exon codon hepatitis diabetes interleukin covid nct ctcae recist page item items period stratum tier t c l
    chapter grp dose note form question questions year years""".split()
)
"""A number after one of these words is a name ("phase 2", "day 1")."""
_LAST_WORD = re.compile(r"\w+\Z")
_LONGEST_NAMELIKE = 14
_OPENED = re.compile(r"(?i)\s*\\?[(\[]\s*(?:or\s+|i\.e\.,?\s*)?")


def spot(
    text: str,
    start: int,
    end: int,
    known: list[WindowSpot] | None = None,
    mentioned: list[AnalyteMention] | None = None,
    told: int = signals.ALL,
) -> list[Spot]:
    """Every numeric statement of text[start:end], which is one line or sentence: in order, never overlapping.

    `known` are the windows of the line, `mentioned` its analytes and `told` the signals of its words, where the caller
    has them already.
    """
    categories = [Spot(*found) for found in tnm.spot(text, start, end)]
    again = repeats.find(text, start, end)
    rest = _spot(text, start, end, known, mentioned, again, told)
    if categories:
        apart = [s for s in rest if all(s.end <= c.start or c.end <= s.start for c in categories)]
        rest = sorted([*categories, *apart], key=lambda s: s.start)
    return repeats.attach(text, rest, again) if again else rest


def _spot(
    text: str,
    start: int,
    end: int,
    known: list[WindowSpot] | None,
    mentioned: list[AnalyteMention] | None,
    again: list[tuple[int, int]],
    told: int,
) -> list[Spot]:
    """The statements in numbers and classes; `again` are words that say how often, which are no part of them."""
    if not told & signals.NUMBER:
        return _letters_only(text, start, end, mentioned)
    times = windows.spot(text, start, end) if known is None else known
    near = _near_numbers(text, start, end, times, NUMBER_LIKE if told & signals.NUMBER_IN_LETTERS else DIGITS)
    if near is None:
        return _letters_only(text, start, end, mentioned)
    names = mentioned if mentioned is not None and near == (start, end) else analytes.spot(text, *near)
    tokens = lex(text, *near)
    if again:
        names = [m for m in names if all(m.end <= a or b <= m.start for a, b in again)]
        tokens = [t for t in tokens if all(t.end <= a or b <= t.start for a, b in again)]
    tokens = _merge(tokens, names)
    values = Reader(text, near[1], tokens).values()
    if not values and not any(m.entry.instrument == "child_pugh" for m in names):
        return []
    return _read(MeasuredLine(text, near[0], near[1], tokens, {m.start: m for m in names}, times), values)


def _letters_only(text: str, start: int, end: int, mentioned: list[AnalyteMention] | None) -> list[Spot]:
    """A line without numbers may still hold the classes of a score ("Child-Pugh class B or C")."""
    if text.find("ugh", start, end) < 0 and text.find("CTP", start, end) < 0:
        return []
    names = analytes.spot(text, start, end) if mentioned is None else mentioned
    return [Spot(*o) for m in names if (o := ordinals.read(text, m, end)) is not None]


def _near_numbers(
    text: str, start: int, end: int, times: list[WindowSpot], numbers: re.Pattern[str]
) -> tuple[int, int] | None:
    """The stretch of the line in which a statement may stand: around its numbers, windows of time apart."""
    first = last = -1
    k = count = 0
    for m in numbers.finditer(lowered(text), start, end):
        at = m.start()
        while k < len(times) and times[k].end <= at:
            k += 1
        if k < len(times) and times[k].start <= at:
            continue
        first = at if first < 0 else first
        last = m.end()
        count += 1
        if count == _MOST_NUMBERS:
            break
    if first < 0:
        return None
    low, high = max(start, first - 220), min(end, last + 160)
    while start < low and not text[low - 1].isspace():
        low -= 1
        if first - low > 260:
            break
    while high < end and not text[high].isspace() and high - last < 200:
        high += 1
    return low, high


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


def _read(line: MeasuredLine, values: list[Value]) -> list[Spot]:
    previous: Value | None = None
    found: list[Statement | Spot] = []
    ordinal = [Spot(*o) for m in line.mentions.values() if (o := ordinals.read(line.text, m, line.end)) is not None]
    found.extend(ordinal)
    for value in values:
        if _skipped(line, value) or any(o.start < value.end and value.start < o.end for o in ordinal):
            continue
        floor = previous.last if previous is not None else 0
        if _place(line, found, value, previous, floor):
            previous = value
    spots = [s if isinstance(s, Spot) else statements.build(line, s) for s in found]
    out: list[Spot] = []
    for s in sorted((s for s in spots if s is not None), key=lambda s: (s.start, -s.end)):
        if not out or s.start >= out[-1].end:
            out.append(s)
    return _alternatives(out, line.text)


def _skipped(line: MeasuredLine, value: Value) -> bool:
    """Windows of time, ranges of a scale, numbers in names and lists."""
    if any(w.start < value.end and value.start < w.end for w in line.windows):
        return True
    text, q = line.text, value.quantity
    lead = text[max(line.start, value.start - 30) : value.start]
    if (
        q.over is not None
        and q.first == 20
        and _SIGHT.search(text, max(line.start, value.start - 80), min(line.end, value.end + 40))
    ):
        return True  # a Snellen fraction has a scale of its own
    if value.form in ("range", "bare", "set") and (
        _SCALE_AFTER.match(text, value.end, line.end)
        or (q.unit in (None, "{score}") and _notes_range(lead) and _bracketed(line, value))
    ):
        return True
    if value.form in ("bare", "set", "range") and q.unit is None and q.times is None and not q.roman:
        if _names_by_number(lead):
            return True
        if value.start == line.start or (
            subjects.HEAD.match(text[line.start : value.start])
            and text[value.end : min(line.end, value.end + 1)] in (".", ")")
        ):
            return value.form == "bare" and text[value.end : min(line.end, value.end + 1)] in (".", ")", "\\")
    return False


def _notes_range(lead: str) -> bool:
    """Whether the words before a value say that it is the range of a scale."""
    said, whole = lead.rstrip(), ""
    while said != whole:
        whole, said = said, said.rstrip(":").rstrip()
    return said.lower().endswith(_RANGE_NOTED) and _RANGE_NOTE.search(lead) is not None


def _names_by_number(lead: str) -> bool:
    """Whether the word before a number is one that it belongs to as a name."""
    last = _LAST_WORD.search(lead.rstrip().removesuffix(".").rstrip()[-_LONGEST_NAMELIKE:])
    return last is not None and lowered_word(last[0]) in _NAMELIKE


def _bracketed(line: MeasuredLine, value: Value) -> bool:
    before = line.tokens[max(0, value.first - 4) : value.first]
    opened = any(t.kind == "open" for t in before)
    words = (
        " ".join(t.text for t in before)
        + " "
        + (line.tokens[value.first].text if value.first < len(line.tokens) else "")
    )
    return (
        opened and value.form == "range" and any(w in words for w in ("range", "scale", "scored", "from", "possible"))
    ) or "scale" in words


def _place(line: MeasuredLine, found: list[Statement | Spot], value: Value, previous: Value | None, floor: int) -> bool:
    """Finds the value's subject and files it under a statement; False when it is none of ours."""
    if value.quantity.over is not None and _pressure(line, found, value, floor):
        return True
    subject = subjects.before(line.tokens, line.mentions, value, floor)
    if subject is not None and len(subject.mentions) == 2:
        subject = subjects.quotient(line.text, subject)
    if subject is not None and subjects.too_bare(line, subject, value):
        return False
    if subject is None and (age := ages.age(line, value, floor)) is not None:
        subject = age
    if subject is None:
        subject = ages.life(line, value)
    if subject is None:
        subject = subjects.classed(line, value)
    last = found[-1] if found else None
    if (
        subject is None
        and isinstance(last, Statement)
        and previous is not None
        and subgroups.shares(line, last, previous, value)
    ):
        subgroups.join(line, last, value, previous)
        return True
    if subject is None:
        subject = subjects.behind(line.text, line.tokens, line.mentions, value)
    if subject is None:
        amount = amounts.read(line.text, line.start, line.end, line.tokens, value, floor)
        if amount is not None:
            found.append(Spot(*amount))
            return True
        subject = subjects.weight(line, value, floor) or subjects.named(line, value, floor)
    if subject is None:
        return False
    subject = subjects.changed(line, subject, value)
    if subject.kind == "phrase" and value.form in ("bare", "set"):
        return False
    if (
        isinstance(last, Statement)
        and previous is not None
        and subject.kind == last.subject.kind == "age"
        and subgroups.shares(line, last, previous, value)
    ):
        subgroups.join(line, last, value, previous)
        return True
    if (
        isinstance(last, Statement)
        and previous is not None
        and subject.kind == "analyte"
        and subgroups.same(last, subject)
        and subgroups.again(line, previous, value)
    ):
        subgroups.join(line, last, value, previous)
        return True
    statement = Statement(subject)
    found.append(statement)
    subgroups.join(line, statement, value, None)
    return True


def _pressure(line: MeasuredLine, found: list[Statement | Spot], value: Value, floor: int) -> bool:
    """Pressure = number "/" number: "BP > 140/90 mmHg": either half above; "< 140/90": both below.

    Where the halves are named, the word between them says it: "160 systolic or 100 diastolic".
    """
    q = value.quantity
    top, bottom = q.first, q.over
    if bottom is None or not (50 <= top <= 300 and 20 <= bottom <= 200 and bottom < top):
        return False
    subject = subjects.before(line.tokens, line.mentions, value, floor)
    named = subject is not None and subject.mentions[0].entry.name in (
        "blood pressure",
        "systolic blood pressure",
        "diastolic blood pressure",
    )
    near = re.search(
        r"(?i)\b(?:blood\s+pressures?|bp|hypertensi\w+|hypotensi\w+|rr)\b",
        line.text[max(line.start, value.start - 60) : min(line.end, value.end + 30)],
    )
    if not (named or q.unit == "mm[Hg]" or near) or q.unit not in (None, "mm[Hg]"):
        return False
    systolic, diastolic = analytes.by_name("systolic blood pressure"), analytes.by_name("diastolic blood pressure")
    if systolic is None or diastolic is None or value.form not in ("bound", "range"):
        return False
    interval = value.intervals[0]
    start = subject.start if named and subject is not None else value.start
    slash = line.text.find(q.joint or "/", q.start, q.end)
    whole = (start, value.end)
    parts: list[Expression] = []
    for entry, first in ((systolic, True), (diastolic, False)):
        lower, upper = (_half(x, first) for x in (interval.lower, interval.upper))
        at = (start, slash) if first else (slash, value.end)
        parts.append(
            MeasurementIs(
                *(at if value.form == "bound" and slash > 0 else whole),
                Analyte(entry.name, entry.loinc),
                lower,
                upper,
            )
        )
    either = q.joint != "and" if q.joint in ("and", "or", "and/or") else value.direction == "lower"
    found.append(Spot(start, value.end, AnyOf(tuple(parts)) if either else AllOf(tuple(parts))))
    return True


def _half(limit: Limit | None, first: bool) -> Bound | None:
    if limit is None:
        return None
    number = limit.quantity.first if first else limit.quantity.over
    return None if number is None else Bound(number, "mm[Hg]", limit.inclusive)


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
