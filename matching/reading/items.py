"""A line as a row of items: measures, windows, names of concepts, analytes, cues, separators, brackets, other words.

Each stretch of the line belongs to one item. Where spotters overlap: measures, then windows, then the longer of a name
and a phrase (a name wins a tie against phrases that carry little meaning).
"""

from __future__ import annotations

import re
from dataclasses import replace

from matching.knowledge import analytes, hierarchy, lexicon
from matching.knowledge.analytes import AnalyteMention
from matching.knowledge.events import SUDDEN
from matching.knowledge.lexicon import TermMatch
from matching.model.criterion import Expression, Window
from matching.reading import measures, signals, tokens, windows
from matching.reading.cues import Cue, phrases
from matching.reading.lowered import lowered
from matching.reading.merged import Merged, axis_one, badly_absorbed, merged

CONTENT = frozenset(
    {
        "measure",
        "term",
        "analyte",
        "anatomy",
        "pregnancy",
        "pregtest",
        "lifestyle",
        "not_childbearing",
        "trial",
        "function",
        "healthy",
        "on_site",
    }
)
"""Kinds of items that say something of the patient."""
NAMES = frozenset({"term", "analyte", "anatomy", "pregnancy", "lifestyle", "trial", "healthy"})

MAX_DEPTH = 12
"""Brackets nested deeper than this are read as if they were not there."""


_NO_ITEMS: list[Item] = []


class Item:
    """`kind` is measure, window, term, analyte, word, sep, group (brackets, with the items inside) or a cue's kind.

    `tight` says that no blank parts it from the item before, `borrowed` that it stands in another member of the list. `text` is in lower case for words, cues and separators.
    What an item has no use for stays the class's default, since a line has many items.
    """

    expression: Expression | None = None
    window: Window | None = None
    term: TermMatch | None = None
    analyte: AnalyteMention | None = None
    drug: TermMatch | None = None
    inner: list[Item] = _NO_ITEMS
    tight: bool = False
    borrowed: bool = False

    def __init__(self, kind: str, start: int, end: int, text: str = "", cue: Cue | None = None) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.text = text
        self.cue = cue

    @classmethod
    def of(cls, kind: str, start: int, end: int, *, inner: list[Item] = _NO_ITEMS, tight: bool = False) -> Item:
        """An item that holds others."""
        item = cls(kind, start, end)
        item.inner = inner
        item.tight = tight
        return item


_STRONG = frozenset({"pregnancy", "pregtest", "lifestyle", "on_site", "not_childbearing", "shift", "trial", "healthy"})
_WORDS = re.compile(
    rf"(?=[vV])(?i:{tokens.VERSION_FORM})"
    r"|[^\W_]+|(?<=\s)[-‐‑–—](?=\s)|[^\w\s\\\-‐‑–—]"
)
"""Words and signs; hyphens only where they part two clauses."""
_SPAN = re.Match.span
_HYPHENS = frozenset("-‐‑–—")
_TITLES = frozenset({"st", "dr", "prof", "vs", "approx"})
"""Short forms that a point ends, and no sentence: "St. John's wort"."""
_FORMULA = re.compile(
    r"(?i),?\s*\(?\b(?:as\s+)?(?:calculated|estimated|computed)\s+(?:by|using|with|from|per|according\s+to|by\s+means\s+of)\s+(?:the\s+)?[^.;:<>=≥≤]{0,90}?\b(?:equations?|formulae?)\b\)?"
)
"""How a value is computed: no fact of the patient."""
_CAPITAL = re.compile(r"\s+[\"'(]?[A-Z0-9*]")
_NOTHING = Cue("word")
_ALONE = (1,)
_SIGNS = {
    **dict.fromkeys("([{", "open"),
    **dict.fromkeys(")]}", "close"),
    **dict.fromkeys(",;:./•-‐‑–—", "sep"),
    **dict.fromkeys("\"'’‘“”*^~_#®™©`´|§†‡+=<>≥≤%!?…", "quiet"),
}
_WIDE = dict(zip("；，：。、（）", ";,:.,()", strict=True))
"""What a sign is for the grammar; one that is not here counts as a word."""
_USELESS = frozenset({"other", "anatomy", "behaviour"})
TREATMENTS = frozenset({"drug", "class", "substance", "procedure", "device"})
"""Categories of names that are given or done."""


