"""Names of diseases, drugs and procedures in running text, and the concept a name by itself stands for.

A text is cut into words, each word is brought to its normal form, and the longest run of words that is a key of the
vocabulary wins, leftmost first. Borders are words by construction, and the time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from matching.knowledge import hierarchy
from matching.knowledge.codes import icd10_of
from matching.knowledge.concepts import Abbreviation, Vocabulary, vocabulary
from matching.knowledge.words import MOST_REMEMBERED, TOKEN, key_of, normal_word, uninvert, words_of
from matching.model.criterion import Concept


class TermMatch(NamedTuple):
    """A name found in a text: `text[start:end]` as it stands, and what it stands for."""

    start: int
    end: int
    concept_id: str
    category: str
    text: str


_SKIPPED = frozenset({"the", "an", "The", "An", "THE", "AN"})
_GAP = re.compile(r"[\s\-‐-―\\]*(?:(?:the|an)\s+)?", re.IGNORECASE)
_COMMA_GAP = re.compile(r"[\s\-‐-―\\]*,?\s*(?:(?:the|an)\s+)?", re.IGNORECASE)
_DENYING = frozenset({"non", "anti", "pre", "pseudo"})
_JOINT = re.compile(r"\s*(?:,\s*(?:and/or|or|and)\b|,|/|\band/or\b|\bor\b|\band\b|&)\s*(?:the\s+)?", re.IGNORECASE)
_LINKS = frozenset({"or", "and"})


class _Word(NamedTuple):
    """What is known of a word by itself: its normal form, the concept that it names, and whether it begins longer names.

    `plain`: in small letters throughout, so that it is no abbreviation.
    """

    normal: str
    code: str | None
    begins: bool
    plain: bool


def _word(raw: str) -> _Word:
    normal, known = normal_word(raw), vocabulary()
    return _Word(normal, known.terms.get(normal), normal in known.begins, raw.islower())


class _Remembered(dict[str, _Word]):
    """What is known of words of registry texts. Nothing of a patient is put here."""

    def __missing__(self, raw: str) -> _Word:
        known = _word(raw)
        if len(self) < MOST_REMEMBERED:
            self[raw] = known
        return known


_REMEMBERED = _Remembered()


@dataclass(slots=True)
class _Words:
    """The words of a stretch of text, in parallel lists: as written, as known, normal, where each begins and ends.

    `every` and `shouted` are found once for the stretch, when the first abbreviation asks for them.
    """

    raw: list[str]
    known: list[_Word]
    normal: list[str]
    starts: list[int]
    ends: list[int]
    every: frozenset[str] | None = None
    shouted: bool | None = None


def _cut(text: str, start: int, end: int, remember: bool) -> _Words:
    every = TOKEN.findall(text, start, end)
    raw: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    place = start
    find = text.find
    for word in every:
        # The words are found one after the other, so the next occurrence is the word itself.
        place = find(word, place)
        after = place + len(word)
        if word not in _SKIPPED:
            raw.append(word)
            starts.append(place)
            ends.append(after)
        place = after
    known = list(map(_REMEMBERED.__getitem__ if remember else _word, raw))
    return _Words(raw, known, [word.normal for word in known], starts, ends)


Parted = Sequence[tuple[str, int, int]]
"""The words and signs of a stretch of text in order: each in lower case, with its place."""


def _picked(text: str, parted: Parted) -> _Words:
    """`_cut` of a registry's text that is parted already and holds no apostrophe."""
    spans = [(raw, a, b) for low, a, b in parted if low.isalnum() and (raw := text[a:b]) not in _SKIPPED]
    raws = [raw for raw, _, _ in spans]
    known = list(map(_REMEMBERED.__getitem__, raws))
    return _Words(raws, known, [word[0] for word in known], [a for _, a, _ in spans], [b for _, _, b in spans])


def find_terms(text: str, start: int = 0, end: int | None = None, *, remember: bool = False) -> list[TermMatch]:
    """The names in `text[start:end]`, longest match, in order, not overlapping.

    Names in a coordination that share a word ("hepatitis B or C", "heart, liver or kidney disease") are each given,
    the shortened ones with the span of their own words only. `remember`: the text is a registry's, so its words may be
    kept to be found faster; a patient's never.
    """
    return _found(text, _cut(text, start, len(text) if end is None else end, remember))


def find_parted_terms(text: str, parted: Parted) -> list[TermMatch]:
    """`find_terms` in a registry's text whose words and signs the caller has; they hold no apostrophe."""
    return _found(text, _picked(text, parted))


