"""Which conditions a trial is about and what it tests, as concept ids."""

from __future__ import annotations

from functools import lru_cache

from matching.knowledge import hierarchy, lexicon
from matching.model.trial import Trial

TREATMENTS = frozenset({"drug", "class", "procedure", "device", "substance"})
MOST_OTHER_NAMES = 10
LONGEST_NAME = 300


def trial_condition_ids(trial: Trial) -> tuple[str, ...]:
    """The registry's own MeSH ids first, then those of the condition names; each once.

    A trial that gives neither (a page whose list of conditions is empty) is taken at its title. No condition found:
    empty, and the trial is then reached by its words only.
    """
    named = [concept for name in trial.conditions for concept in _conditions_in(name)]
    ids = tuple(dict.fromkeys((*(term.id for term in trial.condition_mesh), *named)))
    if ids:
        return ids
    title = trial.brief_title or trial.official_title
    return tuple(dict.fromkeys(_conditions_in(title))) if title else ()


def trial_intervention_ids(trial: Trial) -> tuple[str, ...]:
    """The registry's own MeSH ids first, then what the names of the interventions name; each once.

    A name by which nothing is known (a code name, a plain "Placebo") adds nothing.
    """
    ids = [term.id for term in trial.intervention_mesh]
    for row in trial.interventions:
        for name in (row.name, *row.other_names[:MOST_OTHER_NAMES]):
            ids += _treatments_in(name[:LONGEST_NAME])
    return tuple(dict.fromkeys(ids))


# Names of a registry recur from trial to trial, so what they mean is kept; a patient's words do not come here.
@lru_cache(maxsize=32_768)
def _conditions_in(text: str) -> tuple[str, ...]:
    found = (concept.id for concept in lexicon.lookup_all(text))
    return tuple(
        concept for concept in found if concept is not None and hierarchy.category(concept) in ("condition", "finding")
    )


@lru_cache(maxsize=32_768)
def _treatments_in(text: str) -> tuple[str, ...]:
    return tuple(
        found.id
        for found in lexicon.lookup_all(text)
        if found.id is not None and hierarchy.category(found.id) in TREATMENTS
    )
