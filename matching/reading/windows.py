"""Windows: stretches of time against an anchor, as the line says them.

    window   = [preposition] ["the"] ["past"] [comparator] span [relation anchor] | span "ago"
             | ("during" | "throughout") "the study" | "at" anchor | ("before" | "after") anchor
    span     = number [("-" | "to") number] time_unit ["or" span ["," "whichever is longer"]]
    relation = "before" | "prior to" | "after" | "since" | "of" | ...

A span of time that no word ties to a moment or to a duration ("angina < 6 months") is not claimed: it may mean either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, cast

from matching.model.criterion import Direction, TimeUnit, Window
from matching.reading import comparators, signals
from matching.reading.comparators import Comparator
from matching.reading.lowered import lowered, lowered_word
from matching.reading.numbers import WORDS, read_word

Whichever = Literal["longer", "shorter"] | None


class WindowSpot(NamedTuple):
    """A window and where the line says it."""

    start: int
    end: int
    window: Window


_NUMBER = (
    r"(?:\d+(?:[.,]\d+)?|(?:"
    + "|".join(sorted(WORDS, key=len, reverse=True))
    + r")(?:(?<=ty)-(?:one|two|three|four|five|six|seven|eight|nine))?)"
)
_UNIT = r"half[- ]?li(?:fe|ves)(?:['\u2019]s)?|years?|yrs?\b\.?|months?|mos?\b\.?|mths?|weeks?|wks?\b\.?|days?|hours?|hrs?\b\.?|minutes?|mins?\b\.?|[hd]\b"
_INITIALS = "".join(sorted({word[0] for word in WORDS}))
_WORDS_BEGUN = "|".join(
    f"(?<={letter})(?:{'|'.join(w[1:] for w in sorted(WORDS, key=len, reverse=True) if w[0] == letter)})"
    for letter in _INITIALS
)
_NUMBER_BEGUN = (
    rf"[\d{_INITIALS}](?:(?<![\w.,/][\s\S])|(?<=within[\s\S]))"
    rf"(?:(?<=\d)\d*(?:[.,]\d+)?|(?:{_WORDS_BEGUN})(?:(?<=ty)-(?:one|two|three|four|five|six|seven|eight|nine))?)"
)
"""_NUMBER where no word, or "within", stands right before it: from the first character on, so that a search skips others."""
_SPAN = re.compile(
    rf"(?P<n>{_NUMBER_BEGUN})(?:\s*\\?[(\[]\s*(?P<again>{_NUMBER})\s*\\?[)\]])?(?P<plus>\+)?"
    rf"(?:(?:\s*(?:-|\u2013|to)\s*|\s+(?:-|\u2013|to)\s+)(?P<m>{_NUMBER}))?[\s\u00a0-]*(?:(?:full|calendar|consecutive|complete|elimination|whole|drug|plasma|additional)\s+)?(?P<u>{_UNIT})(?![a-z])(?:['\u2019]s?)?"
)
_LONE = re.compile(
    rf"\b(?:(?:within|in|during|over|for)\s+)?(?:the\s+)?(?:last|past|previous|preceding|prior|latest)\s+(?P<u>{_UNIT})(?![a-z])|\bwithin\s+(?:a|an|one)\s+(?P<v>{_UNIT})(?![a-z])"
)
_LONE_WORDS = ("last", "past", "previous", "preceding", "prior", "latest")
_LONE_BEGINS = re.compile(
    "|".join(rf"{word}\s+(?:{_UNIT})(?![a-z])" for word in _LONE_WORDS) + r"|within\s+(?:a|an|one)\s"
)
"""What every match of _LONE holds: words first, which a search finds much faster than what may stand before them."""
_PAST = r"(?:last|past|previous|prior|preceding|recent|most\s+recent|immediate(?:ly)?\s+(?:past|previous|preceding|prior)|latest)"
_LEFT = re.compile(
    rf"(?ix)(?:\b(?P<prep>within|in|during|over|for|throughout|since|inside|lasting|lasted|persist(?:ing|ed)?\s+for|duration(?:\s+of)?|history\s+of|period\s+of|of|taken|by)\b\s*:?\s*)?"
    rf"(?:(?:the|a|an|their|his/her|at|period\s+of)\s+)?(?P<past>{_PAST}\s+)?(?P<pastcmp>(?:period|interval)\s+of\s+)?$"
)
_LEFT_WORDS = frozenset(
    """within in during over for throughout since inside lasting lasted persist persisting persisted duration of history period taken by the a an
    their his/her at last past previous prior preceding recent most immediate immediately latest interval""".split()
) | {""}
"""The words of _LEFT; a colon may follow them."""
_LEFT_COMPARE = re.compile(
    r"(?ix)(?P<ge>at\s+(?:the\s+)?least|(?:a\s+)?minimum(?:\s+(?:period\s+)?of)?|(?:no|not)\s+(?:less|fewer|shorter|earlier|sooner)\s+th[ae]n|(?:greater|more|longer)\s+th[ae]n\s+or\s+equal(?:\s+to)?|equal\s+to\s+or\s+(?:greater|more|longer)\s+th[ae]n)\s*$"
    r"|(?P<gt>(?:more|greater|longer|earlier|later|older)\s+th[ae]n|over|exceeding|in\s+excess\s+of|beyond)\s*$"
    r"|(?P<le>up\s+to|at\s+most|(?:a\s+)?maximum(?:\s+of)?|(?:no|not)\s+(?:more|longer|greater|later|older)\s+th[ae]n|(?:less|fewer|shorter)\s+th[ae]n\s+or\s+equal(?:\s+to)?|not\s+exceeding)\s*$"
    r"|(?P<lt>(?:less|fewer|shorter|sooner)\s+th[ae]n|under|below)\s*$"
    r"|(?P<near>approximately|about|around|approx\.?)\s*$"
)
_COMPARE_ENDS = frozenset(
    "least minimum of than then to over exceeding beyond most maximum under below approximately about around approx approx.".split()
)
_LEFT_SIGN = re.compile(rf"(?:{comparators.SIGN})\s*$")
_OTHER = re.compile(
    rf"(?i)\s*,?\s*(?:\\?[(\[]\s*)?(?:or|and)\s+(?:(?:for\s+)?(?:at\s+least|within)\s+)?(?P<n>{_NUMBER})(?:\s*\\?[(\[]\s*{_NUMBER}\s*\\?[)\]])?[\s-]*(?:(?:the|elimination|drug|plasma|terminal|times\s+the|x)\s+)*(?P<u>{_UNIT})(?![a-z])"
)
_WHICHEVER = re.compile(
    r"(?i)[^.;]{0,90}?\bwhich\s?ever(?:\s+(?:is|was|comes|occurs|period\s+is|of\s+these\s+is|time\s+is))?\s+(?:the\s+)?(?:(?P<longer>longer|longest|greater|greatest|later|latest|last|more)|(?P<shorter>shorter|shortest|less|earlier|first|sooner))"
)
_CLOSE = re.compile(r"\s*\\?[)\]]")
_ALIKE = re.compile(rf"\s*\\?[(\[]\s*(?:~|\u2248|=|i\.e\.,?)?\s*{_NUMBER}\s*-?\s*(?:{_UNIT})\s*\\?[)\]]", re.IGNORECASE)
_AFTER_OR = re.compile(
    r"(?i)\s*(?:or|and)\s+(?P<more>more|longer|greater|above|over|older)\b|\s*(?:or|and)\s+(?P<less>less|shorter|fewer|under)\b"
)
_RELATION = re.compile(
    r"(?ix)[\s,]*(?:(?:immediately|just|directly|previously|period|interval|time)\s+)*(?:"
    r"(?P<before>before|prior(?:\s+to)?|preceding|previous\s+to|preceeding|leading\s+up\s+to|in\s+advance\s+of|ahead\s+of|pre-?(?=\s?[a-z]))"
    r"|(?P<after>after|following|since|post-?|subsequent\s+to|(?:out|away|removed)\s+from|from|beyond|elapsed\s+since|have\s+elapsed\s+since|must\s+have\s+elapsed\s+(?:since|from|between))"
    r"|(?P<around>of)|(?P<at>at(?:\s+the\s+time\s+of)?)|(?P<ago>ago|earlier|previously|back)|(?P<duration>(?:in\s+)?duration|of\s+duration|['\u2019]?\s*history|long|or\s+longer)"
    r")\b\s*"
)
_FILLER = r"(?:(?:the|a|an|any|their|his|her|his/her|your|to|of|date|time|day|point|planned|scheduled|anticipated|expected|of\s+the|study's|subject's|patient's|actual|initial|on|signing|signature|obtaining|giving|providing|being|completing|into|this|our|current|at|start|starting|beginning|initiation|initiating|commencement|commencing|onset)\s+(?:of\s+)?){0,6}?"
_ANCHORS: tuple[tuple[str, str], ...] = (
    ("last_dose", r"(?:last|final|most\s+recent|previous)\s+(?:\w+\s+){0,3}?(?:dose|dosing|administration|infusion|injection|treatment|therapy|chemotherapy|radiotherapy|radiation|cycle|course|intake|use)|(?:completion|end|discontinuation|cessation|stopping|termination|discontinuing|completing)\s+(?:of\s+)?(?:\w+\s+){0,4}?(?:treatment|therapy|chemotherapy|radiotherapy|radiation|dose|drug|medication|study\s+drug)"),
    ("consent", r"(?:written\s+)?(?:informed\s+)?consent(?:ing)?\b(?:\s+form)?|ICF\b"),
    ("randomisation", r"randomi[sz](?:ation|ed|ing)|treatment\s+assignment|allocation"),
    ("screening", r"(?:study\s+|pre-?)?screening(?:\s+(?:visit|period|date|phase))?|screen\b|visit\s+(?:1|one)\b|V1\b"),
    ("enrolment", r"(?:study\s+|trial\s+|patient\s+|protocol\s+)?(?:enrol(?:l)?(?:ment|ing|ed)?|registration|registering|inclusion|entry|entering|entrance|recruitment|accrual|participation|participating|joining)\b(?:\s+(?:in(?:to)?|on|onto|to|for|of)\s+(?:the\s+|this\s+)?(?:present\s+|current\s+)?(?:study|trial|protocol|research))?"),
    ("first_dose", r"(?:study|trial|treatment|dosing|protocol)\s+day\s*(?:-?\s*1|0|one|zero)\b(?!\s*[-\u2013.]\s*\d)|(?:first|initial|1st)\s+(?:\w+\s+){0,4}?(?:dose|dosing|administration|infusion|injection|treatment|therapy|drug|medication|product|vaccination|cycle|intake|day|receipt)|(?:start|initiation|beginning|commencement|starting|beginning|initiating|receiving|receipt|administration|day\s+1|commencing)\s+(?:of\s+)?(?:\w+\s+){0,4}?(?:treatment|therapy|drug|medication|dosing|dose|product|(?:study|trial|protocol)(?:\s+(?:treatment|drug|medication|therapy|product|agent|vaccine|vaccination|participation|procedures?))?\b|chemotherapy|infusion|agent|regimen|vaccine|intervention|vaccination)|(?:study|trial|protocol|investigational|test|experimental)\s+(?:drug|treatment|medication|agent|product|therapy|intervention|dosing|vaccine|vaccination)(?:\s+(?:administration|start|initiation|dosing|treatment))?|(?:treatment|therapy|dosing|drug)\s+(?:start|initiation|administration|day)|dosing|day\s*(?:-?\s*1|0|one|zero)\b|C1D1|cycle\s+(?:1|one)(?:,?\s*day\s*(?:1|one))?|administration\s+of|treatment\b|vaccination\b|immuni[sz]ation\b|infusion\b"),
    ("baseline", r"baseline(?:\s+(?:visit|assessment|evaluation|period))?|visit\s+(?:2|two)\b|index\s+(?:date|visit)"),
    ("surgery", r"(?:\w+\s+)?(?:surgery|operation|surgical\s+procedure|transplant(?:ation)?|implantation|procedure|PCI|ablation|cystectomy|prostatectomy|resection|intervention)\b"),
    ("diagnosis", r"(?:initial\s+|first\s+)?(?:diagnosis|diagnosed)\b"),
    ("delivery", r"delivery|birth\b|childbirth|partum|partal|giving\s+birth|parturition"),
    ("admission", r"(?:hospital\s+|ICU\s+)?(?:admission|hospitali[sz]ation)\b|admitted"),
    ("study", r"(?:study|trial)\b(?:\s+(?:start|initiation|commencement|period|day|participation|treatment|procedures?))?"),
    ("now", r"(?:present|now|today|current\s+time)\b"),
)  # fmt: skip
_ANCHOR = re.compile(rf"(?i)\s*{_FILLER}(?:" + "|".join(f"(?P<{name}>{pattern})" for name, pattern in _ANCHORS) + ")")
_NOUN = re.compile(
    r"(?i)\s*(?:the\s+|a\s+|an\s+|their\s+)?(?P<noun>[a-z][\w/-]*(?:\s+(?!(?:and|or|to|with|who|if|for|prior|within|in|at|on|by|that|which|is|are|was|were|will|must|may|should|of)\b)[a-z][\w/-]*){0,2})"
)
_STUDY = re.compile(
    r"\b(?:during|throughout|for\s+the\s+duration\s+of|over\s+the\s+course\s+of|in\s+the\s+course\s+of|while\s+(?:on|in|participating\s+in))\s+(?:the\s+)?(?:entire\s+|whole\s+)?(?:course\s+of\s+(?:the\s+)?)?(?:(?:present\s+|current\s+)?(?:study|trial)\b(?:\s+(?:period|duration|participation|treatment|drug))?|treatment\s+period|follow-?up)"
)
_MOMENT = re.compile(
    r"\b(?P<at>at\s+(?:the\s+)?(?:time\s+of\s+)?|on\s+the\s+day\s+of\s+|upon\s+)(?=(?:the\s+|study\s+|initial\s+|hospital\s+|signing\s+|informed\s+|first\s+)?(?:screening|baseline|enrol|randomi[sz]|consent|inclusion|entry|admission|registration|diagnosis|surgery|visit\s+[12]|signing|study\s+entry|delivery))"
    r"|\b(?P<before>before|prior\s+to|preceding)\s+(?=[a-z])|\b(?P<after>after|since|following)\s+(?=[a-z])"
)
_LIFE = re.compile(
    r"(?i)(?:life[\s-]*expectancy|surviv\w*|expected\s+to\s+live|prognosis|\bage[sd]?\b(?!\s+at))[^.;]{0,40}$"
)
_AGED = re.compile(r"(?i)[\s-]*(?:of\s+age\b|old\b|in\s+age\b)|\s*(?:or|and)\s+(?:older|younger)\b|\s+gestation|\s*\d")
_RATE = re.compile(r"(?i)(?:/|\bper|\bevery|\beach|\bq\.?|\ba)\s*$")
_STUDY_WORDS = ("during", "throughout", "while", "duration of", "course of")
_MOMENT_WORDS = ("prior to", "before", "preceding", "after", "since", "following", "at ", "on the day", "upon")
_IN_STUDY = Window(anchor="study", direction="after")
_UNITS: dict[str, TimeUnit] = {"y": "a", "m": "mo", "w": "wk", "d": "d", "h": "h"}


def _unit(said: str) -> TimeUnit:
    low = lowered_word(said)
    if low.startswith("half"):
        return "{half_life}"
    return "min" if low.startswith("min") else _UNITS[low[0]]


def _value(said: str) -> float:
    word = read_word(lowered_word(said))
    return word if word is not None else float(said.replace(",", "."))


def spot(text: str, start: int, end: int, told: int = signals.ALL) -> list[WindowSpot]:
    """Every window that text[start:end] says, in order, never overlapping. `told` are the signals of its words."""
    found: list[WindowSpot] = []
    low = lowered(text)
    if told & signals.TIME:
        if told & signals.COUNTED:
            taken = start
            for m in _SPAN.finditer(low, start, end):
                if m.start() < taken:
                    continue
                read = _read_span(text, max(taken, m.start() - 70), m, end)
                if read is not None:
                    found.append(read)
                    taken = read.end
        if told & signals.LONE_TIME and _LONE_BEGINS.search(low, start, end) is not None:
            _add(found, (_read_lone(text, m, end) for m in _LONE.finditer(low, start, end)))
    if told & signals.IN_STUDY and _holds(low[start:end], _STUDY_WORDS):
        _add(found, (WindowSpot(m.start(), m.end(), _IN_STUDY) for m in _STUDY.finditer(low, start, end)))
    may_be_moment = told & signals.MOMENT or (told & signals.AT and told & signals.VISIT)
    if may_be_moment and _holds(low[start:end], _MOMENT_WORDS):
        _add(found, _moments(text, start, end))
    return found


def of_absence(window: Window | None) -> Window | None:
    """The time in which something was not, from how long it has been away: "free of X for at least 6 months"."""
    if window is None or window.direction != "duration" or window.lower is None or window.upper is not None:
        return window
    inclusive = not window.lower_inclusive
    return Window(None, window.lower, window.unit, window.anchor, "before", upper_inclusive=inclusive)


_DAYS = {"min": 1 / 1440, "h": 1 / 24, "d": 1.0, "wk": 7.0, "mo": 30.44, "a": 365.25}
_AT_LEAST = re.compile(r"(?i)\s*(?:(?:at\s+least|minimum\s+of|more\s+than|>=?|\u2265)\s*)?")


def leading_span(text: str, start: int, end: int) -> tuple[Window, int] | None:
    """The least time that text[start:end] begins with ("at least 6 weeks"), and where it ends."""
    low = lowered(text)
    m = _SPAN.match(low, _AT_LEAST.match(low, start, end).end(), end)  # type: ignore[union-attr]
    if m is None:
        return None
    return Window(_value(m["n"]), None, _unit(m["u"]), "now", "before"), m.end()


_LASTING = re.compile(
    r"(?P<use>\s*(?:use|therapy|treatment|exposure)\b)?(?:\s*duration\b)?[\s,]*[(\[]?\s*(?:(?:lasting|present|persisting|persistent|lasted)\s+)?"
    r"(?P<more>(?:more|longer|greater)\s+than\s+|>\s*)?(?P<least>at\s+least\s+|>=\s*|\u2265\s*)?"
)
_NO_LENGTH = re.compile(
    r"(?i)[\s)\]]*(?:before|prior|ago|old|of\s+age|after|from|since|post|per\b|/|preceding|earlier|following|apart|interval|in\s+(?:the\s+)?(?:past|last)|\d|-|gestation|pregnan)"
)


def lasting(text: str, start: int, end: int, *, of_use: bool) -> WindowSpot | None:
    """How long a thing lasts, said right behind its name without a preposition ("cough > 8 weeks").

    `of_use`: the name alone has no length, its use has ("steroid use > 14 days").
    """
    low = lowered(text)
    lead = _LASTING.match(low, start, end)
    if lead is None or (lead["more"] is None) == (lead["least"] is None) or (of_use and lead["use"] is None):
        return None
    m = _SPAN.match(low, lead.end(), end)
    if m is None or m["m"] or m["plus"] or _NO_LENGTH.match(low, m.end(), end):
        return None
    said = lead.start("more") if lead["more"] else lead.start("least")
    window = Window(_value(m["n"]), None, _unit(m["u"]), "now", "duration", lower_inclusive=lead["more"] is None)
    return WindowSpot(said, m.end(), window) if window.unit not in {"{half_life}", "min"} else None


def lasts_less(one: Window, other: Window) -> bool:
    """Whether the one time is shorter than the other; False where half-lives are counted."""
    a, b = one.lower or one.upper or 0.0, other.lower or other.upper or 0.0
    return one.unit in _DAYS and other.unit in _DAYS and a * _DAYS[one.unit] < b * _DAYS[other.unit]


def _holds(low: str, words: tuple[str, ...]) -> bool:
    for word in words:  # a loop: a generator costs more than the searches  # noqa: SIM110
        if word in low:
            return True
    return False


def _add(found: list[WindowSpot], more: Iterable[WindowSpot]) -> None:
    """Adds the windows that overlap none that was found before."""
    free, k = [], 0
    for w in more:
        while k < len(found) and found[k].end <= w.start:
            k += 1
        if k == len(found) or w.end <= found[k].start:
            free.append(w)
    if free:
        found.extend(free)
        found.sort(key=lambda w: w.start)


def _moments(text: str, start: int, end: int) -> Iterator[WindowSpot]:
    """Windows without a number: "at screening", "prior to randomization"."""
    for m in _MOMENT.finditer(lowered(text), start, end):
        anchor = _ANCHOR.match(text, m.end(), end)
        if anchor is None:
            continue
        direction: Direction = "around" if m["at"] else "before" if m["before"] else "after"
        yield WindowSpot(m.start(), anchor.end(), Window(anchor=anchor.lastgroup or "now", direction=direction))


def _read_lone(text: str, m: re.Match[str], end: int) -> WindowSpot:
    """Lone = "in the past year" | "within a month" [relation anchor]."""
    stop, anchor = m.end(), "now"
    direction: Direction = "before"
    relation = _RELATION.match(text, stop, end)
    if relation is not None and (relation["before"] or relation["after"] or relation["around"]):
        named = _ANCHOR.match(text, relation.end(), end)
        if named is not None:
            stop, anchor = named.end(), named.lastgroup or "now"
            direction = "after" if relation["after"] else "around" if relation["around"] and m["v"] else "before"
    return WindowSpot(
        m.start(), stop, Window(upper=1.0, unit=_unit(m["u"] or m["v"]), anchor=anchor, direction=direction)
    )


def _compare(lead: str) -> tuple[int, Comparator] | None:
    """The comparator that `lead` ends in, and where it begins."""
    tail = lead[-42:]
    last = tail.rsplit(None, 1)
    m = None
    if last and last[-1].lower().strip("()") in _COMPARE_ENDS and (m := _LEFT_COMPARE.search(tail)) is not None:
        said = (
            comparators.GE
            if m["ge"]
            else comparators.GT
            if m["gt"]
            else comparators.LE
            if m["le"]
            else comparators.LT
            if m["lt"]
            else comparators.NEAR
        )
        return m.start() + len(lead) - len(tail), said
    tail = lead[-12:]
    m = _LEFT_SIGN.search(tail)
    if m is not None and (sign := comparators.read_sign(m[0])) is not None:
        return m.start() + len(lead) - len(tail), sign
    return None


def _read_span(text: str, floor: int, m: re.Match[str], end: int) -> WindowSpot | None:
    """[preposition] ["past"] [comparator] span [relation anchor]."""
    lead = text[floor : m.start()]
    if _RATE.search(lead[-8:]) or _AGED.match(text, m.end(), end):
        return None
    compare = _compare(lead)
    said = compare[1] if compare is not None else None
    head = lead[: compare[0]] if compare is not None else lead
    left = _LEFT.search(head, _left_from(head))
    prep = ((left["prep"] if left else None) or "").lower().split(" ")[0]
    past = left is not None and left["past"] is not None
    if not past and prep != "within" and _LIFE.search(head):
        return None
    start = floor + (
        left.start() if left is not None and (prep or past) else compare[0] if compare is not None else len(lead)
    )
    while start < m.start() and text[start].isspace():
        start += 1
    stop = m.end()
    if (alike := _ALIKE.match(text, stop, end)) is not None:
        stop = alike.end()
    if said is None and (after := _AFTER_OR.match(text, stop, end)) is not None:
        said, stop = comparators.GE if after["more"] else comparators.LE, after.end()
    elif m["plus"] and said is None:
        said = comparators.GE
    other, whichever, stop = _other(text, stop, end)
    relation = _RELATION.match(text, stop, end)
    anchor, direction, named = "now", _direction(relation), False
    if relation is not None and direction is not None:
        where = _ANCHOR.match(text, relation.end(), end)
        if direction in ("before", "after", "around") and where is not None:
            anchor, stop, named = where.lastgroup or "now", where.end(), True
        elif relation["ago"] or relation["duration"] or relation["before"]:
            stop = len(text[: relation.end()].rstrip()) if not relation["before"] else relation.end()
            if relation["before"] and (noun := _NOUN.match(text, relation.end(), end)) is not None:
                anchor, stop = noun["noun"].lower(), noun.end()
        elif (relation["after"] and (noun := _NOUN.match(text, relation.end(), end)) is not None) or (
            relation["around"] and prep == "within" and (noun := _NOUN.match(text, relation.end(), end)) is not None
        ):
            anchor, stop, named = noun["noun"].lower(), noun.end(), True
        else:
            direction = None
    if other is None:
        other, whichever, stop = _other(text, stop, end)
    stop = len(text[:stop].rstrip())
    window = _window(m, prep, past, said, direction, anchor, named)
    if window is None:
        return None
    if other is not None:
        window = Window(window.lower, window.upper, window.unit, window.anchor, window.direction, window.lower_inclusive, window.upper_inclusive, _half(window, other), whichever)  # fmt: skip
    return WindowSpot(start, stop, window)


def _left_from(head: str) -> int:
    """Where what _LEFT says may begin at the end of `head`: in the last word that is none of its own."""
    cut = max(0, len(head) - 45)
    words = head[cut:].split()
    own = 0
    while own < len(words) and words[-1 - own].lower().rstrip(":") in _LEFT_WORDS:
        own += 1
    return cut if own + 1 >= len(words) else len(head.rsplit(None, own + 1)[0])


def _half(window: Window, other: tuple[float, TimeUnit]) -> Window:
    """The second half of "30 days or 5 half-lives": the same ends, another length."""
    value, unit = other
    lower = value if window.lower is not None else None
    upper = value if window.upper is not None else None
    return Window(lower, upper, unit, window.anchor, window.direction, window.lower_inclusive, window.upper_inclusive)


def _other(text: str, stop: int, end: int) -> tuple[tuple[float, TimeUnit] | None, Whichever, int]:
    """Other = "or 5 half-lives" [["("] "whichever is longer" [")"]]."""
    m = _OTHER.match(text, stop, end)
    if m is None:
        return None, None, stop
    stop, said = m.end(), cast(Whichever, None)
    which = _WHICHEVER.match(text, stop, end)
    if which is not None:
        said = "longer" if which["longer"] else "shorter"
        if len(which[0]) < 45:
            stop = which.end()
            close = _CLOSE.match(text, stop, end)
            stop = close.end() if close is not None else stop
    return (_value(m["n"]), _unit(m["u"])), said, stop


def _direction(relation: re.Match[str] | None) -> Direction | None:
    if relation is None:
        return None
    if relation["before"] or relation["ago"]:
        return "before"
    if relation["after"]:
        return "after"
    if relation["duration"]:
        return "duration"
    return "around"


def _window(
    m: re.Match[str],
    prep: str,
    past: bool,
    said: Comparator | None,
    direction: Direction | None,
    anchor: str,
    named: bool,
) -> Window | None:
    """Which ends the words give: within, past -> upper; at least -> lower; a bare span before an anchor -> upper."""
    low = _value(m["n"])
    high = _value(m["m"]) if m["m"] else None
    unit = _unit(m["u"])
    tied = prep in ("within", "in", "during", "over", "inside", "by") or past
    lasting = prep in (
        "for",
        "throughout",
        "since",
        "lasting",
        "lasted",
        "persist",
        "persisting",
        "persisted",
        "duration",
        "history",
        "period",
    )
    if said is not None and said.end not in ("lower", "upper"):
        return None
    if direction is None or (direction == "around" and not named):
        if prep == "within" or past or (prep in ("during", "over", "in") and said is not None and said.end == "upper"):
            direction, anchor = "before", "now"
        elif lasting:
            direction = "duration"
        else:
            return None
    if direction == "around" and prep != "within":
        if not lasting and prep != "of":
            return None
        direction = "duration"
    if lasting and direction == "before" and not past:
        # "stable for at least 3 months before screening": it lasts, up to the anchor
        direction = "duration"
    if high is not None:
        return Window(min(low, high), max(low, high), unit, anchor, direction)
    if said is not None and not (tied and said.end == "upper"):
        if tied and said.end == "lower" and prep != "over":
            return (
                None if prep == "within" else Window(low, None, unit, anchor, direction, lower_inclusive=said.inclusive)
            )
        if said.end == "lower":
            return Window(low, None, unit, anchor, direction, lower_inclusive=said.inclusive)
        return Window(None, low, unit, anchor, direction, upper_inclusive=said.inclusive)
    if tied or said is not None:
        return Window(None, low, unit, anchor, direction, upper_inclusive=said.inclusive if said is not None else True)
    if direction == "duration":
        return Window(low, None, unit, anchor, direction)
    if direction == "before" and anchor != "now":
        return Window(None, low, unit, anchor, direction)
    return None
