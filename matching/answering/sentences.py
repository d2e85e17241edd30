"""What one leaf of a criterion says of the patient, and the question that would settle the open ones."""

from __future__ import annotations

from typing import assert_never

from matching.answering import names, phrases
from matching.answering.questions import ask_for_all, sex_word
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

MONTHS_OF_CHILDREN = 36
"""An age of so many months is told in years."""
_PER_YEAR = {"mo": 12.0, "wk": 365.25 / 7, "d": 365.25}
HEALTHY_VOLUNTEER = "healthy volunteer"
"""A fact about the person: its absence is no "no"."""


def leaf_sentence(leaf: Finding, quote: str, words: Wording, beside: tuple[Finding, ...] = ()) -> str:
    """What is known, or open, of one leaf; `beside` are leaves on the same value with other bounds."""
    expression = leaf.expression
    match expression:
        case AgeIs():
            return _number((leaf,), "age", words.word("word", "age"), "", quote, words)
        case MeasurementIs():
            fact = names.measured(expression.analyte.name, expression.setting, words)
            when = phrases.window(expression.window, words)
            return _number((leaf, *beside), "number", fact, when, quote, words)
        case ScoreIs():
            fact = names.instrument(expression.instrument, words)
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
            if leaf.evidence and isinstance(leaf.evidence[0].value, bool | None):
                return _statement(leaf, "", quote, words)  # told by a disease, not by a test
            value = _value(leaf.evidence[0], words) if leaf.evidence else ""
            wanted = names.word("result", expression.result, words)
            fact = names.measured(expression.analyte.name, None, words)
            return _say(leaf, "result", words, value, fact=fact, wanted=wanted, bound=wanted, quote=quote)
        case ConditionIs() | TreatmentIs():
            return _statement(leaf, names.concept(expression.concept.id, expression.concept.text, words), quote, words)
        case CountIs():
            return _statement(leaf, names.concept(expression.of.id, expression.of.text, words), quote, words)
        case PregnancyIs() | LifestyleIs():
            return _statement(leaf, quote, quote, words)
        case OnSite():
            # What was stated, whichever way the text puts it: "able to consent" or "unable to consent".
            state = "unknown" if not leaf.evidence else "true" if leaf.evidence[0].value else "false"
            return words.say(f"on_site.{state}", topic=words.word("topic", expression.topic))
        case Unreadable():
            return words.say("unreadable", quote=quote, reason=names.reason(expression.reason, words))
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
        said = names.word("result", value, words)
        return said + phrases.unit(evidence.unit, 2, words) if said == value else said
    if evidence.formula is not None:  # computed: the digits of a division are none of the patient's
        return phrases.converted(value, words, *limits) + phrases.unit(evidence.unit, value, words)
    said = phrases.quantity(value, evidence.unit, words)
    if evidence.as_value is None or evidence.as_unit == evidence.unit:
        return said
    other = phrases.converted(evidence.as_value, words, *limits)
    if evidence.as_unit in ("ULN", "LLN"):
        other = words.say(f"times.{evidence.as_unit.lower()}", value=other)
    else:
        other += phrases.unit(evidence.as_unit, evidence.as_value, words)
    return f"{said} ({other})"


def _open_key(leaf: Finding) -> str:
    """The sentence of a test that is only asked about; some come out in words and have no value."""
    expression = leaf.expression
    entry = analytes.by_name(expression.analyte.name) if isinstance(expression, MeasurementIs) else None
    return "result.unknown.open" if entry is not None and entry.kind == "result" else "number.unknown.open"


def _age(evidence: Evidence, words: Wording) -> str:
    """An age in months, weeks or days in years, from MONTHS_OF_CHILDREN on; empty where it stands as it is."""
    per_year = _PER_YEAR.get(evidence.unit or "")
    if per_year is None or evidence.value is None:
        return ""
    ends = [int(end) for end in str(evidence.value).split("-") if end.isdigit()]
    years = [int(end / per_year) for end in ends]
    if not ends or min(ends) / per_year * 12 < MONTHS_OF_CHILDREN:
        return ""
    return "-".join(map(str, dict.fromkeys(years))) + phrases.unit("a", years[-1], words)


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
    wanted = f" {joint} ".join(dict.fromkeys(told)) + when
    value = _value(leaf.evidence[0], words, *limits) if leaf.evidence else ""
    if group == "age" and leaf.evidence:
        value = _age(leaf.evidence[0], words) or value
    if leaf.truth is Truth.UNKNOWN and reason_of(leaf) is WhyUnknown.MISSING and group == "number":
        if limits == [None, None]:
            return words.say(_open_key(leaf), fact=fact)
        if leaf.evidence and _of_another_setting(leaf):
            value = ""
        if value:
            return words.say("number.unknown.value", fact=fact, value=value, bound=wanted)
    return _say(leaf, group, words, value, fact=fact, bound=wanted, quote=quote)


