"""The registry's expressions made into arrays: equal leaves, nodes and criteria stand once, however many trials ask them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import blake2b
from typing import Any, cast

import numpy as np
import orjson

from matching.judging import targets
from matching.judging.askable import only_fact
from matching.judging.eligibility import FAILING, FIELD_IDS, field_criteria
from matching.judging.evaluate import MAX_DEPTH, evaluate
from matching.judging.facts import prepare
from matching.judging.screen.arrays import ScreenArrays
from matching.judging.screen.asks import OF_LISTS, Ask, Family, ask_of, line_of
from matching.judging.screen.state import MOST_CRITERIA, NEUTRAL, ROLE_CODES, state_of
from matching.judging.screen.trees import Op, all_above
from matching.knowledge import hierarchy
from matching.model.codes import Role
from matching.model.criterion import AgeIs, ConditionIs, CountIs, Leaf, MeasurementIs, ScoreIs, TreatmentIs
from matching.model.expression_json import criterion_to_json, from_json
from matching.model.patient import Patient
from matching.model.rows import Ints, hashed, inverted, packed, rows_of, starts_of
from matching.model.trial import EligibilityFields
from matching.model.truth import Truth, negation

Json = Mapping[str, Any]
Groups = tuple[tuple[int, tuple[int, ...]], ...]
"""Of one trial: which cohort (-1: all people), and its criteria."""
Parts = tuple[tuple[int, int], ...]
"""Of one trial the criteria that are only shown: which cohort, which criterion."""
MOST_TEXTS_KEPT = 50_000
"""Texts that are known again as a whole."""
_CONNECTIVES = {"all_of": Op.ALL, "any_of": Op.ANY, "at_least": Op.AT_LEAST}
_SOME_DAY = date(2000, 1, 1)
_NEVER_READ = {"kind": "unreadable", "start": 0, "end": 0, "reason": "nested too deeply"}


@dataclass(frozen=True, slots=True)
class _LeafRow:
    """A distinct leaf: what it asks, its JSON without a place, and its states for people of whom nothing is known."""

    ask: Ask
    leaf: Leaf
    text: bytes
    silent: int
    closed: int
    mute: int
    fact: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class _TrialRow:
    number: int
    version: int
    unread: bool
    groups: Groups
    parts: Parts


class ScreenBuilder:
    """Takes trials one by one; `finish` gives the arrays. Memory grows with what is distinct, not with the registry."""

    def __init__(self) -> None:
        self._silent = prepare(Patient(), _SOME_DAY)
        self._closed = prepare(Patient(complete=frozenset({"conditions", "treatments"})), _SOME_DAY)
        self._mute = replace(
            self._closed,
            conditions=replace(self._closed.conditions, speaks_of_unlisted=False),
            treatments=replace(self._closed.treatments, speaks_of_unlisted=False),
            memo={},
        )
        self._leaves: dict[bytes, int] = {}
        self._leaf_rows: list[_LeafRow] = []
        self._nodes: dict[tuple[int, int, tuple[int, ...]], int] = {}
        self._heights: list[int] = []
        self._criteria: dict[tuple[int, int], int] = {}
        self._fields: dict[EligibilityFields, tuple[int, ...]] = {}
        self._groups: dict[tuple[tuple[int, ...], bytes], tuple[Groups, Parts]] = {}
        self._trials: list[_TrialRow] = []

    def add(self, nct_id: str, fields: EligibilityFields, criteria: Iterable[Json], *, version: int = 0) -> None:
        """One trial: the registry's own fields, and its parsed criteria as JSON (`criterion_to_json`)."""
        read = list(criteria)
        of_fields = self._of_fields(fields)
        # One text often stands in many trials: what it comes to is then known as a whole.
        key = of_fields, blake2b(orjson.dumps(read), digest_size=16).digest()
        known = self._groups.get(key)
        if known is None:
            known = self._grouped(of_fields, read)
            if len(self._groups) < MOST_TEXTS_KEPT:
                self._groups[key] = known
        self._trials.append(_TrialRow(int(nct_id[3:]), version, not read, *known))

    def _grouped(self, of_fields: tuple[int, ...], read: list[Json]) -> tuple[Groups, Parts]:
        cohorts: dict[str | None, list[int]] = {None: list(of_fields)}
        for criterion in read:
            if not criterion["part_of_parent"]:
                cohorts.setdefault(criterion["applies_to"], []).append(self._criterion(criterion))
        groups = []
        for i, members in enumerate(cohorts.values()):
            for at in range(0, len(members), MOST_CRITERIA):
                groups.append((i - 1, tuple(members[at : at + MOST_CRITERIA])))
        number = {name: i - 1 for i, name in enumerate(cohorts)}
        parts = [
            (number.get(criterion["applies_to"], -1), self._criterion(criterion))
            for criterion in read
            if criterion["part_of_parent"]
        ]
        return tuple(groups) or ((-1, ()),), tuple(parts)

    def _of_fields(self, fields: EligibilityFields) -> tuple[int, ...]:
        asked = EligibilityFields(
            sex=fields.sex,
            gender_based=fields.gender_based,
            minimum_age=fields.minimum_age,
            maximum_age=fields.maximum_age,
            healthy_volunteers=fields.healthy_volunteers,
        )
        known = self._fields.get(asked)
        if known is None:
            known = tuple(self._criterion(criterion_to_json(criterion)) for criterion in field_criteria(asked))
            self._fields[asked] = known
        return known

    def _criterion(self, criterion: Json) -> int:
        role = Role(criterion["role"])
        expression = criterion["expression"]
        node = self._node(expression, Truth(-FAILING[role].value), 0)
        empty = {Role.INCLUSION: "all_of", Role.EXCLUSION: "any_of"}[role]
        neutral = expression["kind"] == empty and not expression["of"] and not criterion["id"].endswith(FIELD_IDS)
        key = (node, ROLE_CODES[role] + (NEUTRAL if neutral else 0))
        return self._criteria.setdefault(key, len(self._criteria))

    def _node(self, expression: Json, favourable: Truth, depth: int) -> int:
        """The number of a node: below zero for leaves (-1 is the first), from zero on for inner nodes."""
        kind = expression["kind"]
        if depth > MAX_DEPTH:
            return self._leaf(_NEVER_READ, favourable)
        if kind in _CONNECTIVES:
            children = tuple(self._node(part, favourable, depth + 1) for part in expression["of"])
            settled = kind == "at_least" and not 0 < expression["count"] <= len(children)
            if not children or settled:  # the same for everybody
                return self._leaf({**expression, "of": []}, favourable)
            return self._inner(_CONNECTIVES[kind], expression.get("count", 0), children)
        if kind == "not":
            return self._inner(Op.NOT, 0, (self._node(expression["of"], negation(favourable), depth + 1),))
        if kind == "if":
            then = self._node(expression["then"], favourable, depth + 1)
            if expression["when"] == expression["then"]:
                return self._inner(Op.PERMISSION, 0, (then,))
            return self._inner(Op.IF, 0, (self._node(expression["when"], negation(favourable), depth + 1), then))
        return self._leaf(expression, favourable)

    def _inner(self, op: Op, count: int, children: tuple[int, ...]) -> int:
        key = (int(op), count, children)
        known = self._nodes.get(key)
        if known is None:
            known = self._nodes[key] = len(self._nodes)
            self._heights.append(1 + max((self._heights[child] for child in children if child >= 0), default=0))
        return known

    def _leaf(self, expression: Json, favourable: Truth) -> int:
        told = favourable.value + 1 if expression["kind"] == "on_site" else 1
        placeless = {**expression, "start": 0, "end": 0}
        text = bytes([told]) + orjson.dumps(placeless)
        known = self._leaves.get(text)
        if known is None:
            known = self._leaves[text] = len(self._leaves)
            self._leaf_rows.append(self._read(placeless, Truth(told - 1), text))
        return -1 - known

    def _read(self, expression: Json, favourable: Truth, text: bytes) -> _LeafRow:
        leaf = from_json(expression)
        finding = evaluate(leaf, self._silent, favourable)
        if isinstance(leaf, Leaf):
            ask = ask_of(leaf, favourable)
        else:
            ask = Ask(Family.CONSTANT, "nothing", (expression["kind"], expression.get("count", 0) > 0))
        of_list = ask.family in OF_LISTS
        closed, mute = (
            evaluate(leaf, facts, favourable) if of_list else finding for facts in (self._closed, self._mute)
        )
        self._forget()
        fact = only_fact(finding)
        return _LeafRow(
            ask,
            cast("Leaf", leaf),
            text,
            state_of(finding),
            state_of(closed),
            state_of(mute),
            None if fact is None else (fact.kind, fact.id),
        )

    def _forget(self) -> None:
        for facts in (self._silent, self._closed, self._mute):
            facts.memo.clear()

    def finish(self) -> ScreenArrays:
        """The arrays of all trials that were added."""
        return _Finished(self._leaf_rows, self._nodes, self._heights, list(self._criteria), self._trials).arrays()


