"""The arithmetic of rows in arrays."""

import numpy as np
import pytest

from matching.model.rows import distinct, in_order, rows_of, starts_of, with_times


@pytest.mark.parametrize(
    "values",
    [[], [3], [3, 3, 3], [5, 1, 5, 0, 1, 5], list(range(9, 0, -1))],
)
def test_each_number_once_in_order_and_how_often_it_comes(values):
    given = np.array(values, dtype=np.int64)
    once = sorted(set(values))
    assert in_order(given).tolist() == once
    assert in_order(given, 10).tolist() == once
    assert in_order(given, 10_000).tolist() == once
    assert distinct(given, 10).tolist() == once
    found, times = with_times(given)
    assert (found.tolist(), times.tolist()) == (once, [values.count(each) for each in once])


def test_rows_of_chosen_entries_stand_one_stretch_after_the_other():
    start = starts_of([2, 0, 3, 1])
    assert start.tolist() == [0, 2, 2, 5, 6]
    assert starts_of(np.array([2, 0, 3, 1])).tolist() == start.tolist()
    assert rows_of(start, np.array([2, 1, 0])).tolist() == [2, 3, 4, 0, 1]
    assert rows_of(start, np.zeros(0, dtype=np.intp)).tolist() == []
