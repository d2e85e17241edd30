"""What the engine asks of a store. `app/store` answers in SQL; imports go app -> matching, data goes store -> matching."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from matching.model.trial import ReadableTrial
from matching.registry import Registry


class TrialReader(Protocol):
    """A snapshot of the stored trials: one version of the data from the first call to the last."""

    @property
    def data_version(self) -> str:
        """Changes whenever a stored trial changes."""

    @property
    def registry(self) -> Registry | None:
        """The same trials as arrays, or as they were some moments ago; None where nobody has made them."""

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
        """Trials to judge, in the order of their nct_id.

        Args:
            condition_ids: concept ids; a trial qualifies when one of its own condition ids is one of them or lies
                above or below one of them. None: every trial qualifies (scope `all`).
            words: the patient's conditions in words; a trial also qualifies when one equals one of its conditions.
            healthy_volunteer: trials that take healthy volunteers qualify too.
            statuses: overall statuses to keep; a trial without a status is kept. None: any.
            phases: phases to keep; empty: any; a trial without phases is kept.
            countries: country names to keep; empty: any; a trial without sites is kept.
            intervention_types: DRUG, DEVICE, ...; empty: any; a trial without interventions is kept.
        """

    def trials(self, nct_ids: Sequence[str], versions: Sequence[int] = ()) -> Iterator[ReadableTrial]:
        """The named trials that exist, in the order asked.

        `versions`, one for each id, asks for the trials as they were then; 0, or none, for the present one.
        """