def _found(text: str, words: _Words) -> list[TermMatch]:
    known = vocabulary()
    spans = _scan(text, words, known)
    if not spans:
        return []
    spans = _coordinated(text, words, spans, known)
    starts, ends, category = words.starts, words.ends, hierarchy.category
    return [
        TermMatch(starts[i], ends[j - 1], code, category(code), text[starts[i] : ends[j - 1]]) for i, j, code in spans
    ]


def _scan(text: str, words: _Words, known: Vocabulary) -> list[tuple[int, int, str]]:
    """Leftmost longest matches as (first word, word after the last, concept)."""
    normal, raw = words.normal, words.raw
    lengths_of, short = known.openings.get, known.abbreviations
    found: list[tuple[int, int, str]] = []
    free, last = 0, len(normal) - 1
    for i, (word, code, begins, plain) in enumerate(words.known):
        if i < free:
            continue
        if begins and i < last and (lengths := lengths_of(f"{word} {normal[i + 1]}")) is not None:
            longest = _longest(text, words, i, lengths, known)
            if longest is not None:
                found.append((i, *longest))
                free = longest[0]
                continue
        if not plain:
            code = _abbreviated(raw[i], words, short) or code
        if code is not None and not (i and normal[i - 1] in _DENYING and _denied(text, words, i)):
            found.append((i, i + 1, code))
    return found


def _longest(text: str, words: _Words, i: int, lengths: tuple[int, ...], known: Vocabulary) -> tuple[int, str] | None:
    """The longest name of several words that begins at word i: (word after its last, concept)."""
    normal = words.normal
    for length in lengths:
        j = i + length
        if j <= len(normal):
            key = " ".join(normal[i:j])
            code = known.terms.get(key)
            if code is not None and _adjacent(text, words, i, j, key in known.inverted):
                return None if i and normal[i - 1] in _DENYING and _denied(text, words, i) else (j, code)
    return None


def _adjacent(text: str, words: _Words, i: int, j: int, comma: bool) -> bool:
    gap = _COMMA_GAP if comma else _GAP
    for k in range(i, j - 1):
        a, b = words.ends[k], words.starts[k + 1]
        if b - a == 1 and text[a] in " -":
            continue
        if gap.fullmatch(text, a, b) is None and not (text[a:b] == ". " and words.normal[k] == "st"):
            return False
    return True


def _denied(text: str, words: _Words, i: int) -> bool:
    """Whether "non-", "anti-", "pre-" or "pseudo-" stands right before: then the name is not what is meant."""
    if i == 0 or words.normal[i - 1] not in _DENYING:
        return False
    gap = text[words.ends[i - 1] : words.starts[i]]
    return gap == "-" or (gap == " " and words.normal[i - 1] == "non")


def _all_capitals(words: _Words) -> bool:
    """Whether the whole stretch is written in capitals, so that they tell no abbreviation."""
    if words.shouted is None:
        letters = [w for w in words.raw if w.isalpha() and len(w) > 2]
        words.shouted = len(letters) > 3 and sum(w.isupper() for w in letters) > 0.7 * len(letters)
    return words.shouted


def _abbreviated(word: str, words: _Words, short: dict[str, tuple[Abbreviation, ...]]) -> str | None:
    meanings = short.get(word)
    if meanings is None:
        if word.endswith("s") and len(word) > 2:
            meanings = short.get(word[:-1])
        if meanings is None:
            return None
    plain: str | None = None
    for meaning in meanings:
        if not meaning.context:
            plain = plain or meaning.concept_id
            continue
        if words.every is None:
            words.every = frozenset(words.normal)
        if not meaning.context.isdisjoint(words.every):
            return meaning.concept_id
    return None if plain is not None and len(word) < 4 and _all_capitals(words) else plain