def read_items(text: str, start: int, end: int) -> list[Item]:
    """The items of text[start:end], brackets nested."""
    low = lowered(text)
    words = [(low[a:b], a, b) for a, b in map(_SPAN, _WORDS.finditer(text, start, end))]
    told = signals.signals([word for word, _, _ in words])
    row = _of_others(_row(text, start, end, words, told))
    return _classes(_nested(row), text) if told & signals.BRACKET else row


_OTHERS = frozenset({"partner", "partners", "wife", "wives", "spouse", "spouses", "girlfriend", "girlfriends"})


def _of_others(row: list[Item]) -> list[Item]:
    """The row in which "pregnant" and its like are no state of the patient right before a partner ("pregnant or lactating partner")."""
    for n, item in enumerate(row):
        if item.text not in _OTHERS:
            continue
        k = n - 1
        while k >= 0 and row[k].kind == "sex":
            k -= 1
        while k >= 0 and row[k].kind == "pregnancy":
            row[k] = Item("word", row[k].start, row[k].end, row[k].text)
            k -= 1
            if k >= 0 and (row[k].kind == "conj" or (row[k].kind == "sep" and row[k].text in ",/")):
                k -= 1
    return row


_CLASS_WORDS = frozenset(
    """inhibitor inhibitors antagonist antagonists blocker blockers agonist agonists ra ras antibody antibodies analogue analogues analog analogs
    receptor""".split()
)


def _classes(row: list[Item], text: str) -> list[Item]:
    """A class named with its target and the target's short form ("interleukin-1 (IL-1) inhibitor") as one name."""
    out: list[Item] = []
    n = 0
    while n < len(row):
        item = row[n]
        if (
            item.kind in {"term", "analyte"}
            and n + 2 < len(row)
            and row[n + 1].kind == "group"
            and len(row[n + 1].inner) <= 3
        ):
            stop = n + 2
            while stop < len(row) and stop < n + 4 and text[row[stop].start : row[stop].end].lower() in _CLASS_WORDS:
                stop += 1
            if stop > n + 2:
                last = text[row[n + 2].start : row[stop - 1].end]
                short = text[row[n + 1].start + 1 : row[n + 1].end - 1]
                for name in (text[item.start : item.end], short):
                    found = lexicon.lookup_remembered(f"{name} {last}")
                    if found is not None and found.id is not None and len(short) <= 10:
                        made = Item("term", item.start, row[stop - 1].end, f"{name} {last}")
                        made.term = TermMatch(item.start, made.end, found.id, hierarchy.category(found.id), made.text)
                        out.append(made)
                        n = stop
                        break
                else:
                    out.append(item)
                    n += 1
                continue
        out.append(item)
        n += 1
    return out


def _alone(w: windows.WindowSpot, names: dict[int, Item]) -> Item | None:
    """The only name of a line that begins with a time ("at least 4 weeks since prior chemotherapy"): the line is about it."""
    inside = [n for n in names.values() if n.kind == "term" and w.start < n.start and n.end <= w.end]
    return inside[0] if len(inside) == 1 and len(names) == 1 else None


_LONG_FORM = re.compile(r"[A-Za-z][\w'-]*")
_SMALL = frozenset("of for and the in on to a an".split())


def _defined_otherwise(text: str, start: int, mention: AnalyteMention) -> bool:
    """Whether brackets give an abbreviation to other words ("American College of Rheumatology (ACR)")."""
    a, b = mention.start, mention.end
    short = text[a:b]
    if not (2 <= len(short) <= 6 and short.isupper() and text[a - 1 : a] == "(" and text[b : b + 1] == ")"):
        return False
    words = [w for w in _LONG_FORM.findall(text[max(start, a - 80) : a - 1]) if w.lower() not in _SMALL]
    words = words[-len(short) :]
    if "".join(w[0] for w in words).upper() != short:
        return False
    known = " ".join((mention.entry.name, *mention.entry.synonyms)).lower()
    return not any(w.lower() in known for w in words)


