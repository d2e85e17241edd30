"""Eligibility text -> lines: what each line is, which list and cohort it stands in, and under which line.

Every non-space character of the text lies in one line or in one list mark.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Literal

from matching.model.codes import Role
from matching.reading import headings, inline_lists, leads
from matching.reading.bullets import Block, blocks
from matching.reading.leads import Connective
from matching.reading.lowered import lowered
from matching.reading.sentences import cut_requirements
from matching.reading.tokens import NUMBER_LIKE

_DEEPEST = 50
MAX_LINES = 600
MAX_CHARACTERS = 40_000
MAX_NUMBERS = 1000
"""Several times what the longest texts of the registry have. What lies behind is one line more, which is not read."""
_SHORT = 8000
"""Characters that cannot hold too many numbers to be read in time."""
_NATURAL = {Role.INCLUSION: "all", Role.EXCLUSION: "any"}
_KINDS_DOWN = {"bullet": 0, "number": 1, "code": 1, "letter": 2, "roman": 3}
_PLAIN_TITLE = re.compile(
    r"""(?ix) \W* (?:(?:key|main|major|general|eligibility|patient|subject|study|core|primary|additional|other)\W+)*
    (?:inclusion|exclusion|eligibility)\b (?:\W+(?:and|or|exclusion|inclusion))* \W* (?:criteri(?:a|on|um))?\b [^.;]{0,40} [:\W]* $"""
)
_TITLE_WORDS = ("clusi", "eligib", "characteristics", "concurrent", "following", "criteria")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an eligibility text: `text[start:end]` is its quote, `body` where its own words begin.

    `kind`: criterion, lead (other lines hang on it), or heading. `parent` is the index of the line it hangs on.
    Of a lead: `connective` joins the lines under it, and `negated` says that those must not hold.
    `alternatives`: the lines under it are joined with it by "or" (in an exclusion list: by "AND").
    `names_cohort`: it only names the cohort of the lines under it. `beyond`: it is all that lies behind what is read.
    Of a heading: `silent` when it only names a list or a topic. `context` is the span of a label that the line needs
    to be read ("Age:" over "18 and over").
    """

    index: int
    role: Role
    start: int
    end: int
    body: int
    kind: Literal["criterion", "lead", "heading"] = "criterion"
    parent: int | None = None
    applies_to: str | None = None
    connective: Connective | None = None
    negated: bool = False
    alternatives: bool = False
    silent: bool = False
    heading: str | None = None
    context: tuple[int, int] | None = None
    names_cohort: bool = False
    beyond: bool = False


@dataclass(slots=True)
class _Place:
    """Where the reader stands: the list, the cohort, the label."""

    role: Role = Role.INCLUSION
    outer: str | None = None
    inner: str | None = None
    heading: str | None = None
    context: tuple[int, int] | None = None

    @property
    def applies_to(self) -> str | None:
        return self.inner or self.outer


@dataclass(slots=True)
class _Open:
    """A line that later, deeper lines may hang on."""

    index: int
    indent: int
    column: int
    kind: str
    colon: bool


def split(text: str) -> tuple[Line, ...]:
    """The lines of an eligibility text in order; a text without headings is an inclusion list."""
    found = blocks(text)
    lines: list[Line] = []
    place = _Place()
    stack: list[_Open] = []
    titles: set[int] = set()
    carried: int | None = None
    limit = _end_of_reading(text)
    for number, block in enumerate(found):
        if carried is not None:
            block, carried = block._replace(start=carried, inline=True), None
        if len(lines) >= MAX_LINES or block.start >= limit:
            lines.append(_beyond(len(lines), block.start, found[-1].end, place))
            break
        following = found[number + 1] if number + 1 < len(found) else None
        heading = _heading(text, block, following)
        gathers = (
            heading is not None
            and heading.kind == "section"
            and heading.sentence
            and not _natural(text, block.body, block.end, heading.role or Role.INCLUSION)
        )
        nested_cohort = (
            heading is not None
            and heading.kind == "cohort"
            and bool(block.marks)
            and following is not None
            and following.indent > block.indent
        )
        if nested_cohort:
            pass
        elif heading is not None and gathers:
            _enter(place, heading, text, block.body, False)
            stack.clear()
        elif heading is not None:
            ahead = _leads_a_section(text, following, found, number)
            _enter(place, heading, text, block.body, ahead)
            stack.clear()
            if heading.end >= block.end:
                if following is not None and not _parted_by_line(text, block.end, following.start):
                    carried = block.start
                    continue
                lines.append(_heading_line(text, len(lines), block, heading, place))
                continue
            block = block._replace(body=heading.end, inline=True)
            stack.clear()
        parent = _parent(block, stack, text)
        alone = _is_whole_list(text, lines, block, following)
        _add(text, lines, block, place, parent, limit, alone)
        if nested_cohort and heading is not None:
            lines[-1] = replace(lines[-1], applies_to=heading.applies_to or place.applies_to, names_cohort=True)
        if not block.marks:
            titles.add(len(lines) - 1)
        if len(stack) < _DEEPEST:
            mark = block.marks[-1] if block.marks else "paragraph"
            stack.append(
                _Open(len(lines) - 1, block.indent, block.column, mark, leads.ends_open(text, block.start, block.end))
            )
    _hang_flat_items(text, lines)
    _hang_alternatives(text, lines)
    _mark_leads(text, lines, titles)
    return tuple(lines)


