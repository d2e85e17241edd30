"""A reader over given trials: the port's promise in plain Python."""

from collections.abc import Iterable, Iterator, Sequence

from matching.knowledge import hierarchy
from matching.model.trial import ReadableTrial, TrialSummary
from matching.registry import Registry


class MemoryReader:
    """Keeps trials by id."""

    def __init__(self, trials: Iterable[ReadableTrial], data_version: str = "test") -> None:
        self._trials = {trial.summary.nct_id: trial for trial in trials}
        self._data_version = data_version
        self.registry: Registry | None = None

    @property
    def data_version(self) -> str:
        return self._data_version

    def considered(
        self,
        *,
        condition_ids: Iterable[str] | None,
        words: Iterable[str],
        healthy_volunteer: bool,
        statuses: Sequence[str] | None,
        phases: Sequence[str],
        countries: Sequence[str],
        intervention_types: Sequence[str],
    ) -> Iterator[ReadableTrial]:
        ids = None if condition_ids is None else set(condition_ids)
        said = {word.casefold() for word in words}
        for nct_id in sorted(self._trials):
            trial = self._trials[nct_id]
            summary = trial.summary
            related = (
                ids is None
                or any(_related(mine, theirs) for mine in ids for theirs in summary.condition_ids)
                or any(word.casefold() in said for word in (*summary.conditions, *summary.keywords))
                or (healthy_volunteer and summary.eligibility.healthy_volunteers is True)
            )
            if related and self._keeps(summary, statuses, phases, intervention_types):
                yield trial

    @staticmethod
    def _keeps(
        summary: TrialSummary, statuses: Sequence[str] | None, phases: Sequence[str], types: Sequence[str]
    ) -> bool:
        """A prefilter may let more through: countries are left to the engine here, on purpose."""
        status = summary.overall_status
        return (
            (statuses is None or status is None or status in statuses)
            and (not phases or not summary.phases or bool(set(phases) & set(summary.phases)))
            and (not types or not summary.intervention_types or bool(set(types) & set(summary.intervention_types)))
        )

    def trials(self, nct_ids: Sequence[str], versions: Sequence[int] = ()) -> Iterator[ReadableTrial]:
        for nct_id in nct_ids:
            if nct_id in self._trials:
                yield self._trials[nct_id]


def _related(mine: str, theirs: str) -> bool:
    return mine == theirs or hierarchy.is_a(mine, theirs) or hierarchy.is_a(theirs, mine)
