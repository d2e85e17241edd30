"""A judged criterion in words: what was found, in the registry's words and the patient's values, then a question if one helps.

The tree of findings is cut down to the leaves that decide it: the part that held of an "any of", the parts that
failed of an "all of", the open ones of what is unknown. Each kind of leaf has its sentences in the wording tables.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from matching.answering import names, phrases
from matching.answering.sentences import by_kind, leaf_sentence, near_miss, question_for, reason_of, told
from matching.answering.wording import Wording
from matching.judging.askable import askable
from matching.model.codes import Verdict, WhyUnknown
from matching.model.criterion import (
    AllOf,
    AnyOf,
    AtLeast,
    ConditionIs,
    CountIs,
    If,
    Leaf,
    LifestyleIs,
    MeasurementIs,
    Not,
    PregnancyIs,
    ScoreIs,
    TreatmentIs,
)
from matching.model.finding import Finding, JudgedCriterion, JudgedTrial
from matching.model.truth import Truth

MOST_PARTS = 3
"""Parts of one criterion that are put into words; the others are counted."""
MOST_QUOTES = 6
"""Quotes in one sentence."""


PLAIN = Wording()
"""English, for the patient."""


def explain_trial(trial: JudgedTrial, words: Wording, *, criteria: bool = True) -> JudgedTrial:
    """The trial with every near miss in words, and every criterion unless `criteria` is False."""
    return replace(
        trial,
        criteria=tuple(_explained(each, words) for each in trial.criteria) if criteria else trial.criteria,
        near_misses=tuple(replace(each, explanation=near_miss(each, words)) for each in trial.near_misses),
    )


def _explained(criterion: JudgedCriterion, words: Wording) -> JudgedCriterion:
    kept = criterion.kept
    if kept is None:
        return replace(criterion, explanation=explain(criterion, words))
    known = kept.get(words)
    if not isinstance(known, JudgedCriterion):
        known = kept[words] = replace(criterion, explanation=explain(criterion, words), kept={})
    return known if known.id == criterion.id else known.called(criterion.id, criterion.parent)


def explain(criterion: JudgedCriterion, words: Wording = PLAIN) -> str:
    """The sentences for one criterion. It ends in a question when the patient can settle what is open."""
    said = []
    if criterion.applies_to is not None:
        said.append(words.say("applies_to", group=phrases.quote(criterion.applies_to)))
    if criterion.verdict is Verdict.NOT_APPLICABLE:
        of_nobody = criterion.finding.expression in (AllOf(()), AnyOf(()))  # "None", a title
        sentence = "asks_nothing" if of_nobody else "verdict.not_applicable.quote"
        return " ".join([*said, words.say(sentence, quote=phrases.quote(criterion.text))])
    leaves = decisive(criterion.finding)
    if not leaves:
        said.append(words.say("open_to_all", quote=phrases.quote(criterion.text)))
    elif criterion.verdict is Verdict.UNKNOWN and all(leaf.truth is not Truth.UNKNOWN for leaf in leaves):
        # what was found does not rest on anything the patient said
        return " ".join([*said, words.say("unreadable.value", quote=phrases.quote(criterion.text))])
    if criterion.verdict is Verdict.UNKNOWN:
        # what can be asked stands last, next to the question
        leaves = tuple(sorted(leaves, key=lambda leaf: bool(askable(leaf))))
    negated = frozenset(map(id, _negated(criterion.finding)))
    said.extend(
        _sentences(tuple((leaf, _quote(leaf, criterion, id(leaf) in negated, words)) for leaf in leaves), words)
    )
    if criterion.verdict is Verdict.UNKNOWN:
        said.append(question_for(leaves, words))
    else:
        said.extend(_notes(leaves, words))
        said.append(words.say(f"verdict.{criterion.verdict.value}"))
    return " ".join(part for part in said if part)


def _sentences(quoted: tuple[tuple[Finding, str], ...], words: Wording) -> list[str]:
    """One sentence a leaf; leaves that would say the same of several quotes share one, and what is too much is counted."""
    groups: dict[_Shared, dict[str, Finding]] = {}
    said: dict[_Shared | int, str] = {}
    open_quotes = {quote for leaf, quote in quoted if askable(leaf)}
    for number, (leaf, quote, beside) in enumerate(_by_value(quoted)):
        shared = _shared(leaf, words)
        if shared == _UNREAD and quote in open_quotes:
            shared = _UNSURE
        if shared is not None:
            groups.setdefault(shared, {}).setdefault(quote, leaf)
            said.setdefault(shared, "")
        else:
            said[number] = leaf_sentence(leaf, quote, words, beside)
    for shared, leaves in groups.items():
        said[shared] = _together(shared, leaves, words)
    sentences = list(dict.fromkeys(said.values()))
    if len(sentences) <= MOST_PARTS:
        return sentences
    hidden = len(sentences) - MOST_PARTS
    more = words.say("more") if hidden == 1 else words.say("more.many", count=str(hidden))
    # a question follows what is open, and what can be asked stands last
    last = quoted[-1][0].truth is Truth.UNKNOWN
    return [*(sentences[-MOST_PARTS:] if last else sentences[:MOST_PARTS]), more]


@dataclass(frozen=True, slots=True)
class _Shared:
    """The sentence in which several leaves are told together, and what the patient told that holds for all of them."""

    sentence: str
    value: str = ""


_UNREAD, _UNSURE = _Shared("unreadable.together"), _Shared("unreadable.unsure")
"""What was not read, and what was read as something that can be asked, but perhaps not to the end."""


def _together(shared: _Shared, leaves: dict[str, Finding], words: Wording) -> str:
    """The sentence of leaves that are told alike, by their quotes; a quote inside another is not repeated."""
    written = {one.lower(): one for one in reversed(leaves)}
    quotes = [
        one
        for small, one in reversed(written.items())
        if not any(small != other and small in other for other in written)
    ]
    if len(quotes) == 1 and shared != _UNSURE:
        return leaf_sentence(leaves[quotes[0]], quotes[0], words)
    shown = [words.say("quoted", quote=quote) for quote in quotes[:MOST_QUOTES]]
    if len(quotes) > MOST_QUOTES:
        shown.append(words.say("others", count=str(len(quotes) - MOST_QUOTES)))
    return words.say(shared.sentence, quotes=words.listing(tuple(shown)), value=shared.value)


def _by_value(quoted: tuple[tuple[Finding, str], ...]) -> list[tuple[Finding, str, tuple[Finding, ...]]]:
    """The leaves; those that hold one value against several bounds, with one outcome, stand beside the first of them."""
    quoted = _without_bare(quoted)
    firsts: dict[object, int] = {}
    rows: list[tuple[Finding, str, tuple[Finding, ...]]] = []
    for leaf, quote in quoted:
        expression = leaf.expression
        same: object = None
        if leaf.truth is not Truth.UNKNOWN and leaf.evidence and isinstance(expression, MeasurementIs | ScoreIs):
            same = (replace(expression, start=0, end=0, lower=None, upper=None), leaf.truth, leaf.evidence[0].value)
        if same is not None and same in firsts:
            first, first_quote, beside = rows[firsts[same]]
            rows[firsts[same]] = (first, first_quote, (*beside, leaf))
            continue
        if same is not None:
            firsts[same] = len(rows)
        rows.append((leaf, quote, ()))
    return rows


def _without_bare(quoted: tuple[tuple[Finding, str], ...]) -> tuple[tuple[Finding, str], ...]:
    """Without the tests that are only asked about where a bound on the same test is told beside them."""
    bounded = {_measured(leaf) for leaf, _ in quoted if _has_bounds(leaf)}
    return tuple((leaf, quote) for leaf, quote in quoted if _has_bounds(leaf) or _measured(leaf) not in bounded)


def _measured(leaf: Finding) -> str:
    expression = leaf.expression
    return expression.analyte.name if isinstance(expression, MeasurementIs) else ""


def _has_bounds(leaf: Finding) -> bool:
    expression = leaf.expression
    return not isinstance(expression, MeasurementIs) or expression.lower is not None or expression.upper is not None


def _shared(leaf: Finding, words: Wording) -> _Shared | None:
    """The sentence in which such leaves are told together; None for those that each have a value to show."""
    match leaf.expression:
        case ConditionIs() | TreatmentIs() | CountIs() | PregnancyIs() | LifestyleIs():
            if leaf.truth is Truth.TRUE and (value := told(leaf, words)):
                return _Shared(f"statement.true{'.path' if by_kind(leaf) else ''}.together", value)
            if leaf.truth is Truth.FALSE:
                return _Shared("statement.false.together")
            if leaf.truth is Truth.UNKNOWN and reason_of(leaf) is WhyUnknown.MISSING:
                return _Shared("statement.unknown.together")
    if leaf.truth is Truth.UNKNOWN and reason_of(leaf) is WhyUnknown.UNREADABLE:
        return _UNREAD
    return None


def decisive(finding: Finding) -> tuple[Finding, ...]:
    """The leaves that make the finding what it is, in the order of the text."""
    expression = finding.expression
    parts = finding.parts
    match expression:
        case AllOf():
            chosen = parts if finding.truth is Truth.TRUE else _with(parts, finding.truth)
        case AnyOf():
            chosen = parts if finding.truth is Truth.FALSE else _with(parts, finding.truth)
            if finding.truth is Truth.TRUE:
                chosen = chosen[:1]
        case AtLeast():
            chosen = _with(parts, finding.truth)
        case Not():
            chosen = parts
        case If():
            chosen = parts[1:] if finding.truth is not Truth.UNKNOWN else _with(parts, Truth.UNKNOWN)
        case _:
            _: Leaf = expression
            return (finding,)
    found: list[Finding] = []
    for part in chosen or parts:
        if part.parts or isinstance(part.expression, AllOf | AnyOf | AtLeast | Not | If):
            found += decisive(part)
        else:
            found.append(part)
    return tuple(found)


def _with(parts: tuple[Finding, ...], truth: Truth) -> tuple[Finding, ...]:
    return tuple(part for part in parts if part.truth is truth and part.applicable)


def _negated(finding: Finding, under: bool = False) -> tuple[Finding, ...]:
    """The leaves that stand under an odd number of negations."""
    if not finding.parts:
        return (finding,) if under else ()
    below = under != isinstance(finding.expression, Not)
    found: list[Finding] = []
    for part in finding.parts:
        if below or part.parts:
            found += _negated(part, below)
    return tuple(found)


def _quote(leaf: Finding, criterion: JudgedCriterion, negated: bool, words: Wording) -> str:
    """The leaf's own words in the source; the whole criterion's where the leaf has no place of its own in it.

    Under a negation the source's words may hold the "no" itself: there the concept's name stands for them.
    """
    expression = leaf.expression
    if negated and isinstance(expression, ConditionIs | TreatmentIs):
        return phrases.quote(expression.concept.text)
    if negated and isinstance(expression, PregnancyIs):
        return words.listing(tuple(words.word("state", state) for state in expression.states))
    if criterion.start is not None and not isinstance(expression, AllOf | AnyOf | AtLeast | Not | If):
        start, end = expression.start - criterion.start, expression.end - criterion.start
        if 0 <= start < end <= len(criterion.text):
            return phrases.quote(criterion.text[start:end])
    return phrases.quote(criterion.text)


def _notes(leaves: tuple[Finding, ...], words: Wording) -> list[str]:
    """What a reader has to know of the evidence: on the bound, taken from a table, computed."""
    evidence = [each for leaf in leaves for each in leaf.evidence]
    notes = []
    if any(each.boundary for each in evidence):
        notes.append(words.say("boundary"))
    notes.extend(words.say("assumed", assumed=names.working(each.assumed, words)) for each in evidence if each.assumed)
    notes.extend(words.say("formula", formula=names.working(each.formula, words)) for each in evidence if each.formula)
    return list(dict.fromkeys(notes))
