"""The sync: what the registry has changed since the last good run is fetched and stored; a run cut off goes on.

A page counts as done when its records are stored, and only then the run's page token moves on. A kill at any moment
therefore repeats at most the last batches, and storing a record twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import orjson

from app.ingest.clinicaltrials_gov import PAGE_SIZE, Asked, Page, Registry, RegistryError
from app.ingest.run import LoadReport, load_records
from app.ingest.source import Record, RecordError
from app.ingest.study import FULL, read_study
from app.store.runs import SyncRun, SyncRuns
from app.store.trials import TrialStore

OVERLAP_DAYS = 1
"""A run asks for updates from this many days before the last one's data: the registry posts by day, not by hour."""

VANISHED_SHARE = 0.05
VANISHED_COUNT = 20
"""More vanished trials than both of these are a fault of the listing rather than withdrawals: none is taken out."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did. `total`: records the registry announced; `skipped`: of another status and not stored.

    `vanished` were asked for and are not published any more; they are withdrawn unless there are too many.
    """

    run: int
    since: str | None
    resumed: bool
    load: LoadReport
    total: int | None = None
    skipped: int = 0
    vanished: int = 0
    withdrawn: int = 0


Progress = Callable[[SyncReport], None]


def sync(
    store: TrialStore,
    registry: Registry,
    *,
    condition: str | None = None,
    statuses: tuple[str, ...] = (),
    since: date | None = None,
    limit: int | None = None,
    vanished: bool = False,
    progress: Progress | None = None,
    page_size: int = PAGE_SIZE,
    workers: int | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> SyncReport:
    """Brings the store up to date.

    Args:
        store: at the newest revision.
        registry: the client.
        condition: only trials of this condition, as the registry searches it.
        statuses: only trials of these statuses, and stored ones that have left them.
        since: updates from this day on; None: from the last good run of the same scope, else everything.
        limit: stop after so many records; the run does not count as a good one.
        vanished: afterwards ask for every stored trial, and withdraw those no longer published.
        progress: told after each batch.
        page_size: studies asked for at once.
        workers: see `load`.
        now: the clock.

    Raises:
        RegistryError: the registry does not answer; the run goes on from there next time.
    """
    runs = SyncRuns(store.engine)
    scope = orjson.dumps({"condition": condition, "statuses": sorted(statuses)}).decode()
    run = runs.unfinished(scope, now()) if since is None else None
    resumed = run is not None
    if run is None:
        last = runs.last_done(scope) if since is None else None
        day = since.isoformat() if since else _day_after(last)
        run = runs.begin(scope, day, registry.data_timestamp(), now())
    asked = Asked(condition, statuses, run.since)
    walk = _Walk(registry, store, asked, run.page_token, limit, page_size)
    before = run

    def report(done: LoadReport, **more: int) -> SyncReport:
        return SyncReport(run.id, run.since, resumed, done, total=walk.total, skipped=walk.skipped, **more)

    def counts(done: LoadReport) -> dict[str, int]:
        return {name: getattr(before, name) + getattr(done, name) for name in ("read", "new", "changed", "failed")}

    def checkpoint(done: LoadReport) -> None:
        runs.save(run.id, now(), page_token=walk.token_after(done.read), **counts(done))
        if progress is not None:
            progress(report(done))

    try:
        done = load_records(
            walk.records(),
            store,
            progress=checkpoint,
            batch_size=page_size,
            workers=workers,
            replace_newer=True,
            now=now,
        )
        gone, out = _withdraw_vanished(store, registry, now) if vanished else (0, 0)
    except RegistryError as error:
        runs.save(run.id, now(), state="failed", note=error.reason)
        raise
    state = "limited" if walk.limited else "done"
    kept = (
        f"{gone} trials are not listed any more: too many to be withdrawals, so they were kept" if gone > out else None
    )
    runs.save(run.id, now(), state=state, page_token=None, withdrawn=out, note=kept, **counts(done))
    return report(done, vanished=gone, withdrawn=out)


class _Walk:
    """The registry's pages as one stream of records, and which page's records are all stored."""

    def __init__(
        self, registry: Registry, store: TrialStore, asked: Asked, token: str | None, limit: int | None, page_size: int
    ) -> None:
        self.total: int | None = None
        self.skipped = 0
        self.limited = False
        self._registry = registry
        self._token = token
        self._limit = limit
        self._page_size = page_size
        self._asked = asked
        self._statuses: frozenset[str] | None = None
        self._stored: frozenset[str] = frozenset()
        if asked.since and asked.statuses:
            # A trial that has left the wanted statuses is not listed under them: it is asked for without them.
            self._asked = Asked(asked.condition, (), asked.since)
            self._statuses, self._stored = frozenset(asked.statuses), frozenset(store.ids())
        self._ends: list[tuple[int, str | None]] = []

    def token_after(self, stored: int) -> str | None:
        """The token to go on from when so many records of this walk are stored."""
        token = self._token
        for end, following in self._ends:
            if end > stored:
                break
            token = following or token
        return token

    def records(self) -> Iterator[Record | RecordError]:
        given = 0
        for page in self._pages():
            self.total = page.total if page.total is not None else self.total
            for study in page.studies:
                record = _record(study)
                if isinstance(record, Record) and not self._wanted(record):
                    self.skipped += 1
                    continue
                if self._limit is not None and given == self._limit:
                    self.limited = True
                    return
                given += 1
                yield record
            self._ends.append((given, page.next_token))

    def _pages(self) -> Iterator[Page]:
        try:
            yield from self._registry.pages(self._asked, token=self._token, page_size=self._page_size)
        except RegistryError as error:
            if error.status != 400 or self._token is None or self._ends:
                raise
            # The token of the run that was cut off is not taken any more: what is stored stays, and is walked again.
            self._token = None
            yield from self._registry.pages(self._asked, page_size=self._page_size)

    def _wanted(self, record: Record) -> bool:
        if self._statuses is None:
            return True
        return record.trial.overall_status in self._statuses or record.trial.nct_id in self._stored


def _record(study: object) -> Record | RecordError:
    try:
        # A whole record, also where a field is missing that tells whole from partial.
        return read_study(study, source=FULL)
    except RecordError as fault:
        return fault


def _day_after(last: SyncRun | None) -> str | None:
    if last is None:
        return None
    told = last.data_timestamp or last.started_at.isoformat()
    try:
        day = date.fromisoformat(told[:10])
    except ValueError:
        day = last.started_at.date()
    return (day - timedelta(days=OVERLAP_DAYS)).isoformat()


def _withdraw_vanished(store: TrialStore, registry: Registry, now: Callable[[], datetime]) -> tuple[int, int]:
    """How many stored trials the registry publishes no more, and how many of them were withdrawn."""
    stored = list(store.ids())
    gone = sorted(set(stored) - registry.present(stored))
    if len(gone) > max(VANISHED_COUNT, len(stored) * VANISHED_SHARE):
        return len(gone), 0
    return len(gone), sum(store.withdraw(nct_id, at=now()) for nct_id in gone)
