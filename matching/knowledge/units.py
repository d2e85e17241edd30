"""Units as people write them, turned into UCUM codes.

The grammar (one function each, spaces and markdown backslashes anywhere between the parts):

    unit         = [power] [scale] [noun] [factors] | denominators | "(" unit ")"
    power        = ["x"] ("10^9" | "10*9" | "10e9" | "10(9)" | "10" superscript) | "x" ("109" | "1000" | "1,000,000")
    scale        = "K" | "thousand" | "million" | "G" | ...      (before a denominator, or written on to the number)
    noun         = "cells" | "platelets" | ...                   (a counted thing: it leaves no trace in the code)
    factors      = atom [exponent] { separator atom [exponent] }
    separator    = "/" | "per" | "." | "*" | nothing before a negative exponent ("min-1")

Spellings stand in data/units.csv. A spelling is matched by its exact case first ("mM", "D", "METs"), then in any case.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

from matching.knowledge.conversion import Conversion, NotComparable, assume_unit, convert, convert_time, fits, plausible
from matching.knowledge.spellings import trie_pattern

__all__ = [
    "Conversion",
    "NotComparable",
    "assume_unit",
    "convert",
    "convert_time",
    "fits",
    "match_unit",
    "plausible",
    "ucum",
]

_SPACE = r"[\s\u00a0\u2009\u202f\u200b\\]*"
_SKIP = re.compile(_SPACE)
_POWER = re.compile(
    r"(?P<times>[x×*✕∗·•✖]" + _SPACE + r")?(?:"
    r"1[,. ]?000(?P<million>[,. ]?000)?(?!\d)|"
    r"10\s?(?:\\?\^\s?|\\?\*{1,2}\s?|e\s?|exp\s?|<sup>|to the (?:power (?:of )?)?(?:\()?)?(?P<open>[({\[])?\s?\+?(?P<power>\d{1,2})"
    r"(?:th)?\s?(?:</sup>|[)}\]])?"
    r"|10(?P<superscript>[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2})"
    r")(?![\d%])(?![.,]\d)",
    re.IGNORECASE,
)
_BARE_POWER = re.compile(r"10\s?\d", re.IGNORECASE)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_PER = re.compile(
    _SPACE + r"(?:(?P<slash>[/∕⁄])|(?P<per>per\b|in each\b)|(?P<dot>[.·∙•⋅*×])(?=[a-zµμ1]))" + _SPACE, re.IGNORECASE
)
_EXPONENT = re.compile(
    r"(?:\s?\\?\^\s?(?P<raised>[23])|\s?\\?\^\s?[({](?P<braced>[23])[)}]|(?P<digit>[23])|[({](?P<bracket>[23])[)}]|(?P<sup>[²³])|<sup>(?P<html>[23])</sup>"
    r"|\s(?P<word>squared?|cubed?))(?![\d]|[.,]\d)",
    re.IGNORECASE,
)
_SPACED_EXPONENT = re.compile(r"\s[({]?(?P<digit>[23])[)}]?(?![\d\w]|[.,]\d)")
_NEGATIVE = re.compile(r"\s?\\?\^?\s?[({]?(?:[-−–⁻])(?P<digit>[123¹²³])[)}]?(?!\d)")
_SQUARE = re.compile(
    r"(?P<two>square|sq\.?)" + _SPACE + r"(?=m|c)|(?P<three>cubic|cu\.?)" + _SPACE + r"(?=m|c)", re.IGNORECASE
)
_SURFACE = re.compile(
    r"[(\[]?1[.,·]\s?7\d?"
    + _SPACE
    + r"(?:(?:m|square met(?:er|re)s?|sq\.? ?m(?:et(?:er|re)s?)?|met(?:er|re)s? squared)"
    r"(?:\s?\\?\^?\s?2\b|²|<sup>2</sup>|\s?-2)?)?(?:\s?bsa)?[)\]]?(?![\d\w])",
    re.IGNORECASE,
)
_HOURS = re.compile(
    r"(?P<bracket>\()?(?P<hours>\d{1,3})" + _SPACE + r"[.-]?\s?h(?:ours?|rs?|rly)?\b(?:'s)?(?:\surine)?(?(bracket)\))",
    re.IGNORECASE,
)
_HUNDRED = re.compile(r"(?P<count>100|10|1)" + _SPACE + r"(?P<volume>ml|cc|g|gm|grams?)\b", re.IGNORECASE)
_DAILY = re.compile(
    r"\s(?:(?:once\s)?(?P<d>daily|(?:a|each|every) day)|(?P<wk>weekly|(?:a|each|every) week)|(?P<mo>monthly|(?:a|each|every) month))\b"
    r"|\s?/\s?(?P<slash_d>daily)\b|\s?/\s?(?P<slash_wk>weekly)\b",
    re.IGNORECASE,
)
_IMPLICIT = re.compile(r"[\s.·∙•⋅*×]{0,2}[A-Za-zµμ0-9.]{1,14}\s?\\?\^?\s?[({]?[-−–⁻][123¹²³]")
_PLAIN = re.compile(r"[ \u00a0]?(?P<word>[A-Za-z%µμ°²³/^0-9]{1,40})(?=[,;)]|\.?\s+(?P<next>[^\s,;.()\[\]]+)|\.?\s*$)")
_BRACES = re.compile(r"\{([^{}\s]{1,30})\}")
_WHOLE = {"a": "a", "1": "1", "{INR}": "1", "{ratio}": "1", "[pH]": "[pH]", "pH": "[pH]", "(score)": "{score}"}
_WHOLE |= {
    "{T-score}": "{SD}",
    "{Z-score}": "{SD}",
    "{T_score}": "{SD}",
    "{Z_score}": "{SD}",
    "{nominal}": "1",
    "{#}": "1",
}
"""Codes that never stand after a number in running text ("a" is an article there)."""
_FIRST = re.compile(r"^[^\W\d_]+")
_CONTINUING = frozenset("per a each every daily once weekly monthly in squared square cubed cube cells cell".split())
_NEVER = frozenset(".,;:)]}<>=≥≤!?&+'\"")
_LENGTHS = frozenset({"m", "cm", "mm", "dm", "km", "[in_i]"})
_TIMES = frozenset({"a", "mo", "wk", "d", "h", "min", "s", "ms", "%", "mm[Hg]", "{score}"})
_RATED = frozenset(
    {"g", "mg", "ug", "ng", "U", "[IU]", "L", "mL", "meq", "mmol", "kcal", "{drinks}", "{cigarettes}", "{packs}"}
)
_RATED |= frozenset({"{cups}", "{glasses}", "{oz}", "[foz_us]", "kg", "%", "{steps}"})
_NOT_ALONE = frozenset({"10*6", "10*9", "10*12"})


class _Table(NamedTuple):
    """The spellings, by the role a word may play: exact case, any case."""

    atoms_exact: dict[str, str]
    atoms: dict[str, str]
    parts: dict[str, str]
    scales_exact: dict[str, str]
    scales: dict[str, str]
    tails: dict[str, str]
    nouns: frozenset[str]
    begins: frozenset[str]
    continues: frozenset[str]
    atom: re.Pattern[str]
    scale: re.Pattern[str]
    noun: re.Pattern[str]
    tail: re.Pattern[str]


def rows() -> Iterator[dict[str, str]]:
    """The rows of data/units.csv: spelling, code, kind, case, note."""
    table = files("matching.knowledge").joinpath("data/units.csv").read_text(encoding="utf-8")
    yield from csv.DictReader(table.splitlines())


@cache
def _table() -> _Table:
    by_kind: dict[tuple[str, bool], dict[str, str]] = {}
    for row in rows():
        exact = row["case"] == "cs"
        spelling = _key(row["spelling"])
        by_kind.setdefault((row["kind"], exact), {})[spelling] = row["code"]

    def words(*kinds: str) -> str:
        found = {w.lower() for (kind, _), table in by_kind.items() if kind in kinds for w in table}
        return trie_pattern(sorted(found))

    spelled = {w.lower() for table in by_kind.values() for w in table}
    border = r"(?![A-Za-zµμ])"
    return _Table(
        atoms_exact=by_kind["unit", True] | by_kind["code", True],
        atoms=by_kind["unit", False],
        parts=by_kind["part", False],
        scales_exact=by_kind["scale", True],
        scales=by_kind["scale", False],
        tails=by_kind["tail", False],
        nouns=frozenset(by_kind["noun", False]),
        begins=frozenset({w for s in spelled for w in _FIRST.findall(s)} | {"x", "per", "sq", "square", "cubic", "cu"}),
        continues=frozenset({w for s in spelled for w in s.split()[1:]} - {"or"} | _CONTINUING),
        atom=re.compile(words("unit", "code", "part") + border, re.IGNORECASE),
        scale=re.compile(words("scale") + r"(?![A-Za-zµμ0-9\[])", re.IGNORECASE),
        noun=re.compile(words("noun") + r"(?![A-Za-zµμ0-9])", re.IGNORECASE),
        tail=re.compile(_SPACE + r"[({\[]?(" + words("tail") + r")[)}\]]?(?!\w)", re.IGNORECASE),
    )


def _key(spelling: str) -> str:
    return " ".join(spelling.replace("μ", "µ").replace("-", " ").split())


class _Unit:
    """A unit while it is being read."""

    __slots__ = ("above", "below", "power", "tail")

    def __init__(self) -> None:
        self.power = 0
        self.above: list[str] = []
        self.below: list[str] = []
        self.tail = ""

    def code(self) -> str | None:
        above = ([f"10*{self.power}"] if self.power else []) + self.above
        if not above and not self.below:
            return None
        return ".".join(above) + "".join(f"/{b}" for b in self.below) + self.tail


def match_unit(text: str, pos: int, end: int) -> tuple[int, str] | None:
    """The longest unit that begins at `pos` (spaces before it may be skipped): where it ends, and its UCUM code.

    None where no unit begins, and where what begins like one goes on in a way that is not understood ("mg/tablet"):
    half a unit would be sharper than the text.
    """
    plain = _PLAIN.match(text, pos, end)
    if plain is not None and (found := _read_plain(plain)) is not False:
        return found
    at = _skip(text, pos, end)
    if at >= end or text[at] in _NEVER:
        return None
    if text[at] in "([":
        inner = _read(text, at + 1, end, attached=False)
        if inner is not None:
            close = _skip(text, inner[0], end)
            if close < end and text[close] in ")]":
                return close + 1, inner[1]
        if text[at] == "(":
            return None
    if text[at] in "-‑–" and at + 2 < end and text[at + 1].isalpha() and text[at + 2].isalpha():
        at += 1  # "a 6-month course"
    return _read(text, at, end, attached=at == pos)


def _read_plain(plain: re.Match[str]) -> tuple[int, str] | Literal[False] | None:
    """The short way for the common case, one word that nothing continues ("mg/dL and"); False where the long way must go."""
    word, following = plain["word"], plain["next"]
    begins, continues = _table().begins, _table().continues
    if following and (not following.isalpha() or following.lower() in continues):
        return False
    if word.isalpha() and word.lower().replace("μ", "µ") not in begins:
        return None
    if word in _WHOLE or word in ("K", "k"):
        return False
    code = ucum(word)
    return False if code is None else (plain.end("word"), code)


_SPELLINGS: dict[str, str] = {}
"""Spellings that were read before. Only what is a unit from end to end is kept: it holds nothing of a patient."""
_MOST_SPELLINGS = 4096


def ucum(text: str) -> str | None:
    """The UCUM code of a unit as people write it; a UCUM code stays itself. None if it is not a unit.

    Counted things leave no trace ("cells/uL" and "{cells}/uL" are "/uL"); "24 h" is a day.
    """
    known = _SPELLINGS.get(text)
    if known is not None:
        return known
    stripped = text.strip()
    if stripped in _WHOLE:
        return _WHOLE[stripped]
    found = _read(stripped, 0, len(stripped), attached=True) if len(stripped) <= 80 else None
    if found is None or _skip(stripped, found[0], len(stripped)) < len(stripped):
        return None
    if len(_SPELLINGS) < _MOST_SPELLINGS and "{" not in text and len(text) <= 24:
        _SPELLINGS[text] = found[1]
    return found[1]


def _skip(text: str, at: int, end: int) -> int:
    found = _SKIP.match(text, at, end)
    return found.end() if found else at


def _read(text: str, at: int, end: int, *, attached: bool) -> tuple[int, str] | None:
    """Unit = [power] [scale] [noun] [factors] | denominators; `attached`: written on to the number ("100K")."""
    if at >= end:
        return None
    unit = _Unit()
    at = _power(text, at, end, unit)
    at = _scale(text, at, end, unit, attached=attached)
    at = _noun(text, at, end)
    after = _factors(text, at, end, unit)
    if after is None:
        return None
    found = _table().tail.match(text, after, end) if unit.above else None
    if found is not None:
        unit.tail = _table().tails[_key(found[1].lower())]
        after = found.end()
    code = unit.code()
    return None if code is None else (after, code)


def _power(text: str, at: int, end: int, unit: _Unit) -> int:
    """Power = ["x"] "10" mark digits | "x" "10" digit | "x" "1000"."""
    if text[at] not in "xX×*✕∗·•✖1":
        return at
    found = _POWER.match(text, at, end)
    if found is None:
        return at
    if found["superscript"]:
        unit.power = int(found["superscript"].translate(_SUPERSCRIPTS))
    elif found["power"]:
        bare = _BARE_POWER.match(text, found.start() + len(found["times"] or ""), found.end())
        if bare is not None and (not found["times"] or found["power"] not in ("3", "4", "5", "6", "9", "12")):
            return at  # "109" is a power of ten only after a times sign
        unit.power = int(found["power"])
    elif found["times"]:
        unit.power = 6 if found["million"] else 3
    else:
        return at
    return _skip(text, found.end(), end)


def _scale(text: str, at: int, end: int, unit: _Unit, *, attached: bool) -> int:
    """Scale = "K" | "thousand" | ...: a letter only on to the number or before a denominator."""
    table = _table()
    found = table.scale.match(text, at, end)
    if found is None or unit.power:
        return at
    code = table.scales_exact.get(found[0]) or table.scales.get(_key(found[0].lower()))
    if code is None:
        return at
    after = _skip(text, found.end(), end)
    if len(found[0]) == 1:
        per = _PER.match(text, found.end(), end)
        if per is None and not (
            code == "10*3" and (attached or found[0] == "K") and text[found.end() : found.end() + 1] != "-"
        ):
            return at
        if per is not None and code in _NOT_ALONE and not _counted(text, per.end(), end):
            return at
    unit.power = int(code[3:])
    return after


def _counted(text: str, at: int, end: int) -> bool:
    """A volume follows in which things are counted: "G/L" is giga per litre, "G/dL" is grams per decilitre."""
    found = _table().atom.match(text, at, end)
    return found is not None and _key(found[0].lower()) in (
        "l",
        "liter",
        "litre",
        "µl",
        "ul",
        "mcl",
        "mm",
        "mmc",
        "cmm",
    )


def _noun(text: str, at: int, end: int) -> int:
    """Noun = counted things, up to five words, only before "/", "per" or a negative exponent."""
    table = _table()
    start = at
    for _ in range(5):
        braces = _BRACES.match(text, at, end) if at < end and text[at] == "{" else None
        if braces is not None and _key(braces[1].lower()) in table.nouns | {"#", "cell", "rbc"}:
            at = _skip(text, braces.end(), end)
            continue
        found = table.noun.match(text, at, end)
        if found is None:
            break
        at = found.end()
        if text[at : at + 1] == "+":
            at += 1
        at = _skip(text, at, end)
    if at == start:
        return start
    per = _PER.match(text, at, end)
    counted = (per is not None and (per["slash"] or per["per"])) or _IMPLICIT.match(text, at, end)
    return at if counted else start


def _factors(text: str, at: int, end: int, unit: _Unit) -> int | None:
    """Factors = [atom] { separator atom }: where they end, or None when they go on in a way that is not understood."""
    first = _atom(text, at, end, unit.above, below=unit.below, spaced=False)
    after = at if first is None else first
    if first is not None and not unit.below:
        daily = _DAILY.match(text, after, end)
        if daily is not None and unit.above[-1] in _RATED:
            unit.below.append("d" if daily["d"] or daily["slash_d"] else "mo" if daily["mo"] else "wk")
            return daily.end()
    if first is not None and unit.power and unit.above in (["L"], ["mL"], ["uL"]) and not unit.below:
        unit.above, unit.below = [], unit.above  # "x 10^9 L": a stroke was lost, a power of ten of litres there is not
    if first is None and unit.power:
        after = len(text[:at].rstrip()) if at and text[at - 1].isspace() else at
    for _ in range(4):
        per = _PER.match(text, after, end)
        if per is None:
            if _IMPLICIT.match(text, after, end) is None:
                break
            implicit = _skip(text, after, end)
            probe: list[str] = []
            below: list[str] = []
            moved = _atom(text, implicit, end, probe, below=below, spaced=False) if unit.above or unit.power else None
            if moved is None or probe or not below:
                break
            unit.below += below
            after = moved
            continue
        target = unit.above if per["dot"] else unit.below
        if per["dot"] and not unit.above:
            break
        noun_end = _noun(text, per.end(), end)
        moved = _divisor(text, noun_end, end, unit) if not per["dot"] or unit.below else None
        if moved is None:
            moved = _atom(text, noun_end, end, target, below=unit.below, spaced=not per["dot"])
        if moved is None:
            if per["dot"] or not (unit.above or unit.power):
                break
            if not unit.above or unit.above[-1] in _TIMES or not _goes_on(text, per, end):
                break
            return None
        after = moved
    if not unit.above and not unit.below and not unit.power:
        return None
    return after


def _goes_on(text: str, per: re.Match[str], end: int) -> bool:
    """A word follows the separator at once: the unit has a part that is not known."""
    following = text[per.end() : per.end() + 1] if per.end() < end else ""
    return following.isalnum() and (per["per"] is not None or not per[0].endswith((" ", "\n")))


def _divisor(text: str, at: int, end: int, unit: _Unit) -> int | None:
    """Divisor = "1.73 m2" | "24 h" | "100 mL"."""
    found = _SURFACE.match(text, at, end)
    if found is not None and unit.above and unit.above[-1] in ("mL", "L", "uL") and unit.below:
        unit.below.append("{1.73_m2}")
        return found.end()
    found = _HOURS.match(text, at, end)
    if found is not None:
        if unit.below and unit.below[-1] in ("min", "h", "s"):
            return found.end()  # "mL/min per 24-hour urine": how it was collected
        hours = int(found["hours"])
        unit.below.append("d" if hours == 24 else "h" if hours == 1 else f"({hours}.h)")
        return found.end()
    found = _HUNDRED.match(text, at, end)
    if found is not None:
        volume = found["volume"].lower()
        tens = (
            {"100": "dL", "10": "cL", "1": "mL"}
            if volume in ("ml", "cc")
            else {"100": "(100.g)", "10": "(10.g)", "1": "g"}
        )
        unit.below.append(tens[found["count"]])
        return found.end()
    return None


def _atom(text: str, at: int, end: int, target: list[str], *, below: list[str], spaced: bool) -> int | None:
    """Reads atom [exponent] into `target` (into `below` for a negative exponent): where it ends, None if there is none.

    `spaced`: an exponent may stand apart ("cells/mm 3").
    """
    table = _table()
    if at >= end:
        return None
    if text[at] == "{" and (braces := _BRACES.match(text, at, end)) is not None:
        target.append(braces[0])
        return braces.end()
    raised = 0
    squared = _SQUARE.match(text, at, end) if text[at] in "sScC" else None
    if squared is not None:
        raised, at = (2 if squared["two"] else 3), squared.end()
    found = table.atom.match(text, at, end)
    if found is None:
        return None
    key = _key(found[0])
    code = table.atoms_exact.get(key)
    if code is None:
        lower = key.lower()
        code = table.parts.get(lower) if target is below or text[found.end() : found.end() + 1] == "/" else None
        code = code or table.atoms.get(lower)
    if code is None:
        return None
    at = found.end()
    if negative := _NEGATIVE.match(text, at, end):
        power = int(negative["digit"].translate(str.maketrans("¹²³", "123")))
        below.append(_raise(code, power))
        return negative.end()
    if code in _LENGTHS and not raised:
        exponent = _EXPONENT.match(text, at, end) or (_SPACED_EXPONENT.match(text, at, end) if spaced else None)
        if exponent is not None:
            digit = next(g for g in exponent.groups() if g)
            raised = {"²": 2, "³": 3, "squared": 2, "square": 2, "cubed": 3, "cube": 3}.get(digit.lower()) or int(digit)
            at = exponent.end()
    if at < end and (
        text[at].isdigit() or (text[at] in "-‑" and len(found[0]) <= 2 and text[at + 1 : at + 2].isalnum())
    ):
        return None  # "C-peptide", "PD-L1", "B12": no unit
    if raised and code not in _LENGTHS:
        return None  # "per cubic milliliter" cannot be meant
    code = _raise(code, raised) if raised else code
    if target is below:
        code = {"mm3": "uL", "cm3": "mL", "dm3": "L"}.get(code, code)
    for part in code.split("/")[:1]:
        if part:
            target.append(part)
    below.extend(code.split("/")[1:])
    return at


def _raise(code: str, power: int) -> str:
    return code if power == 1 else f"{code}{power}"
