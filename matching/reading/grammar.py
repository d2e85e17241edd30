"""One line of an eligibility text as an expression: recursive descent over the line's items.

Each function's docstring is its rule. Whatever no rule accounts for becomes an `Unreadable` leaf, joined by the
functions of logic.py so that it can only make the result less certain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from matching.model.codes import Role
from matching.model.criterion import AgeIs, Expression, If, Not, OnSite, Unreadable
from matching.reading.absence import free_for
from matching.reading.cues import Cue
from matching.reading.elapsed import as_windows, read_elapsed
from matching.reading.exceptions import except_from
from matching.reading.glosses import read_definition, read_examples, read_labelled
from matching.reading.items import CONTENT, NAMES, Item, count_words, find, has, read_items, trim
from matching.reading.lists import read_coordination, read_list
from matching.reading.logic import all_of, any_of, between, clouded, factored, leaves, levels, narrowed, negate
from matching.reading.mentions import NOTHING, Mods, shifted_name, with_window
from matching.reading.parts import Line
from matching.reading.people import read_subgroup
from matching.reading.promises import read_promise

MAX_DEPTH = 24
MAX_LENGTH = 8000
"""Characters of a line that are read: what is longer is no sentence."""
MAX_SENTENCES = 400
MAX_LEVELS = 60
"""Levels of an expression: several times what real lines have. Each word makes two at most."""


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
    line = Line(text, end, role is Role.EXCLUSION, _clause)
    line.aged = _bounds_age(items)
    if not items:
        return Reading(Unreadable(start, end, "no words"), 0.0)
    mods, turned = _lead_mods(text, lead) if lead is not None else (NOTHING, False)
    expression = _sentences(items, mods, line)
    if turned and expression is not None:
        expression = clouded(expression, Unreadable(start, end, "what the line above says of it"))
    if expression is None:
        return Reading(Unreadable(start, end, "nothing in it could be read"), 0.0)
    words = count_words(items)
    if words > MAX_LEVELS // 2 and levels(expression) > MAX_LEVELS:
        return Reading(Unreadable(start, end, "too deeply nested"), 0.0)
    expression = factored(expression)
    if rest is not None:
        return Reading(clouded(expression, rest), 0.0)
    return Reading(expression, round(1.0 - len(line.unread) / words, 4) if words else 1.0)


def _bounds_age(items: list[Item]) -> bool:
    for item in items:
        if item.expression is not None and any(isinstance(e, AgeIs) for e in leaves(item.expression)):
            return True
    return False


@lru_cache(maxsize=4)
def _lead_mods(text: str, lead: tuple[int, int]) -> tuple[Mods, bool]:
    """What a lead says of the lines under it, and whether it turns their meaning; kept while they are read.

    "Allergy to any of the following:" makes an allergy of each name under it; "Unable to stop:" makes of them something
    that no table knows.
    """
    status, window = "", None
    shift: Item | None = None
    items = read_items(text, *lead)
    for item in items:
        if item.kind == "shift":
            shift = item
        elif item.kind in NAMES or item.kind == "word":
            shift = None
        if item.kind == "status" and item.cue is not None:
            status = item.cue.value
        elif item.kind == "window":
            window = item.window
        elif item.kind in NAMES:
            status = ""
    if shift is None:
        return Mods(status=status, window=window), _TURNING.search(text, *lead) is not None
    if shifted_name(shift) is None:
        return Mods(status=status, window=window), True
    apart = Item("shift", -_FAR, 1 - _FAR, shift.text, shift.cue)  # it has no place in the line itself
    return Mods(status=status, window=window, shift=apart), False


_FAR = 10**9
_TURNING = re.compile(
    r"(?i)\b(?:un(?:able|willing)\s+to|inability\s+to|fail(?:ed|ure)?\s+to|refus(?:al|ed?|ing)\s+to)\s+"
    r"(?!provide|give|comply|meet|have)[^.:;,]{0,50}(?:\b(?:following|these|below)\b|:?\s*$)"
)


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
    for part, mark in list(zip(parts, marks, strict=True))[:MAX_SENTENCES]:
        joint = _joint(part)
        body = trim(part)
        if not body:
            continue
        if joined and has(body, frozenset({"permit"})) and not has(body, frozenset({"forbid"})):
            exceptions = line.read([i for i in body if i.kind != "permit"], NOTHING, 1)
            if exceptions is not None:
                joined[-1] = (
                    joined[-1][0],
                    except_from(joined[-1][1], [exceptions], exclusion=line.exclusion, widen=not line.exclusion),
                )
                continue
        if joined and _only_tells(body, line):
            line.skip(body)
            continue
        expression = _statement(body, mods, line)
        place = _SOME_SITES.match(line.text, part[0].start) or _SOME_PARTS.match(line.text, part[0].start)
        if expression is not None and place is not None:
            expression = clouded(expression, Unreadable(place.start(), place.end(), "for a part of the study only"))
        if expression is None:
            if has(body, frozenset({"word"})):
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


def _joint(part: list[Item]) -> str:
    """The conjunction that a clause begins or ends with."""
    for item in (part[0], part[-1]) if part else ():
        if item.kind == "conj" and item.cue is not None:
            return item.cue.value
    return ""


_HAPPENS = re.compile(
    r"(?i)\bwill\s+(?:then\s+|automatically\s+)?(?:trigger|prompt|lead\s+to|result\s+in|be\s+(?:referred|evaluated|contacted|notified|reviewed|discussed|informed))\b"
)
_IS_DONE = re.compile(
    r"(?i)\b(?:tests?|assessments?|examinations?|scans?|evaluations?|samples?|biops(?:y|ies)|imaging|electrocardiograms?|ECGs?)\b[^.;]{0,40}\b(?:must|should|will|needs?\s+to|ha(?:s|ve)\s+to)\s+be\s+"
    r"(?:performed|obtained|repeated|done|carried\s+out|conducted|collected|documented|recorded)\b"
)


def _only_tells(items: list[Item], line: Line) -> bool:
    """Whether a further sentence only tells what the study does then ("A score of 1 will trigger a risk assessment")."""
    start, end = items[0].start, items[-1].end
    if _HAPPENS.search(line.text, start, end) is not None:
        return not any(i.kind in {"permit", "forbid", "except", "unless"} for i in items)
    return (
        line.exclusion and not has(items, frozenset({"measure"})) and _IS_DONE.search(line.text, start, end) is not None
    )


_SOME_SITES = re.compile(
    r"(?i)(?:at|for|in)\s+(?:the\s+|all\s+)?(?:study\s+|participating\s+)?(?:sites?|cent(?:er|re)s|countries|regions?)\s+(?:in|of|where|outside|only)\b"
    r"|for\s+(?:the\s+)?(?:U\.?S\.?A?|EU|UK|Japan|China|France|Germany|Korea|India|Canada|Italy|Spain|Taiwan)\b[^:.]{0,20}(?:\bonly\b|:)"
)
_SOME_PARTS = re.compile(
    r"(?i)(?:for\s+|only\s+)?(?:patients|subjects|participants|those|individuals)\s+(?:who\s+are\s+)?(?:enrol+(?:ed|ing)\s+)?(?:in|into|on|of)\s+(?:the\s+)?"
    r"(?:arm|cohort|part|group|stage|phase|stratum)s?\s+(?:[A-H]|\d[ab]?|I{1,3}V?[ab]?)\b"
)
_OR_IF = re.compile(
    r"(?i)\bor\s*,?\s*(?=(?:if|when)\s+(?:on|taking|receiving|using|so|yes|present|treated|they|the\s+(?:patient|subject|participant)))"
)
_WEIGHED = re.compile(
    r"(?i)\b(?:will|should|must|to)\s+be\s+(?:further\s+)?(?:evaluated|reviewed|discussed|considered|assessed)\s+(?:by|with|on\s+a\s+case)\b"
)
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


_MAY_HAVE = frozenset({"have", "have had", "have received", "have been", "receive", "had", "received", "be"})


def _allowed(items: list[Item]) -> list[Item]:
    """What "patients may have received X" lets people have; empty for any other sentence, also one with a condition."""
    n = 0
    while n < len(items) and items[n].kind in {"person", "plain", "agegroup", "sex"}:
        n += 1
    if not 0 < n < len(items) - 2 or items[n].kind != "modal" or items[n].text not in {"may", "can", "might"}:
        return []
    rest = items[n + 1 :]
    if rest[0].text not in _MAY_HAVE and rest[0].kind not in {"modal", "status"}:
        return []
    if any(i.kind in {"neg", "if", "unless", "except", "permit", "forbid", "on_site", "measure"} for i in rest):
        return []
    return rest if has(rest, NAMES) else []


_BARE = frozenset({"no", "without", "none", "none of", "free of", "free from", "never", "have not had", "without any"})


def _denies_names(items: list[Item]) -> bool:
    """Whether diseases or treatments are denied, and no promise: "no insulin", not "no informed consent"."""
    stop = next((k for k, i in enumerate(items) if i.kind == "sep"), len(items))
    return has(items[:stop], NAMES | {"word"}) and not has(items[:stop], frozenset({"on_site"}))


def _statement(items: list[Item], mods: Mods, line: Line) -> Expression | None:
    """Statement = clause. In an exclusion list a duty ("must not have") is a requirement: who fails it is excluded.

    A denial there ("no history of") may be a slip of the same sort, or may be meant: not known which.
    """
    either = _OR_IF.search(line.text, items[0].start, items[-1].end)
    if either is not None and not line.exclusion:
        ahead = [i for i in items if i.end <= either.start()]
        rest = [i for i in items if i.start >= either.start()]
        told = line.read(trim(ahead), mods, 0) if rest and has(ahead, NAMES) else None
        if told is not None:  # "no steroids or, if on steroids, a stable dose": either of them will do
            return any_of((told, line.unreadable(rest, "what is asked of them instead")))
    if any(i.kind == "elapsed" for i in items):
        passed = read_elapsed(items, mods, line)
        if passed is not None:
            return passed
        items = as_windows(items)
    if not line.exclusion:
        weighed = _WEIGHED.search(line.text, items[0].start, items[-1].end)
        ahead = [i for i in items if weighed is not None and i.end <= weighed.start()]
        if weighed is not None and has(ahead, NAMES) and not has(items, frozenset({"measure"})):
            told = line.read(ahead, mods, 0)  # "any use of cannabis will be evaluated": nobody is asked to use it
            site = OnSite(weighed.start(), weighed.end(), "investigator_opinion")
            return site if told is None else If(told, site)
        allowed = _allowed(items)
        if allowed:
            told = line.read(allowed, mods, 0)
            return None if told is None else If(told, told)
        return line.read(items, mods, 0)
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
        if first.text in {"cannot", "can not"} and second is not None and second.text.startswith(("have", "be")):
            return line.read(items[n + 1 :], mods, 0)  # "cannot have epilepsy": who has it is excluded
        if duty or denied:
            told = line.read(items[n + 1 :], mods, 0)
            return None if told is None else negate(told)
        told_of_people = n > 0 and items[n - 1].kind == "person" and first.text in {"without", "free of", "free from"}
        if told_of_people:
            return line.read(items, mods, 0)  # "patients without diabetes": those are the ones who are excluded
        if first.kind == "neg" and (first.text in _DENYING or (first.text in _BARE and _denies_names(items[n + 1 :]))):
            told = line.read(items, mods, 0)
            return (
                None
                if told is None
                else clouded(told, Unreadable(first.start, first.end, "a denial in an exclusion list"))
            )
    return line.read(items, mods, 0)


def _clause(items: list[Item], mods: Mods, line: Line, depth: int) -> Expression | None:
    """Clause = permission | prohibition | label ":" clause | subgroup | on-site | exception | examples | definition | coordination."""
    items = trim(items)
    if not items:
        return None
    if depth > MAX_DEPTH:
        return line.unreadable(items, "too deeply nested")
    kinds = {i.kind for i in items}
    if "forbid" in kinds or "permit" in kinds:
        n = next(k for k, i in enumerate(items) if i.kind in {"forbid", "permit"})
        if has(items[:n], CONTENT - {"on_site"}) and not has(items[n + 1 :], CONTENT - {"on_site"}):
            return _predicate(items, n, mods, line, depth)
    if "sep" in kinds:
        n = next((k for k, i in enumerate(items) if i.kind == "sep" and i.text == ":"), -1)
        if n < 0:
            n = _dashed(items)
        if 0 < n < len(items) - 1:
            return read_labelled(items[:n], items[n + 1 :], mods, line, depth)
    if (
        "on_site" in kinds
        or "sex" in kinds
        or "if" in kinds
        or "pregnancy" in kinds
        or "agegroup" in kinds
        or items[0].kind == "person"
        or (items[0].kind == "status" and "modal" in kinds)
    ):
        found = read_subgroup(items, kinds, mods, line, depth)
        if found is not None:
            return found
    if "on_site" in kinds:
        return read_promise(items, mods, line, depth)
    for kind in ("unless", "except"):
        if kind in kinds:
            n = find(items, kind)
            if n == 0:
                continue
            told = items[n + 1 :]
            away_for = free_for(line.text, told)
            if away_for is not None:
                before = line.read(items[:n], mods, depth + 1)
                if before is not None and (line.exclusion or isinstance(before, Not)):
                    others = read_list(away_for[1], line, depth + 1) if away_for[1] else None
                    timed = with_window(before, away_for[0])  # "other cancer unless disease-free for 5 years"
                    if others is None:
                        return timed
                    return except_from(timed, [others], exclusion=line.exclusion, widen=False)
            allowed = [i for i in told if i.kind == "group" and any(k.kind == "permit" for k in i.inner)]
            if allowed and line.exclusion:  # "other than glaucoma (cataracts are acceptable)": one exception more
                inner = [k for i in allowed for k in i.inner if k.kind != "permit"]
                also = Item("conj", allowed[0].start, allowed[0].start, "or", Cue("conj", "or"))
                told = [*(i for i in told if i not in allowed), also, *inner]
            late = _late_window(told) if kind == "except" else None
            if late is not None:
                told.remove(late)
            before = line.read(items[:n], mods, depth + 1)
            if late is None and before is not None and line.exclusion:
                before = _perhaps_timed(before, told)
            if late is not None and late.window is not None and before is not None:
                before = with_window(before, late.window)
            after = read_list(told, line, depth + 1)
            if after is None:
                after = line.unreadable(items[n:])
            if before is None:
                return clouded(after, line.unreadable(items[:n]))
            return except_from(before, [after], exclusion=line.exclusion, widen=kind == "unless" and not line.exclusion)
    if "eg" in kinds:
        n = find(items, "eg")
        return read_examples(items[:n], items[n], items[n + 1 :], mods, line, depth)
    if "ie" in kinds:
        n = find(items, "ie")
        if n > 0:
            return read_definition(items[:n], items[n], items[n + 1 :], mods, line, depth)
    return read_coordination(items, mods, line, depth)


_FINISHED = re.compile(r"(?:\w{2,}ed|\w{3,}ing|free|since|after|for)$")


_MOST_AFTER = 3


def _perhaps_timed(before: Expression, told: list[Item]) -> Expression:
    """What an exception limits, where a time behind the exception may be said of it: then it holds at that time only.

    "A study other than this one within 6 months or at present".
    """
    n = next((k for k, i in enumerate(told) if i.window is not None), -1)
    window = told[n].window if n > 0 else None
    if window is None or window.upper is None or window.direction not in {"before", "around"}:
        return before
    if any(i.kind in {"that", "link", "verb"} or _FINISHED.search(i.text) for i in told[:n]):
        return before
    if any(getattr(e, "window", None) is not None for e in leaves(before)):
        return before
    return narrowed(before, Unreadable(told[n].start, told[n].end, "whether the time is said of it"))


def _late_window(told: list[Item]) -> Item | None:
    """The window at the end of an exception that is said of what it is an exception to.

    "Cancer, other than of the skin, within 5 years": but not "other than skin cancer treated within 5 years".
    """
    tail = len(told)
    while tail and told[tail - 1].kind in {"plain", "word", "prep"} and len(told) - tail < _MOST_AFTER:
        tail -= 1  # "within 4 weeks prior to the study's | initial dosing"
    told = told[:tail]
    last = told[-1] if told else None
    if (
        last is None
        or last.window is None
        or last.window.lower is not None
        or last.window.direction not in {"before", "around"}
    ):
        return None
    names = [k for k, i in enumerate(told) if i.kind in NAMES]
    between = told[names[-1] + 1 : -1] if names else told
    if not names or any(i.kind in {"that", "link", "verb", "word"} or _FINISHED.search(i.text) for i in between):
        return None
    return None if any(i.window is not None for i in told[:-1]) else last


def _dashed(items: list[Item]) -> int:
    """Where a dash parts a title from the value under it ("performance status - ECOG 0 to 2"), -1 if none does."""
    n = next((k for k, i in enumerate(items[:5]) if i.kind == "sep"), -1)
    if not 0 < n < len(items) - 1 or items[n].text != "-" or items[n + 1].kind != "measure":
        return -1
    title = items[:n]
    return n if all(i.kind in {"analyte", "plain"} for i in title) and has(title, NAMES) else -1


def _predicate(items: list[Item], n: int, mods: Mods, line: Line, depth: int) -> Expression | None:
    """Predicate = clause ("is not allowed" | "is allowed") [("if" | "unless" | window) clause].

    A permission is no requirement: in an inclusion list it concerns only those it names; in an exclusion list it can
    never exclude.
    """
    verb = items[n]
    subject = read_list(items[:n], line, depth + 1) if verb.kind == "forbid" else line.read(items[:n], mods, depth + 1)
    if subject is None:
        return None
    rest = items[n + 1 :]
    if has(rest, frozenset({"word"})):
        subject = narrowed(subject, line.unreadable(rest))
    if verb.kind == "forbid":
        return subject if line.exclusion else negate(subject)
    if line.exclusion:
        return narrowed(subject, Unreadable(verb.start, verb.end, "a permission, not an exclusion"))
    if items[0].text == "only":  # "only patients with asthma will be included"
        return subject
    return If(subject, subject)
