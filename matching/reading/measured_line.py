"""One line while it is read: its text, tokens, names and windows."""

from __future__ import annotations

from dataclasses import dataclass

from matching.knowledge.analytes import AnalyteMention
from matching.reading.tokens import Token
from matching.reading.windows import WindowSpot


@dataclass(frozen=True, slots=True)
class MeasuredLine:
    """text[start:end]; `tokens` with each name in one token, `mentions` the names by where they start."""

    text: str
    start: int
    end: int
    tokens: list[Token]
    mentions: dict[int, AnalyteMention]
    windows: list[WindowSpot]
