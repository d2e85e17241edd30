"""Where the items of a list begin that was written on one line: ` * A * B`, `1. A 2. B`, `: a) A b) B`, `A; B; C`, `A B C`.

A list is cut only where its marks leave no doubt: in order, at the beginning of items. Each pass runs once over the line.
"""

from __future__ import annotations

import re

_BULLET = re.compile(r"(?<=\s)(?:\\?[*•·●▪◦]|[-–])(?=\s+[A-Za-z0-9≥≤<>\"(])")
_NUMBER = re.compile(r"(?:(?<=\s)|(?<=[.;:,)：；，。]))\(?(\d{1,2})(?:\)|\\?\.(?=\s|[A-Z]))")
_LETTER = re.compile(r"(?:(?<=\s)|(?<=[.;:,)]))\(?([a-k])(?:\)|\.)(?=\s|[A-Z])")
_ROMAN = re.compile(r"(?:(?<=\s)|(?<=[.;:,)]))\(?(i{1,3}|iv|vi{0,3}|ix|x)(?:\)|\.)(?=\s|[A-Z])")
_ORDERS = ((_LETTER, tuple("abcdefghijk")), (_ROMAN, ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")))
_DASH_ITEM = re.compile(
    r"(?<=[.;:,)])\s+[-–•*](?=\s+(?!Notes?\b|NOTE|Exceptions?\b|EXCEPTION|These\b|This\b|Such\b)(?:[A-Z]|[≥≤<>]))"
)
_NEW_ITEM = re.compile(r"[\s(]*[A-Z≥≤<>\"]")
_FIRST_NUMBERS = ("1)", "1.", "1\\")
_MARKS = (" *", " \\*", " •", " ·", " ●", " ▪", " ◦", " - ", " – ", "\n")
_NUMBERED = re.compile(
    r"(?i)(?:\b(?:grades?|stages?|class|types?|phases?|parts?|cohorts?|arms?|groups?|visits?|days?|weeks?|cycles?|levels?|scores?|criteri(?:a|on)|"
    r"items?|steps?|lines?|sections?|no|version|v|and|or|to|than|of|least|is|at|in|on|by|with|for|from|the|a|ca|approx|about|[-–<>=≥≤])|[<>=≥≤/x×-])\s*\Z"
)
"""What stands before a number that belongs to the sentence."""
_ABBREVIATED = re.compile(r"(?i)\b(?:e\.g|i\.e|vs|cf|al|approx|no|nos|fig|incl|excl|ca|sp|spp)\.?\Z")


def cuts(text: str, start: int, end: int, marked: bool) -> list[int]:
    """Where the items inside a line begin, if it holds a list; `marked`: the line has a list mark itself."""
    found = _first_numbers(text, start, end)
    if found:
        return found
    if not _may_hold(text, start, end, _MARKS):
        return []
    stars = [m.start() for m in _BULLET.finditer(text, start, end) if not _is_range(text, start, m.start(), m.end())]
    if not stars:
        return []
    if {text[cut] for cut in stars} <= {"-", "–"} and (marked or len(stars) < 2):
        return _dashes(text, start, end)  # a dash inside a bullet is mostly a dash
    if len(stars) < 2 and text[_before(text, start, stars[0])] not in ":：":
        return []
    return stars


def _is_range(text: str, start: int, at: int, after: int) -> bool:
    """Whether a dash stands between two numbers ("53 - 97 mmol/mol")."""
    return (
        text[at] in "-–" and text[_before(text, start, at)].isdigit() and text[after : after + 2].strip()[:1].isdigit()
    )


def _first_numbers(text: str, start: int, end: int) -> list[int]:
    """1. 2. 3. in order, from the beginning of the line or behind a colon."""
    if not _may_hold(text, start, end, _FIRST_NUMBERS):
        return []
    wanted = 1
    found: list[int] = []
    for m in _NUMBER.finditer(text, start, end):
        if int(m[1]) == wanted:
            found.append(m.start())
            wanted += 1
    if len(found) < 2:
        return []
    before = text[_before(text, start, found[0])]
    return found if found[0] == start or before in ":：" or (before in ".;" and len(found) >= 3) else []


def next_numbers(text: str, start: int, end: int, own: int, style: str, following: int | None) -> list[int]:
    """Where the items behind an item with the number `own` begin ("2. A 3. B 4. C"); `following` is the next line's number.

    `style`: the signs around the number. One number alone may be a part of the sentence: then the next line must go on counting, or a sentence must end before it.
    """
    if following == own + 1:
        return []
    wanted, depth, counted = own + 1, 0, start
    found: list[int] = []
    ended: list[bool] = []
    for m in _NUMBER.finditer(text, start, end):
        if int(m[1]) != wanted or m[0][: m.start(1) - m.start()] + m[0][-1] != style:
            continue
        depth += text.count("(", counted, m.start()) - text.count(")", counted, m.start())
        counted = m.end() if m[0].startswith("(") else m.start()
        if (
            depth > 0
            or _NEW_ITEM.match(text, m.end(), end) is None
            or _NUMBERED.search(text, max(start, m.start() - 16), m.start())
        ):
            continue
        counted = m.end()
        found.append(m.start())
        ended.append(text[_before(text, start, m.start())] in ".;；。,")
        wanted += 1
    if not found:
        return []
    if following == wanted or len(found) >= 2 or (ended[0] and following is None):
        return found
    return []


def letters(text: str, start: int, end: int) -> list[int]:
    """a) b) c) or i) ii) iii) in order behind a colon."""
    if text.find(":", start, end) < 0:
        return []
    for pattern, order in _ORDERS:
        found = _in_order(text, start, end, pattern, order)
        if len(found) >= 2:
            return found
    return []


def _in_order(text: str, start: int, end: int, pattern: re.Pattern[str], order: tuple[str, ...]) -> list[int]:
    depth, counted, style = 0, start, ""
    found: list[int] = []
    for m in pattern.finditer(text, start, end):
        if len(found) == len(order) or m[1] != order[len(found)] or (style and m[0][-1] != style):
            continue
        depth += text.count("(", counted, m.start()) - text.count(")", counted, m.start())
        counted = m.end() if m[0].startswith("(") or m[0].endswith(")") else m.start()
        if depth > 0 or (not found and text[_before(text, start, m.start())] not in ":："):
            continue
        found.append(m.start())
        style = m[0][-1]
    return found


def _dashes(text: str, start: int, end: int) -> list[int]:
    """Dashes inside a bullet that begin items: each behind the end of a sentence or item, before a capital letter."""
    found = [m.end() - 1 for m in _DASH_ITEM.finditer(text, start, end)]
    kept = [cut for cut in found if not _ABBREVIATED.search(text, max(start, cut - 12), _before(text, start, cut) + 1)]
    if not kept:
        return []
    first = text[_before(text, start, kept[0])]
    if first == ":" and len(kept) == 1:
        opened = [
            m.start() for m in _BULLET.finditer(text, kept[0], end) if text[m.end() : m.end() + 2].strip()[:1].isupper()
        ]
        return opened if len(opened) >= 2 else []
    return [cut for cut in kept if text[_before(text, start, cut)] in ".;:"]


_SEMICOLON = re.compile(r"[;；]\s*")
_SENTENCE = re.compile(r"[a-z)\]%]\.\s+[A-Z]")
_OR_ITEM = re.compile(
    r"(?i)\s*(?:and/or|or|and|but|in\s+addition|however|otherwise|unless|except|if|which|that|this|these|such|i\.e|e\.g)\b"
)
_OR_END = re.compile(r"(?i)\b(?:and/or|or|including|following|either|both)\s*\Z")


def semicolons(text: str, start: int, end: int) -> list[int]:
    """Where the items begin of a list that is parted by semicolons alone: two or more, none of them a part of the item before."""
    if text.count(";", start, end) + text.count("；", start, end) < 2 or text.find(": ", start, end) >= 0:
        return []
    if _SENTENCE.search(text, start, end) is not None:
        return []
    depth, counted, last = 0, start, start
    found: list[int] = []
    for m in _SEMICOLON.finditer(text, start, end):
        depth += text.count("(", counted, m.start()) - text.count(")", counted, m.start())
        counted = m.end()
        if depth > 0 or m.end() >= end:
            continue
        if m.start() - last < 4 or _OR_ITEM.match(text, m.end(), end) or _OR_END.search(text, last, m.start()):
            return []
        found.append(m.end())
        last = m.end()
    return found if len(found) >= 2 and end - last >= 4 else []


_RUN_ON = re.compile(
    r"""(?x)(?<=[a-z0-9%)\]])\s+(?=(?:Previous|Prior|History|Untreated|Evidence|Uncontrolled|Pregnan(?:t|cy)|Known|Patients?|Subjects?|Participants?
    |Symptomatic|Serious|Active|Willing|Willingness|Age[ds]?|Signed|Written|Informed|No|Not|Current(?:ly)?|Severe|Any|Male|Female|Women|Men|Adequate|Able|Ability
    |Diagnosis|Diagnosed|Histologic(?:al)?(?:ly)?|Confirmed|Presence|Unable|Unwilling|Inability|Body|Life|ECOG|BMI|HbA1c|Treatment|Use|Concomitant|Concurrent|Participation
    |Allergy|Hypersensitivity|Contraindications?|Clinically|Significant|Recent|Major|Chronic|Acute|Breastfeeding|Lactating|Ha?emoglobin|Platelets?|Creatinine
    |Absolute|Serum|Total|At\ least|Must|Measurable|Left|Systolic|Planned|Ongoing|Received|Hepatic|Renal|Cardiac|Type)\s)"""
)
_GOES_ON = re.compile(
    r"(?i)(?:\b(?:and|or|the|of|with|to|in|for|by|an?|any|no|not|non|from|than|is|are|if|as|at|on|per|who|that|be|have|has|had|see|note|without|versus|vs|all|"
    r"other|prior|known|current|active|previous|severe|acute|chronic|new|serious|significant|major|type|class|grade|stage|phase|part|arm|cohort|group|using|via|"
    r"according|called|named|both|either|between|during|after|before|within|least|more|less|under|over|see)|[-,;:(/&]|(?:(?<=\s)|\()\w{1,3}[.)])\s*\Z"
)
_TITLED = re.compile(r"\b[A-Z][a-z]{2,}")
_SMALL = re.compile(r"\b[a-z]{2,}")


_GATHERS = re.compile(r"(?i)\b(?:following|below|either|one\s+of|(?:two|three|all|any|both)\s+of\s+(?:the|these))\b")
"""How such a paragraph joins what it gathers would be lost with the cuts."""


def _after_a_title(text: str, start: int, at: int) -> bool:
    """Whether the word before has a capital letter too: "Serum | Creatinine" is one name."""
    begin = max(start, text.rfind(" ", start, at) + 1)
    return text[begin : begin + 1].isupper() and text[begin + 1 : at].islower()


def run_on(text: str, start: int, end: int) -> list[int]:
    """Where requirements begin in a paragraph that lost the marks between them: three or more words that begin requirements.

    Each has a capital letter in the middle of a sentence, in a text that does not write its nouns so.
    """
    if end - start < 160:
        return []
    found = []
    for m in _RUN_ON.finditer(text, start, end):
        if _GOES_ON.search(text, max(start, m.start() - 14), m.start()) is None and not _after_a_title(
            text, start, m.start()
        ):
            found.append(m.end())
    if len(found) < 3 or _GATHERS.search(text, start, end) is not None:
        return []
    for cut in found:
        if text.count("(", start, cut) != text.count(")", start, cut):
            return []
    titled = len(_TITLED.findall(text, start, end)) - len(found)
    small = len(_SMALL.findall(text, start, end))
    return found if titled * 5 <= small else []


def _before(text: str, start: int, at: int) -> int:
    """The last character before `at` that is not blank."""
    at -= 1
    while at > start and text[at].isspace():
        at -= 1
    return max(at, 0)


def _may_hold(text: str, start: int, end: int, pieces: tuple[str, ...]) -> bool:
    for piece in pieces:  # noqa: SIM110  # any() costs a generator, and this runs several times a line
        if text.find(piece, start, end) >= 0:
            return True
    return False