_SINCE = re.compile(
    r"(?i)\b(?:since|(?:elapsed|passed)\s+(?:from|between|after)|out\s+from|from\s+(?=(?:the\s+)?(?:last|prior|previous|most|any|completion|end)\b))\b"
    r"(?:\s+(?:the|any|all|their|his|her|last|prior|previous|most\s+recent|completion|completing|end|date|time|day|discontinuation|doses?|"
    r"cycles?|courses?|administration|receiving|receipt|of|and|with)\b)*"
)
_FURTHEST = 80
"""Characters after "since" within which a name must begin for the time to be the time since it."""


def _since(text: str, w: windows.WindowSpot, names: dict[int, Item]) -> int | None:
    """Where the words end that make a window the time since a treatment ("at least 4 weeks since the last | chemotherapy")."""
    if w.window.direction != "after" or (w.window.lower is None) == (w.window.upper is None):
        return None
    m = _SINCE.search(text, w.start, w.end + _FURTHEST)
    if m is None or m.start() >= w.end:
        return None
    named = [n for n in names.values() if m.end() <= n.start <= m.end() + _FURTHEST]
    first = min(named, key=lambda n: n.start, default=None)
    if first is None or first.term is None or first.term.category not in TREATMENTS:
        return None
    return None if _STOPPED.search(text, m.end(), first.start) else m.end()


_STOPPED = re.compile(r"[.;:,(]|\b(?:or|diagnos\w+|onset|start|initiation|beginning)\b")


def _claims(
    text: str, start: int, end: int, names: dict[int, Item], mentioned: list[AnalyteMention], told: int
) -> list[Item]:
    """Measures and windows, in order, windows only where no measure is."""
    claimed = []
    spotted = windows.spot(text, start, end, told)
    for s in measures.spot(text, start, end, spotted, mentioned, told):
        item = Item("measure", s.start, s.end)
        item.expression = s.expression
        claimed.append(item)
    if spotted:
        taken = [(c.start, c.end) for c in claimed]
        for w in spotted:
            if any(a < w.end and w.start < b for a, b in taken):
                continue
            since = _since(text, w, names)
            if since is not None:
                item = Item("elapsed", w.start, since)
                item.window = replace(w.window, anchor="now", direction="before")
                claimed.append(item)
                continue
            across = next((n for n in names.values() if w.start < n.start < w.end < n.end), None)
            first = w.window.direction == "after" and w.window.lower is not None and w.start <= start + 2
            alone = _alone(w, names) if across is None and first else None
            if alone is not None:
                item = Item("window", w.start, alone.start)
                item.window = replace(w.window, anchor="now", direction="before")
            elif across is None:
                item = Item("window", w.start, w.end)
                item.window = w.window
            else:  # "3 months following stem cell | transplantation": the name is not the window's
                item = Item("window", w.start, across.start)
                past = w.window.direction == "after"  # "6 months following transplantation": it lies back
                item.window = replace(w.window, anchor="now", direction="before" if past else w.window.direction)
            claimed.append(item)
    for n in names.values():
        lasts = windows.lasting(text, n.end, end, of_use=not _lasts(n)) if n.kind == "term" else None
        if lasts is not None and not any(c.start < lasts.end and lasts.start < c.end for c in claimed):
            item = Item("window", lasts.start, lasts.end)
            item.window = lasts.window
            claimed.append(item)
    claimed.sort(key=lambda item: item.start)
    return claimed


def _lasts(name: Item) -> bool:
    """Whether a bare time behind the name is how long it lasts: not for what happens once ("infarction > 6 months")."""
    term = name.term
    if term is None or term.category not in {"condition", "finding"}:
        return False
    return term.concept_id not in SUDDEN and not hierarchy.ancestors(term.concept_id) & SUDDEN