def _statement(leaf: Finding, fact: str, quote: str, words: Wording) -> str:
    """A leaf without a number: what the patient told, against the words of the trial."""
    value = told(leaf, words)
    if by_kind(leaf):
        return words.say("statement.true.path", value=value, fact=fact, quote=quote)
    return _say(leaf, "statement", words, value, fact=fact, quote=quote)


def by_kind(leaf: Finding) -> bool:
    """Whether a leaf holds because what the patient told of is a kind of what is asked for."""
    return leaf.truth is Truth.TRUE and any(len(evidence.path) > 1 for evidence in leaf.evidence[:1])


def told(leaf: Finding, words: Wording) -> str:
    """What the patient told that a leaf without a number was judged by; empty where that was nothing."""
    said = ""
    for evidence in leaf.evidence[:1]:
        value = evidence.value
        if value is False:
            said = "" if evidence.fact == HEALTHY_VOLUNTEER else names.denied(evidence.fact, words)
        elif value is None or value is True:
            said = names.said_by_patient(evidence.fact, words)
        else:
            said = f"{names.said_by_patient(evidence.fact, words)}: {_value(evidence, words)}"
        if evidence.on is not None:
            said = f"{said}, {evidence.on}"
    return said


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
            return words.say("question.newer", fact=names.fact(asked[0].missing[0], words))
    if facts:
        return ask_for_all([(fact, _written(fact, leaf)) for fact, leaf in facts.values()], words)
    for leaf in leaves:
        if leaf.truth is Truth.UNKNOWN and leaf.evidence:
            named = names.said_by_patient(leaf.evidence[0].fact, words)
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


def _written(fact: MissingFact, leaf: Finding) -> str:
    """What the trial calls the disease, the treatment or the test that a leaf asks for."""
    expression = leaf.expression
    if isinstance(expression, MeasurementIs | ResultIs):
        return phrases.quote(expression.analyte.name)
    if not isinstance(expression, ConditionIs | TreatmentIs) or fact.id != (expression.concept.id or fact.id):
        return ""
    return phrases.quote(expression.concept.text)


def _wanted_unit(leaf: Finding, words: Wording) -> str:
    expression = leaf.expression
    if isinstance(expression, MeasurementIs):
        for bound in (expression.lower, expression.upper):
            if bound is not None and bound.times is None and bound.unit not in (None, "1"):
                return phrases.unit(bound.unit, 2, words).strip()
    return words.word("word", "unit_less")


def near_miss(distance: Distance, words: Wording) -> str:
    """By how much a bound was missed, and whether it changes; never what to do about it."""
    where = "on" if distance.by == 0 else "above" if distance.by > 0 else "below"
    sentence = words.say(
        f"near_miss.{_kind_of_miss(distance)}{where}",
        fact=_missed(distance, words),
        value=phrases.quantity(distance.value, distance.unit, words, 4),
        by=phrases.quantity(abs(distance.by), distance.unit, words, 3),
        bound=phrases.quantity(distance.bound, distance.unit, words),
    )
    changes = f"near_miss.{distance.changes}"
    return f"{sentence} {words.say(changes)}" if words.has(changes) else sentence


def _kind_of_miss(distance: Distance) -> str:
    if distance.since:
        return "since."
    return "age." if distance.about is not None and distance.about.kind == "age" else ""


def _missed(distance: Distance, words: Wording) -> str:
    """What has the value."""
    about = distance.about
    if about is None:
        return names.as_written(distance.fact, words)
    return names.dose(about, words) if about.aspect == "dose" else names.fact(about, words)
