"""What a value is a value of: the names before it, else behind it, else the words around it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from matching.knowledge import analytes
from matching.knowledge.analytes import AnalyteEntry, AnalyteMention
from matching.knowledge.hierarchy import is_a
from matching.knowledge.lexicon import find_terms
from matching.knowledge.units import fits
from matching.reading.measured_line import MeasuredLine
from matching.reading.quantities import TIME_UNITS, TITRE, Value
from matching.reading.tokens import Token

SubjectKind = Literal["age", "life", "analyte", "pressure", "class", "phrase"]


@dataclass(frozen=True, slots=True)
class Subject:
    """`mentions` for analytes, parted by `joined` ("and", "or", "" for a slash or a comma); `name` for a phrase or class."""

    kind: SubjectKind
    start: int
    end: int
    mentions: tuple[AnalyteMention, ...] = ()
    joined: str = ""
    name: str = ""


FILLERS = frozenset(
    "of is are was were be been being has have a an the at must should will value values level levels count counts concentration "
    "concentrations score scores status result results total serum plasma blood whole test tests measured measurement reading readings "
    "defined as by on in scale class classification functional grade stage index rating physical performance group cooperative eastern "
    "oncology screening baseline visit visits entry enrollment enrolment for with within range ranges documented determined known absolute "
    "estimated calculated corrected current latest most recent mean average measurements initial pre post sitting resting seated supine "
    "fasting venous peripheral central equal i e eg ie assessed using according to via per its their these patient patients subject "
    "subjects that who had can not if any either both each above below normal abnormal elevated low high increased reduced decreased "
    "day days prior time laboratory lab function symptoms rate activity percent percentage predicted inclusive between from when "
    "standardized standardised scored national international modified criteria clinical severity body units unit categories category "
    "asa physical p s pressure pressures questionnaire disease".split()
)
"""Words that may stand between a name and its value without being another name."""

_BLOCKERS = frozenset(
    "despite unless without undergoing receiving treated treatment therapy dose doses diameter size volume duration change decrease "
    "increase drop fall reduction rise decline loss gain ratio lesion lesions tumor tumour thickness width length depth difference slope "
    "variability following followed years months weeks history transfusion transfusions episodes episode men women males females".split()
)
_PHRASE_STOPS = frozenset(
    "have has had having with who whom whose which that must should shall will would may can is are was were be been being patients patient "
    "subjects subject participants participant individuals people persons person those women men males females adults children a an the "
    "any no not without if when where while and/or or and as by than then defined documented history known presence evidence requiring "
    "including include includes excluding e g i ie eg such showing demonstrating demonstrated measured assessed determined confirmed "
    "diagnosed diagnosis receiving received taking use using treated treatment at least on to for from after before during since until "
    "within prior between either both all some least most very other more less than their his her its this these scoring score scored scores "
    "defined volunteers male female also there it you your only already currently previous previously despite do does did exclusion inclusion criteria".split()
)
_TRAILING = frozenset(
    "of is was a the at be are by must should has score scores scored scoring than defined as with for in class grade stage value level".split()
)
CHANGE = re.compile(
    r"(?i)\b(?:change|decrease|increase|drop|fall|reduction|rise|decline|loss|gain|improvement|variation|difference|deterioration|elevation|progression)s?\b"
)
_PRESSURE_SIDE = re.compile(
    r"(?i)\s*(?:mm\s?hg\s*)?[(\[]?\s*(?:in\s+|for\s+)?(?:the\s+)?(?P<sys>systolic|sbp)|\s*[(\[]?\s*(?:in\s+|for\s+)?(?:the\s+)?(?P<dia>diastolic|dbp)"
)

PEOPLE = re.compile(
    r"(?i)\b(?:patients?|subjects?|participants?|males?|females?|men|man|women|woman|adults?|children|child|volunteers?|individuals?|persons?|people|boys?|girls?|infants?|adolescents?|neonates?|newborns?|recipients?|genders?|sex|sexes|elderly|they|who\s+(?:is|are)|must\s+be|be|is|are|those|pediatric|paediatric)\b"
    r"[\s,:()]*(?:(?:of|with|who|must|should|are|is|be|aged?|any|either|both|an?|at|the|and|from|age|between|in|range|group|currently|whose|have|has)\b[\s,:()]*){0,6}$"
)
HEAD = re.compile(r"^[\s\d.*\u2022)(\\-]{0,8}$")
_CLASS_WORD = re.compile(r"(?i)(?P<word>grade|stage|staging)\w{0,2}\b[\s:(]*(?:of\s+|is\s+)?$")
_NOT_A_NAME = re.compile(r"^\w$|^\w+(?:ed|ing)$|\bversion\b|\bandroid\b|\bdose\b|^\d")
_NOT_CLASSED = re.compile(r"(?i)\b(?:mhc|hla|drugs?|agents?|antiarrhythmic|social|fitness)\b")
_CLASSED = re.compile(
    r"(?i)\b(?:class(?:ification)?|scores?|grade|status|scale|index|killip|asa|nyha|ecog|gold|ccs|birads|bi-rads)\b"
)
_NAMED_CLASS = re.compile(
    r"(?<![.*\u2022-]\s)(?<=\s)(?!(?:No|Any|Has|Have|Histologic|Histological|Current|Prior|Known|WHO|Unresolved|Persistent|Active|CTCAE|NCI|AND|OR|The|Greater|Non|Must|With|Or|And)\b)[A-Z][\w\u00c0-\u024f]*(?:[-\s][A-Z][\w\u00c0-\u024f]*)*\s(?:grade|stage)\b"
)
_RATIO = re.compile(r"(?i)\bratio\s+of\s+[^.;,<>\u2264\u2265=\\\\()]{2,40}?(?=\s*(?:is|was|of)?\s*$)")
_AFTER_NUMBER = frozenset(
    "at in on as or and if for with by during within prior before after due despite who will are is to but".split()
)


def name_of(mentions: tuple[AnalyteMention, ...]) -> str:
    """The preferred names, for an order that is always the same."""
    return "/".join(m.entry.name for m in mentions)


def accepts(entry: AnalyteEntry, value: Value) -> bool:
    """The value's unit may belong to this analyte; a multiple of a limit may belong to any measurement."""
    q = value.quantity
    if q.roman:
        return entry.kind == "score"
    if q.graded and entry.kind != "score":
        return False  # "amylase of grade 1" is no amount
    if q.times is not None:
        return entry.kind != "score"
    if q.unit == TITRE:
        return entry.kind == "result" or fits("1", entry.name)
    if q.unit is None or q.unit in ("1", "{score}"):
        return entry.default_unit is not None or entry.kind != "result"
    if entry.kind == "score":
        return q.unit in ("%", "mm", "cm") or fits(q.unit, entry.name)
    if q.unit.startswith("10*") and q.unit[3:].isdigit():
        return True
    return fits(q.unit, entry.name) or any(u.startswith(q.unit + "/") for u in entry.units) or (q.unit in ("mm3", "uL", "L") and any(u.endswith("/uL") for u in entry.units))  # fmt: skip


