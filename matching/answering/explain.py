"""A judged criterion in words: what was found, in the registry's words and the patient's values, then a question if one helps.

The tree of findings is cut down to the leaves that decide it: the part that held of an "any of", the parts that
failed of an "all of", the open ones of what is unknown. Each kind of leaf has its sentences in the wording tables.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import assert_never

from matching.answering import phrases
from matching.answering.deciding import FactKey, askable, key
from matching.answering.questions import MOST_FACTS, ask_for_all, sex_word
from matching.answering.wording import Wording
from matching.knowledge import analytes
from matching.model.codes import Verdict, WhyUnknown
from matching.model.criterion import (
    AgeIs,
    AllOf,
    AnyOf,
    AtLeast,
    Bound,
    ConditionIs,
    CountIs,
    If,
    LifeExpectancyIs,
    LifestyleIs,
    MeasurementIs,
    Not,
    OnSite,
    PregnancyIs,
    ResultIs,
    ScoreIs,
    SexIs,
    TreatmentIs,
    Unreadable,
)
from matching.model.finding import Distance, Evidence, Finding, JudgedCriterion, JudgedTrial, MissingFact
from matching.model.truth import Truth

_ADJECTIVE = re.compile(r"(?:ic|ac|al|ive|ary|ous|ed|ent|ant)$")
HEALTHY_VOLUNTEER = "healthy volunteer"
"""A fact about the person: its absence is no "no"."""
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
        criteria=tuple(replace(each, explanation=explain(each, words)) for each in trial.criteria)
        if criteria
        else trial.criteria,
        near_misses=tuple(replace(each, explanation=near_miss(each, words)) for each in trial.near_misses),
    )


def explain(criterion: JudgedCriterion, words: Wording = PLAIN) -> str:
    """The sentences for one criterion. It ends in a question when the patient can settle what is open."""
    said = []
    if criterion.applies_to is not None:
        said.append(words.say("applies_to", group=phrases.quote(criterion.applies_to)))
    if criterion.verdict is Verdict.NOT_APPLICABLE:
        return " ".join([*said, words.say("verdict.not_applicable.quote", quote=phrases.quote(criterion.text))])
    leaves = decisive(criterion.finding)
    if not leaves:
        said.append(words.say("open_to_all", quote=phrases.quote(criterion.text)))
    elif criterion.verdict is Verdict.UNKNOWN and all(leaf.truth is not Truth.UNKNOWN for leaf in leaves):
        # what was found does not rest on anything the patient said
        return " ".join([*said, words.say("unreadable.value", quote=phrases.quote(criterion.text))])
    if criterion.verdict is Verdict.UNKNOWN:
        # what can be asked stands last, next to the question
        leaves = tuple(sorted(leaves, key=lambda leaf: bool(askable(leaf))))
    negated = frozenset(id(leaf) for leaf in _negated(criterion.finding))
    said.extend(_sentences(tuple((leaf, _quote(leaf, criterion, id(leaf) in negated)) for leaf in leaves), words))
    if criterion.verdict is Verdict.UNKNOWN:
        said.append(_question(leaves, words))
    else:
        said.extend(_notes(leaves, words))
        said.append(words.say(f"verdict.{criterion.verdict.value}"))
    return " ".join(part for part in said if part)


def _sentences(quoted: tuple[tuple[Finding, str], ...], words: Wording) -> list[str]:
    """One sentence a leaf; leaves that would say the same of several quotes share one, and what is too much is counted."""
    groups: dict[str, dict[str, Finding]] = {}
    told: dict[str, str] = {}
    for number, (leaf, quote, beside) in enumerate(_by_value(quoted)):
        shared = _shared(leaf)
        if shared:
            groups.setdefault(shared, {}).setdefault(quote, leaf)
            told.setdefault(shared, "")
        else:
            told[str(number)] = _leaf(leaf, quote, words, beside)
    for shared, leaves in groups.items():
        told[shared] = _together(shared, leaves, words)
    sentences = list(dict.fromkeys(told.values()))
    if len(sentences) <= MOST_PARTS:
        return sentences
    hidden = len(sentences) - MOST_PARTS
    more = words.say("more") if hidden == 1 else words.say("more.many", count=str(hidden))
    # a question follows what is open, and what can be asked stands last
    last = quoted[-1][0].truth is Truth.UNKNOWN
    return [*(sentences[-MOST_PARTS:] if last else sentences[:MOST_PARTS]), more]


def _together(shared: str, leaves: dict[str, Finding], words: Wording) -> str:
    """The sentence of leaves that are told alike, by their quotes; a quote inside another is not repeated."""
    quotes = [one for one in leaves if not any(one != other and one in other for other in leaves)]
    if len(quotes) == 1:
        return _leaf(leaves[quotes[0]], quotes[0], words)
    shown = [words.say("quoted", quote=quote) for quote in quotes[:MOST_QUOTES]]
    if len(quotes) > MOST_QUOTES:
        shown.append(words.say("others", count=str(len(quotes) - MOST_QUOTES)))
    return words.say(shared, quotes=words.listing(tuple(shown)))


def _by_value(quoted: tuple[tuple[Finding, str], ...]) -> list[tuple[Finding, str, tuple[Finding, ...]]]:
    """The leaves; those that hold one value against several bounds, with one outcome, stand beside the first of them."""
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


def _shared(leaf: Finding) -> str:
    """The sentence in which such leaves are told together; empty for those that each have a value to show."""
    match leaf.expression:
        case ConditionIs() | TreatmentIs() | CountIs() | PregnancyIs() | LifestyleIs():
            if leaf.truth is Truth.FALSE:
                return "statement.false.together"
            if leaf.truth is Truth.UNKNOWN and _reason(leaf) is WhyUnknown.MISSING:
                return "statement.unknown.together"
    if leaf.truth is Truth.UNKNOWN and _reason(leaf) is WhyUnknown.UNREADABLE:
        return "unreadable.together"
    return ""


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
        case (
            AgeIs()
            | SexIs()
            | MeasurementIs()
            | ResultIs()
            | ScoreIs()
            | ConditionIs()
            | TreatmentIs()
            | CountIs()
            | PregnancyIs()
            | LifeExpectancyIs()
            | LifestyleIs()
            | OnSite()
            | Unreadable()
        ):
            return (finding,)
        case _:
            assert_never(expression)
    return tuple(leaf for part in (chosen or parts) for leaf in decisive(part))


def _with(parts: tuple[Finding, ...], truth: Truth) -> tuple[Finding, ...]:
    return tuple(part for part in parts if part.truth is truth and part.applicable)


def near_miss(distance: Distance, words: Wording) -> str:
    """By how much a bound was missed, and whether it changes; never what to do about it."""
    where = "near_miss.on" if distance.by == 0 else "near_miss.above" if distance.by > 0 else "near_miss.below"
    sentence = words.say(
        where,
        fact=distance.fact,
        value=phrases.quantity(distance.value, distance.unit, words, 4),
        by=phrases.quantity(abs(distance.by), distance.unit, words, 3),
        bound=phrases.quantity(distance.bound, distance.unit, words),
    )
    changes = f"near_miss.{distance.changes}"
    return f"{sentence} {words.say(changes)}" if words.has(changes) else sentence


def _negated(finding: Finding, under: bool = False) -> tuple[Finding, ...]:
    """The leaves that stand under an odd number of negations."""
    if not finding.parts:
        return (finding,) if under else ()
    below = under != isinstance(finding.expression, Not)
    return tuple(leaf for part in finding.parts for leaf in _negated(part, below))


def _quote(leaf: Finding, criterion: JudgedCriterion, negated: bool) -> str:
    """The leaf's own words in the source; the whole criterion's where the leaf has no place of its own in it.

    Under a negation the source's words may hold the "no" itself: there the concept's name stands for them.
    """
    expression = leaf.expression
    if negated and isinstance(expression, ConditionIs | TreatmentIs):
        return phrases.quote(expression.concept.text)
    if criterion.start is not None and not isinstance(expression, AllOf | AnyOf | AtLeast | Not | If):
        start, end = expression.start - criterion.start, expression.end - criterion.start
        if 0 <= start < end <= len(criterion.text):
            return phrases.quote(criterion.text[start:end])
    return phrases.quote(criterion.text)


def _value(evidence: Evidence, words: Wording, *limits: Bound | None) -> str:
    """The patient's own value, with the converted one beside it; empty when the evidence holds none."""
    value = evidence.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return words.word("word", "yes" if value else "no")
    if isinstance(value, str):
        return value
    if evidence.formula is not None:  # computed: the digits of a division are none of the patient's
        return phrases.converted(value, words, *limits) + phrases.unit(evidence.unit, value, words)
    said = phrases.quantity(value, evidence.unit, words)
    if evidence.as_value is None or evidence.as_unit == evidence.unit:
        return said
    other = phrases.converted(evidence.as_value, words, *limits) + phrases.unit(
        evidence.as_unit, evidence.as_value, words
    )
    return f"{said} ({other})"


