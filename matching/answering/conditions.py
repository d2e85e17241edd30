"""How a trial's conditions meet the patient's: the same, narrower or broader, with the path between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matching.knowledge import codes, hierarchy, lexicon
from matching.model.finding import ConditionMatch
from matching.model.patient import Patient
from matching.model.trial import TrialSummary

NARROWER_STEP = 0.9
"""Each step from the patient's concept up to the trial's broader one: the trial takes more than this disease."""
BROADER_STEP = 0.6
"""Each step from the patient's concept down to the trial's: the trial asks for a kind the patient may not have."""
RESOLVED = 0.5
"""A condition that is over is less of a reason to look for a trial."""
HEALTHY_VOLUNTEER = 0.6
"""A trial that takes healthy volunteers, for one: no disease is shared."""


@dataclass(frozen=True, slots=True)
class PatientCondition:
    """A condition the patient has or had: its words, its concept ids, and what a match with it is worth (0 to 1)."""

    text: str
    ids: tuple[str, ...]
    weight: float = 1.0


def patient_conditions(patient: Patient) -> tuple[PatientCondition, ...]:
    """The present conditions, in the patient's order. A code counts before the words; words no table knows have no ids."""
    found = []
    for condition in patient.conditions:
        if not condition.present:
            continue
        ids = [concept for code in condition.codes if (concept := codes.concept_of(code.system, code.code))]
        whole = lexicon.lookup(condition.text)
        if whole is not None and whole.id is not None:
            ids.append(whole.id)
        elif not ids:
            ids.extend(
                concept.id
                for concept in lexicon.lookup_all(condition.text)
                if concept.id is not None and hierarchy.category(concept.id) == "condition"
            )
        over = condition.active is False or condition.resolved_on is not None
        found.append(PatientCondition(condition.text, tuple(dict.fromkeys(ids)), RESOLVED if over else 1.0))
    return tuple(found)


def condition_ids(conditions: Sequence[PatientCondition]) -> tuple[str, ...]:
    """Every concept id of the patient's conditions, each once, in order."""
    return tuple(dict.fromkeys(concept for condition in conditions for concept in condition.ids))


def match_conditions(
    summary: TrialSummary, conditions: Sequence[PatientCondition], *, healthy_volunteer: bool
) -> tuple[ConditionMatch | None, float]:
    """The best meeting of the patient's conditions with the trial's, and its worth from 0 (none) to 1 (the same).

    The same concept or the same words: 1. The trial's concept lies above the patient's: NARROWER_STEP per step;
    below it: BROADER_STEP per step. Times the condition's own weight. Between equals the patient's order decides.
    """
    best: ConditionMatch | None = None
    worth = 0.0
    words = {folded(word): word for word in (*summary.keywords, *summary.conditions)}
    for condition in conditions:
        if worth >= condition.weight:
            continue
        for mine in condition.ids:
            for theirs in summary.condition_ids:
                relation, path = _relation(mine, theirs)
                if path is None:
                    continue
                step = {"same": 1.0, "narrower": NARROWER_STEP, "broader": BROADER_STEP}[relation]
                value = condition.weight * step ** (len(path) - 1)
                if value > worth:
                    best = ConditionMatch(condition.text, hierarchy.name(theirs) or theirs, path, relation)
                    worth = value
        same = words.get(folded(condition.text))
        if same is not None and worth < condition.weight:
            best, worth = ConditionMatch(condition.text, same), condition.weight
    if best is None and healthy_volunteer and summary.eligibility.healthy_volunteers is True:
        named = summary.conditions[0] if summary.conditions else ""
        return ConditionMatch("healthy volunteer", named, (), "healthy_volunteer"), HEALTHY_VOLUNTEER
    return best, worth


def folded(name: str) -> str:
    """The form in which names are compared: without case and without more than one space."""
    return " ".join(name.casefold().split())


def _relation(mine: str, theirs: str) -> tuple[str, tuple[str, ...] | None]:
    """Path from the narrower to the broader concept, or None where neither holds the other."""
    if mine == theirs:
        return "same", (mine,)
    if hierarchy.is_a(mine, theirs):
        return "narrower", hierarchy.path(mine, theirs)
    if hierarchy.is_a(theirs, mine):
        return "broader", hierarchy.path(theirs, mine)
    return "none", None