def _names(
    text: str, start: int, end: int, mentioned: list[AnalyteMention], words: list[tuple[str, int, int]], told: int
) -> dict[int, Item]:
    """Names of concepts and analytes by where they begin; the longer one where both begin, a condition before an analyte."""
    names: dict[int, Item] = {}
    terms = (
        lexicon.find_terms(text, start, end, remember=True)
        if told & signals.APOSTROPHE
        else lexicon.find_parted_terms(text, words)
    )
    for t in terms:
        if t.concept_id == "TM:systemic-disease" and "systemic" not in t.text.lower():
            continue  # "medical condition" names nothing
        if t.category not in _USELESS:
            kind = "term"
        elif t.category == "anatomy":
            kind = "anatomy"
        else:
            continue
        item = names[t.start] = Item(kind, t.start, t.end, t.text)
        item.term = t
    for a in mentioned:
        there = names.get(a.start)
        if (
            there is None
            or there.kind == "anatomy"
            or a.end > there.end
            or (a.end == there.end and there.term is not None and there.term.category not in {"condition", "finding"})
        ):
            item = names[a.start] = Item("analyte", a.start, a.end, text[a.start : a.end])
            item.analyte = a
            if there is not None and there.end == a.end and there.kind == "term":
                item.drug = there.term
    return names


def _row(text: str, start: int, end: int, words: list[tuple[str, int, int]], told: int) -> list[Item]:
    mentioned = [a for a in analytes.spot(text, start, end) if not _defined_otherwise(text, start, a)]
    names = _names(text, start, end, mentioned, words, told)
    claims = _claims(text, start, end, names, mentioned, told)
    table = phrases()
    cues, lengths_of, pairs, name_at = table.cues, table.lengths.get, table.pairs, names.get
    passed = [m.span() for m in _FORMULA.finditer(text, start, end)] if told & signals.FORMULA else ()
    runs = {run.start: run for run in merged(text, start, end, told)}
    if passed:
        claims = [c for c in claims if not any(a <= c.start < b for a, b in passed)]
    row: list[Item] = []
    i, count, next_claim, claim_count = 0, len(words), 0, len(claims)
    claim = claims[0] if claims else None
    limit, reached = (claim.start, claim.end) if claim is not None else (end, end)
    last_end = start
    while i < count:
        word, a, b = words[i]
        if passed and any(x <= a < y for x, y in passed):
            i += 1
            continue
        while reached <= a:
            next_claim += 1
            claim = claims[next_claim] if next_claim < claim_count else None
            limit, reached = (claim.start, claim.end) if claim is not None else (end, end)
        run = runs.get(a) if runs else None
        if limit <= a and claim is not None:
            item, stop = claim, reached
        elif run is not None and run.end <= limit:
            item, stop = _run(run, row, text), run.end
        else:
            sizes = lengths_of(word)
            if sizes is None:
                cue, reach = None, 0
            elif sizes == _ALONE or i + 1 == count or (word, words[i + 1][0]) not in pairs:
                cue, reach = (cues.get(word), b) if b <= limit else (None, 0)
            else:
                cue, reach = _longest_phrase(words, i, limit, cues, sizes)
            name = name_at(a)
            if name is not None and name.end <= limit and (cue is None or _is_name(name, cue, reach)):
                item, stop = name, name.end
            elif cue is not None:
                item, stop = Item(cue.kind, a, reach, word if reach == b else text[a:reach].lower(), cue), reach
                if names and reach > b and cue.kind == "qual":
                    _cut_name(text, words, i, reach, names)
            elif b - a > 1 or word.isalnum():
                kind = "plain" if word[0] == "v" and tokens.VERSION.fullmatch(word) is not None else "word"
                item, stop = Item(kind, a, b, word, _NOTHING), b
            else:
                word = _WIDE.get(word, word)
                kind = _SIGNS.get(word, "word")
                if kind == "quiet" or (
                    word == "." and b != end and (_CAPITAL.match(text, b) is None or (i and words[i - 1][0] in _TITLES))
                ):
                    i += 1
                    continue
                item, stop = Item(kind, a, b, "-" if word in _HYPHENS else word), b
        i += 1
        while i < count and words[i][1] < stop:
            i += 1
        if item.kind == "word" and word.startswith("non"):
            item = _non(item, row, words, i, names, cues)
            if item.kind == "qual":
                i += 1
        elif word == "off" and _names_treatment(words, i, names):
            item = Item("neg", item.start, item.end, "off")  # "off steroids for 4 weeks"
        elif word == "off" and i < count and words[i][0] == "label":
            item = Item("route", item.start, words[i][2], "off-label")
            i += 1
        if item.start == last_end or (item.start == last_end + 1 and text[last_end] in _HYPHENS):
            item.tight = True
        last_end = item.end
        if item.drug is not None and row and row[-1].kind in {"verb", "status"} and row[-1].text in _GIVEN:
            _as_drug(item)
        elif row and row[-1].drug is not None and item.text in _COURSES:
            _as_drug(row[-1])
        row.append(item)
    return row