def _end_of_reading(text: str) -> int:
    """Where what is read of a text ends, however few lines it has."""
    if len(text) <= _SHORT:
        return len(text)
    numbers = NUMBER_LIKE.finditer(lowered(text), 0, MAX_CHARACTERS)
    one_too_many = next(islice(numbers, MAX_NUMBERS, None), None)
    return min(len(text), MAX_CHARACTERS) if one_too_many is None else one_too_many.start()


def _beyond(index: int, start: int, end: int, place: _Place) -> Line:
    return Line(index, place.role, start, end, start, applies_to=place.applies_to, heading=place.heading, beyond=True)


def _heading(text: str, block: Block, following: Block | None) -> headings.Heading | None:
    begins_list = following is not None and (
        (bool(following.marks) and not block.marks)
        or len(following.marks) > len(block.marks)
        or following.indent > block.indent
    )
    length = block.end - block.body
    opening = text[block.body : block.body + 220].lower() if length > 220 else text[block.body : block.end].lower()
    titled = _is_titled(opening)
    if titled:
        first = headings.inline_title(text, block.body, block.end)
        if first is not None:
            return first
    if length <= 260 and (titled or length <= 40 or leads.ends_open(text, block.body, block.end)):
        whole = headings.title(text, block.body, block.end, marked=bool(block.marks), followed_by_list=begins_list)
        if whole is not None and not (whole.kind == "label" and not begins_list):
            return whole
    return headings.bare_inline_title(text, block.body, block.end) if titled else None


def _is_titled(opening: str) -> bool:
    for word in _TITLE_WORDS:  # noqa: SIM110  # any() costs a generator, and this runs for every line
        if word in opening:
            return True
    return False


def _natural(text: str, start: int, end: int, role: Role) -> bool:
    """Whether a line joins what follows as its list does anyway: all in an inclusion list, any in an exclusion list."""
    return leads.connective(text, start, end, role).kind == _NATURAL[role]


def _parted_by_line(text: str, end: int, start: int) -> bool:
    return text.find("\n", end, start) >= 0 or text.find("\r", end, start) >= 0


def _leads_a_section(text: str, following: Block | None, found: list[Block], number: int) -> bool:
    """Whether the next line is the title of a list: then a cohort title above it is for that list and those after."""
    if following is None:
        return False
    after = found[number + 2] if number + 2 < len(found) else None
    heading = _heading(text, following, after)
    return heading is not None and heading.kind == "section"


def _enter(place: _Place, heading: headings.Heading, text: str, start: int, ahead: bool) -> None:
    place.heading = " ".join(text[start : heading.end].split())
    match heading.kind:
        case "section":
            place.role = heading.role or Role.INCLUSION
            place.inner = heading.applies_to
            if heading.everyone:
                place.outer = None
            place.context = None
        case "cohort":
            if ahead:
                place.outer, place.inner = heading.applies_to, None
            else:
                place.inner = heading.applies_to
                if heading.everyone:
                    place.outer = None
            place.context = None
        case _:
            place.context = (start, heading.end) if heading.meant else None


def _heading_line(text: str, index: int, block: Block, heading: headings.Heading, place: _Place) -> Line:
    short = block.end - block.start <= 80 and text[block.end - 1] == ":"
    silent = short or _PLAIN_TITLE.match(text[block.start : block.end]) is not None
    return Line(
        index,
        place.role,
        block.start,
        block.end,
        block.body,
        "heading",
        None,
        place.applies_to,
        silent=silent,
        heading=place.heading,
    )