def _leaf(leaf: Finding, quote: str, words: Wording, beside: tuple[Finding, ...] = ()) -> str:
    """What is known, or open, of one leaf; `beside` are leaves on the same value with other bounds."""
    expression = leaf.expression
    match expression:
        case AgeIs():
            return _number((leaf,), "age", words.word("word", "age"), "", quote, words)
        case MeasurementIs():
            setting = expression.setting
            name = expression.analyte.name
            fact = words.say("setting", setting=words.word("setting", setting), fact=name) if setting else name
            when = phrases.window(expression.window, words)
            return _number((leaf, *beside), "number", fact, when, quote, words)
        case ScoreIs():
            entry = analytes.by_instrument(expression.instrument)
            fact = entry.name if entry else expression.instrument.upper()
            when = phrases.window(expression.window, words)
            return _number((leaf, *beside), "number", fact, when, quote, words)
        case LifeExpectancyIs():
            fact = words.word("word", "life_expectancy")
            return _number((leaf,), "number", fact, "", quote, words)
        case SexIs():
            wanted = sex_word(expression.sex, words)
            value = sex_word(str(leaf.evidence[0].value), words) if leaf.evidence else wanted
            return _say(leaf, "sex", words, value, wanted=wanted, fact="", quote=quote)
        case ResultIs():
            value = _value(leaf.evidence[0], words) if leaf.evidence else ""
            wanted = expression.result.replace("_", " ")
            return _say(
                leaf, "result", words, value, fact=expression.analyte.name, wanted=wanted, bound=wanted, quote=quote
            )
        case ConditionIs() | TreatmentIs():
            return _statement(leaf, expression.concept.text, quote, words)
        case CountIs():
            return _statement(leaf, expression.of.text, quote, words)
        case PregnancyIs() | LifestyleIs():
            return _statement(leaf, quote, quote, words)
        case OnSite():
            state = leaf.truth.name.lower()
            return words.say(f"on_site.{state}", topic=words.word("topic", expression.topic))
        case Unreadable():
            return words.say("unreadable", quote=quote, reason=expression.reason)
        case AllOf() | AnyOf() | AtLeast() | Not() | If():
            raise TypeError("only leaves have sentences")
    assert_never(expression)


