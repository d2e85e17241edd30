"""Eligibility text -> blocks: one per bullet, paragraph or inline item, each with its place and its list mark.

Nothing is dropped: the spans of the blocks and their marks together hold every non-space character of the text.
Each pass runs once over the text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from matching.reading import inline_lists

_PHYSICAL = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_TILDE = re.compile(r"[^~]+")

_BULLETS = "*•·●○▪◦‣⁃∙■□◆❖➢➤✓✔–—-"
_MARK = re.compile(
    rf"""(?:
      (?P<bullet> \\?[{re.escape(_BULLETS)}] (?=\s|\\|$) | [•·●○▪◦‣⁃∙■□◆❖➢➤✓✔] | [-–—*] (?=[A-Za-z"(]) | \\?[+>#] (?=\s+[A-Za-z]) )
    | (?P<number> \(?\d{{1,2}}(?:\.\d{{1,2}}){{0,3}} (?: \\?[.)] (?!\d) | \) ) )
    | (?P<code> [IE]\d{{1,2}} [.):] (?=\s) )
    | (?P<roman> \(?(?:i{{1,3}}|iv|vi{{0,3}}|ix|xi{{0,3}}|xiv|xv|I{{2,3}}|IV|VI{{0,3}}|IX|XI{{0,3}}) (?: \\?[.)] ) (?=\s) | [\u2160-\u216f][.)]? (?=\s) )
    | (?P<letter> \(?[A-Za-z] (?: \\?[.)] ) (?=\s|\() | \([a-z]\) )
    )""",
    re.VERBOSE,
)
_SPACE = re.compile(r"\s*")
_LIST_NUMBER = re.compile(r"(?<![\d.])(?P<open>\(?)(?P<number>\d{1,2})(?P<close>\)|\\?\.|\\?\.\))\s*\Z")
_JSON_ITEM = re.compile(r'"(?:[^"\\]|\\.)*"')
_LONE_CONNECTIVE = re.compile(r"(?i)\W*(?:and\s*/\s*or|or|and)\W*")
INLINE_HEADING = re.compile(
    r"""(?<=[\s.;,)\]:-])(?:(?:Key|Main|Major)\ )?
    (?:(?:Inclusion|Exclusion)\ [Cc]riteria|(?:INCLUSION|EXCLUSION)\ CRITERIA)
    (?:\s*[:：]|(?=\ [A-Z]))
    |(?<=\s)(?:DISEASE\ CHARACTERISTICS|PATIENT\ CHARACTERISTICS|PRIOR\ CONCURRENT\ THERAPY):""",
    re.VERBOSE,
)
_NEW_BLOCK_WORD = re.compile(r"(?i)(?:exclusion|inclusion)\s+criteri")


_HEADING_WORDS = ("riteria", "CRITERIA", "CHARACTERISTICS:", "CONCURRENT THERAPY:")


class Block(NamedTuple):
    """One bullet or paragraph.

    `start`, `end` is the quote (no list mark, no outer spaces); `body` where its words begin (after an inline mark).
    `indent` is the column of the mark (of the first word without one), `column` that of the first word.
    `marks` are the kinds of its list marks from the outermost: bullet, number, code, letter, roman; empty: a paragraph.
    """

    start: int
    end: int
    body: int
    indent: int
    column: int
    marks: tuple[str, ...]
    blank_before: bool
    inline: bool = False


class _Physical(NamedTuple):
    start: int
    end: int
    first: int
    blank_before: bool


def _physical_lines(text: str) -> list[_Physical]:
    """Lines that hold more than spaces. A text on one line whose line ends became `~` is parted at those."""
    pattern = _PHYSICAL
    if "~" in text and not _has_line_break(text):
        pattern = _TILDE
    lines: list[_Physical] = []
    blank, last_end = False, 0
    for found in pattern.finditer(text):
        start, end = found.span()
        first = _SPACE.match(text, start, end).end()  # type: ignore[union-attr]  # \s* always matches
        gap = text.count("\n", last_end, start) or text.count("\r", last_end, start)
        if first >= end:
            blank = True
        else:
            while text[end - 1].isspace():
                end -= 1
            lines.append(_Physical(start, end, first, blank or gap > 1))
            blank = False
        last_end = found.end()
    if pattern is _TILDE:
        return _rejoin_ranges(text, lines)
    return lines


def _has_line_break(text: str) -> bool:
    return "\n" in text.strip() or "\r" in text.strip()


def _rejoin_ranges(text: str, lines: list[_Physical]) -> list[_Physical]:
    """A tilde between digits ("5~10") or after a backslash is no line end."""
    joined: list[_Physical] = []
    for line in lines:
        if joined:
            before, after = text[joined[-1].end - 1], text[line.first]
            touching = line.first == joined[-1].end + 1
            if before == "\\" or (touching and before.isdigit() and after.isdigit()):
                joined[-1] = joined[-1]._replace(end=line.end)
                continue
        joined.append(line)
    return joined


def _marks(text: str, first: int, end: int) -> tuple[int, tuple[str, ...]]:
    """Where the words begin, and the kinds of the marks before them (four at most)."""
    position = first
    kinds: list[str] = []
    while len(kinds) < 4:
        found = _MARK.match(text, position, end)
        if found is None:
            break
        after = _SPACE.match(text, found.end(), end).end()  # type: ignore[union-attr]  # \s* always matches
        if after >= end:
            break
        kinds.append(found.lastgroup or "bullet")
        position = after
    return position, tuple(kinds)


def _wraps(text: str, previous: _Physical, line: _Physical, width: int) -> bool:
    """Whether a line goes on the one before: the break is where a line of this text had to break."""
    space = text.find(" ", line.first, line.end)
    word = (space if space >= 0 else line.end) - line.first
    length = previous.end - previous.start + (8 if previous.start == 0 else 0)  # the margin of the first line is lost
    return length + 1 + word > width


def blocks(text: str) -> list[Block]:
    """Bullets and paragraphs in the order of the text; wrapped lines are joined, items on one line are parted."""
    lines = _physical_lines(text)
    if not lines:
        return []
    width = max(line.end - line.start for line in lines)
    wrapped_text = width <= 110 and sum(text.startswith("        ", line.start) for line in lines) * 2 > len(lines)
    made: list[Block] = []
    previous: _Physical | None = None
    for line in lines:
        body, kinds = _marks(text, line.first, line.end)
        indent = line.first - line.start
        if made and previous is not None and not line.blank_before:
            last = made[-1]
            hanging = bool(last.marks) and last.column > 0 and abs(indent - last.column) <= 1 and indent > last.indent
            broken = wrapped_text and _wraps(text, previous, line, 96)
            # "class III or / IV)": what looks like a list mark is none where the line above had to break
            goes_on = (hanging or broken) if not kinds else (hanging and broken)
            if goes_on and not _NEW_BLOCK_WORD.match(text, line.first):
                made[-1] = last._replace(end=line.end)
                previous = line
                continue
        lone = _LONE_CONNECTIVE.fullmatch(text, line.first, line.end)
        if lone and made:
            made[-1] = made[-1]._replace(end=line.end)
        else:
            made.append(
                Block(
                    line.first if "code" in kinds else body,
                    line.end,
                    body,
                    indent,
                    body - line.start,
                    kinds,
                    line.blank_before or previous is None,
                )
            )
        previous = line
    headings = _inline_headings(text)
    parts = [part for block in made for part in _at_headings(text, block, headings)]
    following = [*(_own_number(text, part) for part in parts[1:]), None]
    return [item for part, after in zip(parts, following, strict=True) for item in _parted(text, part, after)]


def _own_number(text: str, block: Block) -> tuple[int, str] | None:
    """The number of the list mark before a block and the signs around it, None where it has another mark or none."""
    if not block.marks or block.marks[-1] != "number":
        return None
    found = _LIST_NUMBER.search(text, max(0, block.body - 10), block.body)
    return (int(found["number"]), found["open"] + found["close"][-1]) if found is not None else None


def _inline_headings(text: str) -> list[int]:
    """Where headings stand in the middle of lines. Each is found by a word that only headings have, not by a scan."""
    starts = set()
    for word in _HEADING_WORDS:
        at = text.find(word)
        while at >= 0:
            # the lookbehind of the pattern sees the character before, so the search may begin at the heading itself
            for found in INLINE_HEADING.finditer(text, max(at - 16, 0), at + len(word) + 8):
                starts.add(found.start())
            at = text.find(word, at + len(word))
    return sorted(starts)


def _at_headings(text: str, block: Block, headings: list[int]) -> Iterator[Block]:
    """One block for each section where a heading stands in the middle of a line."""
    start = block.start
    for heading in headings[bisect_right(headings, block.body) : bisect_left(headings, block.end)]:
        end = _trim_end(text, start, heading)
        if heading - block.body < 40 and text[end - 1] not in ".;:)]":
            continue  # the words before it are the beginning of the same title
        if end > start:
            yield block._replace(start=start, end=end, body=max(start, block.body) if start == block.start else start)
        start = heading
    if start == block.start:
        yield block
    else:
        yield block._replace(start=start, body=start, marks=(), indent=0, column=0)


def _parted(text: str, block: Block, following: tuple[int, str] | None) -> Iterator[Block]:
    """One block for each item of a list that was written on one line. `following` is the list mark of the block behind it."""
    if text.startswith("[", block.start) and text.endswith('"]', block.start, block.end):
        yield from _json_items(text, block)
        return
    own = _own_number(text, block)
    after = following[0] if own is not None and following is not None and following[1] == own[1] else None
    if own is not None and (cuts := inline_lists.next_numbers(text, block.body, block.end, *own, after)):
        for part in _at_cuts(text, block, cuts, level=True):
            yield from _parted_once(text, part)
        return
    yield from _parted_once(text, block)


def _parted_once(text: str, block: Block) -> Iterator[Block]:
    cuts = inline_lists.cuts(text, block.body, block.end, bool(block.marks)) if block.end - block.start >= 40 else []
    parts = _at_cuts(text, block, cuts, level=False) if cuts else (block,)
    for part in parts:
        lettered = inline_lists.letters(text, part.body, part.end) if part.end - part.body >= 30 else []
        if lettered:
            yield from _at_cuts(text, part, lettered, level=False)
        else:
            yield part


def _at_cuts(text: str, block: Block, cuts: list[int], *, level: bool) -> Iterator[Block]:
    """A block and the items that begin at the cuts: under it where it leads them, level with it where it is one of them."""
    head_end = _trim_end(text, block.start, cuts[0])
    if head_end > block.start:
        yield block._replace(end=head_end)
    for cut, following in zip(cuts, [*cuts[1:], block.end], strict=True):
        end = _trim_end(text, cut, following)
        body, kinds = _marks(text, cut, end)
        if level:
            yield Block(cut, end, body, block.indent, block.column, (*block.marks[:-1], *kinds[:1]), False, True)
            continue
        depth = 1 if head_end > block.start and text[head_end - 1] in ":：" else 0
        column = block.column + (2 if block.marks else depth)
        yield Block(cut, end, body, block.indent + depth, column, (*block.marks, *kinds), False, True)


def _json_items(text: str, block: Block) -> Iterator[Block]:
    """`["item", "item"]`: quotes, commas and brackets stay in the quote, not in the words."""
    found = [m.span() for m in _JSON_ITEM.finditer(text, block.start, block.end)]
    begin = block.start
    for number, (start, end) in enumerate(found):
        stop = found[number + 1][0] if number + 1 < len(found) else block.end
        stop = _trim_end(text, end, stop)
        yield block._replace(start=begin, end=stop, body=min(start + 1, stop), marks=("bullet",), inline=True)
        begin = _SPACE.match(text, stop).end()  # type: ignore[union-attr]  # \s* always matches
    if not found:
        yield block


def _trim_end(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1].isspace():
        end -= 1
    return end
