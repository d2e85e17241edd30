"""Trials that are alike, each with the reasons: what they are about, what they test, whom they take, who runs them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import log, sqrt
from typing import Any

from matching.answering.sites import status_group
from matching.knowledge import hierarchy
from matching.knowledge.asked import concept_name
from matching.knowledge.words import registry_words
from matching.model.trial import AgeLimit, Trial

WEIGHTS: Mapping[str, float] = {
    "condition": 0.40, "intervention": 0.30, "population": 0.10, "text": 0.15, "sponsor": 0.05,
}  # fmt: skip
"""Shares of the score; they sum to 1."""

ALIKE_NAMES = 0.5
"""From this share of common words on, two interventions are taken for the same thing; its worth is at most NAMED_WORTH."""
NAMED_WORTH = 0.6

LEAST_TEXT = 0.2
LEAST_POPULATION = 0.2

GENERAL = frozenset(
    "placebo standard treatment therapy control group arm drug study usual care best injection infusion tablet capsule oral "
    "intravenous dose low high mg ml kg daily and or of the with in plus for to".split()
)
"""Words that say nothing of what is tested."""

COMMON = frozenset(
    "a an and or of the in with for to on by from study trial clinical patient participant phase randomized double blind "
    "controlled open label efficacy safety evaluate evaluation effect using use versus compared treatment".split()
)
"""Words of titles that say nothing of what a trial is about."""

DAYS = {"a": 365.25, "mo": 365.25 / 12, "wk": 7.0, "d": 1.0, "h": 1 / 24, "min": 1 / 1440}
LIFE_DAYS = 120 * 365.25


@dataclass(frozen=True, slots=True)
class Described:
    """A trial as it is compared: its concepts, and what its criteria speak of (`topics`)."""

    trial: Trial
    condition_ids: tuple[str, ...]
    intervention_ids: tuple[str, ...]
    topics: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a trial is related; `worth` 0 to 1. `concept` is an id; `relation` same, narrower, broader or akin."""

    kind: str
    text: str
    worth: float
    concept: str | None = None
    relation: str | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """One related trial; `extension`: it goes on with the first trial's own people, or names it as its own."""

    nct_id: str
    brief_title: str | None
    overall_status: str | None
    score: float
    extension: bool
    reasons: tuple[Reason, ...] = field(default=())


def related(one: Described, others: Sequence[Described], rarity: Mapping[str, float]) -> list[Related]:
    """The others that share a condition, an intervention or people with the trial, the most alike first.

    First come the trial's own extensions, then those that share both condition and intervention, then one of them;
    within each those that recruit first, then by score.

    Args:
        one: the trial.
        others: the candidates; the trial itself is skipped.
        rarity: for each concept id 0 (every stored trial is about it) to 1 (only one is); an id not named counts as 1.
    """
    found = []
    for other in others:
        if other.trial.nct_id == one.trial.nct_id:
            continue
        row = _compare(one, other, rarity)
        if row is not None:
            found.append((_band(row), status_group(row.overall_status), -row.score, row.nct_id, row))
    return [each[-1] for each in sorted(found, key=lambda each: each[:4])]


def criteria_topics(parsed: Mapping[str, Any]) -> frozenset[str]:
    """What parsed criteria (as JSON) ask about: analytes, diseases, treatments, scores, each as one word."""
    return frozenset(_topics(parsed.get("criteria", ())))


def _topics(node: Any) -> Iterator[str]:
    """Walks down without recursion; a criterion's text is never looked at."""
    waiting = [node]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Mapping):
            kind = here.get("kind")
            named = here.get("analyte") or here.get("concept")
            if isinstance(kind, str) and isinstance(named, Mapping):
                yield f"{kind}:{named.get('loinc') or named.get('mesh') or named.get('name') or named.get('text')}"
            elif kind == "score":
                yield f"score:{here.get('instrument')}"
            waiting.extend(value for value in here.values() if isinstance(value, (Mapping, list, tuple)))
        elif isinstance(here, (list, tuple)):
            waiting.extend(here)


def _band(row: Related) -> int:
    """0 its own extension, 1 the same condition and test, 2 the same condition, 3 the same test, 4 only akin."""
    if row.extension:
        return 0
    condition = any(reason.kind == "condition" and reason.relation == "same" for reason in row.reasons)
    test = any(reason.kind == "intervention" and _is_close(reason) for reason in row.reasons)
    return 1 if condition and test else 2 if condition else 3 if test else 4


def _is_close(reason: Reason) -> bool:
    return reason.relation != "akin" or reason.concept is None


def _compare(one: Described, other: Described, rarity: Mapping[str, float]) -> Related | None:
    extension = _is_extension(one.trial, other.trial)
    shared = [_concept("condition", one.condition_ids, other.condition_ids, rarity), _intervention(one, other, rarity)]
    if not any(shared) and not extension:
        return None
    reasons = [
        reason for reason in (*shared, _population(one, other), _text(one, other), _sponsor(one, other)) if reason
    ]
    if extension:
        reasons.insert(0, Reason("extension", "The records name each other as parts of one study", 1.0))
    score = sum(WEIGHTS.get(reason.kind, 0.0) * reason.worth for reason in reasons)
    trial = other.trial
    return Related(trial.nct_id, trial.brief_title, trial.overall_status, round(score, 4), extension, tuple(reasons))