class _Finished:
    """The tables of a builder brought into the order of the arrays."""

    def __init__(
        self,
        leaves: Sequence[_LeafRow],
        nodes: Mapping[tuple[int, int, tuple[int, ...]], int],
        heights: Sequence[int],
        criteria: Sequence[tuple[int, int]],
        trials: Sequence[_TrialRow],
    ) -> None:
        self._shapes: dict[object, int] = {}
        shape = [
            self._shapes.setdefault((row.ask.family, row.ask.shape, row.ask.bounded), len(self._shapes))
            for row in leaves
        ]
        rests: dict[object, int] = {}
        rest = [rests.setdefault((row.ask.family, row.ask.rest), len(rests)) for row in leaves]
        names = [(row.ask.family, row.ask.variable) for row in leaves]
        self._variables = {name: i for i, name in enumerate(sorted(set(names)))}
        variable = [self._variables[name] for name in names]
        order = sorted(range(len(leaves)), key=lambda i: (variable[i], shape[i], leaves[i].text))
        self._leaves = [leaves[i] for i in order]
        self._rest = [rest[i] for i in order]
        self._shape, self._variable = [shape[i] for i in order], [variable[i] for i in order]
        self._leaf_place = np.empty(len(leaves), dtype=np.int64)
        self._leaf_place[order] = np.arange(len(leaves))
        keys = list(nodes)
        self._node_order = sorted(range(len(keys)), key=lambda i: (heights[i], keys[i][0]))
        self._nodes = [keys[i] for i in self._node_order]
        self._heights = [heights[i] for i in self._node_order]
        self._node_place = np.empty(len(keys), dtype=np.int64)
        self._node_place[self._node_order] = np.arange(len(keys))
        self._criteria, self._trials = criteria, trials

    def _number(self, node: int) -> int:
        return int(self._leaf_place[-1 - node] if node < 0 else len(self._leaves) + self._node_place[node])

    def arrays(self) -> ScreenArrays:
        """All of them."""
        down = self._of_nodes() | self._of_trials()
        nodes, criteria = len(self._leaves) + len(self._nodes), len(self._criteria)
        parent_start, parent = inverted(down["child_start"], down["child"], nodes)
        used_start, used = inverted(np.arange(criteria + 1), down["criterion_node"], nodes)
        leaves = len(self._leaves)
        above_start, above = all_above(parent_start, parent, leaves)
        below_start, below = inverted(above_start, above, nodes - leaves)
        below_start, below = _leaves_of(down["criterion_node"], leaves, below_start, below)
        asked_start, asked_by = inverted(down["group_start"], down["group_criterion"], criteria)
        return ScreenArrays(
            **self._of_leaves(),
            **self._of_variables(),
            **down,
            parent_start=parent_start,
            parent=parent,
            above_start=above_start,
            above=above,
            below_start=below_start,
            below=below,
            used_start=used_start,
            used=used,
            asked_start=asked_start,
            asked_by=asked_by,
        )

    def _of_leaves(self) -> dict[str, Any]:
        rows = self._leaves
        lines: dict[str, int] = {}
        facts: dict[str, int] = {}
        bounds = np.full((2, len(rows)), np.nan)
        inclusive = np.zeros((2, len(rows)), dtype=bool)
        line = np.full((2, len(rows)), -1, dtype=np.int32)
        fact = np.full(len(rows), -1, dtype=np.int32)
        for i, row in enumerate(rows):
            if row.fact is not None:
                fact[i] = facts.setdefault("\t".join(row.fact), len(facts))
            leaf = row.leaf
            if row.ask.bounded and isinstance(leaf, AgeIs | MeasurementIs | ScoreIs):
                either = line_of(leaf, bound) if (bound := leaf.lower or leaf.upper) else "?\t"
                for side, bound in enumerate((leaf.lower, leaf.upper)):
                    named = either if bound is None else line_of(leaf, bound)
                    line[side, i] = lines.setdefault(named, len(lines))
                    if bound is not None:
                        bounds[side, i], inclusive[side, i] = bound.value, bound.inclusive
        lengths = [len(row.text) for row in rows]
        return {
            "leaf_variable": np.array(self._variable, dtype=np.int32),
            "leaf_shape": np.array(self._shape, dtype=np.int32),
            "leaf_rest": np.array(self._rest, dtype=np.int32),
            "lower_line": line[0],
            "upper_line": line[1],
            "lower": bounds[0],
            "upper": bounds[1],
            "lower_inclusive": inclusive[0],
            "upper_inclusive": inclusive[1],
            "silent": np.array([row.silent for row in rows], dtype=np.uint16),
            "closed": np.array([row.closed for row in rows], dtype=np.uint16),
            "mute": np.array([row.mute for row in rows], dtype=np.uint16),
            "leaf_fact": fact,
            "leaf_text": np.frombuffer(b"".join(row.text for row in rows), dtype=np.uint8),
            "leaf_text_start": starts_of(lengths).astype(np.int64),
            "facts": packed(list(facts)),
            "lines": packed(list(lines)),
        }

    def _of_variables(self) -> dict[str, Any]:
        names = list(self._variables)
        first: dict[int, _LeafRow] = {}
        for variable, row in zip(self._variable, self._leaves, strict=True):
            first.setdefault(variable, row)
        targets = [_target_of(first[i]) for i in range(len(names))]
        asked = {target.id for target in targets if target is not None and target.id is not None}
        ids = sorted(asked | {up for own in asked for up in hierarchy.ancestors(own)})
        place = {concept: i for i, concept in enumerate(ids)}
        under: list[list[int]] = [[] for _ in ids]
        keys: list[tuple[int, int]] = []
        words: list[tuple[int, int]] = []
        for i, target in enumerate(targets):
            if target is None:
                continue
            keys.append((hashed(target.key), i))
            if names[i][0] is Family.COUNT:
                keys.append((hashed(target.concept.text.strip().lower()), i))
            words.extend((hashed(word), i) for word in target.telling)
            if target.id is not None:
                for concept in {target.id, *hierarchy.ancestors(target.id)}:
                    under[place[concept]].append(i)
        hashes = [(hashed(f"{int(family)}|{name}"), i) for i, (family, name) in enumerate(names)]
        counted = np.bincount(np.array(self._variable, dtype=np.int64), minlength=len(names))
        concept_of = [place[t.id] if t is not None and t.id is not None else -1 for t in targets]
        return {
            "variable_family": np.array([family for family, _ in names], dtype=np.uint8),
            "variable_start": starts_of(counted),
            "variable_concept": np.array(concept_of, dtype=np.int32),
            "variable_malignant": np.array([t is not None and t.malignant for t in targets], dtype=bool),
            **_sorted_pairs("variable_hash", "variable_of_hash", hashes),
            **_sorted_pairs("key_hash", "key_variable", keys),
            **_sorted_pairs("word_hash", "word_variable", words),
            "under_start": starts_of([len(row) for row in under]),
            "under": np.array([i for row in under for i in row], dtype=np.int32),
            "concepts": packed(ids),
        }

    def _of_nodes(self) -> dict[str, Any]:
        blocks: list[tuple[int, int]] = []
        edges: list[int] = []
        for i, ((op, _, _), height) in enumerate(zip(self._nodes, self._heights, strict=True)):
            if not blocks or blocks[-1] != (height, op):
                blocks.append((height, op))
                edges.append(i)
        children = [[self._number(child) for child in children] for _, _, children in self._nodes]
        return {
            "block_op": np.array([op for _, op in blocks], dtype=np.uint8),
            "block_start": np.array([*edges, len(self._nodes)], dtype=np.int32),
            "child_start": starts_of([len(row) for row in children]),
            "child": np.array([child for row in children for child in row], dtype=np.int32),
            "node_count": np.array([count for _, count, _ in self._nodes], dtype=np.int16),
        }

    def _of_trials(self) -> dict[str, Any]:
        groups = [group for trial in self._trials for group in trial.groups]
        return {
            "criterion_node": np.array([self._number(node) for node, _ in self._criteria], dtype=np.int32),
            "criterion_role": np.array([code for _, code in self._criteria], dtype=np.uint8),
            "group_start": starts_of([len(members) for _, members in groups]).astype(np.int64),
            "group_criterion": np.fromiter((c for _, members in groups for c in members), dtype=np.int32),
            "group_cohort": np.array([cohort for cohort, _ in groups], dtype=np.int32),
            "part_start": starts_of([len(trial.parts) for trial in self._trials]),
            "part_criterion": np.fromiter((c for trial in self._trials for _, c in trial.parts), dtype=np.int32),
            "part_cohort": np.fromiter((cohort for trial in self._trials for cohort, _ in trial.parts), dtype=np.int32),
            "trial_group": starts_of([len(trial.groups) for trial in self._trials]),
            "trial_number": np.array([trial.number for trial in self._trials], dtype=np.int32),
            "trial_version": np.array([trial.version for trial in self._trials], dtype=np.int32),
            "trial_unread": np.array([trial.unread for trial in self._trials], dtype=bool),
        }


