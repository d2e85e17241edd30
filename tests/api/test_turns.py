"""Requests that are bound by the processor take turns."""

from __future__ import annotations

import threading
import time

from app.api.turns import AT_ONCE, turn


def test_no_more_than_so_many_are_at_work_at_once_and_all_have_their_turn() -> None:
    # why: eight matches at once on one interpreter lock took more than twice the processor time of each
    at_work, most, done = 0, 0, 0
    count = threading.Lock()

    def work() -> None:
        nonlocal at_work, most, done
        with turn():
            with count:
                at_work += 1
                most = max(most, at_work)
            time.sleep(0.005)
            with count:
                at_work -= 1
                done += 1

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, done) == (AT_ONCE, 12)


def test_a_turn_that_fails_is_given_back() -> None:
    for _ in range(AT_ONCE + 1):
        try:
            with turn():
                raise ValueError
        except ValueError:
            pass
    with turn():
        pass
