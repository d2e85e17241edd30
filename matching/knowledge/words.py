"""Words as the vocabulary compares them: one spelling for plural, possessive, British and accented forms.

A key is a term's normal words joined by one space. Both sides, the vocabulary and the text, are brought to keys by
the same functions, so a rule here need not be right English: it must only send forms of one word to one key and
different words to different keys.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

TOKEN = re.compile(r"[^\W_]+(?:['’´`][^\W_]+)?")
"""A word: letters and digits of any script, with one inner apostrophe ("Crohn's")."""

_GREEK = {
    "α": "alpha", "β": "beta", "ß": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "κ": "kappa", "λ": "lambda", "μ": "mu", "ω": "omega",
}  # fmt: skip

_IRREGULAR = {
    "bacteria": "bacterium", "crises": "crisis", "diabetics": "diabetic", "diagnoses": "diagnosis", "feet": "foot", "fetuses": "fetus",
    "indices": "index", "lice": "louse", "men": "man", "metastases": "metastasis", "ova": "ovum", "sinuses": "sinus", "teeth": "tooth",
    "uteri": "uterus", "vertebrae": "vertebra", "viruses": "virus", "women": "woman", "children": "child", "emboli": "embolus",
    "thrombi": "thrombus", "fungi": "fungus", "calculi": "calculus", "nevi": "nevus", "bursae": "bursa", "bronchi": "bronchus",
    "doses": "dose", "overdoses": "overdose", "noses": "nose", "purposes": "purpose", "headaches": "headache", "aches": "ache",
    "carcinomata": "carcinoma", "stomata": "stoma", "leucocyte": "leukocyte", "leucocytes": "leukocyte", "leucemia": "leukemia",
    "ageing": "aging", "grey": "gray", "caesarian": "cesarean", "cesarian": "cesarean", "orthopedics": "orthopedic",
    "paralyses": "paralysis", "sulphonylurea": "sulfonylurea", "sulphonylureas": "sulfonylurea", "tumours": "tumor",
}  # fmt: skip

_TO_SIS = ("stases", "oses", "yses", "heses", "reses", "ectases")


_ASCII = bytes(range(128))
_MARK = re.compile("['`]")
_APOSTROPHIC = re.compile(r"[^'`]+(?:['`][^'`]+)?")
"""TOKEN in a part of a text that holds letters, digits and apostrophes alone."""

_APART = bytes(
    code if code >= 128 else ord(chr(code).lower()) if chr(code).isalnum() or chr(code) in "'`" else 32
    for code in range(256)
)
"""What parts the words of a text, beside marks that are not ASCII: a space for each. Letters of ASCII become small."""

MOST_MARKS = 64
"""A text with more marks beyond ASCII is cut the plain way."""

MOST_REMEMBERED = 65_536


class _Remembered(dict[str, str]):
    """Normal forms of words of registry texts. Nothing of a patient is put here: see `remembered_words`."""

    def __missing__(self, word: str) -> str:
        known = normal_word(word)
        if len(self) < MOST_REMEMBERED:
            self[word] = known
        return known


_REMEMBERED = _Remembered()


def remembered_words(words: Iterable[str]) -> list[str]:
    """The normal forms of words of a registry's text or of a table, kept for the next time. Never for a patient's words."""
    return list(map(_REMEMBERED.__getitem__, words))


def normal_word(word: str) -> str:
    """A word in its normal form: lower case, no accents, American spelling, singular, no possessive."""
    w = word.lower()
    if not w.isascii():
        # Before the accents go: an acute by itself would leave a space.
        w = w.replace("’", "'").replace("´", "'").replace("`", "'")
        w = "".join(_GREEK.get(c, c) for c in w)
        w = "".join(c for c in unicodedata.normalize("NFKD", w) if not unicodedata.combining(c))
    if "'" in w:
        w = w.removesuffix("'s").replace("'", "")
    if len(w) <= 3:
        return w
    if (irregular := _IRREGULAR.get(w)) is not None:
        return irregular
    w = w.replace("ae", "e").replace("oe", "e").replace("sulph", "sulf")
    if "our" in w:
        w = w.replace("our", "or")
    if "isation" in w:
        w = w.replace("isation", "ization")
    return _singular(w)


def _singular(w: str) -> str:
    if not w.endswith("s") or w.endswith(("ss", "us", "is")):
        return w[:-4] + "itis" if w.endswith("itides") else w
    if w.endswith("ies") and len(w) > 4:
        return w[:-3] + "y"
    if w.endswith(("sses", "xes", "shes")) or (w.endswith("ches") and not w.endswith("aches")):
        return w[:-2]
    if w.endswith(_TO_SIS) and len(w) > 6:
        return w[:-2] + "is"
    return w[:-1]


def words_of(text: str) -> list[str]:
    """The normal words of a text, in order."""
    return [normal_word(m) for m in TOKEN.findall(text)]


def registry_words(text: str) -> list[str]:
    """The normal words of a registry's text, in order; their forms are remembered. Never for a patient's words."""
    return remembered_words(registry_tokens(text))


def registry_tokens(text: str) -> list[str]:
    """What TOKEN finds in a text, faster than by matching it: marks become spaces, and spaces part the words.

    A letter of ASCII comes small, an apostrophe in its plain form: `normal_word` makes the same of such a word.
    """
    if not text.isascii():
        marks = set(text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass"))
        if len(marks) > MOST_MARKS:
            return TOKEN.findall(text)
        for mark in marks:
            if mark in "’´":
                text = text.replace(mark, "'")
            elif not mark.isalnum():
                text = text.replace(mark, " ")
    text = text.encode().translate(_APART).decode()
    return _parted(text).split() if "'" in text or "`" in text else text.split()


def _parted(text: str) -> str:
    """The text with each part that holds apostrophes as its words: few do, so each is looked for rather than all looked at."""
    told: list[str] = []
    end = 0
    for mark in _MARK.finditer(text):
        if mark.start() < end:
            continue  # of the part before
        start = text.rfind(" ", end, mark.start()) + 1 or end
        told.append(text[end:start])
        end = text.find(" ", start)
        end = len(text) if end < 0 else end
        told.append(" ".join(_APOSTROPHIC.findall(text[start:end])))
    told.append(text[end:])
    return "".join(told)


def key_of(text: str) -> str:
    """The key under which the vocabulary holds a term."""
    return " ".join(words_of(text))


def uninvert(term: str) -> str:
    """An index-style term in its natural order: "Diabetes Mellitus, Type 1" -> "Type 1 Diabetes Mellitus"."""
    parts = [p.strip() for p in term.split(", ")]
    return " ".join(reversed(parts)) if len(parts) > 1 else term