def _cut_name(text: str, words: list[tuple[str, int, int]], i: int, reach: int, names: dict[int, Item]) -> None:
    """Finds what is left of a name that begins with the last word of a state ("moderate to severe | asthma")."""
    begin = next((k for k in range(i + 1, len(words)) if words[k][1] >= reach), len(words))
    for _, start, _ in words[i + 1 : begin]:
        name = names.get(start)
        if name is None or name.kind != "term" or name.end <= reach:
            continue
        for t in lexicon.find_terms(text, words[begin][1], name.end):
            if t.category not in _USELESS and t.start not in names:
                item = names[t.start] = Item("term", t.start, t.end, t.text)
                item.term = t


def _run(run: Merged, row: list[Item], text: str) -> Item:
    """A run of words as an item: what impairs absorption narrows a name before it, and takes the place of a general word."""
    item = Item(run.kind, run.start, run.end, text[run.start : run.end].lower(), run.cue)
    if run.kind == "absorption":
        if row and row[-1].kind in {"term", "analyte", "group", "window"}:
            item.kind = "limit"
        else:
            begin = row.pop().start if row and row[-1].kind in {"generic", "compound"} else run.start
            item = Item("measure", begin, run.end)
            item.expression = badly_absorbed(begin, run.end)
    if run.kind == "axis_one":
        item.kind, item.expression = "measure", axis_one(run.start, run.end, text[run.start : run.end])
    return item


_GIVEN = frozenset(
    {"taking", "takes", "take", "receiving", "receives", "received", "treated with", "treatment with", "therapy with", "been treated with",
     "currently taking", "supplementation with", "infusion of", "injection of", "administration of", "currently receiving", "has taken",
     "have taken", "has received", "have received", "already taking", "already on", "on treatment with", "being treated with"}
)  # fmt: skip
_COURSES = frozenset(
    {"therapy", "therapies", "treatment", "treatments", "replacement", "supplementation", "supplement", "supplements", "injection",
     "injections", "infusion", "infusions", "tablets", "medication", "administration", "use", "preparations"}
)  # fmt: skip
"""What stands before or after a substance that is given, not measured ("thyroxine therapy")."""


def _as_drug(item: Item) -> None:
    """The item as the name of a drug, where the same word names what is measured."""
    item.kind, item.term, item.analyte, item.drug = "term", item.drug, None, None


def _is_name(name: Item, cue: Cue | None, reach: int) -> bool:
    """Whether the name is taken and not the phrase: the longer one, a name where they are as long."""
    return cue is None or name.end > reach or (name.end == reach and cue.kind not in _STRONG)


_BEFORE_DRUGS = frozenset(
    "all any other systemic oral inhaled prior previous of concomitant chronic prescribed treatment therapy with medication".split()
)