def _number(leaves: tuple[Finding, ...], group: str, fact: str, when: str, quote: str, words: Wording) -> str:
    """Leaves with bounds on one value: the value against what is required."""
    leaf = leaves[0]
    limits: list[Bound | None] = []
    told: list[str] = []
    for each in leaves:
        expression = each.expression
        if isinstance(expression, AgeIs | MeasurementIs | ScoreIs | LifeExpectancyIs):
            limits += [expression.lower, expression.upper]
            told.append(phrases.bounds(expression.lower, expression.upper, words))
    joint = words.word("word", "and" if leaf.truth is Truth.TRUE else "or")
    wanted = f" {joint} ".join(told) + when
    value = _value(leaf.evidence[0], words, *limits) if leaf.evidence else ""
    if leaf.truth is Truth.UNKNOWN and _reason(leaf) is WhyUnknown.MISSING and group == "number":
        if limits == [None, None]:
            return words.say("number.unknown.open", fact=fact)
        if value:
            return words.say("number.unknown.value", fact=fact, value=value, bound=wanted)
    return _say(leaf, group, words, value, fact=fact, bound=wanted, quote=quote)


def _statement(leaf: Finding, fact: str, quote: str, words: Wording) -> str:
    """A leaf without a number: what the patient told, against the words of the trial."""
    told = ""
    path: tuple[str, ...] = ()
    for evidence in leaf.evidence[:1]:
        value = evidence.value
        if isinstance(value, str) and value:
            told = value
        elif value is False and evidence.fact == HEALTHY_VOLUNTEER:
            told = ""
        elif value is False:
            told = words.say("word.not_present", fact=evidence.fact)
        elif value is None or value is True:
            told = evidence.fact
        else:
            told = f"{evidence.fact}: {_value(evidence, words)}"
        path = evidence.path
        if evidence.on is not None:
            told = f"{told}, {evidence.on}"
    if leaf.truth is Truth.TRUE and len(path) > 1:
        return words.say("statement.true.path", value=told, fact=fact, quote=quote)
    return _say(leaf, "statement", words, told, fact=fact, quote=quote)