_RATIOS = {
    "albuminuria": "urine albumin-to-creatinine ratio",
    "proteinuria": "urine protein-to-creatinine ratio",
}


def _by_unit(mention: AnalyteMention, value: Value) -> AnalyteMention:
    """The name, or the ratio that is meant where the unit is one of it: "albuminuria >= 30 mg/g" is of the creatinine."""
    unit, ratio = value.quantity.unit, _RATIOS.get(mention.entry.name)
    if ratio is None or unit in (None, "1", "%") or fits(unit or "", mention.entry.name) or not fits(unit or "", ratio):
        return mention
    entry = analytes.by_name(ratio)
    return mention if entry is None else replace(mention, entry=entry)


def before(tokens: list[Token], mentions: dict[int, AnalyteMention], value: Value, floor: int) -> Subject | None:
    """The names whose value stands behind them: [name {("and" | "or" | "," | "/") name}] fillers value.

    `mentions` by start; `floor` is the index of the first token that may be looked at.
    """
    i, strange, joint = value.first - 1, 0, False
    while i >= floor:
        token = tokens[i]
        kind = token.kind
        if kind == "mention":
            break
        if kind == "stop" or kind == "multiple" or strange > 4:
            return None
        if kind == "word":
            if token.text in _BLOCKERS:
                return None
            if token.text not in FILLERS:
                if joint:
                    return None
                strange += 1
        elif kind in ("and", "or"):
            if strange:
                return None
            joint = True
        elif kind == "comma" or kind in ("number", "roman", "compare"):
            strange += 2
        i -= 1
    if i < floor:
        return None
    first = _by_unit(mentions[tokens[i].start], value)
    specific = value.quantity.unit not in (None, "%", "1") or value.quantity.times is not None
    if not accepts(first.entry, value) or (strange > 1 and not specific and first.entry.kind != "score"):
        return None
    return _group(tokens, mentions, value, i, floor, first)


