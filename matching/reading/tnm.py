"""The categories of a tumour by their letters: "T2N0M0", "cT3-4a, any N, M0", ">= T3", "N+".

    chain    = [lead] category {gap category} [noun]
    category = [comparator] [prefix] ("T" | "N" | "M") (value [("-" | "/") value] | "any") ["or higher" | "or lower"]
    value    = digit [letter] | "X" | "is" | "+"

A letter behind the digit ("T4a") is a part of the class: who is of the class may be of the part. The same letters name much
else (T1 images, T2 diabetes, T3 hormone, C7-T1, N1 sleep, M1 artery), so one category alone counts only beside words of tumours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from matching.model.criterion import AllOf, AnyOf, Bound, Expression, ScoreIs, Unreadable
from matching.reading import comparators
from matching.reading.comparators import Comparator

SUB_CLASS = "the letter of the class is not told apart"
NO_NUMBER = "a category without a number"
FOR_THE_LAST = "whether this is said of the last alternative only"

_HIGHEST = {"T": 4, "N": 3, "M": 1}
_INSTRUMENTS = {"T": "tnm_t", "N": "tnm_n", "M": "tnm_m"}

_SIGHT = re.compile(r"[TNM](?:[ -]?[0-4]|[xX+]|is\b|a\b|\s?\\?[<>\u2264\u2265]|\s?\(?any\b)")
_PREFIX = r"(?:\(?y\)?[cp]?|[cpr]{1,2}|c/p|[cp] (?=[TNM]\d))?"
_VALUE = r"(?:[0-4](?:[a-c](?:[1-3]|i{1,3}\b|\\?[-/][b-d](?![A-Za-z\d]))?|(?<=4)d|(?<=M1)d|[A-C](?![A-Za-z])|mic?|\s?\((?:i|mol)[+-]\)|\(sn\))?\+?|[xX](?![a-zA-LO-Z])|is\b|a(?![a-z])|\+)"
_SIGN = rf"(?:{comparators.SIGN}|(?i:greater\s+than(?:\s+or\s+equal\s+to)?|less\s+than(?:\s+or\s+equal\s+to)?|(?:more|higher|lower)\s+than|above|below|at\s+least|up\s+to))"
_BEHIND = r"(?P<worse>\s*,?\s*(?i:and|or)\s+(?i:higher|greater|above|more|worse|larger))\b|(?P<better>\s*,?\s*(?i:and|or)\s+(?i:lower|less|below|smaller|earlier))\b"
_CATEGORY = re.compile(
    rf"""(?x)(?P<any>\b(?i:any|all)[ ]?)?(?P<compare>(?<![\w=]){_SIGN}\s*)?(?P<prefix>{_PREFIX})(?P<letter>[TNM])
    (?:\s?(?P<free>any|\(any\))
      |(?P<inner>\s?(?:\\?[<>]\s?=?|[\u2264\u2265])\s?)?[ ]?(?P<low>{_VALUE})(?:\\?\*)?
       (?:(?P<range>\s?(?:\\?[-\u2013\u2014~\uff5e]|(?:to|through)(?=\s))\s?|/)(?:{_PREFIX}(?P=letter)[ ]?)?(?P<high>{_VALUE}))?
      |(?<=[aA]ny[ ][TNM])|(?<=[aA]ll[ ][TNM])|(?<=any[TNM]))
    (?:{_BEHIND})?
    (?=(?:(?:any|\s)?{_PREFIX}[NM]\s?(?:[0-3xX+]|any|\(any|(?<=anyN|anyM)))|(?![\w+*\u00b0%]|[.,]\d|\\?[-\u2013/](?!{_PREFIX}[TNM]\d)\w))"""
)
_GAP = re.compile(
    r"(?:\s|,|;|/|&|\+|\\)*(?:(?:disease|tumou?rs?|lesions?|cancers?|stages?|and\s*/\s*or|and|or|with|plus|nodes?)\b(?:\s|,|;|/|\\)*){0,4}"
)
_OR = re.compile(r"\bor\b|/\s*or")
_LEAD = re.compile(
    r"(?i)\b(?:(?:AJCC|UICC|TNM|clinical|pathologic(?:al)?|primary|tumou?r|nod(?:e|al)|disease|cancer|a|of)[\s-]+){0,4}"
    r"(?:stag(?:e|es|ing)|classification|categor(?:y|ies)|TNM|clinical|pathologic(?:al)?)(?:\s+(?:of|is|with))?[\s:=-]*$"
)
_NOUN = re.compile(
    r"\s+(?:disease|stages?|tumou?rs?|categor(?:y|ies))\b(?!\s+(?:size|diameter|progress|burden|marker))"
)
_TUMOUR = re.compile(
    r"(?i)\b(?:stag(?:e[sd]?|ing)|TNM|AJCC|UICC|tumou?rs?|cancers?|\w*carcinomas?|melanomas?|sarcomas?|NSCLC|nod(?:es?|al)|lymph|"
    r"metasta\w+|malignan\w+|neoplasms?|resect\w+|invasive|mediastin\w+|breasts?|prostat\w+|bladder|rect(?:al|um)|lumpectomy|mastectomy|cystectomy|DCIS|glott\w+|laryn\w+|orophar\w+)\b"
)
_ELSE = re.compile(
    r"(?i)weighted|\bsignal|\bFLAIR|relax|\bmapping|gadolin|multiple\s+sclerosis|demyelin|\bMS\b|vertebra|spin(?:e|al)\b|\b[CL]\d{1,2}\b|thyr|"
    r"\bTSH\b|\bF?T3\b.{0,20}\bF?T4\b.{0,20}\bTSH|\bfree\b|\bvisits?\b|\bdays?\s?\d|time\s?points?|questionnaire|\bsleep\b|macrophage|\basthma|"
    r"diabet|\bT[12]DM?\b|occlusion|\barter(?:y|ies)\b|\bMCA\b|\bmarrow\b|\bFAB\b|\bAML\b|leuk(?:a)?emi|half-?li|\bT\s?cells?\b|\bICH\b|hormone\s+(?:level|test)|triiodo|thyrox"
)
_IMAGED = re.compile(r"(?i)[\s*-]{0,2}(?:w\b|wi\b|weighted|/?\s?flair|signal|hyper|hypo|relax|map|(?:gd|gad\w*|post|pre|contrast)?[\s-]?(?:enhanc|contrast)|images?\b|sequence|MRI\b|sleep|macroph|segment|receptor|cells?\b|high\b|low\b|level)")  # fmt: skip
_GOES_ON = re.compile(
    r"(?:\s?\([^()]{0,25}\))?\s?\\?[-\u2013~]\s?[cpyr]{0,2}[TNM][ ]?[0-4xX]|[cpyr]{0,2}[TNM][0-4xX]|\s?\([^()]{0,25}\)\s?\\?[-\u2013]\s?[0-4]\b"
)
"""A range of whole tumours ("T3N0M0-TxNxM1a"), or letters that were not read: half of it would say another thing."""
_UPPER_END = re.compile(r"[TNM]\d\w{0,2}\s?\([^()]{0,25}\)\s?\\?[-\u2013]\s?$")
_BECOMING = re.compile(r"(?i)\b(?:chang\w+|down-?stag\w+|up-?stag\w+|conver\w+|progress\w+)\b[^.;]{0,20}$")
_HORMONE = re.compile(r"r?T[34]")


@dataclass(slots=True)
class _Category:
    """One category as written: its whole classes, those of which the text means a part, and whether it is open above or below.

    `free`: any value will do. `unnumbered`: a value such as X or "is" stands among the alternatives.
    """

    letter: str
    start: int
    end: int
    whole: set[int] = field(default_factory=set)
    partly: set[int] = field(default_factory=set)
    open_above: bool = False
    open_below: bool = False
    free: bool = False
    unnumbered: bool = False
    sure: bool = False
    alone: bool = False


Spotted = tuple[int, int, Expression]


def spot(text: str, start: int, end: int) -> list[Spotted]:
    """Every chain of categories in text[start:end], which is one line, with its place."""
    if _SIGHT.search(text, start, end) is None:
        return []
    chains: list[list[tuple[str, _Category]]] = []
    last = -1
    for m in _CATEGORY.finditer(text, start, end):
        category = _read(text, m)
        begin = m.start()
        gap = text[last:begin] if chains else ""
        goes_on = bool(chains) and _GAP.fullmatch(gap) is not None
        if category is None or not (goes_on or _begins(text, begin, start)):
            continue
        if goes_on:
            chains[-1].append((gap, category))
        else:
            chains.append([("", category)])
        last = m.end()
    found = []
    for chain in chains:
        if not _is_tnm(text, start, end, chain):
            continue
        told = _expression(chain)
        if told is not None:
            first, stop = chain[0][1].start, chain[-1][1].end
            lead = _LEAD.search(text, max(start, first - 60), first)
            noun = _NOUN.match(text, stop, end)
            found.append((lead.start() if lead else first, noun.end() if noun else stop, told))
    return found


def _begins(text: str, at: int, start: int) -> bool:
    """Whether a word may begin here: "T1" of "C7-T1" or "H1N1" is a part of another."""
    if at <= start:
        return True
    before = text[at - 1]
    if before.isalnum() or before in "._+":
        return False
    if before in "-\u2013/" and at - 2 >= start and not text[at - 2].isspace():
        return False
    return _UPPER_END.search(text, max(start, at - 40), at) is None


def _read(text: str, m: re.Match[str]) -> _Category | None:
    """The category of one match; None for a value that it does not have ("M3")."""
    letter = m["letter"]
    top = _HIGHEST[letter]
    category = _Category(letter, m.start(), m.end())
    category.sure = bool(m["prefix"]) and "r" not in m["prefix"]
    if m["low"] is None:
        category.free = bool(m["free"] or m["any"])
        return category if category.free else None
    low, high = m["low"], m["high"]
    if m["range"] == "/" and m[0].endswith("T1/2"):
        return None  # a half-life
    category.alone = high is None and len(low) == 1
    if low == "+":
        category.whole, category.open_above = set(range(1, top + 1)), True
        return category
    ends = [v for v in (low, high) if v is not None]
    numbers = [int(v[0]) for v in ends if v[0].isdigit()]
    if any(n > top for n in numbers) or (letter != "T" and any(v in {"is", "a"} for v in ends)):
        return None
    category.unnumbered = len(numbers) < len(ends)
    if m["any"] is not None and numbers:
        category.start = m.start() + len(m["any"])  # "any T4": whichever of them
    if not numbers:
        return category
    bottom, most = min(numbers), max(numbers)
    if high is not None and m["range"] != "/" and len(numbers) == 2:
        category.whole = set(range(bottom, most + 1))
    else:
        category.whole = set(numbers)
    lettered = {int(v[0]) for v in ends if v[0].isdigit() and v[1:].strip("+")}
    said = _side(m)
    if low.endswith("+") or (high or "").endswith("+"):
        said = comparators.GE
    if said is not None:
        if high is not None or said.end not in ("lower", "upper"):
            return None
        if said.end == "lower":
            category.whole = set(range(bottom + (0 if said.inclusive else 1), top + 1))
            category.open_above = True
        else:
            category.whole = set(range(0, bottom + (1 if said.inclusive else 0)))
            category.open_below = True
    category.whole -= lettered
    category.partly = lettered
    return category


def _side(m: re.Match[str]) -> Comparator | None:
    """What the words or signs before, inside or behind the category say; a higher class is worse."""
    if m["worse"]:
        return comparators.GE
    if m["better"]:
        return comparators.LE
    said = m["compare"] or m["inner"]
    if said is None:
        return None
    said = said.strip()
    words = comparators.read_words(said.lower(), 0, len(said))
    return words[1] if words is not None else comparators.read_sign(said)


def _is_tnm(text: str, start: int, end: int, chain: list[tuple[str, _Category]]) -> bool:
    """Whether a chain is of a tumour: two letters together are; one alone beside words of tumours, or as the whole line."""
    parts = [c for _, c in chain]
    first, stop = parts[0].start, parts[-1].end
    if _only_restates(text, start, first, stop, parts, end) or _GOES_ON.match(text, stop, end):
        return False
    if _BECOMING.search(text, max(start, first - 50), first):
        return False
    if len({c.letter for c in parts}) > 1:
        return True
    if parts[0].free or all(c.unnumbered and not c.whole for c in parts):
        return False
    if _IMAGED.match(text, stop, end):
        return False
    hormone = all(c.letter == "T" and _HORMONE.fullmatch(text, c.start, c.end) for c in parts)
    if _ELSE.search(text, start, end) is not None:
        return False
    if all(c.sure for c in parts):
        return True
    if _TUMOUR.search(text, start, end) is not None or _NOUN.match(text, stop, end) is not None:
        return True
    whole = not text[start:first].strip(" \t\n*-([") and not text[stop:end].strip(" \t\n.;,)]")
    return whole and not hormone


def _only_restates(text: str, start: int, first: int, stop: int, parts: list[_Category], end: int) -> bool:
    """Whether brackets say once more what stands before them: "(M0)", "(cN0)", "(T4d)", and what names no class above 0.

    "No distant metastases (M0)" denies the metastases, not the category.
    """
    before = text[start:first].rstrip()
    after = text[stop:end].lstrip()
    if not (before.endswith(("(", "[")) and after.startswith((")", "]", "\\)", "\\]")) and before.strip("([\\ \t\n*-")):
        return False
    if len(parts) == 1 and parts[0].letter == "M":
        return True
    none_above = all(c.letter != "T" and not (c.whole | c.partly) - {0} for c in parts)
    return none_above or (len(parts) == 1 and len(parts[0].whole | parts[0].partly) == 1 and not parts[0].open_above)


def _expression(chain: list[tuple[str, _Category]]) -> Expression | None:
    """Chain = group {"or" group}; group = the alternatives of each letter, all of which must hold.

    A letter that comes again after another letter begins the next group ("T1N0, T2N1").
    """
    groups: list[list[list[_Category]]] = []
    doubtful: list[list[_Category]] = []
    previous = ""
    for n, (gap, category) in enumerate(chain):
        here = groups[-1] if groups else []
        letters = [alternatives[0].letter for alternatives in here]
        if category.letter == previous and not category.free and not here[-1][0].free:
            if _OR.search(gap) and n + 1 < len(chain) and _follows_closely(chain[n + 1], category):
                doubtful.append(list(here[-1]))
            here[-1].append(category)
        elif not groups or category.letter in letters or _OR.search(gap):
            groups.append([[category]])
        else:
            here.append([category])
        previous = category.letter
    told = [_group(group) for group in groups]
    if len(groups) > 1:
        _share_the_last(groups, told, chain)
    parts = [e for e in told if e is not None]
    if not parts or (len(parts) < len(told)):
        return None  # a group that lets everybody in says nothing
    for alternatives in doubtful:
        own = _alternatives(alternatives)
        mark = Unreadable(alternatives[0].start, alternatives[-1].end, FOR_THE_LAST)
        parts.append(AllOf((own, mark)))  # "T3 or T2 N1": T3 may need no N
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))


def _follows_closely(after: tuple[str, _Category], category: _Category) -> bool:
    """Whether another letter follows without a comma, so that it may be said of the last alternative only."""
    gap, other = after
    return other.letter != category.letter and not other.free and "," not in gap and ";" not in gap


def _share_the_last(
    groups: list[list[list[_Category]]], told: list[Expression | None], chain: list[tuple[str, _Category]]
) -> None:
    """A letter that only the last group has ("T3N0 or T2N1, M0") may be said of the groups before it too."""
    gaps = {id(c): gap for gap, c in chain}
    for alternatives in groups[-1]:
        letter = alternatives[0].letter
        if alternatives[0].free or not (letter == "M" or "," in gaps[id(alternatives[0])]):
            continue
        if groups[-1][0] is alternatives:
            continue
        mark = Unreadable(alternatives[0].start, alternatives[-1].end, FOR_THE_LAST)
        for n, group in enumerate(groups[:-1]):
            own = told[n]
            if own is not None and all(a[0].letter != letter for a in group):
                told[n] = AllOf((own, AnyOf((_alternatives(alternatives), mark))))


def _group(group: list[list[_Category]]) -> Expression | None:
    parts = tuple(_alternatives(a) for a in group if not any(c.free for c in a))
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _alternatives(categories: list[_Category]) -> Expression:
    """The classes of one letter as intervals, whole ones by themselves, parts of a class with what was not told apart."""
    letter = categories[0].letter
    span = (categories[0].start, categories[-1].end)
    whole = set().union(*(c.whole for c in categories))
    partly = set().union(*(c.partly for c in categories)) - whole
    top = max((max(c.whole) for c in categories if c.open_above and c.whole), default=-1)
    bottom = any(c.open_below and c.whole for c in categories)
    parts: list[Expression] = []
    for low, high in _runs(whole):
        lower = None if bottom and low == 0 else Bound(float(low), "1")
        upper = None if high == top else Bound(float(high), "1")
        parts.append(ScoreIs(*span, _INSTRUMENTS[letter], lower, upper))
    for low, high in _runs(partly):
        leaf = ScoreIs(*span, _INSTRUMENTS[letter], Bound(float(low), "1"), Bound(float(high), "1"))
        parts.append(AllOf((leaf, Unreadable(*span, SUB_CLASS))))
    if any(c.unnumbered for c in categories) or not parts:
        parts.append(Unreadable(*span, NO_NUMBER))
    return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))


def _runs(numbers: set[int]) -> list[tuple[int, int]]:
    """Whole numbers as stretches without a gap."""
    ordered = sorted(numbers)
    if not ordered:
        return []
    starts = [ordered[0], *(b for a, b in pairwise(ordered) if b > a + 1)]
    ends = [*(a for a, b in pairwise(ordered) if b > a + 1), ordered[-1]]
    return list(zip(starts, ends, strict=True))