def _coordinated(
    text: str, words: _Words, spans: list[tuple[int, int, str]], known: Vocabulary
) -> list[tuple[int, int, str]]:
    """Adds the shortened members of coordinations: "B or C", "heart, liver or".

    shortened-after  = name link word            -- the word in place of the name's last: "hepatitis B or C"
    shortened-before = words {link words} link name -- the words in place of the name's first: "heart, liver or kidney disease"
    typed            = "type" n link n name      -- "type 1 or 2 diabetes"
    """
    normal, terms = words.normal, known.terms
    listed = [n for n, (i, j, _) in enumerate(spans) if _may_be_listed(text, words, i, j)]
    if not listed:
        return spans
    covered = {k: n for n, (i, j, _) in enumerate(spans) for k in range(i, j)}
    extra: list[tuple[int, int, str]] = []
    dropped: set[int] = set()

    def free(i: int, j: int) -> bool:
        return all(k not in covered or hierarchy.category(spans[covered[k]][2]) == "anatomy" for k in range(i, j))

    def take(i: int, j: int, code: str) -> None:
        dropped.update(covered[k] for k in range(i, j) if k in covered)
        extra.append((i, j, code))

    for n in listed:
        i, j, code = spans[n]
        key = normal[i:j]
        if j - i >= 2:
            after = _linked(text, words, j - 1)
            while after is not None and free(after, after + 1):
                longer = terms.get(" ".join([*key[:-1], normal[after]]))
                alone = normal[after] in terms and len(normal[after]) > 2 and after not in covered
                if longer is None or longer == code or alone:
                    break
                take(after, after + 1, longer)
                after = _linked(text, words, after)
        before, unnamed = i, 0
        while unnamed < 3 and (last := _linked_before(text, words, before)) is not None:
            taken = _shortened_before(words, last, key, terms, free)
            if taken is None:
                # An item that is no name with this ending does not end the list: "cardiac, unusual or renal disease".
                if not free(last, last + 1):
                    break
                before, unnamed = last, unnamed + 1
                continue
            first, shorter = taken
            if shorter != code:
                take(first, last + 1, shorter)
            before = first
        if i >= 4 and normal[i - 4] == "type" and normal[i - 2] in _LINKS and n not in dropped:
            pair = [terms.get(" ".join(["type", number, *key])) for number in (normal[i - 3], normal[i - 1])]
            if pair[0] and pair[1] and free(i - 4, i):
                extra.extend([(i - 4, i - 2, pair[0]), (i - 1, j, pair[1])])
                dropped.add(n)
    if not extra:
        return spans
    return sorted([s for n, s in enumerate(spans) if n not in dropped] + list(dict.fromkeys(extra)))


def _may_be_listed(text: str, words: _Words, i: int, j: int) -> bool:
    """Whether something other than a blank, or a link, parts the name of the words i to j from the words beside it.

    So it does in a coordination; "type" may begin one that says its number before the name.
    """
    normal, starts, ends = words.normal, words.starts, words.ends
    if i:
        before, a = normal[i - 1], ends[i - 1]
        if before in _LINKS or starts[i] != a + 1 or text[a] != " " or (i >= 4 and normal[i - 4] == "type"):
            return True
    if j - i < 2 or j == len(normal):
        return False
    b = ends[j - 1]
    return normal[j] in _LINKS or starts[j] != b + 1 or text[b] != " "


def _linked(text: str, words: _Words, k: int) -> int | None:
    """The word that a link ("or", ",", "/") joins to word k."""
    n = k + 1
    while n < len(words.normal) and words.normal[n] in _LINKS:
        n += 1
    if n >= len(words.normal):
        return None
    return n if _JOINT.fullmatch(text, words.ends[k], words.starts[n]) else None


def _linked_before(text: str, words: _Words, k: int) -> int | None:
    n = k - 1
    while n >= 0 and words.normal[n] in _LINKS:
        n -= 1
    if n < 0:
        return None
    return n if _JOINT.fullmatch(text, words.ends[n], words.starts[k]) else None


def _shortened_before(
    words: _Words, last: int, key: list[str], terms: dict[str, str], free: Callable[[int, int], bool]
) -> tuple[int, str] | None:
    """The words that end at `last` and make a name with the end of `key`: (first word, concept)."""
    for length in (1, 2, 3):
        first = last - length + 1
        if first < 0 or words.normal[first] in _LINKS or not free(first, last + 1):
            return None
        for shared in range(1, len(key)):
            code = terms.get(" ".join([*words.normal[first : last + 1], *key[shared:]]))
            if code is not None:
                return first, code
    return None