def _group(
    tokens: list[Token], mentions: dict[int, AnalyteMention], value: Value, i: int, floor: int, first: AnalyteMention
) -> Subject:
    """Goes back over a list of names that share the value."""
    found, joined, conj, k = [first], "", "", i - 1
    start = first.start
    while k >= floor:
        token = tokens[k]
        if token.kind in ("comma", "slash", "open", "close", "and", "or", "dash"):
            if token.kind in ("and", "or"):
                conj = conj or token.kind
            k -= 1
            continue
        if token.kind == "word" and token.text in ("both", "either", "serum", "total", "of", "the", "levels", "level"):
            k -= 1
            continue
        if token.kind != "mention":
            break
        mention = mentions[token.start]
        if mention.entry is not found[-1].entry and all(
            t.kind == "open" for t in tokens[k + 1 : _index(tokens, found[-1].start, k)]
        ):
            break  # "blood pressure (systolic ...": the name in the brackets is the one that is meant
        between = tokens[k + 1 : _index(tokens, found[-1].start, k)]
        if not any(t.kind in ("comma", "slash", "open", "close", "and", "or") for t in between):
            if mention.entry is found[-1].entry:
                start, k = token.start, k - 1
                continue
            break
        if all(m.entry is not mention.entry for m in found):
            if not accepts(mention.entry, value):
                break
            found.append(mention)
            joined, conj = joined or conj, ""
        start = token.start
        k -= 1
    return Subject("analyte", start, first.end, tuple(found[::-1]), joined)


def _index(tokens: list[Token], start: int, low: int) -> int:
    k = low
    while k < len(tokens) and tokens[k].start < start:
        k += 1
    return k


def behind(text: str, tokens: list[Token], mentions: dict[int, AnalyteMention], value: Value) -> Subject | None:
    """The name behind its value: value ["of" | "in" | "for" | ...] name, unless the name has a value of its own."""
    k = value.last
    for inside in tokens[value.first : value.last]:
        if inside.kind == "mention" and accepts(mentions[inside.start].entry, value):
            return Subject("analyte", inside.start, inside.end, (mentions[inside.start],))
    for _ in range(3):
        if (
            k < len(tokens)
            and tokens[k].kind == "word"
            and tokens[k].text
            in (
                "of",
                "in",
                "for",
                "on",
                "the",
                "item",
                "initial",
                "serum",
                "total",
                "with",
                "score",
                "mean",
                "resting",
                "their",
            )
        ):
            k += 1
    if k >= len(tokens) or tokens[k].kind != "mention" or tokens[k].start - value.end > 25:
        return None
    mention = _by_unit(mentions[tokens[k].start], value)
    after = k + 1
    if after < len(tokens) and tokens[after].text in (
        "item",
        "items",
        "subscale",
        "question",
        "domain",
        "component",
        "subscore",
    ):
        return None
    while after < len(tokens) and (
        tokens[after].kind in ("open", "close", "colon")
        or (tokens[after].kind == "word" and tokens[after].text in ("of", "is", "level", "levels", "score"))
    ):
        after += 1
    if (
        after < len(tokens)
        and tokens[after].kind in ("compare", "between", "number")
        and tokens[after].start - mention.end < 12
    ):
        return None
    if not accepts(mention.entry, value):
        return None
    rest, joined = _more_behind(tokens, mentions, k + 1, value)
    found = (mention, *rest)
    return Subject("analyte", mention.start, found[-1].end, found, joined)


