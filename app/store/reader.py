"""What the engine asks of the store, answered in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

import orjson
from sqlalchemy import ColumnElement, Connection, Engine, false, or_, select

import matching
from app.store.convert import summary_document, summary_from_bytes, trial_from_bytes
from app.store.kept import KeptTrials
from app.store.rows import folded
from app.store.tables import CRITERIA, FACET, STATE, TRIAL, VERSION
from matching import ReadableTrial, Registry

PAGE = 200
"""Trials fetched at once."""

IDS_AT_ONCE = 500


class SqlTrialReader:
    """matching.ports.TrialReader over one snapshot of the database, from the first question to `close`.

    Use it in a `with` statement. It belongs to one thread.
    """

    def __init__(self, engine: Engine, registry: Registry | None = None, kept: KeptTrials | None = None) -> None:
        self._engine = engine
        self.registry = registry
        self._kept = kept if kept is not None else KeptTrials()
        self._opened: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Gives the connection back; a later question opens a new snapshot."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    @property
    def connection(self) -> Connection:
        """The snapshot's connection, for what the store itself reads of it."""
        if self._opened is None:
            connection = self._engine.connect()
            if self._engine.dialect.name == "postgresql":
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            self._opened = connection
        return self._opened

    @property
    def data_version(self) -> str:
        """Equal for equal data: a digest of every trial's content and of the parser that read it."""
        return str(self.connection.scalar(select(STATE.c.digest).where(STATE.c.id == 1)))

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
        """Trials to judge, in the order of their nct_id; see the port for what each argument keeps."""
        wanted: list[ColumnElement[bool]] = []
        if condition_ids is not None:
            wanted.append(_of_conditions(condition_ids, words, healthy_volunteer))
        if statuses is not None:
            wanted.append(or_(TRIAL.c.overall_status.is_(None), TRIAL.c.overall_status.in_(list(statuses))))
        for kind, values in (
            ("phase", phases),
            ("country", [folded(country) for country in countries]),
            ("intervention_type", intervention_types),
        ):
            if values:
                wanted.append(or_(_with(kind, values), TRIAL.c.nct_id.not_in(_having(kind))))
        statement = _readable().where(*wanted).order_by(TRIAL.c.nct_id)
        rows = self.connection.execute(statement, execution_options={"yield_per": PAGE})
        for summary, parsed in rows:
            yield _read(summary, parsed)

    def trials(self, nct_ids: Sequence[str], versions: Sequence[int] = ()) -> Iterator[ReadableTrial]:
        """The named trials that exist, in the order asked; with `versions`, as they were in those (0: as they are)."""
        wanted = dict(zip(nct_ids, versions, strict=True)) if versions else {}
        for start in range(0, len(nct_ids), IDS_AT_ONCE):
            asked = list(nct_ids[start : start + IDS_AT_ONCE])
            # What was read for a version of the arrays stays true of that version: the database need not be asked again.
            known = {nct_id: self._of_arrays(nct_id, wanted.get(nct_id, 0)) for nct_id in asked}
            present = self._present([nct_id for nct_id in asked if known.get(nct_id) is None])
            for nct_id in asked:
                trial, version = known.get(nct_id), wanted.get(nct_id, 0)
                if trial is None:
                    found = present.get(nct_id)
                    if found is not None and version in (0, found[0]):
                        trial = found[1]
                    elif version:
                        trial = self._earlier(nct_id, version)
                    if version and self.registry is not None and trial is not None:
                        self._kept.put((self.registry.data_version, nct_id, version), trial)
                if trial is not None:
                    yield trial

    def _of_arrays(self, nct_id: str, version: int) -> ReadableTrial | None:
        """The trial as it was last read for a page that the present arrays named, if it is kept."""
        if self.registry is None or not version:
            return None
        return self._kept.get((self.registry.data_version, nct_id, version))

    def _present(self, nct_ids: Sequence[str]) -> dict[str, tuple[int, ReadableTrial]]:
        """The version and the trial of each id as it is now; only those that are not kept are fetched and decoded."""
        if not nct_ids:
            return {}
        names = select(
            TRIAL.c.nct_id, TRIAL.c.version, TRIAL.c.content_hash, CRITERIA.c.parser_version, CRITERIA.c.text_hash
        ).select_from(TRIAL.join(CRITERIA))
        keys = {row[0]: tuple(row) for row in self.connection.execute(names.where(TRIAL.c.nct_id.in_(nct_ids)))}
        found = {nct_id: trial for nct_id, key in keys.items() if (trial := self._kept.get(key)) is not None}
        unknown = [nct_id for nct_id in keys if nct_id not in found]
        if unknown:
            statement = _readable(TRIAL.c.nct_id).where(TRIAL.c.nct_id.in_(unknown))
            for summary, parsed, nct_id in self.connection.execute(statement):
                found[nct_id] = _read(summary, parsed)
                self._kept.put(keys[nct_id], found[nct_id])
        return {nct_id: (keys[nct_id][1], trial) for nct_id, trial in found.items()}

    def _earlier(self, nct_id: str, version: int) -> ReadableTrial | None:
        """A trial as one version had it, read anew from its document. None: no such version."""
        statement = select(VERSION.c.document).where(VERSION.c.nct_id == nct_id, VERSION.c.version == version)
        document = self.connection.scalar(statement)
        if document is None:
            return None
        trial = trial_from_bytes(document)
        summary = summary_document(orjson.loads(document), matching.trial_condition_ids(trial))
        parsed = matching.parse_trial_eligibility(trial.eligibility)
        return ReadableTrial(summary_from_bytes(orjson.dumps(summary)), parsed)


def _readable(*more: ColumnElement[str]):  # type: ignore[no-untyped-def]  # the type of a Select says nothing here
    return select(TRIAL.c.summary, CRITERIA.c.parsed, *more).select_from(TRIAL.join(CRITERIA))


def _read(summary: bytes, parsed: bytes) -> ReadableTrial:
    return ReadableTrial(summary_from_bytes(summary), matching.parsed_from_json(orjson.loads(parsed)))


def _having(kind: str):  # type: ignore[no-untyped-def]
    return select(FACET.c.nct_id).where(FACET.c.kind == kind)


def _with(kind: str, values: Iterable[str]) -> ColumnElement[bool]:
    listed = sorted(set(values))
    return TRIAL.c.nct_id.in_(_having(kind).where(FACET.c.value.in_(listed))) if listed else false()


def _of_conditions(condition_ids: Iterable[str], words: Iterable[str], healthy_volunteer: bool) -> ColumnElement[bool]:
    """Same or above: the trial's own id is the patient's or an ancestor of it. Below: it has the patient's above it."""
    given = set(condition_ids)
    upwards = given | {ancestor for concept in given for ancestor in matching.ancestors(concept)}
    either = [
        _with("condition", upwards),
        _with("condition_above", given),
        _with("word", (folded(word) for word in words)),
    ]
    if healthy_volunteer:
        either.append(TRIAL.c.healthy_volunteers.is_(True))
    return or_(*either)