def _names_treatment(words: list[tuple[str, int, int]], i: int, names: dict[int, Item]) -> bool:
    """Whether the words from i on name a treatment, at once or after words of its kind."""
    for word, start, _ in words[i : i + 4]:
        name = names.get(start)
        if name is not None:
            return name.term is not None and name.term.category in TREATMENTS
        if word not in _BEFORE_DRUGS:
            return False
    return False


def _non(
    item: Item, row: list[Item], words: list[tuple[str, int, int]], i: int, names: dict[int, Item], cues: dict[str, Cue]
) -> Item:
    """A "non" before a name or a state denies it ("non-pregnant", "nonpregnant"); else it stays a word."""
    if item.text == "non":
        if i < len(words):
            after = words[i]
            cue = cues.get(after[0])
            if after[1] in names or (cue is not None and cue.kind in {"pregnancy", "lifestyle"}):
                return Item("neg", item.start, item.end, "non")
            if cue is not None and cue.kind == "qual":
                said = f"non-{after[0]}"
                return Item("qual", item.start, after[2], said, Cue("qual", said))
        return item
    cue = cues.get(item.text[3:])
    if cue is not None and cue.kind in {"pregnancy", "lifestyle"}:
        row.append(Item("neg", item.start, item.start + 3, "non"))
        return Item(cue.kind, item.start, item.end, item.text, cue)
    return item


def _longest_phrase(
    words: list[tuple[str, int, int]], i: int, limit: int, cues: dict[str, Cue], sizes: tuple[int, ...]
) -> tuple[Cue | None, int]:
    """The longest phrase beginning at word i that ends before `limit`, and where it ends."""
    for length in sizes:
        if length == 1:
            word, _, b = words[i]
            return (cues[word], b) if b <= limit else (None, 0)
        if i + length > len(words) or words[i + length - 1][2] > limit:
            continue
        key = " ".join([w[0] for w in words[i : i + length]])
        cue = cues.get(key)
        if cue is not None:
            return cue, words[i + length - 1][2]
    return None, 0


def _nested(row: list[Item]) -> list[Item]:
    """Brackets become groups; an unclosed one is dropped, and so is a lone closing one."""
    stack: list[list[Item]] = [[]]
    opens: list[Item] = []
    for item in row:
        if item.kind == "open":
            if len(opens) < MAX_DEPTH:
                opens.append(item)
                stack.append([])
        elif item.kind == "close":
            if opens:
                begin, inner = opens.pop(), stack.pop()
                if (
                    inner
                    and inner[0].kind in {"except", "permit", "unless"}
                    and stack[-1]
                    and stack[-1][-1].text == ","
                ):
                    stack[-1].pop()  # "tumors of any kind, (with the exception of ...)"
                stack[-1].append(Item.of("group", begin.start, item.end, inner=inner, tight=begin.tight))
        else:
            stack[-1].append(item)
    while opens:
        opens.pop()
        inner = stack.pop()
        stack[-1].extend(inner)
    return stack[0]


def has(items: list[Item], kinds: frozenset[str]) -> bool:
    """Whether an item of one of the kinds is there, in brackets or not."""
    for i in items:  # noqa: SIM110  # any() costs a generator, and this runs several times a line
        if i.kind in kinds or (i.kind == "group" and has(i.inner, kinds)):
            return True
    return False


def find(items: list[Item], kind: str, begin: int = 0) -> int:
    """Where the first item of a kind stands, -1 if nowhere."""
    for n in range(begin, len(items)):
        if items[n].kind == kind:
            return n
    return -1


def trim(items: list[Item]) -> list[Item]:
    """The items without separators and conjunctions at either end."""
    a, b = 0, len(items)
    while a < b and items[a].kind in {"sep", "conj"}:
        a += 1
    while b > a and items[b - 1].kind in {"sep", "conj"}:
        b -= 1
    return items[a:b]


def count_words(items: list[Item]) -> int:
    """How many items say something, those in brackets included."""
    count = 0
    for i in items:
        if i.kind == "group":
            count += count_words(i.inner)
        elif i.kind != "sep":
            count += 1
    return count