def _more_behind(
    tokens: list[Token], mentions: dict[int, AnalyteMention], i: int, value: Value
) -> tuple[tuple[AnalyteMention, ...], str]:
    """Further names that share the value before them: {("," | "and" | "or") name}; none where one has its own value."""
    found: list[AnalyteMention] = []
    conjunctions: set[str] = set()
    while i < len(tokens) and len(found) < 8:
        links = 0
        while i < len(tokens) and tokens[i].kind in ("comma", "and", "or", "slash") and links < 3:
            if tokens[i].kind in ("and", "or"):
                conjunctions.add(tokens[i].kind)
            links += 1
            i += 1
        if not links or i >= len(tokens) or tokens[i].kind != "mention":
            break
        mention = mentions[tokens[i].start]
        valued = i + 1 < len(tokens) and tokens[i + 1].kind in ("compare", "between", "number", "colon")
        if valued or not accepts(mention.entry, value):
            return (), ""
        found.append(mention)
        i += 1
    if not found or not conjunctions:
        return (), ""
    return tuple(found), "or" if "or" in conjunctions else "and"


def phrase(text: str, tokens: list[Token], value: Value, floor: int) -> Subject | None:
    """The words before a value as the name of what no table knows ("tumor diameter > 2 cm"), at most six."""
    i = value.first - 1
    while i >= floor:
        token = tokens[i]
        if (token.kind == "word" and token.text in _TRAILING) or token.kind in ("colon", "dash", "open"):
            i -= 1
        elif token.kind == "close":
            depth = i
            while depth >= floor and tokens[depth].kind != "open" and i - depth < 8:
                depth -= 1
            if depth < floor or tokens[depth].kind != "open":
                return None
            i = depth - 1
        else:
            break
    last = i
    count = 0
    while i >= floor and count < 6:
        token = tokens[i]
        if token.kind in ("word", "mention") or token.text == "range":
            if token.kind == "word" and token.text in _PHRASE_STOPS:
                break
            count += 1
        elif token.kind not in ("dash", "slash"):
            break
        if i < last and tokens[i + 1].start - token.end > 2:
            break
        i -= 1
    first = i + 1
    while first <= last and (
        tokens[first].kind in ("dash", "slash") or tokens[first].text in ("of", "in", "for", "with", "on", "by")
    ):
        first += 1
    while last >= first and (tokens[last].kind in ("dash", "slash") or tokens[last].text in ("of", "in")):
        last -= 1
    if first > last:
        return None
    start, end = tokens[first].start, tokens[last].end
    return Subject("phrase", start, end, name=" ".join(text[start:end].lower().split()))


def words_behind(text: str, tokens: list[Token], k: int, limit: int = 5) -> tuple[int, int, str] | None:
    """The noun phrase that begins at token k: start, end and words, up to `limit` words; None if there is none."""
    start = k
    taken = 0
    while k < len(tokens) and taken < limit:
        token = tokens[k]
        if token.kind not in ("word", "mention", "dash", "slash"):
            break
        if (
            token.kind == "word"
            and token.text in _PHRASE_STOPS
            and token.text not in ("treatment", "prior", "previous", "use")
        ):
            break
        if token.kind == "word" and token.text in ("in", "per", "daily", "weekly", "month", "monthly") and taken:
            break
        taken += token.kind in ("word", "mention")
        k += 1
    while k > start and (tokens[k - 1].kind in ("dash", "slash") or tokens[k - 1].text in ("of", "in", "per")):
        k -= 1
    if k == start:
        return None
    a, b = tokens[start].start, tokens[k - 1].end
    return a, b, " ".join(text[a:b].lower().split())


