"""What one leaf of a criterion says of the patient, and the question that would settle the open ones."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import assert_never

from matching.answering import phrases
from matching.answering.questions import MOST_FACTS, ask_for_all, sex_word
from matching.answering.wording import Wording
from matching.judging.askable import FactKey, askable, key
from matching.knowledge import analytes
from matching.model.codes import WhyUnknown
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
from matching.model.finding import Distance, Evidence, Finding, MissingFact
from matching.model.truth import Truth

_ADJECTIVE = re.compile(r"(?:ic|ac|al|ive|ary|ous|ed|ent|ant)$")
HEALTHY_VOLUNTEER = "healthy volunteer"
"""A fact about the person: its absence is no "no"."""


def leaf_sentence(leaf: Finding, quote: str, words: Wording, beside: tuple[Finding, ...] = ()) -> str:
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


def _of_another_setting(leaf: Finding) -> bool:
    """Whether the value at hand was taken in another setting than the one asked for: it is not "your 2-hour" value."""
    asked = leaf.missing[0] if leaf.missing else None
    return asked is not None and ":" not in asked.id and leaf.evidence[0].fact != asked.fact


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
    if leaf.truth is Truth.UNKNOWN and reason_of(leaf) is WhyUnknown.MISSING and group == "number":
        if limits == [None, None]:
            return words.say("number.unknown.open", fact=fact)
        if leaf.evidence and _of_another_setting(leaf):
            value = ""
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
        reason = reason_of(leaf)
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


def reason_of(leaf: Finding) -> WhyUnknown:
    """The most telling reason why an open leaf is open."""
    return leaf.reasons[0] if leaf.reasons else WhyUnknown.MISSING


def question_for(leaves: tuple[Finding, ...], words: Wording) -> str:
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
        if any(reason_of(leaf) is WhyUnknown.CONFLICT for leaf in asked):
            return words.say("question.which")
        if any(reason_of(leaf) is WhyUnknown.STALE for leaf in asked):
            return words.say("question.newer", fact=asked[0].missing[0].fact)
    if facts:
        rows = list(facts.values())
        written = [_as_written(fact, leaf) for fact, leaf in rows[:MOST_FACTS]]
        return ask_for_all([*written, *(fact for fact, _ in rows[MOST_FACTS:])], words)
    for leaf in leaves:
        if leaf.truth is Truth.UNKNOWN and leaf.evidence:
            named = leaf.evidence[0].fact
            match reason_of(leaf):
                case WhyUnknown.NOT_COMPARABLE:
                    return words.say("question.unit", fact=named, unit=_wanted_unit(leaf, words))
                case WhyUnknown.CONFLICT:
                    return words.say("question.which")
                case WhyUnknown.STALE:
                    return words.say("question.newer", fact=named)
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