_REMARK = re.compile(r"\s*[(\[][^()\[\]]*[)\]]")
_DOSE = re.compile(
    r"\b\d[\d.,]* ?(?:hr|hours?|day|ml|mg|mcg|ug|g|unt|units?|meq|actuat|%)(?:/(?:ml|mg|actuat|hr|day|\d[\d.]* ?ml))?(?!\w)|"
    r"\b(?:NDA\d+|(?:metered|dry powder|dose) inhaler|auto-injector|prefilled syringe|pen injector|transdermal (?:patch|system)|"
    r"(?:topical|nasal|mucosal|oral) (?:spray|cream|gel|ointment|product|tablet|capsule|solution|suspension)|intrauterine system|"
    r"drug implant|injectable (?:solution|suspension|product)|extended release|delayed release|enteric coated)\b",
    re.IGNORECASE,
)
_BLOCKING = frozenset(
    "family no not without negative risk suspected possible prevention screening allergy allergic free exposure carrier relative "
    "mother father sibling brother sister parent non anti rule exclude excluded denies prophylaxis vaccine vaccination susceptibility "
    "donor healthy caregiver caregivers fear".split()
)
_IDLE = frozenset(
    "a of in with and or the due to by as on for from at stage grade i ii iii iv iiia iiib iiic iva ivb ia ib iia iib v 0 1 2 3 4 5 "
    "metastatic advanced locally recurrent refractory relapsed relapse newly diagnosed new onset early late recent adult childhood pediatric "
    "child chronic acute subacute severe mild moderate primary secondary left right bilateral unilateral unspecified nos other history personal "
    "past previous h o active untreated treated stable unstable progressive resectable unresectable operable inoperable localized "
    "female male patient disease disorder syndrome condition diagnosis finding situation symptomatic asymptomatic persistent recurring "
    "malignant invasive high low intermediate grade well poorly controlled uncontrolled current established confirmed documented complete "
    "hr her2 er pr positive tablet oral capsule injection mg ml mcg hour extended release solution topical cream dose daily hydrochloride sodium".split()
)


def concept(concept_id: str, text: str | None = None) -> Concept:
    """The concept of an id, called `text` or by its preferred name."""
    mesh = concept_id if concept_id[0] in "DC" and concept_id[1:2].isdigit() else None
    return Concept(text or hierarchy.name(concept_id) or concept_id, concept_id, mesh, icd10_of(concept_id))


@cache
def _terms_by_concept() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for term, code in vocabulary().terms.items():
        found.setdefault(code, []).append(term)
    return found


def terms_of(concept_id: str) -> list[str]:
    """All names of a concept, as keys of normal words."""
    return _terms_by_concept().get(concept_id, [])


@lru_cache(maxsize=16384)
def lookup_remembered(text: str) -> Concept | None:
    """`lookup` for names of registries and tables: answers are kept, so a patient's words must not come here."""
    return lookup(text)


def lookup(text: str) -> Concept | None:
    """The concept that a name by itself stands for (a patient's condition, a trial's condition, a drug's display text).

    The exact name first, then without remarks in brackets, then the one name inside it when nothing but idle words
    (stage, laterality, dose form) is left over: the concept is then broader than the text, never narrower. None when
    more is left over, or a word such as "family" or "no" changes the meaning.
    """
    stripped = text.strip()
    bare = " ".join(_REMARK.sub(" ", stripped).split())
    for form in (stripped, uninvert(stripped), bare, uninvert(bare)):
        code = _exact(form)
        if code is not None:
            return concept(code, stripped)
    if len(bare) > 200:
        return None
    bare = _DOSE.sub(" ", bare)
    words = _cut(bare, 0, len(bare), False)
    if not _BLOCKING.isdisjoint(words.normal):
        return None
    matches = [m for m in find_terms(bare) if m.category not in {"anatomy", "other"}]
    if len({m.concept_id for m in matches}) != 1:
        return None
    inside = {k for m in matches for k in range(m.start, m.end)}
    left = [w for w, s in zip(words.normal, words.starts, strict=True) if s not in inside]
    if all(w in _IDLE or w.isdigit() for w in left):
        return concept(matches[0].concept_id, stripped)
    return None


def _exact(form: str) -> str | None:
    known = vocabulary()
    code = known.terms.get(key_of(form))
    if code is not None:
        return code
    for short in (form, form.upper()):
        meanings = known.abbreviations.get(short.replace("-", ""), ()) or known.abbreviations.get(short, ())
        if len({m.concept_id for m in meanings}) == 1:
            return meanings[0].concept_id
    return None


def lookup_all(text: str) -> list[Concept]:
    """All concepts named in a text, in order, each once: conditions and treatments, no anatomy where anything else is."""
    whole = lookup(text)
    if whole is not None:
        return [whole]
    matches = find_terms(_DOSE.sub(" ", text))
    telling = [m for m in matches if m.category not in {"anatomy", "other", "substance"}] or matches
    first: dict[str, TermMatch] = {}
    for m in telling:
        first.setdefault(m.concept_id, m)
    return [concept(code, m.text) for code, m in first.items()]


__all__ = ["TermMatch", "concept", "find_terms", "lookup", "lookup_all", "lookup_remembered", "words_of"]
