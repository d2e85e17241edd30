"""The arrays of one version of the registry: leaves, trees, criteria, trials. Written once, shared by all who read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.model.rows import Ints


@dataclass(frozen=True, slots=True, eq=False)
class ScreenArrays:
    """All of it. L leaves, V variables, N inner nodes, C criteria, G groups, T trials.

    Leaves lie sorted by variable (and those by family), then by shape. A node's number is L plus its place; nodes lie by
    height, then by connective, in blocks. A group is the criteria of one cohort of a trial, or those of all its people,
    at most `state.MOST_CRITERIA` each. `*_start` have one entry more than rows: row i is [start[i], start[i + 1]).
    """

    leaf_variable: Ints
    leaf_shape: Ints
    leaf_rest: Ints
    """What is left of the shape where no fact lies at or below the concept."""
    lower_line: Ints
    upper_line: Ints
    """Which of the lines (unit and multiple) a bound is in; both -1: no bounds that are compared as numbers."""
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    """NaN: no such bound."""
    lower_inclusive: NDArray[np.bool_]
    upper_inclusive: NDArray[np.bool_]
    silent: NDArray[np.uint16]
    """The state of the leaf for somebody of whom nothing is known."""
    closed: NDArray[np.uint16]
    """The same where the lists of conditions and treatments are complete and empty."""
    mute: NDArray[np.uint16]
    """The same where they say nothing of names that no vocabulary holds."""
    leaf_fact: Ints
    """The one fact that would settle the leaf, as a number of `facts`; -1: none, or several."""
    leaf_text: NDArray[np.uint8]
    leaf_text_start: NDArray[np.int64]
    """The leaf as JSON, and the truth that favours the patient (one byte, first)."""

    variable_family: NDArray[np.uint8]
    variable_start: Ints
    variable_concept: Ints
    """The number of its concept in `concepts`; -1: none."""
    variable_malignant: NDArray[np.bool_]
    """Its concept is asked for by the name of a cancer, which a benign tumour is not."""
    variable_hash: NDArray[np.uint64]
    """Sorted hashes of family and name; `variable_of_hash` beside it."""
    variable_of_hash: Ints
    key_hash: NDArray[np.uint64]
    """Sorted hashes of the normal forms of concepts' names; `key_variable` beside it."""
    key_variable: Ints
    word_hash: NDArray[np.uint64]
    """Sorted hashes of the telling words of concepts' names; `word_variable` beside it."""
    word_variable: Ints
    under_start: Ints
    """Per concept, the variables at or below it."""
    under: Ints
    concepts: NDArray[np.uint8]
    """Ids of all concepts asked for and of all above them, joined by newlines."""
    facts: NDArray[np.uint8]
    """Kind and id of every fact, parted by a tab, joined by newlines."""
    lines: NDArray[np.uint8]
    """Unit and multiple, parted by a tab, joined by newlines; a unit that is not given is a question mark."""

    block_op: NDArray[np.uint8]
    block_start: Ints
    child_start: Ints
    child: Ints
    node_count: NDArray[np.int16]
    """How many parts an "at least" asks for."""
    parent_start: Ints
    """Per leaf and node, the places of the nodes that it is a part of."""
    parent: Ints
    above_start: Ints
    """Per leaf, the places of all nodes above it, at whatever height."""
    above: Ints
    used_start: Ints
    """Per leaf and node, the criteria that it is the whole of."""
    used: Ints

    criterion_node: Ints
    criterion_role: NDArray[np.uint8]
    below_start: Ints
    """Per criterion, all its leaves."""
    below: Ints
    group_start: NDArray[np.int64]
    group_criterion: Ints
    asked_start: Ints
    """Per criterion, the groups that it stands in, once for each time."""
    asked_by: Ints
    group_cohort: Ints
    """-1: for all people of the trial; else which of its cohorts."""
    trial_group: Ints
    part_start: Ints
    """Per trial, the criteria that a parent's expression holds: they are shown, and count for nothing."""
    part_criterion: Ints
    part_cohort: Ints
    """-1: for all people, or for a cohort in which nothing counts."""
    trial_number: Ints
    """The digits of the nct_id."""
    trial_version: Ints
    trial_unread: NDArray[np.bool_]
    """No criterion of the text was read."""
