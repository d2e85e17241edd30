"""Transactions that PostgreSQL ends because of others: provoked for real, on two connections."""

from __future__ import annotations

import threading

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from app.store.engine import check
from app.store.planning import Upserted
from app.store.retry import FIRST_WAIT_S, is_overtaken, run_again, sqlstate
from app.store.trials import TrialStore
from tests.store.trials_made import AT, no_text, registry_trial

pytestmark = pytest.mark.postgres


@pytest.fixture
def two_rows(postgres_engine: Engine):  # type: ignore[no-untyped-def]
    with postgres_engine.begin() as connection:
        connection.execute(text("CREATE TABLE pair (id int PRIMARY KEY, n int NOT NULL)"))
        connection.execute(text("INSERT INTO pair VALUES (1, 0), (2, 0)"))
    yield postgres_engine
    with postgres_engine.begin() as connection:
        connection.execute(text("DROP TABLE pair"))


def add(engine: Engine, number: int, between=lambda: None) -> None:  # type: ignore[no-untyped-def]
    """Reads a row and writes it one higher, serializably; `between` runs after the read."""
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection, connection.begin():
        seen = connection.scalar(text("SELECT n FROM pair WHERE id = :id"), {"id": number})
        between()
        connection.execute(text("UPDATE pair SET n = :n WHERE id = :id"), {"n": seen + 1, "id": number})


def test_a_serialization_failure_is_run_again(two_rows: Engine) -> None:
    met: list[str | None] = []
    waits: list[float] = []

    def work() -> None:
        overtake = (lambda: add(two_rows, 1)) if not met else lambda: None
        try:
            add(two_rows, 1, overtake)
        except OperationalError as error:
            met.append(sqlstate(error))
            raise

    run_again(work, wait=waits.append)
    assert met == ["40001"]
    assert len(waits) == 1
    assert 0.5 * FIRST_WAIT_S <= waits[0] <= FIRST_WAIT_S
    with two_rows.connect() as connection:
        assert connection.scalar(text("SELECT n FROM pair WHERE id = 1")) == 2


def test_a_deadlock_is_run_again(two_rows: Engine) -> None:
    meeting = threading.Barrier(2, timeout=20)
    met: list[str | None] = []

    def writer(first: int, second: int) -> None:
        tries = 0

        def work() -> None:
            nonlocal tries
            tries += 1
            try:
                with two_rows.begin() as connection:
                    connection.execute(text("UPDATE pair SET n = n + 1 WHERE id = :id"), {"id": first})
                    if tries == 1:
                        meeting.wait()
                    connection.execute(text("UPDATE pair SET n = n + 1 WHERE id = :id"), {"id": second})
            except OperationalError as error:
                met.append(sqlstate(error))
                raise

        run_again(work)

    threads = [threading.Thread(target=writer, args=order) for order in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert met == ["40P01"]
    with two_rows.connect() as connection:
        assert connection.execute(text("SELECT n FROM pair ORDER BY id")).scalars().all() == [2, 2]


def test_what_stays_overtaken_is_told_in_the_end(two_rows: Engine) -> None:
    waits: list[float] = []
    with pytest.raises(OperationalError) as caught:
        run_again(lambda: add(two_rows, 1, lambda: add(two_rows, 1)), attempts=3, wait=waits.append)
    assert is_overtaken(caught.value)
    assert len(waits) == 2
    assert waits[1] > waits[0] / 2


@pytest.mark.parametrize(
    ("statement", "kind"),
    [("SELECT * FROM no_such_table", ProgrammingError), ("INSERT INTO pair VALUES (1, 1)", IntegrityError)],
)
def test_another_error_is_not_run_again(two_rows: Engine, statement: str, kind: type[Exception]) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        with two_rows.begin() as connection:
            connection.execute(text(statement))

    with pytest.raises(kind):
        run_again(work, wait=lambda _: None)
    assert tries == [1]


def test_a_batch_goes_on_after_a_deadlock(store: TrialStore, engine: Engine) -> None:
    """The other client holds a row that the batch writes first, and then waits for one that the batch holds."""
    if engine.dialect.name != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    store.upsert([registry_trial(1), registry_trial(2)], at=AT, read=no_text)
    other = psycopg.connect(engine.url.set(drivername="postgresql").render_as_string(hide_password=False))
    other.execute("SET deadlock_timeout = '10s'")
    other.execute("UPDATE data_state SET trials = trials WHERE id = 1")
    changed = [
        registry_trial(
            number,
        )
        for number in (1, 2)
    ]
    from dataclasses import replace

    changed = [replace(trial, brief_title="Another") for trial in changed]
    done: list[Upserted] = []
    batch = threading.Thread(target=lambda: done.append(store.upsert(changed, at=AT, read=no_text, replace=True)))
    batch.start()
    # The batch now holds its trials and waits for the state's row; this update closes the circle.
    _wait_for_a_waiter(engine)
    other.execute("UPDATE trial SET sex = sex WHERE nct_id = 'NCT00000001'")
    other.commit()
    other.close()
    batch.join(30)
    assert done == [Upserted(changed=("NCT00000001", "NCT00000002"))]
    assert (store.count(), check(engine)) == (2, ())


def _wait_for_a_waiter(engine: Engine) -> None:
    with engine.connect() as connection:
        for _ in range(600):
            waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            if connection.scalar(waiting):
                return
            connection.rollback()
            threading.Event().wait(0.05)
    raise AssertionError("nobody waits")
