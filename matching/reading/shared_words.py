"""What several words before one name share: "allergy or intolerance to aspirin" is of aspirin both times."""

from __future__ import annotations

from matching.knowledge import lexicon
from matching.reading.cues import Cue
from matching.reading.items import Item
from matching.reading.mentions import shifted_name
from matching.reading.parts import Part

_BARE: dict[str, str] = {
    **dict.fromkeys(
        ("hypersensitivity", "hypersensitivities", "allergy", "allergies", "allergic reaction", "allergic reactions",
         "anaphylaxis", "hypersensitivity reaction", "hypersensitivity reactions", "anaphylactic reaction",
         "anaphylactic reactions", "allergic"),
        "hypersensitivity",
    ),
    **dict.fromkeys(("intolerance", "intolerances", "intolerant"), "intolerance"),
    **dict.fromkeys(("contraindication", "contraindications"), "contraindication"),
}  # fmt: skip
"""Words that stand for what "... to" makes of a name, by the value of the cue."""
_BESIDE = frozenset({"plain", "status", "qual", "person", "modal", "link", "neg"})


def shared_shifts(parts: list[Part]) -> list[Part]:
    """Shared = {word ","} word "or" (word "to") name: each word is said of the name."""
    out = list(parts)
    for n in range(len(parts) - 1, 0, -1):
        part = out[n]
        s = next((k for k, i in enumerate(part.items) if i.kind == "shift"), -1)
        if part.joint != "or" or s < 0 or s == len(part.items) - 1 or shifted_name(part.items[s]) is None:
            continue
        if any(i.kind not in _BESIDE for i in part.items[:s]):
            continue
        name = part.items[s + 1 :]
        k = n - 1
        while k >= 0 and (told := _said_alone(out[k])) is not None:
            out[k] = Part([*told, *name], out[k].joint, out[k].comma)
            if out[k].joint not in {"or", ","}:
                break
            k -= 1
    return out


def _said_alone(part: Part) -> list[Item] | None:
    """The items of a part that is nothing but such a word, with the word as a cue; None for any other part."""
    if not part.items:
        return None
    last = part.items[-1]
    value = _BARE.get(" ".join(last.text.lower().split()))
    if value is None or any(i.kind not in _BESIDE for i in part.items[:-1]):
        return None
    return [*part.items[:-1], Item("shift", last.start, last.end, last.text, Cue("shift", value))]


_USE = frozenset({"", "any", "current", "use"})


def shared_abuse(parts: list[Part]) -> list[Part]:
    """Shared = substance {("or" | "/" | ",") substance} "dependence": the dependence is on each of them, smoking apart."""
    abused = False
    for before, part in zip(reversed(parts[:-1]), reversed(parts[1:]), strict=True):
        if not part.items or not before.items:
            abused = False
            continue
        first, last = part.items[0], before.items[-1]
        abused = abused or (first.kind == "lifestyle" and first.cue is not None and first.cue.status == "abuse")
        if not abused or part.joint not in {"or", "/", ",", "and"}:
            abused = False
        elif last.kind == "lifestyle" and last.cue is not None and " " not in last.text:
            if last.cue.status in _USE and last.cue.value != "tobacco":
                cue = Cue("lifestyle", last.cue.value, "abuse")
                before.items[-1] = Item("lifestyle", last.start, last.end, last.text, cue)
        elif last.kind == "term" and len(before.items) == 1:
            found = [t for t in lexicon.find_terms(f"{last.text} abuse") if t.end == len(last.text) + len(" abuse")]
            if len(found) != 1 or found[0].start != 0:
                abused = False
                continue
            term = Item("term", last.start, last.end, last.text)
            term.term = found[0]._replace(start=last.start, end=last.end)
            before.items[-1] = term
        else:
            abused = False
    return parts
