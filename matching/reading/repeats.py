"""That a value must be found more than once: "on two occasions", "two consecutive tests >= 30", "confirmed by repeat".

    repeat = ["on"] ["at least"] count ["consecutive" | "separate"] tests [time "apart"] | "confirmed by" ("repeat" | "a second") [test]

Which of a patient's values count for it nobody can tell from the latest one, so a value that meets the bound leaves the
statement open, and one that does not meet it settles it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from matching.knowledge import analytes
from matching.model.criterion import AllOf, MeasurementIs, ScoreIs, Unreadable
from matching.reading.logic import leaves
from matching.reading.statements import Spot

REPEATED = "that it was found more than once"

_COUNT = r"(?:two|three|four|2|3|4)(?:\s*\(\d\))?(?:\s+or\s+more)?"
_APART = r"(?:consecutive|separate|successive|different|independent|repeated|repeat|qualifying|distinct)"
_TESTS = (
    r"(?:occasions?|measure(?:ment)?s|readings?|visits|tests?|samples?|specimens?|determinations?|evaluations?|assessments?|values?|results?|times|ECGs?|"
    r"electrocardiograms?|tracings?|draws?|collections?|screenings?|days)"
)
_HOW_FAR = (
    r"(?:,?\s*\(?\s*(?:(?:taken|obtained|performed|measured|collected|separated|spaced|drawn)\s+)?(?:(?:by\s+)?(?:at\s+least|a\s+minimum\s+of|no\s+less\s+than|by|\u2265|\\?>=?|\u2264)\s*)?"
    r"(?:\d+|one|two|three)\s*(?:-\s?\d+\s*)?(?:minutes?|min|hours?|h|days?|weeks?|months?)\s+apart\s*\)?)?"
)
_REPEAT = re.compile(
    rf"""(?ix)
    (?:(?:\b(?:on|at|in|over|from|for|by|with|during|according\s+to|documented\s+(?:on|at|by)|confirmed\s+(?:on|at|by|in|with))\s+)
         (?:at\s+least\s+|any\s+|\u2265\s?|>=\s?)?{_COUNT}\s+(?:{_APART}\s+)?(?:\w+\s+){{0,2}}?{_TESTS}\b
      | \b(?:at\s+least\s+|any\s+)?{_COUNT}\s+{_APART}\s+(?:(?:screening|qualifying|positive|abnormal|documented|fasting|plasma|urine|blood|serum|morning|valid)\s+){{0,2}}(?:{_TESTS}\b)?
      | \bconfirmed\s+(?:by|on|with|upon|after|in|at|through)\s+(?:an?\s+|one\s+)?(?:repeat(?:ed)?|second|re-?test(?:ing|s)?|subsequent|additional)\b(?:\s+(?:\w+\s+)?(?:{_TESTS}|testing|analysis|measurement|assessment|sampling)\b)?
      | \brepeated\s+(?:measurements?|tests?|testing|determinations?)\s+of\b
    ){_HOW_FAR}"""
)
_MEAN = re.compile(r"(?i)\b(?:mean|average|median|best|highest|lowest|sum)\s+(?:\w+\s+)?(?:of|from|over|in|on)\s*\Z")
_BETWEEN = re.compile(
    r"(?i)[\s,]*(?:(?:documented|taken|obtained|measured|recorded|assessed|present|found|seen|as|and|when|at\s+rest|sitting|seated|supine|persistently|"
    r"persistent|which\s+(?:is|are|was|were)|that\s+(?:is|are|was|were)|verified|sustained|both)\b[\s,]*){0,4}"
)
_JOINED = re.compile(r"(?i)[\s,/]*(?:(?:and/or|and|or|a|an|the|both|either|mean|resting|sitting)\b[\s,]*){0,3}")
_STOP = re.compile(r"[;]|\.\s")
_RESULT = re.compile(r"(?i)\b(?:positiv\w+|negativ\w+|abnormal\w*|detect\w+|elevated|reactive)\b[^.;]*\Z")
_FAR = 90


def find(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Where text[start:end] says that something must be found more than once."""
    found = []
    for m in _REPEAT.finditer(text, start, end):
        if _MEAN.search(text, max(start, m.start() - 24), m.start()) or _MEAN.search(text, m.start(), m.end()):
            continue
        found.append((m.start(), m.end()))
    return found


def attach(text: str, spots: Sequence[Spot], repeats: Sequence[tuple[int, int]]) -> list[Spot]:
    """The statements with what must be found more than once: those before the words, else the one that they lead."""
    out = list(spots)
    for start, end in repeats:
        mark = Unreadable(start, end, REPEATED)
        around = next((n for n, s in enumerate(out) if s.start <= start and end <= s.end and _measures(s)), -1)
        if around >= 0:  # "UACR: two consecutive tests >= 30"
            out[around] = replace(out[around], expression=AllOf((out[around].expression, mark)))
            continue
        before = [n for n, s in enumerate(out) if s.end <= start and _measures(s) and start - s.end <= _FAR]
        before = [n for n in before if _STOP.search(text, out[n].end, start) is None]
        if before:
            last = before[-1]
            near = _BETWEEN.fullmatch(text, out[last].end, start) is not None
            n = last
            while True:
                out[n] = replace(out[n], expression=AllOf((out[n].expression, mark)))
                if n - 1 not in before or _JOINED.fullmatch(text, out[n - 1].end, out[n].start) is None:
                    break
                n -= 1
            if near:
                out[last] = replace(out[last], end=end)
            else:
                out.insert(last + 1, Spot(start, end, mark))
            continue
        after = next((n for n, s in enumerate(out) if s.start >= start and _measures(s)), -1)
        if after >= 0 and out[after].start - end <= 40 and _STOP.search(text, end, out[after].start) is None:
            begin = min(start, out[after].start)
            expression = AllOf((out[after].expression, mark))
            between = text[end : out[after].start]
            near = between.count(" ") <= 1 or analytes.find(between) is not None
            out[after] = replace(out[after], start=begin if near else out[after].start, expression=expression)
            if not near:
                out.insert(after, Spot(start, end, mark))
            continue
        if _RESULT.search(text, max(0, start - 60), start) and all(s.end <= start or end <= s.start for s in out):
            out.append(Spot(start, end, mark))  # "a positive test (confirmed by repeat)"
    return sorted(out, key=lambda s: s.start)


def _measures(spot: Spot) -> bool:
    """Whether a statement bounds what is measured."""
    return any(isinstance(e, MeasurementIs | ScoreIs) for e in leaves(spot.expression))
