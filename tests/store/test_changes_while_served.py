"""Trials change while patients are matched: every answer is of one version that there was, to the last word."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.store import snapshot
from app.store.engine import create_engine_for, upgrade
from app.store.trials import TrialStore
from tests.store.test_snapshot import asked, with_bmi_under
from tests.store.trials_made import AT, LATER, registry_trial

TRIALS = range(1, 13)
CHANGES = 4
ASKING = 2
KEPT_WAITING = 60.0


def changed(version: int) -> list[Any]:
    """Half of the trials with another bound, so that who may join differs from version to version; one comes, one goes."""
    return [
        with_bmi_under(number, 25 + (number * 5 + version * 3) % 12) for number in TRIALS if number % 2 == version % 2
    ]


def waited_for(held: Callable[[], bool]) -> bool:
    until = time.monotonic() + KEPT_WAITING
    while not held():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.slow
def test_no_answer_mixes_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "REFRESH_SECONDS", 0.02)
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    engine = create_engine_for(url)
    upgrade(engine)
    served, plain = TrialStore(engine), TrialStore(create_engine_for(url))
    plain.upsert([registry_trial(number) for number in TRIALS], at=AT)
    expected = {plain.data_version(): asked(plain)}
    given: list[dict[str, Any]] = []
    faults: list[BaseException] = []
    over = threading.Event()

    def ask() -> None:
        try:
            while not over.is_set():
                given.append(asked(served))
                time.sleep(0.05)
        except BaseException as error:
            faults.append(error)

    keeper = snapshot.RegistryKeeper(served, tmp_path / "arrays", url)
    people = [threading.Thread(target=ask) for _ in range(ASKING)]
    for person in people:
        person.start()
    keeper.start()
    try:
        assert waited_for(lambda: served.registry is not None and len(given) > 0)
        for version in range(CHANGES):
            for write in (
                lambda version=version: plain.upsert(changed(version), at=LATER, replace=True),
                lambda version=version: plain.withdraw(f"NCT{TRIALS[version]:08d}", at=LATER),
                lambda version=version: plain.upsert([registry_trial(100 + version)], at=LATER),
            ):
                write()
                stored = plain.data_version()
                # What this version's answer is, trial by trial; nobody else changes the data meanwhile.
                expected[stored] = asked(plain)
            if version % 2:  # the others come so soon after one another that the arrays lag behind
                assert waited_for(lambda stored=stored: given[-1]["data_version"] == stored)  # type: ignore[misc]
    finally:
        over.set()
        for person in people:
            person.join()
        keeper.stop()
        served.close()
        plain.close()
    assert faults == []
    assert len(expected) == 1 + 3 * CHANGES
    seen = {answer["data_version"] for answer in given}
    assert len(seen) > 2
    assert seen <= expected.keys()
    for answer in given:
        assert answer == expected[answer["data_version"]]