def _say(leaf: Finding, group: str, words: Wording, value: str, **values: str) -> str:
    """The group's sentence for the leaf's truth or the reason why it is unknown, without a value where there is none."""
    state = leaf.truth.name.lower()
    if leaf.truth is Truth.UNKNOWN:
        reason = _reason(leaf)
        if reason is WhyUnknown.UNREADABLE or reason is WhyUnknown.ON_SITE:
            return words.say("unreadable.value", quote=values["quote"])
        candidates = [reason.value, "unknown"]
    else:
        candidates = [state]
    common = group if words.has(f"{group}.{candidates[0]}") else "number" if group in ("age", "result") else group
    for name in (f"{common}.{candidates[0]}", f"{group}.{candidates[-1]}"):
        bare = f"{name}.bare"
        if not value and words.has(bare):
            return words.say(bare, **values)
        if words.has(name):
            return words.say(name, value=value, **values)
    raise KeyError(f"no sentence for {group} when {candidates[-1]}")


def _reason(leaf: Finding) -> WhyUnknown:
    return leaf.reasons[0] if leaf.reasons else WhyUnknown.MISSING


def _question(leaves: tuple[Finding, ...], words: Wording) -> str:
    """One question for all that the patient can settle; empty when that is nothing."""
    facts: dict[FactKey, tuple[MissingFact, Finding]] = {}
    asked = []
    for leaf in leaves:
        missing = askable(leaf)
        if missing:
            asked.append(leaf)
            for fact in missing:
                facts.setdefault(key(fact), (fact, leaf))
    if len(facts) == 1:
        if any(_reason(leaf) is WhyUnknown.CONFLICT for leaf in asked):
            return words.say("question.which")
        if any(_reason(leaf) is WhyUnknown.STALE for leaf in asked):
            return words.say("question.newer", fact=asked[0].missing[0].fact)
    if facts:
        rows = list(facts.values())
        written = [_as_written(fact, leaf) for fact, leaf in rows[:MOST_FACTS]]
        return ask_for_all([*written, *(fact for fact, _ in rows[MOST_FACTS:])], words)
    for leaf in leaves:
        if leaf.truth is Truth.UNKNOWN and leaf.evidence:
            fact = leaf.evidence[0].fact
            match _reason(leaf):
                case WhyUnknown.NOT_COMPARABLE:
                    return words.say("question.unit", fact=fact, unit=_wanted_unit(leaf, words))
                case WhyUnknown.CONFLICT:
                    return words.say("question.which")
                case WhyUnknown.STALE:
                    return words.say("question.newer", fact=fact)
                case _:
                    continue
    return ""


def _as_written(fact: MissingFact, leaf: Finding) -> MissingFact:
    """A disease or treatment is asked for in the trial's own words, unless they are an adjective ("renal")."""
    expression = leaf.expression
    if not isinstance(expression, ConditionIs | TreatmentIs) or fact.id != (expression.concept.id or fact.id):
        return fact
    written = phrases.quote(expression.concept.text)
    return fact if _ADJECTIVE.search(written) else replace(fact, fact=written)


def _wanted_unit(leaf: Finding, words: Wording) -> str:
    expression = leaf.expression
    if isinstance(expression, MeasurementIs):
        for bound in (expression.lower, expression.upper):
            if bound is not None and bound.times is None and bound.unit not in (None, "1"):
                return phrases.unit(bound.unit, 2, words).strip()
    return words.word("word", "unit_less")


def _notes(leaves: tuple[Finding, ...], words: Wording) -> list[str]:
    """What a reader has to know of the evidence: on the bound, taken from a table, computed."""
    evidence = [each for leaf in leaves for each in leaf.evidence]
    notes = []
    if any(each.boundary for each in evidence):
        notes.append(words.say("boundary"))
    notes.extend(words.say("assumed", assumed=each.assumed) for each in evidence if each.assumed)
    notes.extend(words.say("formula", formula=each.formula) for each in evidence if each.formula)
    return list(dict.fromkeys(notes))
