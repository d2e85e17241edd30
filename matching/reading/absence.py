"""How long something must have been away: "no X for 6 months", "unless disease-free for 5 years"."""

from __future__ import annotations

import re
from dataclasses import replace

from matching.model.criterion import ConditionIs, Expression, TreatmentIs, Window
from matching.reading import windows
from matching.reading.exceptions import rebuilt
from matching.reading.items import Item, trim


def away(expression: Expression) -> Expression:
    """What is denied: "no X for (at least) 6 months" says how long X has been away; "for more than" may say either."""

    def within(leaf: Expression) -> Expression:
        if isinstance(leaf, ConditionIs | TreatmentIs) and leaf.window is not None and leaf.window.lower_inclusive:
            return replace(leaf, window=windows.of_absence(leaf.window))
        return leaf

    return rebuilt(expression, within)


_FREE = re.compile(
    r"(?i)[\s,:]*(?:if\s+|when\s+)?(?:(?:the\s+)?(?:patient|subject|participant|individual|she|he|they)s?\s+)?"
    r"(?:(?:has|have|is|are|was|were|been|remain(?:s|ed)?|considered|clinically|continuously|treated|and|curatively|off\s+treatment)\s+)*"
    r"(?:disease|cancer|tumou?r|recurrence|relapse|malignancy|event)[-\s]+free\s+(?:(?:interval|period|survival)\s+)?(?:of\s+disease\s+)?(?:for\s+|of\s+|over\s+)?(?:a\s+)?(?:the\s+(?:last|past|previous)\s+)?"
)
_TO_NOW = re.compile(
    r"(?i)\s*(?:or\s+(?:more|longer|greater))?\s*(?:(?:prior\s+to|before|from|at\s+the\s+time\s+of)\s+[^,;:()]{2,40})?[\s.;)]*"
)


def free_for(text: str, told: list[Item]) -> tuple[Window, list[Item]] | None:
    """The time before now in which the disease must have been away, and the other members of the exception.

    "(unless) disease-free for at least 5 years", "(except) skin cancer or disease-free for 5 years".
    """
    begin = 0
    while begin < len(told):
        stop = next((k for k in range(begin, len(told)) if told[k].kind in {"conj", "sep"}), len(told))
        window = _away_for(text, told[begin].start, told[stop - 1].end) if stop > begin else None
        if window is not None:
            return window, trim([*told[: max(begin - 1, 0)], *told[stop if begin else stop + 1 :]])
        begin = stop + 1
    return None


def _away_for(text: str, start: int, end: int) -> Window | None:
    m = _FREE.match(text, start, end)
    span = windows.leading_span(text, m.end(), end) if m is not None else None
    if span is None or _TO_NOW.fullmatch(text, span[1], end) is None:
        return None
    return windows.of_absence(replace(span[0], direction="duration"))
