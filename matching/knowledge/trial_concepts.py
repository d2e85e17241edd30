"""Which conditions a trial is about and what it tests, as concept ids."""

from __future__ import annotations

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
            ids += [
                found.id
                for found in lexicon.lookup_all(name[:LONGEST_NAME])
                if found.id is not None and hierarchy.category(found.id) in TREATMENTS
            ]
    return tuple(dict.fromkeys(ids))


def _conditions_in(text: str) -> list[str]:
    found = (concept.id for concept in lexicon.lookup_all(text))
    return [
        concept for concept in found if concept is not None and hierarchy.category(concept) in ("condition", "finding")
    ]