def weight(line: MeasuredLine, value: Value, floor: int) -> Subject | None:
    """Weight without its name: "patients < 31 pounds" | "40-120 kg" as a whole line: people are weighed in such units."""
    low = max(line.start, value.start - 70, line.tokens[floor - 1].end if floor else 0)
    lead = line.text[low : value.start]
    alone = (
        low == line.start
        and HEAD.match(lead) is not None
        and re.match(r"(?i)\s*(?:[,;.)]|$|inclusive)", line.text[value.end : min(line.end, value.end + 12)])
    )
    entry = analytes.by_name("body weight")
    if value.quantity.unit not in ("kg", "[lb_av]") or entry is None or not (alone or PEOPLE.search(lead)):
        return None
    return Subject("analyte", value.start, value.start, (AnalyteMention(value.start, value.start, entry, None),))


def _names_cancer(said: str) -> bool:
    """Whether the words before "stage" name a tumour ("Advanced NSCLC stage"), which the stage is then of."""
    return any(t.category == "condition" and is_a(t.concept_id, "D009369") for t in find_terms(said))


def classed(line: MeasuredLine, value: Value) -> Subject | None:
    """The words "grade" or "stage" before a class number that no named score owns."""
    q = value.quantity
    if q.unit is not None or q.times is not None or q.over is not None:
        return None
    said = line.text[value.start : value.end].lower()
    m = _CLASS_WORD.search(line.text, max(line.start, value.start - 20), value.start)
    word = m["word"].lower() if m is not None else "grade" if "grade" in said else "stage" if "stage" in said else None
    if word is None or max(q.numbers) > 5 or line.text[value.end : min(line.end, value.end + 1)] == ":":
        return None
    named = _NAMED_CLASS.search(line.text, max(line.start, value.start - 40), value.end)
    if named is not None and not (word == "stage" and _names_cancer(named[0])):
        return Subject("class", min(named.start(), value.start), min(named.start(), value.start), name=named[0].lower())
    start = m.start() if m is not None else value.start
    return Subject("class", start, start, name="ctcae_grade" if word == "grade" else "stage")


def named(line: MeasuredLine, value: Value, floor: int) -> Subject | None:
    """The noun phrase that the value belongs to, before it or behind it."""
    q = value.quantity
    found = phrase(line.text, line.tokens, value, floor)
    low = max(line.start, value.start - 70, line.tokens[floor - 1].end if floor else 0)
    if (ratio := _RATIO.search(line.text, low, value.start)) is not None:
        found = Subject("phrase", ratio.start(), ratio.end(), name=" ".join(ratio[0].lower().split()))
    numbered = q.unit is None and q.times is None and q.over is None
    if found is not None and _NOT_A_NAME.search(found.name):
        return None
    classed = (
        numbered
        and found is not None
        and not _NOT_CLASSED.search(line.text, found.start, min(line.end, value.end + 15))
        and _CLASSED.search(line.text, found.start, value.start) is not None
    )
    if found is not None and classed and (q.roman or value.form in ("bare", "set", "equal")):
        return Subject("class", found.start, found.end, name=found.name)
    if (
        q.unit in TIME_UNITS
        or q.roman
        or value.form == "bare"
        or (value.form in ("set", "near", "equal") and q.unit is None)
    ):
        return None
    if found is not None and len(found.name) > 1 and (not numbered or classed or _signed(line, value)):
        return by_name(found, value)
    inside = [t for t in line.tokens[value.first : value.last] if t.kind == "word" and t.text not in FILLERS]
    if value.form == "range" and len(inside) == 1 and line.tokens[value.first].kind == "number":
        return Subject("phrase", inside[0].start, inside[0].start, name=inside[0].text)
    k = value.last
    scored = re.search(
        r"(?i)\bscor(?:e|es|ed|ing)\b[\s\w:]{0,12}$", line.text[max(line.start, value.start - 25) : value.start]
    )
    if scored is not None:
        after = words_behind(line.text, line.tokens, _past_of(line, k))
        if (
            after is not None
            and after[0] > value.end
            and line.text[value.end : after[0]].strip(" ,)") in ("on", "on the", "in the", "in", "on a", "of the")
        ):
            return Subject("class", after[0], after[1], name=after[2])
    after = words_behind(line.text, line.tokens, _past_of(line, k))
    if after is not None and after[0] - value.end < 12 and q.unit is not None:
        return Subject("phrase", after[0], after[1], name=after[2])
    return None


