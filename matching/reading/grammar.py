"""One line of an eligibility text as an expression: recursive descent over the line's items.

Each function's docstring is its rule. Whatever no rule accounts for becomes an `Unreadable` leaf, joined by the
functions of logic.py so that it can only make the result less certain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from matching.model.codes import Role, Sex
from matching.model.criterion import (
    AgeIs,
    AnyOf,
    AtLeast,
    ConditionIs,
    Expression,
    If,
    LifestyleIs,
    MeasurementIs,
    Not,
    OnSite,
    PregnancyIs,
    ResultIs,
    ScoreIs,
    SexIs,
    TreatmentIs,
    Unreadable,
)
from matching.reading.cues import Cue
from matching.reading.exceptions import except_from, rebuilt
from matching.reading.items import Item, read_items
from matching.reading.parts import Line, Part
from matching.reading.logic import all_of, any_of, between, clouded, leaves, narrowed, negate
from matching.reading.mentions import CONDITIONS, NOTHING, Mods, with_qualifiers, with_window
from matching.reading.phrase import Phrase

MAX_DEPTH = 24
MAX_LENGTH = 8000
"""Characters of a line that are read: what is longer is no sentence."""
MAX_PARTS = 400
"""A line with more coordinated parts than this is no sentence: the rest is left unread."""

_CONTENT = frozenset(
    {
        "measure",
        "term",
        "analyte",
        "anatomy",
        "pregnancy",
        "pregtest",
        "lifestyle",
        "not_childbearing",
        "trial",
        "function",
        "healthy",
        "on_site",
    }
)
_NAMES = frozenset({"term", "analyte", "anatomy", "pregnancy", "lifestyle", "trial", "healthy"})
_UNABLE = re.compile(
    r"(?i)\b(?:un(?:able|willing\w*|available|availability|reliable|likely|cooperative)|inab\w+|incap\w+|refus\w+|non[- ]?complian\w+|"
    r"non[- ]?adheren\w+|poor|declin\w+|barriers?|illitera\w+|lack\w*|not|cannot|can't|without|difficult\w*|prisoners?|"
    r"incarcerated|detained|depriv\w+|guardianship|opposition|opposed|drop|lost|homeless|non[- ]english)\b"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """The expression of a line, and the share of its words that were accounted for."""

    expression: Expression
    coverage: float


def read_line(text: str, start: int, end: int, role: Role, lead: tuple[int, int] | None = None) -> Reading:
    """Line = sentence {("." | ";") sentence}.

    `lead` is the span of the parent line: its status ("history of any of the following") and window hold for this one.
    """
    rest = None
    if end - start > MAX_LENGTH:
        cut = text.rfind(" ", start, start + MAX_LENGTH)
        cut = cut if cut > start else start + MAX_LENGTH
        rest, end = Unreadable(cut, end, "too long a line"), cut
    items = read_items(text, start, end)
    line = Line(text, role is Role.EXCLUSION)
    line.aged = any(i.expression is not None and any(isinstance(e, AgeIs) for e in leaves(i.expression)) for i in items)
    if not items:
        return Reading(Unreadable(start, end, "no words"), 0.0)
    mods = _lead_mods(text, lead) if lead is not None else NOTHING
    expression = _sentences(items, mods, line)
    if expression is None:
        return Reading(Unreadable(start, end, "nothing in it could be read"), 0.0)
    words = _count_words(items)
    if rest is not None:
        return Reading(clouded(expression, rest), 0.0)
    return Reading(expression, round(1.0 - len(line.unread) / words, 4) if words else 1.0)


def _count_words(items: list[Item]) -> int:
    return sum(_count_words(i.inner) if i.kind == "group" else i.kind != "sep" for i in items)


def _lead_mods(text: str, lead: tuple[int, int]) -> Mods:
    status, window = "", None
    for item in read_items(text, *lead):
        if item.kind == "status" and item.cue is not None:
            status = item.cue.value
        elif item.kind == "window":
            window = item.window
        elif item.kind in _NAMES:
            status = ""
    return Mods(status=status, window=window)


def _has(items: list[Item], kinds: frozenset[str]) -> bool:
    return any(i.kind in kinds or (i.kind == "group" and _has(i.inner, kinds)) for i in items)


def _find(items: list[Item], kind: str, begin: int = 0) -> int:
    for n in range(begin, len(items)):
        if items[n].kind == kind:
            return n
    return -1


def _trim(items: list[Item]) -> list[Item]:
    """The items without separators and conjunctions at either end."""
    a, b = 0, len(items)
    while a < b and items[a].kind in {"sep", "conj"}:
        a += 1
    while b > a and items[b - 1].kind in {"sep", "conj"}:
        b -= 1
    return items[a:b]


def _sentences(items: list[Item], mods: Mods, line: Line) -> Expression | None:
    """Sentences = clause {("." | ";") ["and" | "or"] clause}; a permission after a clause is an exception to it."""
    parts: list[list[Item]] = [[]]
    marks: list[str] = [""]
    for item in items:
        if item.kind == "sep" and item.text in ".;":
            if parts[-1]:
                parts.append([])
                marks.append(item.text)
        else:
            parts[-1].append(item)
    result: Expression | None = None
    joined: list[tuple[str, Expression]] = []
    for part, mark in list(zip(parts, marks, strict=True))[:MAX_PARTS]:
        joint = next((i.cue.value for i in (part[:1] + part[-1:]) if i.kind == "conj" and i.cue), "")
        body = _trim(part)
        if not body:
            continue
        if joined and _has(body, frozenset({"permit"})) and not _has(body, frozenset({"forbid"})):
            exceptions = _clause([i for i in body if i.kind != "permit"], NOTHING, line, 1)
            if exceptions is not None:
                joined[-1] = (
                    joined[-1][0],
                    except_from(joined[-1][1], [exceptions], exclusion=line.exclusion, widen=not line.exclusion),
                )
                continue
        expression = _statement(body, mods, line)
        if expression is None:
            if _has(body, frozenset({"word"})):
                expression = line.unreadable(body)
                mark = "," if mark == "." and joined else mark
            else:
                continue
        joined.append((joint or mark, expression))
    if not joined:
        return None
    if len(joined) == 1:
        return joined[0][1]
    words = {j for j, _ in joined if j in {"and", "or"}}
    every = [e for _, e in joined]
    span = Unreadable(items[0].start, items[-1].end, "how the sentences belong together")
    if words == {"or"}:
        return any_of(every)
    if words == {"and"} or (not words and not line.exclusion):
        return all_of(every)
    if not words and all(mark in {";", ""} for mark, _ in joined):
        return any_of(every)
    result = between(every, span)
    return result


_DENYING = frozenset(
    {
        "no history of",
        "no prior history of",
        "no evidence of",
        "no known",
        "no signs of",
        "no sign of",
        "negative history of",
        "have not had",
        "has not had",
    }
)


def _statement(items: list[Item], mods: Mods, line: Line) -> Expression | None:
    """Statement = clause. In an exclusion list a duty ("must not have") is a requirement: who fails it is excluded.

    A denial there ("no history of") may be a slip of the same sort, or may be meant: not known which.
    """
    if not line.exclusion:
        return _clause(items, mods, line, 0)
    n = 0
    while n < len(items) and (
        items[n].kind in {"sex", "plain", "agegroup"}
        or (items[n].kind == "person" and items[n].text not in {"who", "that", "which", "whose", "whom"})
    ):
        n += 1
    if n < len(items):
        first = items[n]
        second = items[n + 1] if n + 1 < len(items) else None
        duty = first.kind == "modal" and first.text in {
            "must",
            "should",
            "shall",
            "must have",
            "must be",
            "should have",
            "should be",
            "need to",
            "needs to",
        }
        denied = (
            first.kind == "modal"
            and first.text in {"may", "were", "are", "will"}
            and second is not None
            and second.kind == "neg"
        )
        if denied and first.text in {"were", "are"}:
            third = items[n + 2] if n + 2 < len(items) else None
            denied = third is not None and third.text in {"to", "to be", "to have"}
        if duty or denied:
            told = _clause(items[n + 1 :], mods, line, 0)
            return None if told is None else negate(told)
        if first.kind == "neg" and first.text in _DENYING:
            told = _clause(items, mods, line, 0)
            return (
                None
                if told is None
                else clouded(told, Unreadable(first.start, first.end, "a denial in an exclusion list"))
            )
    return _clause(items, mods, line, 0)


def _clause(items: list[Item], mods: Mods, line: Line, depth: int) -> Expression | None:
    """Clause = permission | prohibition | label ":" clause | subgroup | on-site | exception | examples | definition | coordination."""
    items = _trim(items)
    if not items:
        return None
    if depth > MAX_DEPTH:
        return line.unreadable(items, "too deeply nested")
    kinds = {i.kind for i in items}
    if "forbid" in kinds or "permit" in kinds:
        n = next(k for k, i in enumerate(items) if i.kind in {"forbid", "permit"})
        if _has(items[:n], _CONTENT) and not _has(items[n + 1 :], _CONTENT - {"on_site"}):
            return _predicate(items, n, mods, line, depth)
    if "sep" in kinds:
        n = next((k for k, i in enumerate(items) if i.kind == "sep" and i.text == ":"), -1)
        if 0 < n < len(items) - 1:
            return _labelled(items[:n], items[n + 1 :], mods, line, depth)
    if "on_site" in kinds or "sex" in kinds or "if" in kinds or "pregnancy" in kinds or "agegroup" in kinds:
        found = _subgroup(items, kinds, mods, line, depth)
        if found is not None:
            return found
    if "on_site" in kinds:
        return _on_site(items, mods, line, depth)
    for kind in ("unless", "except"):
        if kind in kinds:
            n = _find(items, kind)
            if n == 0:
                continue
            before = _clause(items[:n], mods, line, depth + 1)
            after = _list(items[n + 1 :], line, depth + 1)
            if after is None:
                after = line.unreadable(items[n:])
            if before is None:
                return clouded(after, line.unreadable(items[:n]))
            return except_from(before, [after], exclusion=line.exclusion, widen=kind == "unless" and not line.exclusion)
    if "eg" in kinds:
        n = _find(items, "eg")
        return _examples(items[:n], items[n], items[n + 1 :], mods, line, depth)
    if "ie" in kinds:
        n = _find(items, "ie")
        if n > 0:
            return _definition(items[:n], items[n], items[n + 1 :], mods, line, depth)
    return _coordination(items, mods, line, depth)


def _list(items: list[Item], line: Line, depth: int, mods: Mods = NOTHING) -> Expression | None:
    """List = clause, in which "and" and "or" both part the members ("except A and B")."""
    turned = [_parting(i) for i in items]
    return _clause(turned, mods, line, depth)


_OR = Cue("conj", "or")


def _parting(item: Item) -> Item:
    """A conjunction or a comma as "or"; anything else as it is."""
    if item.kind == "conj" or (item.kind == "sep" and item.text == ","):
        return Item("conj", item.start, item.end, item.text, _OR)
    return item


def _predicate(items: list[Item], n: int, mods: Mods, line: Line, depth: int) -> Expression | None:
    """Predicate = clause ("is not allowed" | "is allowed") [("if" | "unless" | window) clause].

    A permission is no requirement: in an inclusion list it concerns only those it names; in an exclusion list it can
    never exclude.
    """
    verb = items[n]
    subject = _list(items[:n], line, depth + 1) if verb.kind == "forbid" else _clause(items[:n], mods, line, depth + 1)
    if subject is None:
        return None
    rest = items[n + 1 :]
    if _has(rest, frozenset({"word"})):
        subject = narrowed(subject, line.unreadable(rest))
    if verb.kind == "forbid":
        return subject if line.exclusion else negate(subject)
    if line.exclusion:
        return narrowed(subject, Unreadable(verb.start, verb.end, "a permission, not an exclusion"))
    return If(subject, subject)


_COUNTED = re.compile(r"(?i)\bat\s+least\s+(one|two|three|four|five|[1-9])\b")
_ANY = re.compile(r"(?i)\b(?:any|either|one)\s+(?:or\s+more\s+)?(?:of|conditions?)\b")
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}


def _labelled(label: list[Item], body: list[Item], mods: Mods, line: Line, depth: int) -> Expression | None:
    """Labelled = label ":" clause. A label without a name of its own only titles the clause; a subgroup is its condition."""
    comma = max((k for k, i in enumerate(label) if i.kind == "sep" and i.text in {",", "/"}), default=-1)
    if comma > 0 and any(i.kind == "measure" for i in label[:comma]):
        before = _clause(label[:comma], mods, line, depth + 1)
        after = (
            _labelled(label[comma + 1 :], body, mods, line, depth + 1)
            if comma + 1 < len(label)
            else _clause(body, mods, line, depth + 1)
        )
        members = [e for e in (before, after) if e is not None]
        return (
            _join(members, ",", line, Unreadable(label[0].start, body[-1].end, "a row of values")) if members else None
        )
    inner = _clause(body, mods, line, depth + 1)
    if inner is None:
        return _clause(label, mods, line, depth + 1)
    negations = sum(i.kind == "neg" for i in label)
    group = _who(label)
    if group is not None:
        return _if(group, inner, line)
    if not _has(label, _CONTENT):
        for item in label:
            if item.kind == "status" and item.cue is not None and mods == NOTHING:
                inner = _clause(body, mods._replace(status=item.cue.value), line, depth + 1) or inner
            elif item.kind == "window" and item.window is not None:
                inner = with_window(inner, item.window)
        told = _COUNTED.search(line.text, label[0].start, label[-1].end)
        if told is not None:
            members = _list(body, line, depth + 1)
            if isinstance(members, AnyOf):
                count = _NUMBERS.get(told[1].lower(), 0) or int(told[1])
                inner = AtLeast(count, members.of) if count > 1 else members
        elif _ANY.search(line.text, label[0].start, label[-1].end):
            inner = _list(body, line, depth + 1) or inner
        if any(i.kind == "shift" for i in label):
            inner = clouded(inner, line.unreadable(label, "a title that changes the meaning"))
        return negate(inner) if negations % 2 else inner
    outer = _clause(label, mods, line, depth + 1)
    if outer is None:
        return inner
    mark = Unreadable(label[0].start, label[-1].end, "a title and what it names")
    if not any(i.kind == "measure" for i in label) and all(
        isinstance(e, (MeasurementIs, ResultIs, OnSite, Unreadable)) for e in leaves(outer)
    ):
        return inner  # a mere title: "Renal function: creatinine ..."
    if isinstance(outer, Not):
        return negate(between([outer.of, inner], mark))
    return between([outer, inner], mark)


def _who(items: list[Item]) -> Expression | None:
    """Who = ["for" | "in"] (sex | childbearing potential | sex of childbearing potential) {plain word}."""
    found: list[Expression] = []
    for item in items:
        cue = item.cue
        if item.kind == "sex" and cue is not None:
            found.append(SexIs(item.start, item.end, Sex(cue.value)))
        elif item.kind == "pregnancy" and cue is not None and cue.value == "childbearing_potential":
            found = [PregnancyIs(item.start, item.end, ("childbearing_potential",))]
        elif item.kind == "group":
            continue
        elif item.kind not in {"person", "plain", "prep", "if", "agegroup", "modal", "that", "conj", "qual", "link"}:
            return None
    if not found or any(i.kind == "conj" for i in items):
        return None
    return found[0] if len(found) == 1 else None


def _if(when: Expression, then: Expression, line: Line) -> Expression:
    """A requirement on a subgroup: in inclusion lists an `if`, in exclusion lists both."""
    return all_of((when, then)) if line.exclusion else If(when, then)


_DUTY = frozenset(
    {
        "must",
        "should",
        "shall",
        "will",
        "need to",
        "needs to",
        "must have",
        "must be",
        "should have",
        "should be",
        "have",
        "has",
        "are",
        "is",
    }
)


def _subgroup(items: list[Item], kinds: set[str], mods: Mods, line: Line, depth: int) -> Expression | None:
    """Subgroup = who ("must" | on-site promise) clause | "if" clause ("," | "then") clause | clause "if" clause | clause "in" who."""
    if items[0].kind == "if":
        cut = next(
            (
                k
                for k, i in enumerate(items)
                if k and ((i.kind == "sep" and i.text == ",") or i.text in {"then", "must", "should"})
            ),
            -1,
        )
        if cut > 0 and _has(items[1:cut], _CONTENT | {"sex"}) and _has(items[cut + 1 :], _CONTENT):
            when = _who(items[:cut]) or _clause(items[1:cut], NOTHING, line, depth + 1)
            then = _clause(items[cut + 1 :], mods, line, depth + 1)
            if when is not None and then is not None:
                return _if(when, then, line)
        return None
    n = _find(items, "if")
    if n > 0 and _has(items[:n], _CONTENT) and _has(items[n + 1 :], _CONTENT | {"sex"}):
        if items[n].text in {"when", "whenever", "according"}:
            return None
        then = _clause(items[:n], mods, line, depth + 1)
        when = _who(items[n:]) or _clause(items[n + 1 :], NOTHING, line, depth + 1)
        if when is not None and then is not None:
            if items[n].text in {"in the absence of", "for patients without", "in patients without"}:
                when = negate(when)
            return _if(when, then, line)
        return None
    for k, item in enumerate(items):
        if item.kind in {"measure", "term", "analyte", "neg", "lifestyle", "sep", "except"}:
            break
        if (item.kind == "modal" and item.text in _DUTY) or item.kind == "on_site":
            group = _who(items[:k])
            if group is None:
                break
            rest = items[k + 1 :] if item.kind == "modal" else items[k:]
            if (
                item.kind == "modal"
                and item.text in {"have", "has", "are", "is"}
                and not isinstance(group, PregnancyIs)
            ):
                break
            if not _has(rest, _CONTENT):
                break
            then = _clause(rest, mods, line, depth + 1)
            if then is None:
                break
            return _if(group, then, line)
    return None


def _on_site(items: list[Item], mods: Mods, line: Line, depth: int) -> Expression | None:
    """on-site = [clause (","|"and"|"or")] {word} promise {word} [(","|"and"|"or"|"but") statement].

    A promise takes the words after it up to the next statement. What stands in the same part before it is narrowed by
    it ("heart disease that would interfere with the study").
    """
    n = _find(items, "on_site")
    item = items[n]
    assert item.cue is not None
    cut = n
    while cut > 0 and not (items[cut - 1].kind == "sep" or items[cut - 1].kind == "conj"):
        cut -= 1
    stop = n + 1
    while stop < len(items):
        if items[stop].kind in {"conj", "sep"} and _restarts(items, stop + 1):
            break
        if items[stop].kind in {"except", "unless"}:
            break
        stop += 1
    span = items[n:stop]
    begin = items[cut].start
    topics = [i.cue.value for i in span[:4] if i.kind == "on_site" and i.cue is not None]
    topic = (
        next((t for t in topics if t != "ability"), item.cue.value) if item.cue.value == "ability" else item.cue.value
    )
    if cut > 0 and not _has(items[:cut], _CONTENT):
        if any(i.kind in {"word", "qual"} for i in items[:cut]) and not _UNABLE.search(
            line.text, items[0].start, items[cut - 1].end
        ):
            unread: Expression | None = line.unreadable(_trim(items[:cut]))
        else:
            unread, cut = None, 0
    else:
        unread = None
    head = items[cut:n]
    judged = item.cue.value == "investigator_opinion"
    spoken = line.text[(items[cut].start if cut < n else begin) : item.end]
    end = max(item.end, min(span[-1].end, item.start + 90))
    site: Expression = OnSite(item.start, end, topic)
    denied = any(i.kind == "neg" for i in head) or (not judged and _UNABLE.search(spoken) is not None)
    if _has(head, _CONTENT - {"on_site"}):
        if judged:
            head, cut = items[:n], 0
        inner = _clause(_without_trailing(head), mods, line, depth + 1)
        if inner is None:
            expression: Expression = negate(site) if denied else site
        else:
            group = _who(head)
            if group is not None:
                expression = _if(group, site, line)
            elif isinstance(inner, Not):
                expression = negate(all_of((inner.of, site)))
            else:
                expression = all_of((inner, site))
    else:
        expression = negate(site) if denied else site
    parts: list[Expression] = []
    joints: list[str] = []
    if cut > 0:
        before = unread or _clause(items[:cut], mods, line, depth + 1)
        if before is not None:
            parts.append(before)
            joints.append(_joint_at(items, cut - 1))
    parts.append(expression)
    if stop < len(items):
        if items[stop].kind in {"except", "unless"}:
            line.skip(items[stop:])
            return (
                narrowed(expression, Unreadable(items[stop].start, items[-1].end, "an exception"))
                if not cut
                else all_of((*parts, expression))
            )
        after = _clause(items[stop + 1 :], mods, line, depth + 1)
        if after is not None:
            parts.append(after)
            joints.append(_joint_at(items, stop))
    parts = _once(parts)
    if len(parts) == 1:
        return parts[0]
    joint = next((j for j in joints if j), "")
    if joint == "or" or (not joint and line.exclusion):
        return any_of(parts)
    if joint == "and" and line.exclusion:
        return between(parts, Unreadable(items[0].start, items[-1].end, "whether both or either is meant"))
    return all_of(parts)


def _once(parts: list[Expression]) -> list[Expression]:
    """The parts without a promise that only repeats the topic of the one before it."""
    out: list[Expression] = []
    for part in parts:
        last = out[-1] if out else None
        if isinstance(part, OnSite) and isinstance(last, OnSite) and part.topic == last.topic:
            continue
        out.append(part)
    return out


def _without_trailing(items: list[Item]) -> list[Item]:
    """The items without the words that only lead on to what follows ("that would")."""
    b = len(items)
    while b and items[b - 1].kind in {"that", "modal", "person", "prep", "word", "sep", "conj", "plain", "link"}:
        b -= 1
    return items[:b]


def _joint_at(items: list[Item], n: int) -> str:
    for k in (n, n + 1):
        if 0 <= k < len(items) and items[k].kind == "conj":
            cue = items[k].cue
            return cue.value if cue is not None else ""
    return ""


def _restarts(items: list[Item], n: int) -> bool:
    """Whether a new statement begins here: a measure, a negation, a name, a habit, a pregnancy or a new promise."""
    for k in range(n, min(n + 6, len(items))):
        kind = items[k].kind
        if kind in {"measure", "neg", "pregtest", "pregnancy", "lifestyle", "sex", "not_childbearing"}:
            return True
        if kind == "on_site":
            return True
        if kind == "term":
            term = items[k].term
            return term is not None and term.category in CONDITIONS
        if kind in {"conj", "plain", "modal", "person", "status", "qual"} or (kind == "sep" and k == n):
            continue
        return False
    return False


def _examples(
    general: list[Item], cue: Item, examples: list[Item], mods: Mods, line: Line, depth: int
) -> Expression | None:
    """Examples = [clause] ("such as" | "including" | "e.g.") list: the general term, or any of the examples."""
    result = next((i.cue.value for i in general if i.kind == "result" and i.cue is not None), "")
    named = _list(examples, line, depth + 1, Mods(result=result))
    if not _trim(general):
        return named
    broad = _clause(general, mods, line, depth + 1)
    if named is None:
        if _has(examples, frozenset({"word"})):
            line.skip(examples)
        return broad
    mark = Unreadable(general[0].start, general[-1].end, "a general term that could not be read")
    negative = any(i.kind == "neg" for i in general)
    if (
        broad is None
        or isinstance(broad, Unreadable)
        or (negative and isinstance(broad, Not) and isinstance(broad.of, Unreadable))
    ):
        line.skip(general)
        told = any_of((named, mark))
        told = _qualified(told, general)
        return negate(told) if sum(i.kind == "neg" for i in general) % 2 else told
    if isinstance(broad, Not) and negative:
        return negate(any_of((broad.of, named)))
    if not _has(general, _NAMES) or _has(examples, frozenset({"measure", "pregnancy"})):
        return between([broad, named], Unreadable(cue.start, cue.end, "examples of what stands before"))
    return any_of((broad, named))


def _qualified(expression: Expression, general: list[Item]) -> Expression:
    qualifiers = tuple(i.cue.value for i in general if i.kind == "qual" and i.cue is not None)
    status = next((i.cue.value for i in general if i.kind == "status" and i.cue is not None), "")
    if qualifiers:
        expression = with_qualifiers(expression, qualifiers)
    if status in {"history", "active"}:

        def set_status(leaf: Expression) -> Expression:
            if isinstance(leaf, ConditionIs) and leaf.status == "any":
                return replace(leaf, status="history" if status == "history" else "active")
            return leaf

        expression = rebuilt(expression, set_status)
    return expression


_EVIDENCE = frozenset({"by", "per", "as per", "based on", "according to", "in accordance with", "confirmed by", "as confirmed by", "diagnosed by",
                       "documented by", "as documented by", "established by", "verified by", "proven by", "as diagnosed by", "by means of",
                       "on the basis of", "as determined by", "determined by", "as assessed by", "assessed by", "as measured by", "measured by"})  # fmt: skip


def _definition(
    defined: list[Item], cue: Item, definition: list[Item], mods: Mods, line: Line, depth: int
) -> Expression | None:
    """Definition = clause ("defined as" | "i.e." | "as measured by") clause: where both say something, either may decide."""
    told = _clause(defined, mods, line, depth + 1) if _has(defined, _CONTENT | {"word"}) else None
    meant = _clause(definition, NOTHING, line, depth + 1) if _has(definition, _CONTENT) else None
    mark = Unreadable(cue.start, cue.end, "a definition")
    if told is None:
        negations = sum(i.kind == "neg" for i in defined)
        if meant is None:
            return None
        return negate(meant) if negations % 2 else meant
    if meant is None:
        if cue.text in _EVIDENCE or not _has(definition, frozenset({"word"})):
            return told
        rest = line.unreadable([cue, *definition], "a definition that could not be read")
        if isinstance(told, Not):
            return negate(clouded(told.of, rest))
        return clouded(told, rest) if _has(definition, frozenset({"word"})) else told
    if cue.text in _EVIDENCE and not any(isinstance(e, (MeasurementIs, ScoreIs, ResultIs)) for e in leaves(meant)):
        return told if not isinstance(told, Unreadable) else meant
    if isinstance(told, Unreadable):
        return meant
    if isinstance(told, Not):
        return negate(between([told.of, meant], mark))
    return between([told, meant], mark)


def _split(items: list[Item]) -> list[Part]:
    parts = [Part([], "", False)]
    joint, comma = "", False
    for item in items:
        if item.kind == "conj" and item.cue is not None:
            joint = item.cue.value if joint != "or" else joint
        elif item.kind == "sep":
            comma = comma or item.text in {",", "•", "-", ":"}
            joint = joint or ""
            if item.text == "/":
                joint = joint or "/"
            elif not joint:
                joint = ","
        else:
            if (joint or comma) and parts[-1].items:
                parts.append(Part([], joint, comma))
            joint, comma = "", False
            parts[-1].items.append(item)
    return [p for p in parts if p.items]


_SPOKEN = _CONTENT | {"generic", "word", "compound"}


def _denials(items: list[Item]) -> list[Item]:
    """A negation after a name with what it denies, as one item: up to the next statement, over "or" and its commas."""
    n, spoken = 0, False
    for n, item in enumerate(items):
        if item.kind == "neg" and spoken:
            break
        if item.kind in {"sep", "conj"}:
            spoken = False
        elif item.kind in _SPOKEN:
            spoken = True
    else:
        return items
    stop = n + 1
    while stop < len(items):
        item = items[stop]
        if item.kind in {"sep", "conj"}:
            after = next((i for i in items[stop + 1 :] if i.kind not in {"conj", "plain"}), None)
            if after is None or after.kind in {
                "modal",
                "link",
                "neg",
                "measure",
                "on_site",
                "pregtest",
                "person",
                "status",
                "that",
            }:
                break
            if item.kind == "sep" and not any(
                i.kind == "conj" and i.cue is not None and i.cue.value == "or" for i in items[stop:]
            ):
                break
        stop += 1
    rest = items[n + 1 : stop]
    examples = [i for i in rest if i.kind == "group" and any(k.kind == "eg" for k in i.inner)]
    inner = [i for i in rest if i not in examples]
    denied = Item("denied", items[n].start, (inner[-1] if inner else items[n]).end, inner=inner)
    return (
        [*items[:n], *examples, denied, *_denials(items[stop:])]
        if stop < len(items)
        else [*items[:n], *examples, denied]
    )


def _coordination(items: list[Item], mods: Mods, line: Line, depth: int) -> Expression | None:
    """Coordination = part {("," | "and" | "or" | "and/or" | "/") part}.

    A part that only modifies ("severe or", "history of and") modifies the next. A negation holds for the parts after it
    until a part begins a new statement. In an exclusion list two names joined by "and" may mean both or either.
    """
    parts = _split(_denials(items))
    if not parts:
        return None
    if len(parts) > MAX_PARTS:
        rest = [i for p in parts[MAX_PARTS:] for i in p.items]
        parts = parts[:MAX_PARTS]
        line.skip(rest)
        parts.append(Part([], "", False, Unreadable(rest[0].start, rest[-1].end, "too long a list")))
    parts = _join_modifiers(parts)
    carried = mods
    before: Part | None = None
    organs = False
    for part in parts:
        if part.expression is None:
            organs = before is not None and (
                isinstance(before.expression, ConditionIs) or (organs and before.items[-1].kind == "anatomy")
            )
            _read_part(part, carried, line, depth, organs=organs, first=before is None)
        carried = part.mods
        if part.items and any(i.kind == "denied" for i in part.items):
            carried = carried._replace(qualifiers=())
        before = part
    read = [p for p in parts if p.expression is not None]
    if not read:
        return None
    _spread_windows(read)
    return _combine(_runs(read), items, line)


_MODIFYING = frozenset(
    {
        "verb",
        "qual",
        "status",
        "route",
        "plain",
        "person",
        "modal",
        "neg",
        "result",
        "prep",
        "link",
        "shift",
        "narrow",
        "generic",
        "that",
        "agegroup",
        "sex",
    }
)


def _join_modifiers(parts: list[Part]) -> list[Part]:
    """Parts that hold modifiers only are put before the next part; with "or" their qualifiers are alternatives."""
    out: list[Part] = []
    held: list[Part] = []
    for n, part in enumerate(parts):
        last = n == len(parts) - 1
        light = part.expression is None and all(i.kind in _MODIFYING for i in part.items)
        says = any(i.kind in {"qual", "status", "route", "neg", "result", "shift", "narrow"} for i in part.items)
        if light and not last and says and not any(i.kind == "generic" for i in part.items):
            held.append(part)
            continue
        if light and not says and not any(i.kind in {"generic", "sex", "agegroup"} for i in part.items):
            if not last and not held:
                held.append(part)
            continue
        if held:
            out.extend(_alternatives(held, part, joint=held[0].joint if out else ""))
            held = []
        else:
            out.append(part)
    if held and out:
        for part in held:
            out[-1].items.extend(part.items)
    elif held:
        out.append(Part([i for p in held for i in p.items], "", False))
    return out


def _alternatives(held: list[Part], part: Part, *, joint: str) -> list[Part]:
    """The part with the modifiers before it; qualifiers parted by "or" make one part each."""
    joints = {p.joint for p in [*held[1:], part]}
    qualifying = all(i.kind in {"qual", "plain", "person", "modal", "sex"} for p in held for i in p.items)
    own = [i for i in part.items if i.kind == "qual"]
    if "or" in joints and "and" not in joints and qualifying and own and len(held) < 4:
        rest = [i for i in part.items if i is not own[0]]
        copies = [Part([*p.items, *rest], "or", False) for p in held]
        copies[0].joint, copies[0].comma = joint, held[0].comma
        return [*copies, Part(part.items, "or", False)]
    items = [i for p in held for i in p.items]
    statuses = [i for i in items if i.kind == "status"]
    return [Part([*statuses, *(i for i in items if i.kind != "status"), *part.items], joint, held[0].comma)]


def _read_part(part: Part, carried: Mods, line: Line, depth: int, *, organs: bool = False, first: bool = True) -> None:
    """Part = {negation} phrase. `organs`: a part of the body stands for its diseases ("heart disease, liver")."""
    items = part.items
    n = 0
    negations = 0
    while n < len(items) and items[n].kind in {
        "neg",
        "plain",
        "person",
        "modal",
        "that",
        "link",
        "prep",
        "agegroup",
        "verb",
    }:
        negations += items[n].kind == "neg"
        n += 1
    part.negated = negations % 2 == 1
    part.restart = any(i.kind in {"modal", "link", "verb"} for i in items[:n]) or (
        n < len(items) and items[n].kind in {"measure", "on_site", "pregtest"}
    )
    body = [i for i in items[:n] if i.kind not in {"neg"}] + items[n:] if n else items
    if part.restart and part.joint:
        carried = NOTHING
    Phrase(line, carried, depth, _clause, organs=organs, first=first).read(part, body)


def _spread_windows(parts: list[Part]) -> None:
    """A window after the last member of a list holds for the members before it ("A, B or C within 6 months")."""
    last = parts[-1]
    if last.window is None or len(parts) < 2:
        return
    for part in reversed(parts[:-1]):
        if part.window is not None or part.expression is None or part.restart:
            return
        part.expression = with_window(part.expression, last.window)


@dataclass(slots=True)
class _Run:
    expression: Expression
    joint: str
    comma: bool
    count: int


def _runs(parts: list[Part]) -> list[_Run]:
    """Run = part | negation part {part}: the negated parts together are denied, each one of them."""
    runs: list[_Run] = []
    group: list[Expression] = []
    head: Part | None = None
    for part in parts:
        assert part.expression is not None
        if head is not None and not part.negated and not part.restart:
            group.append(part.expression)
            continue
        if head is not None:
            runs.append(_Run(negate(any_of(group)), head.joint, head.comma, len(group)))
            head, group = None, []
        if part.negated:
            head, group = part, [part.expression]
        else:
            runs.append(_Run(part.expression, part.joint, part.comma, 1))
    if head is not None:
        runs.append(_Run(negate(any_of(group)), head.joint, head.comma, len(group)))
    return runs


def _combine(runs: list[_Run], items: list[Item], line: Line) -> Expression:
    """The members under their connectives: one kind of word takes the commas; of two kinds, the one after a comma is outer."""
    every = [r.expression for r in runs]
    if len(every) == 1:
        return every[0]
    words = {r.joint for r in runs[1:] if r.joint in {"and", "or"}}
    span = Unreadable(items[0].start, items[-1].end, "whether all or any of the list is meant")
    if words == {"and", "or"}:
        outer = {r.joint for r in runs[1:] if r.comma and r.joint in {"and", "or"}}
        inner = {r.joint for r in runs[1:] if not r.comma and r.joint in {"and", "or"}}
        if len(outer) == 1 and len(inner) == 1 and outer != inner:
            groups: list[list[_Run]] = [[runs[0]]]
            for run in runs[1:]:
                if run.comma:
                    groups.append([run])
                else:
                    groups[-1].append(run)
            members = [_join([r.expression for r in g], inner.copy().pop(), line, span) for g in groups]
            return _join(members, outer.pop(), line, span)
        by_and: list[list[Expression]] = [[every[0]]]
        by_or: list[list[Expression]] = [[every[0]]]
        for run in runs[1:]:
            if run.joint == "or" or (run.joint == "," and line.exclusion):
                by_and.append([run.expression])
                by_or[-1].append(run.expression)
            else:
                by_and[-1].append(run.expression)
                by_or.append([run.expression])
        first = any_of(all_of(g) for g in by_and)
        second = all_of(any_of(g) for g in by_or)
        return first if first == second else AtLeast(2, (first, second, span))
    joint = words.pop() if words else ("/" if any(r.joint == "/" for r in runs[1:]) else ",")
    return _join(every, joint, line, span)


_NOUNS = (ConditionIs, TreatmentIs, ResultIs)


def _join(members: list[Expression], joint: str, line: Line, span: Unreadable) -> Expression:
    """Joined = members under one connective; a bare comma is "or" where names exclude, "and" where statements require."""
    if len(members) == 1:
        return members[0]
    if joint == "or":
        return any_of(members)
    found = [leaf for m in members for leaf in leaves(m)]
    nouns = all(isinstance(m, _NOUNS) or _is_noun_list(m) for m in members)
    if line.exclusion:
        if all(isinstance(e, (PregnancyIs, LifestyleIs, SexIs)) for e in found):
            return any_of(members) if not any(isinstance(e, SexIs) for e in found) else all_of(members)
        if joint in {",", "/"}:
            if any(isinstance(m, Unreadable) for m in members):
                return _trailing(members, span)
            return any_of(members)
        if nouns:
            return any_of(members) if len(members) > 2 else between(members, span)
        return all_of(members) if len(members) == 2 else between(members, span)
    if joint in {",", "/"}:
        if any(isinstance(m, Unreadable) for m in members):
            return _trailing(members, span)
        if nouns:
            return between(members, span)
    return all_of(members)


def _is_noun_list(expression: Expression) -> bool:
    return not isinstance(expression, (Not, If)) and all(
        isinstance(e, (*_NOUNS, Unreadable)) for e in leaves(expression)
    )


def _trailing(members: list[Expression], span: Unreadable) -> Expression:
    """Unread words set off by a comma: they narrow what stands before them, or are members themselves; not known which."""
    read = [m for m in members if not isinstance(m, Unreadable)]
    unread = [m for m in members if isinstance(m, Unreadable)]
    if not read:
        return Unreadable(span.start, span.end, "words that could not be read")
    body = read[0] if len(read) == 1 else between(read, span)
    return clouded(body, unread[0])
