"""What the readers of page texts share: bounded reading, and the lines of a page."""

from __future__ import annotations

from typing import BinaryIO

from app.ingest.words import clean

LARGEST_PAGE = 8 << 20


def page_lines(stream: BinaryIO) -> list[str] | None:
    """The lines without trailing space; None: larger than any page. Bytes that are not UTF-8 are replaced."""
    raw = stream.read(LARGEST_PAGE + 1)
    if len(raw) > LARGEST_PAGE:
        return None
    text = clean(raw.decode("utf-8-sig", "replace"))
    return [line.rstrip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]


def paragraph(lines: list[str]) -> str | None:
    """The lines as one text, without blank ones at either end."""
    return "\n".join(lines).strip("\n") or None


def said(text: str) -> str | None:
    """The text, or None for the dash that pages put in empty places."""
    stripped = text.strip()
    return None if stripped in ("", "-") else stripped


def site_place(text: str) -> tuple[str | None, str | None, str | None]:
    """`Charleston, South Carolina, United States` or `Paris, France` -> city, state, country."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    match parts:
        case [country]:
            return None, None, country
        case [city, country]:
            return city, None, country
        case [*city, state, country]:
            return ", ".join(city), state, country
        case _:
            return None, None, None