def _signed(line: MeasuredLine, value: Value) -> bool:
    """The comparator is a sign, or the number has decimals: "ABI > 0.9", not "at least one"."""
    token = line.tokens[value.first]
    if value.quantity.word:
        return False
    sign = token.kind == "compare" and not token.text
    behind = line.tokens[value.last].kind if value.last < len(line.tokens) else ""
    adjacent = behind == "word" and line.tokens[value.last].text not in _AFTER_NUMBER
    whole = value.quantity.first == int(value.quantity.first)
    return (sign or not whole or value.form == "range") and not (adjacent and whole)


def _past_of(line: MeasuredLine, k: int) -> int:
    while (
        k < len(line.tokens)
        and line.tokens[k].kind == "word"
        and line.tokens[k].text in ("of", "in", "the", "for", "on", "a", "initial")
    ):
        k += 1
    return k


def changed(line: MeasuredLine, subject: Subject, value: Value) -> Subject:
    """A change: "decrease in haemoglobin > 2 g/dL" measures the change, not the haemoglobin."""
    if subject.kind != "analyte":
        return subject
    low = max(line.start, subject.start - 28)
    lead = line.text[low : subject.start]
    m = next(reversed(list(CHANGE.finditer(lead))), None)
    if (
        m is not None
        and re.fullmatch(r"(?i)\s*(?:of|in|from|the|serum|s)?\s*(?:the\s+|serum\s+|baseline\s+)?", lead[m.end() :])
        and subject.mentions[0].entry.name not in ("weight loss",)
    ):
        start = low + m.start()
        return Subject("phrase", start, subject.end, name=" ".join(line.text[start : subject.end].lower().split()))
    gap = line.text[subject.end : value.start]
    if (
        len(subject.mentions) == 1
        and subject.end < value.start
        and (m := CHANGE.search(gap)) is not None
        and "not" not in gap
    ):
        return Subject(
            "phrase",
            subject.start,
            subject.start + len(gap) + subject.end - subject.start,
            name=" ".join(line.text[subject.start : subject.end + m.end()].lower().split()),
        )
    if len(subject.mentions) == 2 and re.match(r"(?i)\s*\)?\s*ratio\b", gap):
        return Subject("phrase", subject.start, subject.end, name=name_of(subject.mentions) + " ratio")
    return subject


def too_bare(line: MeasuredLine, subject: Subject, value: Value) -> bool:
    """A number without comparison and unit states nothing of a measurement, and of a score only right behind its name."""
    q = value.quantity
    if value.form not in ("bare", "set") or q.unit is not None or q.times is not None:
        return False
    if subject.mentions[0].entry.kind != "score":
        return True
    return q.word or (value.start - subject.end > 45 and not q.roman)


def quotient(text: str, subject: Subject) -> Subject:
    """Two names that make a third: "PaO2 / FiO2" is a ratio with a row of its own."""
    one, other = subject.mentions
    if text[one.end : other.start].strip() != "/":
        return subject
    entry = analytes.find(f"{text[one.start : one.end]}/{text[other.start : other.end]}")
    if entry is None or entry in (one.entry, other.entry):
        return subject
    return replace(subject, mentions=(AnalyteMention(one.start, other.end, entry, None),), joined="")


def by_name(subject: Subject, value: Value) -> Subject:
    """A phrase that is a name of the table after all ("gestational age" told by its words) is that analyte."""
    entry = analytes.find(subject.name)
    if entry is None or not accepts(entry, value):
        return subject
    return Subject("analyte", subject.start, subject.end, (AnalyteMention(subject.start, subject.end, entry, None),))