def _parent(block: Block, stack: list[_Open], text: str) -> int | None:
    """The line that a block hangs on: the nearest one that stands further left, or whose mark is of a higher kind."""
    if not stack:
        return None
    kind = block.marks[-1] if block.marks else "paragraph"
    depth = len(block.marks)
    while stack:
        top = stack[-1]
        if kind == "paragraph":
            if block.indent >= top.column > 0 and top.kind != "paragraph":
                return top.index
            stack.pop()
            continue
        if top.kind == "paragraph":
            if block.indent >= top.indent and top.colon:
                return top.index
            stack.pop()
            continue
        if block.indent > top.indent and block.column > top.column + 1:
            return top.index
        if abs(block.indent - top.indent) <= 1 or block.column == top.column:
            same = kind == top.kind
            if not same and not any(o.kind == kind and abs(o.indent - block.indent) <= 1 for o in stack):
                lower = _KINDS_DOWN[kind] > _KINDS_DOWN[top.kind]
                if top.colon or (lower and top.kind != "bullet") or (lower and depth > 1):
                    return top.index
            stack.pop()
            continue
        stack.pop()
    return None


def _is_whole_list(text: str, lines: list[Line], block: Block, following: Block | None) -> bool:
    """Whether a paragraph is all that stands between two headings: then it holds the whole list."""
    if block.marks or (following is not None and not _is_titled(text[following.body : following.body + 80].lower())):
        return False
    return block.body > block.start or (bool(lines) and lines[-1].kind == "heading")


def _add(
    text: str, lines: list[Line], block: Block, place: _Place, parent: int | None, limit: int, whole_list: bool
) -> None:
    """One line for a block, or one for each of its independent sentences, or of the items run together in it."""
    above = lines[parent].applies_to if parent is not None else place.applies_to
    applies_to = headings.line_cohort(text, block.body, block.end) or above
    cuts = cut_requirements(text, block.body, block.end)
    if whole_list:
        cuts = sorted({*cuts, *inline_lists.semicolons(text, block.body, block.end)})
    if run_on := inline_lists.run_on(text, block.body, block.end):
        cuts = sorted({*cuts, *run_on})
    start, body = block.start, block.body
    for cut in [*cuts, block.end]:
        if len(lines) >= MAX_LINES or start >= limit:
            lines.append(_beyond(len(lines), start, block.end, place))
            return
        end = cut
        while end > start and text[end - 1].isspace():
            end -= 1
        lines.append(
            Line(
                len(lines),
                place.role,
                start,
                end,
                body,
                parent=parent,
                applies_to=applies_to,
                heading=place.heading,
                context=place.context,
            )
        )
        start = body = cut


_INDEPENDENT = re.compile(
    r"""(?ix)\W*(?:age[ds]?\b|(?:written|signed|able|willing\w*|ability|informed|provision|capable|voluntar\w+)\b
    |(?:all\s+)?(?:patients?|subjects?|participants?|individuals?|males?|females?|wom[ae]n|men)\b
    |ecog|karnofsky|life\s+expectancy|performance\s+status|body\s+mass|bmi\b|adequate\b|no\s|not\s|must\b)"""
)


def _hang_flat_items(text: str, lines: list[Line]) -> None:
    """Hangs lines that stand level with a lead ("... one of the following:") on it, where what is above says nothing else.

    How far such a list goes is not written: it ends at the next lead, heading, deeper or shallower line, at a line
    that begins as requirements of their own do, and at a full stop after items that had none. Lines for arms of their own
    ("Adult arm: ...") hang on a line that assigns people to them.
    """
    has_children = {line.parent for line in lines if line.parent is not None}
    number = 0
    while number < len(lines):
        lead = lines[number]
        number += 1
        if lead.kind == "heading" or lead.index in has_children or not leads.ends_open(text, lead.start, lead.end):
            continue
        connective = leads.connective(text, lead.body, lead.end, lead.role)
        natural = connective.kind == ("any" if lead.role is Role.EXCLUSION else "all")
        by_arm = len(lines) > number + 1 and all(
            leads.is_for_one_arm(text, line.body, line.end) for line in lines[number : number + 2]
        )
        if (
            natural
            and not by_arm
            and not leads.is_negated(text, lead.body, lead.end)
            and not leads.has_exception(text, lead.body, lead.end)
        ):
            continue
        first = number
        while number < len(lines):
            line = lines[number]
            if (
                line.kind == "heading"
                or line.parent != lead.parent
                or line.role is not lead.role
                or line.index in has_children
            ):
                break
            if by_arm and not leads.is_for_one_arm(text, line.body, line.end):
                break
            if number > first and (
                leads.ends_open(text, line.start, line.end) or _INDEPENDENT.match(text, line.body, line.end)
            ):
                break
            lines[number] = replace(line, parent=lead.index)
            number += 1


