"""Trials that were decoded lately, so that the next request for one of them need not decode it again. Registry data only."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

from matching import ReadableTrial

MOST_TRIALS = 800
"""A decoded trial with what the engine keeps beside it weighs about 150 kB; most stand under two keys."""


class KeptTrials:
    """The trials asked for last. A key names what was decoded to the letter, so that nothing stale is ever found.

    Safe to share between threads.
    """

    def __init__(self, most: int = MOST_TRIALS) -> None:
        self._most = most
        self._trials: OrderedDict[Hashable, ReadableTrial] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> ReadableTrial | None:
        """The trial, if it is still kept."""
        with self._lock:
            trial = self._trials.get(key)
            if trial is not None:
                self._trials.move_to_end(key)
            return trial

    def put(self, key: Hashable, trial: ReadableTrial) -> None:
        """Keeps a trial and lets go of the one not asked for for the longest time."""
        with self._lock:
            self._trials[key] = trial
            self._trials.move_to_end(key)
            if len(self._trials) > self._most:
                self._trials.popitem(last=False)

    def __len__(self) -> int:
        return len(self._trials)
