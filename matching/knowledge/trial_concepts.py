"""Which conditions a trial is about, as concept ids."""

from __future__ import annotations

from matching.knowledge import hierarchy, lexicon
from matching.model.trial import Trial


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


def _conditions_in(text: str) -> list[str]:
    found = (concept.id for concept in lexicon.lookup_all(text))
    return [
        concept for concept in found if concept is not None and hierarchy.category(concept) in ("condition", "finding")
    ]
