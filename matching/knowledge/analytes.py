"""What can be measured or scored: names, LOINC codes, units, usual limits, and the question for a patient.

The table is data/analytes.csv, one analyte or score a row. Names are found in running text by one pattern over all
spellings; an abbreviation that is also a word ("PT", "Na") counts only in its own case.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal, NamedTuple

import ahocorasick

from matching.model.codes import Sex

Kind = Literal["measurement", "score", "result"]
Changes = Literal["can_change", "fixed", "by_itself"]


@dataclass(frozen=True, slots=True)
class Bridge:
    """A way between two units that holds for one analyte only: right = left * slope + intercept."""

    left: str
    right: str
    slope: float
    intercept: float
    note: str


class Limits(NamedTuple):
    """The usual limits of adults in `unit`; None where none is usual."""

    lower: float | None
    upper: float | None
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class AnalyteEntry:
    """One analyte or score.

    `kind` "result": it comes out in words (positive, mutated), a number is the exception.
    `instrument` is the id of a score, None for the rest. `synonyms` are in lower case and match in any case,
    `abbreviations` match in their own case only. `units` are UCUM, the canonical one first.
    `default_unit` is what a trial means that writes a plausible number and no unit.
    `plausible_low` and `plausible_high` are in the canonical unit: what lies outside was misread or mistyped.
    `changes`: whether a value can change, changes by itself (age, time), or is fixed.
    """

    name: str
    kind: Kind
    instrument: str | None
    loinc: str | None
    other_loincs: tuple[str, ...]
    synonyms: tuple[str, ...]
    abbreviations: tuple[str, ...]
    units: tuple[str, ...]
    default_unit: str | None
    molar_mass: float | None
    valence: int | None
    bridges: tuple[Bridge, ...]
    limits: Mapping[Sex, Limits]
    plausible_low: float | None
    plausible_high: float | None
    settings: tuple[str, ...]
    changes: Changes
    question_en: str
    question_es: str

    @property
    def unit(self) -> str | None:
        """The canonical unit; None for a result in words."""
        return self.units[0] if self.units else None


@dataclass(frozen=True, slots=True)
class AnalyteMention:
    """A name in a text, with the words of its setting ("fasting glucose")."""

    start: int
    end: int
    entry: AnalyteEntry
    setting: str | None


SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "fasting": r"fast(?:ing|ed)(?:[\s-]+(?:serum|plasma|venous|blood))*",
        "random": r"(?:random|casual|non-?fasting)(?:[\s-]+(?:serum|plasma|venous|blood))*",
        "postprandial": r"post-?[\s-]?prandial|post-?[\s-]?meal|after[\s-]meals?",
        "2_hour": r"(?:2|two)[\s-]?(?:hours?|hr?)(?:[\s-]+(?:post-?(?:load|challenge|prandial|meal)|ogtt|plasma|oral))*|ogtt",
        "stimulated": r"(?:peak[\s-]+|mixed[\s-]meal[\s-](?:tolerance[\s-]test[\s-])?|mmtt[\s-]|glucagon[\s-]|meal[\s-]|maximal(?:ly)?[\s-]|highest[\s-])*stimulated(?:[\s-]+(?:peak|serum|plasma))*|mmtt",
        "unstimulated": r"(?:unstimulated|non-?stimulated|basal)",
        "post_bronchodilator": r"post-?[\s-]?(?:bronchodilator|bd|albuterol|salbutamol)",
        "pre_bronchodilator": r"pre-?[\s-]?(?:bronchodilator|bd|albuterol|salbutamol)",
        "resting": r"(?:at[\s-]rest|resting)",
        "sitting": r"(?:sitting|seated)",
        "supine": r"(?:supine|semi-?supine)",
        "standing": r"standing",
        "morning": r"(?:(?:early[\s-])?morning|8\s?am)",
        "trough": r"trough",
        "peak": r"peak",
        "room_air": r"(?:on[\s-]room[\s-]air|room[\s-]air)",
        "ambulatory": r"(?:ambulatory|24[\s-]?(?:hours?|hr?)(?:[\s-]ambulatory)?)",
        "corrected": r"(?:albumin[\s-])?(?:corrected|adjusted)(?:[\s-]+(?:serum|total))*",
        "ionised": r"ioni[sz]ed",
    }
)
"""Settings of a measurement, each with the words that stand before or after the name."""

_SPECIMENS = frozenset(
    "urine urinary u csf cerebrospinal sweat saliva salivary stool fecal faecal synovial pleural ascitic ascites cord".split()
)
_BEFORE_LAST = frozenset(
    """fasting fasted serum plasma venous blood random casual prandial postprandial meal meals hour hours h hr load challenge ogtt
    oral total systolic of stimulated peak unstimulated basal bronchodilator bd albuterol salbutamol rest resting sitting
    seated supine standing morning am trough air ambulatory corrected adjusted ionised ionized nonfasting mmtt""".split()
)
"""The last words of what may stand before a name as its setting: a quick look that spares the long one."""
_BLANKS = {ord(c): " " for c in "-‑–—/()[]{}.,;:'’\"®™*_\\|&<>=≥≤~!?#^\t\n\r\u00a0\u2009\u202f"}
_NUMBER_FOLLOWS = re.compile(
    r"[^\w<>=≥≤]{0,3}(?:of |is |should be |must be )?[\\<>=≥≤ ]{1,8}\d|.{0,30}?\bmL/min", re.IGNORECASE
)
_RESULT = re.compile(
    r"[\s-]*(?:(?:positiv|negativ)(?:e|ity)|mutant|mutated|deficient|abnormalit(?:y|ies)|wild[\s-]?type|\+)$",
    re.IGNORECASE,
)
_RUN = re.compile(r"\s\s+")
_WORD = re.compile(r"[a-z0-9]+")
_BORDER = frozenset({"", " ", "+", "%"})


def _split(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split("|") if part.strip())


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def _bridge(cell: str) -> Bridge:
    left, right, slope, intercept, note = (cell.split(">", 1)[0], *cell.split(">", 1)[1].split(":", 3))
    return Bridge(left, right, float(slope), float(intercept), note)


def _limits(row: Mapping[str, str]) -> Mapping[Sex, Limits]:
    found = {}
    for sex, low, high in ((Sex.FEMALE, "lln_female", "uln_female"), (Sex.MALE, "lln_male", "uln_male")):
        if row[low] or row[high]:
            found[sex] = Limits(_number(row[low]), _number(row[high]), row["limit_unit"], row["limit_source"])
    return MappingProxyType(found)


def _entry(row: Mapping[str, str]) -> AnalyteEntry:
    return AnalyteEntry(
        name=row["name"],
        kind=row["kind"],  # type: ignore[arg-type]  # a test reads every row
        instrument=row["instrument"] or None,
        loinc=row["loinc"] or None,
        other_loincs=tuple(code.partition(":")[0] for code in _split(row["other_loincs"])),
        synonyms=_split(row["synonyms"]),
        abbreviations=_split(row["abbreviations"]),
        units=_split(row["units"]),
        default_unit=row["default_unit"] or None,
        molar_mass=_number(row["molar_mass"]),
        valence=int(row["valence"]) if row["valence"] else None,
        bridges=tuple(_bridge(b) for b in _split(row["bridges"])),
        limits=_limits(row),
        plausible_low=_number(row["plausible_low"]),
        plausible_high=_number(row["plausible_high"]),
        settings=_split(row["settings"]),
        changes=row["changes"],  # type: ignore[arg-type]  # a test reads every row
        question_en=row["question_en"],
        question_es=row["question_es"],
    )


def rows() -> Iterator[dict[str, str]]:
    """The rows of data/analytes.csv as they stand."""
    table = files("matching.knowledge").joinpath("data/analytes.csv").read_text(encoding="utf-8")
    yield from csv.DictReader(table.splitlines())


@cache
def entries() -> tuple[AnalyteEntry, ...]:
    """All analytes and scores, in the order of the table."""
    return tuple(_entry(row) for row in rows())


@cache
def _names() -> dict[str, AnalyteEntry]:
    return {entry.name.lower(): entry for entry in entries()}


@cache
def _loincs() -> dict[str, AnalyteEntry]:
    return {code: entry for entry in entries() for code in (entry.loinc, *entry.other_loincs) if code}


@cache
def _instruments() -> dict[str, AnalyteEntry]:
    return {entry.instrument: entry for entry in entries() if entry.instrument}


def _spaced(text: str) -> str:
    return " ".join(text.translate(_BLANKS).split())


def normalise(text: str) -> str:
    """Lower case, one space for every run of spaces and punctuation ("+" and "%" stay), no possessive."""
    return _spaced(text.lower().replace("'s", "").replace("’s", ""))


class _Names(NamedTuple):
    """Spellings that match in any case, those that count in their own case only, and all of them as an automaton.

    The automaton's keys begin with a space, so that it fires at the beginning of a word only; its values are their length.
    """

    free: dict[str, AnalyteEntry]
    exact: dict[str, AnalyteEntry]
    automaton: ahocorasick.Automaton


@cache
def _spellings() -> _Names:
    free: dict[str, AnalyteEntry] = {}
    exact: dict[str, AnalyteEntry] = {}
    automaton = ahocorasick.Automaton()
    for entry in entries():
        for spelling in (entry.name.lower(), *entry.synonyms):
            free.setdefault(normalise(spelling), entry)
            loose = spelling.translate(_BLANKS).rstrip()
            free.setdefault(loose, entry)
            for key in (loose, normalise(spelling)):
                automaton.add_word(" " + key, len(key))
        for spelling in entry.abbreviations:
            exact.setdefault(_spaced(spelling), entry)
            automaton.add_word(" " + _spaced(spelling).lower(), len(_spaced(spelling)))
    automaton.make_automaton()
    return _Names(free, exact, automaton)


def by_name(name: str) -> AnalyteEntry | None:
    """The analyte whose preferred name this is, in any case."""
    return _names().get(name.lower())


def by_loinc(code: str) -> AnalyteEntry | None:
    """The analyte of a LOINC code, also of one of its other codes."""
    return _loincs().get(code)


@cache
def _loinc_settings() -> dict[str, str]:
    cells = (code.partition(":") for row in rows() for code in _split(row["other_loincs"]))
    return {code: setting for code, _, setting in cells if setting}


def setting_of_loinc(code: str) -> str | None:
    """The setting that a LOINC code itself says: 1558-6 is a fasting glucose."""
    return _loinc_settings().get(code)


def by_instrument(instrument: str) -> AnalyteEntry | None:
    """The score with this id (`ecog`, `nyha`, ...)."""
    return _instruments().get(instrument)


def find(text: str) -> AnalyteEntry | None:
    """The analyte that the whole text names, by any of its spellings; words of a setting or specimen may stand around it."""
    found = find_with_setting(text)
    return found[0] if found else None


def find_with_setting(text: str) -> tuple[AnalyteEntry, str | None] | None:
    """The analyte that the whole text names, and its setting: "fasting glucose" is (glucose, "fasting")."""
    free, exact, _ = _spellings()
    spaced = _spaced(text)
    normal = normalise(text)
    entry = exact.get(spaced) or free.get(normal) or (free.get(normal[:-1]) if normal.endswith("s") else None)
    if entry is not None:
        return entry, None
    mentions = spot(text, 0, len(text))
    if len(mentions) != 1:
        return None
    mention = mentions[0]
    rest = _FILLER.sub(" ", text[: mention.start] + " " + text[mention.end :])
    return None if re.search(r"\w", rest) else (mention.entry, mention.setting)


_FILLER = re.compile(
    r"\b(?:serum|plasma|blood|level|levels|value|values|count|counts|concentration|test|measurement|result|total|venous|capillary"
    r"|in|of|by|the|mass|volume|moles|automated|your|latest|last|s|p|result|score|class|status|index)\b|\[[^\]]*\]",
    re.IGNORECASE,
)


@cache
def _around() -> tuple[re.Pattern[str], re.Pattern[str]]:
    named = "|".join(f"(?P<{'x' if key[0].isdigit() else ''}{key}>{words})" for key, words in SETTINGS.items())
    before = re.compile(
        rf"(?<![A-Za-z0-9-])(?:{named})[\s-]+(?:(?:serum|plasma|blood|venous|total|systolic|level of|levels of)[\s-]+)*$",
        re.IGNORECASE,
    )
    after = re.compile(rf"\s{{0,2}}(?:levels?\s)?(?:[,(\[]\s?)?(?:{named})[)\]]?(?![\w-])", re.IGNORECASE)
    return before, after


def spot(text: str, start: int, end: int) -> list[AnalyteMention]:
    """Every analyte or score named in text[start:end]: the longest names, in order, never overlapping."""
    free, exact, automaton = _spellings()
    part = text[start:end]
    if _RUN.search(part) is not None:
        return _spot_wrapped(part, start)
    plain = part.translate(_BLANKS)
    lower = plain.lower()
    if len(lower) != len(plain):  # a character whose lower case is two would shift the offsets
        lower = "".join(c.lower() if len(c.lower()) == 1 else c for c in plain)
    found: list[AnalyteMention] = []
    for last, length in automaton.iter_long(" " + lower):
        first, last = last - length, last  # offsets in `part`: the space in front shifts the end by one
        following = lower[last : last + 2]
        if following[:1] not in _BORDER:
            if following[:1] != "s" or following[1:] not in _BORDER:
                continue
            plural = True
        else:
            plural = False
        entry = exact.get(plain[first:last])
        other = free.get(lower[first:last])
        if entry is None or (other is not None and _NUMBER_FOLLOWS.match(part, last)):
            entry = other  # "EGFR > 60 mL/min" is a filtration rate in capitals, "EGFR mutation" is the gene
        if entry is None:
            continue
        last += plural
        if entry.kind == "result" and (worded := _RESULT.search(part, first, last)) is not None:
            last = worded.start()  # "HR-positive": the result is not part of the name
        while last < len(part) and part[last] in ")]" and _open(part, first, last):
            last += 1
        mention = _place(text, start + first, start + last, start, end, entry)
        if mention is not None:
            if found and found[-1].end > mention.start:
                mention = AnalyteMention(start + first, mention.end, entry, mention.setting)
            found.append(mention)
    return found


def _spot_wrapped(part: str, start: int) -> list[AnalyteMention]:
    """The same where a name may be broken over lines: runs of spaces are read as one, offsets stay those of the source."""
    pieces, marks, shifts = [], [0], [start]
    at = length = 0
    for run in _RUN.finditer(part):
        pieces.append(part[at : run.start()] + " ")
        length += run.start() + 1 - at
        at = run.end()
        marks.append(length)
        shifts.append(start + at - length)
    pieces.append(part[at:])
    joined = "".join(pieces)

    def source(index: int) -> int:
        return index + shifts[bisect_right(marks, index) - 1]

    return [
        AnalyteMention(source(m.start), source(m.end - 1) + 1, m.entry, m.setting) for m in spot(joined, 0, len(joined))
    ]


def _open(part: str, first: int, last: int) -> bool:
    """A bracket was opened inside the name and not closed in it: "lipoprotein (a"."""
    return sum(part.count(c, first, last) for c in "([") > sum(part.count(c, first, last) for c in ")]")


def _place(text: str, first: int, last: int, start: int, end: int, entry: AnalyteEntry) -> AnalyteMention | None:
    """The mention with the words of its setting; None where another specimen is named ("urine glucose")."""
    before, after = _around()
    lead = text[max(start, first - 48) : first]
    words = _WORD.findall(lead[-30:].lower())
    last_word = words[-1] if words and lead[-1] in " -\n\u00a0" else ""
    if last_word in _SPECIMENS or (last_word == "fluid" and words[-2:-1] in (["cerebrospinal"], ["ascitic"])):
        return None
    if entry.settings:
        if last_word in _BEFORE_LAST and (hit := before.search(lead)):
            return AnalyteMention(first - (len(lead) - hit.start()), last, entry, _setting(hit))
        if hit := after.match(text, last, end):
            return AnalyteMention(first, hit.end(), entry, _setting(hit))
    return AnalyteMention(first, last, entry, None)


def _setting(hit: re.Match[str]) -> str | None:
    name = hit.lastgroup
    return name.removeprefix("x") if name else None


def usual_limits(entry: AnalyteEntry, sex: Sex | None) -> Limits | None:
    """The usual limits of adults of this sex; where the sex is not known, only limits that both sexes share."""
    if sex is not None and sex in entry.limits:
        return entry.limits[sex]
    limits = set(entry.limits.values())
    return limits.pop() if len(limits) == 1 and len(entry.limits) == 2 else None