def _hang_alternatives(text: str, lines: list[Line]) -> None:
    """Hangs "or ..." on the line before, where no lead gathers the two: together they are one requirement.

    In an exclusion list each stands for itself anyway; there a lone "AND" between two lines joins them.
    """
    has_children = {line.parent for line in lines if line.parent is not None}
    for line, after in pairwise(list(lines)):
        if line.kind != "criterion" or after.kind != "criterion" or line.role is not after.role:
            continue
        if after.parent is not None or line.index in has_children or after.index in has_children:
            continue
        line = lines[line.index]
        if line.parent is not None and not lines[line.parent].alternatives:
            continue
        join = leads.trailing_join(text, line.body, line.end)
        joined = join == "or" or leads.leading_or(text, after.body, after.end)
        wanted = joined if line.role is Role.INCLUSION else join == "AND"
        if wanted:
            head = line.index if line.parent is None else line.parent
            lines[after.index] = replace(after, parent=head)
            lines[head] = replace(lines[head], alternatives=True)


def _mark_leads(text: str, lines: list[Line], titles: set[int]) -> None:
    """Says how each group joins. A title that adds nothing to its list ("Participants must have:") leads no group."""
    joins: dict[int, list[Line]] = {}
    for line in lines:
        if line.parent is not None:
            joins.setdefault(line.parent, []).append(line)
    for index, children in joins.items():
        lead = lines[index]
        connective = leads.connective(text, lead.body, lead.end, lead.role)
        if lead.alternatives:
            joined = Connective("any" if lead.role is Role.INCLUSION else "all")
            lines[index] = replace(lead, kind="lead", connective=joined)
            continue
        if not connective.stated:
            connective = _joined_by_items(text, children, connective)
        if not connective.stated and lead.role is Role.INCLUSION:
            connective = _less_certain(text, lead, children, connective)
        colon = leads.leads_on(text, lead.start, lead.end)
        negated = colon and leads.is_negated(text, lead.body, lead.end)
        if negated and lead.role is Role.EXCLUSION:
            negated = not leads.stops_whoever_has(text, lead.body, lead.end)
        is_title = colon and not negated and lead.parent is None and index in titles
        if is_title and connective.kind == _NATURAL[lead.role] and leads.is_pure(text, lead.body, lead.end):
            silent = lead.end - lead.start <= 80 and text[lead.end - 1] == ":"
            lines[index] = replace(lead, kind="heading", silent=silent)
            for child in children:
                lines[child.index] = replace(lines[child.index], parent=None, context=(lead.body, lead.end))
            continue
        lines[index] = replace(lead, kind="lead", connective=connective, negated=negated)


def _joined_by_items(text: str, children: list[Line], connective: Connective) -> Connective:
    """An "or" at the end of an item, or at the beginning of the next, speaks for the whole list.

    Under an inclusion line, an "or" that stands once in a list whose other items end in nothing joins two of them alone:
    "* platelets >= 100,000 * creatinine normal OR * creatinine clearance >= 60".
    """
    if len(children) > 1 and all(leads.is_for_one_arm(text, line.body, line.end) for line in children):
        return Connective("any")
    ors = [joined_by_or(text, line, after) for line, after in pairwise(children)]
    for line, _ in pairwise(children):
        if leads.trailing_join(text, line.body, line.end) == "AND":
            return Connective("all")
    if not any(ors):
        return connective
    apart = [line for line, alternative in zip(children, ors, strict=False) if not alternative]
    some_only = len(apart) > 1 and not any(text[line.end - 1] in ";," for line in apart)
    if connective.kind == "all" and some_only:
        return Connective("all")
    return Connective("any")


def joined_by_or(text: str, line: Line, after: Line) -> bool:
    """Whether an "or" at the end of an item, or at the beginning of the next, joins the two."""
    if leads.trailing_join(text, line.body, line.end) == "or":
        return True
    return leads.leading_or(text, after.body, after.end)


def _less_certain(text: str, lead: Line, children: list[Line], connective: Connective) -> Connective:
    """A list under an inclusion line holds requirements or alternatives; where neither shows, any of them will do.

    Any is never sharper than all.
    """
    if not leads.leads_on(text, lead.body, lead.end) or leads.demands(text, lead.body, lead.end):
        return connective
    demanding = sum(leads.is_demand(text, child.body, child.end) for child in children)
    needed = len(children) if leads.names_kinds(text, lead.body, lead.end) else len(children) / 2
    return connective if demanding >= needed else Connective("any", stated=False)
