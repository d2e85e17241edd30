"""Reads from a replica of the database, or from the primary while the replica does not answer.

One engine stands for both: its pool connects to the replica, and to the primary when that fails. A connection to the
primary is given up after BACK_AFTER_S, so that reads go back to a replica which has returned.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine, event, make_url, text
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError

from app.store.engine import create_engine_for

BACK_AFTER_S = 5.0
CONNECT_TIMEOUT_S = 3
"""How long a replica that does not even refuse is waited for."""

ON_PRIMARY_SINCE = "trialmatch_on_primary_since"

LAG = text(
    "SELECT CASE WHEN NOT pg_is_in_recovery() THEN NULL"
    " WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0.0"
    " ELSE EXTRACT(EPOCH FROM now() - pg_last_xact_replay_timestamp()) END"
)
"""Seconds behind; NULL where the server is no streaming replica (a distributed engine has its own ways)."""


@dataclass(frozen=True, slots=True)
class ReplicaState:
    """What an operator sees. `serves`: replica or primary; `lag_seconds` None: not a streaming replica, or not known.

    `current`: both hold the same version of the data; None: one of them could not be asked.
    """

    serves: str
    lag_seconds: float | None
    current: bool | None

    def told(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)


def read_engine(url: str, primary: Engine) -> Engine:
    """An engine for reads over the replica at `url`, with the primary behind it.

    Raises:
        ValueError: the two are not databases of one kind.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != primary.url.get_backend_name():
        raise ValueError("the database for reads must be of the same kind as the primary")
    if parsed.get_backend_name() != "postgresql":
        return create_engine_for(url)
    if "connect_timeout" not in parsed.query:
        parsed = parsed.update_query_dict({"connect_timeout": str(CONNECT_TIMEOUT_S)})
    engine = create_engine_for(parsed.render_as_string(hide_password=False))
    down_until = float("-inf")

    @event.listens_for(engine, "do_connect")
    def _connect(dialect: Any, record: Any, arguments: Any, parameters: Any) -> Any:
        nonlocal down_until
        if time.monotonic() >= down_until:
            try:
                connection = dialect.connect(*arguments, **parameters)
            except dialect.loaded_dbapi.OperationalError:
                down_until = time.monotonic() + BACK_AFTER_S
            else:
                record.info.pop(ON_PRIMARY_SINCE, None)
                return connection
        others, more = primary.dialect.create_connect_args(primary.url)
        record.info[ON_PRIMARY_SINCE] = time.monotonic()
        return primary.dialect.connect(*others, **more)

    @event.listens_for(engine, "checkout")
    def _checkout(_: Any, record: Any, __: Any) -> None:
        since = record.info.get(ON_PRIMARY_SINCE)
        if since is not None and time.monotonic() - since > BACK_AFTER_S:
            raise DisconnectionError("back to the replica")

    # Said of every transaction: a standby refuses even an empty one that is said to write.
    return engine.execution_options(postgresql_readonly=True)


def state_of(reads: Engine, data_version: str | None) -> ReplicaState:
    """Who answers reads now and how far behind it is; `data_version`: the primary's, where it is known."""
    try:
        with reads.connect() as connection:
            on_primary = ON_PRIMARY_SINCE in connection.connection.info
            version = connection.scalar(text("SELECT digest FROM data_state WHERE id = 1"))
            lag = None
            if not on_primary and reads.dialect.name == "postgresql":
                lag = _lag(reads)
    except SQLAlchemyError:
        return ReplicaState("none", None, None)
    current = None if data_version is None else version == data_version
    return ReplicaState("primary" if on_primary else "replica", lag, current)


def _lag(reads: Engine) -> float | None:
    try:
        with reads.connect() as connection:
            found = connection.scalar(LAG)
    except SQLAlchemyError:
        return None
    return round(float(found), 3) if found is not None else None
