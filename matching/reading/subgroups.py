"""Values that share a subject: what joins them, and the sex or the subgroup that each is said of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from matching.model.codes import Sex
from matching.reading import subjects
from matching.reading.measured_line import MeasuredLine
from matching.reading.quantities import TIME_UNITS, Interval, Value
from matching.reading.subjects import Subject

_MOST_TERMS = 12
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
_FEMALE = re.compile(r"(?i)\b(?:females?|women|woman|girls?)\b")
_SEX = r"(?P<{0}>females?|women|woman|girls?|males?|men|man|boys?)\b(?!\s*(?:and|or|/|&)\s*(?:fe)?(?:male|men|women))"
_SEX_AFTER = re.compile(
    r"(?i)[\s,)]*[(\[]?\s*(?:(?:in|for|if|among)\s+(?:adult\s+|the\s+|all\s+|subject\s+is\s+)?"
    + _SEX.format("of")
    + r"|(?:adult\s+)?"
    + _SEX.format("bare")
    + r"(?!\s*(?:[:,]\s*)?(?:[<>\u2264\u2265=\\]|\d|with\b|of\b)))(?:\s+(?:patients?|subjects?|participants?))?\s*[)\]]?"
)
"""after := ["("] ("in" | "for") sex | ["("] sex, where the sex does not lead on to a value of its own."""
_SEX_BEFORE = re.compile(
    r"(?i)(?P<sex>females?|women|woman|girls?|males?|men|man|boys?)\b(?:\s+(?:patients?|subjects?|participants?))?\s*[):,]*\s*(?:is\s+|of\s+|with\s+|must\s+be\s+)?$"
)


@dataclass(slots=True)
class Term:
    """A value of a statement: how it is joined to the one before, and the subgroup that it holds for."""

    value: Value
    joined: str = ""
    sex: Sex | None = None
    condition: tuple[int, int] | None = None
    end: int = 0


@dataclass(slots=True)
class Statement:
    """One subject and the values said of it, in the order of the text."""

    subject: Subject
    terms: list[Term] = field(default_factory=list)


def shares(line: MeasuredLine, last: Statement, previous: Value, value: Value) -> bool:
    """Only connectives, brackets and words of a subgroup stand between two values of one subject."""
    a, b = previous.quantity, value.quantity
    if len(last.terms) >= _MOST_TERMS:
        return False
    if last.subject.kind == "age":
        if b.unit not in TIME_UNITS and b.unit is not None:
            return False
    elif last.subject.kind == "analyte":
        if not all(subjects.accepts(m.entry, value) for m in last.subject.mentions):
            return False
    elif last.subject.kind == "pressure" or a.unit != b.unit or a.times != b.times:
        return False
    gap = line.tokens[previous.last : value.first]
    if b.over is not None or (last.subject.kind == "age" and value.start - previous.end > 40):
        return False
    if any(t.kind in ("mention", "number", "multiple") for t in gap):
        return False
    between = line.text[previous.end : value.start]
    by_sex = (
        _SEX_BEFORE.search(between) is not None
        or _SEX_AFTER.match(between) is not None
        or _SEX_AFTER.match(line.text, value.end, line.end) is not None
    )
    relative = (
        last.subject.kind == "analyte"
        and b.times is not None
        and a.times == b.times
        and previous.direction == value.direction
        and len(between) < 150
    )
    conditional = relative and (
        _opened(line, previous, value) or _condition(line, value.end, _next_number(line, value)) is not None
    )
    if (
        a.unit == b.unit
        and a.times == b.times
        and previous.direction == value.direction
        and _each_bracketed(line, previous, value)
    ):
        return True
    if any(t.kind == "stop" for t in gap) and not by_sex and not conditional:
        return False
    if value.form in ("bare", "set") and not (b.unit is not None and (by_sex or _opened(line, previous, value))):
        return False
    words = [t for t in gap if t.kind == "word"]
    if not words or relative:
        return True
    return bool(by_sex or (a.unit == b.unit and a.times == b.times and last.subject.kind != "age" and (_condition(line, previous.end, value.start) or _SUBGROUP_BEFORE.search(between)))) or (len(words) <= 1 and words[0].text in ("is", "are", "age", "aged", "i", "e", "equivalent", "approximately"))  # fmt: skip


def same(last: Statement, subject: Subject) -> bool:
    """The names of `subject` are those of the statement before, and no setting of its own sets it apart."""
    return all(
        m.setting is None or m.setting == before.setting
        for before, m in zip(last.subject.mentions, subject.mentions, strict=False)
    ) and (
        len(last.subject.mentions) > 0
        and len(last.terms) < _MOST_TERMS
        and [m.entry for m in last.subject.mentions] == [m.entry for m in subject.mentions]
    )


def again(line: MeasuredLine, previous: Value, value: Value) -> bool:
    """The same name with a second bound: an alternative ("or"), or a bound on the same side for a subgroup."""
    if value.start - previous.end >= 120:
        return False
    either = any(t.kind == "or" for t in line.tokens[previous.last : value.first])
    return either or (
        previous.direction == value.direction != "both" and previous.quantity.times == value.quantity.times
    )


_BRACKETED = re.compile(r"\s*\((?P<cond>[^()\d<>≤≥=]{3,60})\)")


def _each_bracketed(line: MeasuredLine, previous: Value, value: Value) -> bool:
    """Whether each of two bounds says in brackets whom it is for: ">= 300 (sinus rhythm) or >= 600 (atrial fibrillation)"."""
    first = _BRACKETED.match(line.text, previous.end, value.start)
    if first is None or _BRACKETED.match(line.text, value.end, line.end) is None:
        return False
    return line.text[first.end() : value.start].strip(" ,;").lower() in {"or", "and", ""}


def _opened(line: MeasuredLine, previous: Value, value: Value) -> bool:
    return any(t.kind == "open" for t in line.tokens[previous.last : value.first])


def _condition(line: MeasuredLine, low: int, high: int) -> tuple[int, int] | None:
    m = _SUBGROUP.match(line.text, low, high)
    if m is None or _NEUTRAL.match(line.text, low, high):
        return None
    a, b = m.span("cond")
    return a, len(line.text[:b].rstrip())


def join(line: MeasuredLine, statement: Statement, value: Value, previous: Value | None) -> None:
    """Adds a value with its connective; one without a comparator takes that of the value before."""
    joined = ""
    if previous is not None:
        gap = line.tokens[previous.last : value.first]
        joined = "(" if any(t.kind == "open" for t in gap) else ""
        joined = (
            "or"
            if any(t.kind == "or" for t in gap)
            else joined or ("and" if any(t.kind == "and" for t in gap) else "(")
        )
        last = next((t.value for t in reversed(statement.terms) if t.value.form != "bare"), statement.terms[-1].value)
        if value.form == "bare" and (
            joined != "(" or (value.quantity.unit == last.quantity.unit and value.quantity.times == last.quantity.times)
        ):
            value = replace(value, intervals=like(last, value), form=last.form)
    statement.terms.append(Term(value, joined, end=value.end))


def _bracketed(line: MeasuredLine, terms: list[Term], n: int) -> bool:
    return (n > 0 and _each_bracketed(line, terms[n - 1].value, terms[n].value)) or (
        n + 1 < len(terms) and _each_bracketed(line, terms[n].value, terms[n + 1].value)
    )


def find(line: MeasuredLine, statement: Statement, terms: list[Term]) -> None:
    """Finds for each value the sex or the subgroup that it is said of, before it or behind it."""
    low = max(line.start, (statement.subject.start or terms[0].value.start) - 40)
    for n, term in enumerate(terms):
        value = term.value
        if n == 0 and statement.subject.start < value.start:
            between = line.text[low : statement.subject.start]
        else:
            between = line.text[low : value.start]
        high = _next_number(line, value)
        if (m := _SEX_AFTER.match(line.text, value.end, line.end)) is not None and m.end() <= high + 1:
            term.sex = Sex.FEMALE if _FEMALE.match(m["of"] or m["bare"]) else Sex.MALE
            term.end = m.end()
        elif (
            len(terms) > 1
            and (m := _BRACKETED.match(line.text, value.end, line.end)) is not None
            and _bracketed(line, terms, n)
        ):
            term.condition, term.end = m.span("cond"), m.end()
        elif (condition := _condition(line, value.end, high)) is not None:
            following = terms[n + 1] if n + 1 < len(terms) else None
            if following is not None and _LEADS_ON.fullmatch(line.text, condition[1], following.value.start):
                following.condition = condition
            else:
                term.condition, term.end = condition, condition[1]
        if n == 0 and term.sex is None and statement.subject.end < value.start:
            inner = _SEX_BEFORE.search(line.text[statement.subject.end : value.start])
            term.sex = None if inner is None else Sex.FEMALE if _FEMALE.match(inner["sex"]) else Sex.MALE
        if term.sex is None and (m := _SEX_BEFORE.search(between)) is not None:
            term.sex = Sex.FEMALE if _FEMALE.match(m["sex"]) else Sex.MALE
        if term.condition is None and n and (m := _SUBGROUP_BEFORE.search(between)) is not None:
            term.condition = (low + m.start("cond"), low + m.end("cond"))
        if (
            n
            and term.condition is None
            and term.sex is None
            and term.value.direction == terms[n - 1].value.direction != "both"
        ):
            # two bounds on one side and words between them: the words tell whom each is for
            words = _SAID.search(line.text, terms[n - 1].value.end, value.start)
            if (
                words is not None
                and terms[n - 1].condition is None
                and not _renamed(line, terms[n - 1].value.end, value.start)
            ):
                term.condition = (words.start(), len(line.text[: value.start].rstrip(" (,:")))
        low = term.end


def _renamed(line: MeasuredLine, low: int, high: int) -> bool:
    """Nothing but the name itself, connectives and fillers stand between."""
    between = (t for t in line.tokens if low <= t.start < high)
    return all(t.kind != "word" or t.text in subjects.FILLERS for t in between)


def _next_number(line: MeasuredLine, value: Value) -> int:
    """Where the words behind a value end: at the next number or comparator, or at a name that has a value of its own."""
    tokens = line.tokens
    for k in range(value.last, min(value.last + 40, len(tokens))):
        kind = tokens[k].kind
        if kind in ("number", "compare", "stop"):
            return tokens[k].start
        if kind == "mention" and any(t.kind in ("compare", "number", "between") for t in tokens[k + 1 : k + 4]):
            return tokens[k].start
    return min(line.end, value.end + 130)


def like(first: Value, second: Value) -> tuple[Interval, ...]:
    """The second value with the sides of the first: "(133 umol/L)" behind "<= 1.5 mg/dL"."""
    if second.form != "bare" or first.form == "bare":
        return second.intervals
    limit = second.intervals[0].lower
    return tuple(
        Interval(limit if i.lower is not None else None, limit if i.upper is not None else None)
        for i in first.intervals
    )