def _leaves_of(nodes: Ints, leaves: int, below_start: Ints, below: Ints) -> tuple[Ints, Ints]:
    """The leaves of each criterion, by its node: itself, or those `below` the node's place."""
    inner = nodes >= leaves
    places = nodes[inner] - leaves
    lengths = np.ones(len(nodes), dtype=np.int32)
    lengths[inner] = below_start[places + 1] - below_start[places]
    found = np.repeat(nodes, lengths)
    found[np.repeat(inner, lengths)] = below[rows_of(below_start, places)]
    return starts_of(lengths), found


def _target_of(row: _LeafRow) -> targets.Target | None:
    match row.leaf:
        case ConditionIs() if row.ask.family is Family.CONDITION:
            return targets.target_of(row.leaf.concept, "condition")
        case TreatmentIs():
            return targets.target_of(row.leaf.concept, "treatment")
        case CountIs():
            return targets.target_of(row.leaf.of, "count")
        case _:
            return None


def _sorted_pairs(name: str, beside: str, pairs: Sequence[tuple[int, int]]) -> dict[str, Any]:
    ordered = sorted(set(pairs))
    return {
        name: np.array([key for key, _ in ordered], dtype=np.uint64),
        beside: np.array([value for _, value in ordered], dtype=np.int32),
    }
