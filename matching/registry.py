"""One version of the registry as arrays: what every trial asks, and what ranking needs of it. Built from a store's rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.answering.columns import ColumnArrays, ColumnBuilder
from matching.answering.shortlist import Columns
from matching.answering.sites import Locate
from matching.judging.screen import Screen, ScreenArrays, ScreenBuilder
from matching.model.rows import named
from matching.model.trial import TrialSummary

Named = Mapping[str, NDArray[np.generic]]


class Registry:
    """Ready to be asked by any number of threads. `data_version` names the stored data that it was made from."""

    def __init__(self, screen: ScreenArrays, columns: ColumnArrays, data_version: str) -> None:
        self.screen, self.columns, self.data_version = Screen(screen), Columns(columns), data_version
        self._by_number = np.argsort(screen.trial_number)
        self._numbers = screen.trial_number[self._by_number]

    @property
    def trials(self) -> int:
        """How many trials."""
        return len(self.screen.every)

    def versions(self, numbers: Sequence[int]) -> tuple[int, ...]:
        """The stored version of each trial, by the number of its nct_id."""
        rows = self._by_number[np.searchsorted(self._numbers, numbers)]
        return tuple(self.screen.arrays.trial_version[rows].tolist())

    def named(self) -> dict[str, NDArray[np.generic]]:
        """Every array by its name: what `registry_from` takes."""
        screen, columns = named(self.screen.arrays), named(self.columns.arrays)
        return {f"screen.{k}": v for k, v in screen.items()} | {f"columns.{k}": v for k, v in columns.items()}


def registry_from(arrays: Named, data_version: str) -> Registry:
    """The inverse of `Registry.named`. Raises KeyError where an array is missing."""
    made: list[Any] = []
    for part, kind in (("screen", ScreenArrays), ("columns", ColumnArrays)):
        made.append(kind(**{name: arrays[f"{part}.{name}"] for name in kind.__dataclass_fields__}))  # type: ignore[arg-type]  # each array has its type
    return Registry(made[0], made[1], data_version)


@dataclass(frozen=True, slots=True)
class StoredTrial:
    """A trial as a store hands it over: its summary, its parsed criteria as JSON (`parsed_to_json`), its version."""

    summary: TrialSummary
    parsed: Mapping[str, Any]
    version: int = 0


def build_registry(trials: Iterable[StoredTrial], data_version: str, *, locate: Locate | None = None) -> Registry:
    """The arrays of all trials. `locate` places sites that have no coordinates; it must be the one that `match` is given."""
    screen, columns = ScreenBuilder(), ColumnBuilder(locate)
    for trial in trials:
        summary = trial.summary
        screen.add(summary.nct_id, summary.eligibility, trial.parsed["criteria"], version=trial.version)
        columns.add(summary)
    return Registry(screen.finish(), columns.finish(), data_version)