def _concept(kind: str, mine: Sequence[str], theirs: Sequence[str], rarity: Mapping[str, float]) -> Reason | None:
    """The rarest concept that both are about, or that one's own concept is a kind of the other's own.

    Two kinds of a third thing are akin, and worth half of it: two cancers are not one disease.
    """
    best: Reason | None = None
    for own in mine:
        for other in theirs:
            for concept, relation, share in _meetings(own, other):
                worth = share * rarity.get(concept, 1.0)
                if worth >= 0.1 and (best is None or worth > best.worth):
                    best = Reason(kind, _said(kind, concept, relation), round(worth, 4), concept, relation)
    return best


def _meetings(own: str, other: str) -> Iterator[tuple[str, str, float]]:
    if own == other:
        yield own, "same", 1.0
    elif other in hierarchy.ancestors(own):
        yield other, "broader", 0.9
    elif own in hierarchy.ancestors(other):
        yield own, "narrower", 0.9
    else:
        for both in hierarchy.ancestors(own) & hierarchy.ancestors(other):
            yield both, "akin", 0.5


def _said(kind: str, concept: str, relation: str) -> str:
    verb = "are about" if kind == "condition" else "test"
    if relation == "akin":
        return f"Both {verb} a kind of {concept_name(concept)}"
    return f"Both {verb} {concept_name(concept)}"


def _intervention(one: Described, other: Described, rarity: Mapping[str, float]) -> Reason | None:
    by_concept = _concept("intervention", one.intervention_ids, other.intervention_ids, rarity)
    by_name = _alike_names(one.trial, other.trial)
    if by_name is None or (by_concept is not None and by_concept.worth >= by_name.worth):
        return by_concept
    return by_name


def _alike_names(one: Trial, other: Trial) -> Reason | None:
    best = 0.0
    named = ("", "")
    for mine in one.interventions:
        words = _telling(mine.name, GENERAL)
        for theirs in other.interventions:
            value = _overlap(words, _telling(theirs.name, GENERAL))
            if value > best:
                best, named = value, (mine.name, theirs.name)
    if best < ALIKE_NAMES:
        return None
    return Reason(
        "intervention", f"Tests of alike names: {named[0]}; {named[1]}", round(NAMED_WORTH * best, 4), None, "akin"
    )


def _telling(text: str, idle: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in registry_words(text) if word not in idle and len(word) > 1)


def _overlap(a: frozenset[str], b: frozenset[str]) -> float:
    """The share of common words, 1 where all of the shorter, if it has two or more, stand in the longer."""
    if not a or not b:
        return 0.0
    common = len(a & b)
    least = min(len(a), len(b))
    return common / (least if least > 1 else len(a | b))


def _population(one: Described, other: Described) -> Reason | None:
    ages = _age_overlap(one.trial, other.trial)
    common = one.topics & other.topics
    topics = len(common) / len(one.topics | other.topics) if one.topics and other.topics else 0.0
    sexes = {trial.eligibility.sex for trial in (one.trial, other.trial)}
    if {"FEMALE", "MALE"} <= sexes:
        return None
    worth = round((ages + min(1.0, 3 * topics)) / 2, 4)
    if not common or worth < LEAST_POPULATION:
        return None
    return Reason("population", f"Alike criteria: {len(common)} subjects are asked about in both", worth)


def _age_overlap(one: Trial, other: Trial) -> float:
    (a, b), (c, d) = _ages(one), _ages(other)
    common = min(b, d) - max(a, c)
    return max(0.0, common) / max(1.0, max(b, d) - min(a, c))


def _ages(trial: Trial) -> tuple[float, float]:
    return _days(trial.eligibility.minimum_age, 0.0), _days(trial.eligibility.maximum_age, LIFE_DAYS)


def _days(limit: AgeLimit | None, absent: float) -> float:
    return absent if limit is None else limit.value * DAYS.get(limit.unit, 365.25)


def _text(one: Described, other: Described) -> Reason | None:
    """The cosine of the titles' telling words."""
    a, b = (_telling(each.trial.brief_title or "", COMMON) for each in (one, other))
    if not a or not b:
        return None
    worth = len(a & b) / sqrt(len(a) * len(b))
    return Reason("text", "Alike titles", round(worth, 4)) if worth >= LEAST_TEXT else None


def _sponsor(one: Described, other: Described) -> Reason | None:
    a, b = one.trial.sponsor, other.trial.sponsor
    if a is None or b is None or a.name.casefold() != b.name.casefold():
        return None
    return Reason("sponsor", f"The same sponsor: {b.name}", 1.0)


def _is_extension(one: Trial, other: Trial) -> bool:
    """Whether one names the other among its own ids, or both have the same sponsor and one's texts name the other."""
    ids_one = {one.nct_id, *one.aliases, *(each.value for each in one.other_identifiers)}
    ids_other = {other.nct_id, *other.aliases, *(each.value for each in other.other_identifiers)}
    if other.nct_id in ids_one or one.nct_id in ids_other:
        return True
    if one.sponsor is None or other.sponsor is None or one.sponsor.name != other.sponsor.name:
        return False
    return one.nct_id in _texts(other) or other.nct_id in _texts(one)


def _texts(trial: Trial) -> str:
    texts = (trial.official_title, trial.brief_summary, trial.detailed_description, trial.eligibility.text)
    return "\n".join(text for text in texts if text)


def rarity_of(counts: Mapping[str, int], stored: int) -> dict[str, float]:
    """From how many of the stored trials each concept holds: 0 for all of them, 1 for a single one."""
    if stored < 2:
        return dict.fromkeys(counts, 1.0)
    return {concept: 1.0 - log(max(1, count)) / log(stored) for concept, count in counts.items()}
