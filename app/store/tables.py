"""The tables. Documents are encoded JSON; the columns and rows beside them are what SQL filters by.

Nothing of a patient is ever stored. A trial's documents are kept once, in its history: `trial` points at its version.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, ForeignKey, Index, LargeBinary, SmallInteger, String, Table, Text, text
from sqlmodel import Field, SQLModel

FACET_WIDTH = 200
"""Longer values of facets are cut here, on both sides of a comparison."""


NOT_READ = "not read yet"
"""The parser's version of criteria that are still to be read."""


class TrialRow(SQLModel, table=True):
    """A trial as it stands now. `summary` holds what ranking needs; `stored_at` is UTC.

    `too_old_at_days`: the day of life on which a person has outgrown the maximum age, which counts in whole units.
    """

    __tablename__ = "trial"
    __table_args__ = (
        # Whatever a search filters or sorts by, so that it need not touch the wide rows.
        Index(
            "ix_trial_filters",
            "nct_id",
            "overall_status",
            "study_type",
            "sex",
            "minimum_age_days",
            "too_old_at_days",
            "last_update",
        ),
    )

    nct_id: str = Field(primary_key=True, sa_type=String(11))
    version: int
    content_hash: str = Field(sa_type=String(64))
    stored_at: datetime = Field(sa_type=DateTime(timezone=True))
    brief_title: str = Field(sa_type=Text)
    overall_status: str | None = Field(default=None, index=True, sa_type=String(40))
    study_type: str | None = Field(default=None, sa_type=String(40))
    sex: str | None = Field(default=None, sa_type=String(10))
    minimum_age_days: float | None = None
    maximum_age_days: float | None = None
    too_old_at_days: float | None = None
    healthy_volunteers: bool | None = None
    last_update: str | None = Field(default=None, index=True, sa_type=String(10))
    summary: bytes = Field(sa_type=LargeBinary)


class TrialVersionRow(SQLModel, table=True):
    """One version of a trial, numbered from 1. A version without a document is a withdrawal. Rows are only added."""

    __tablename__ = "trial_version"

    nct_id: str = Field(primary_key=True, sa_type=String(11))
    version: int = Field(primary_key=True)
    content_hash: str | None = Field(default=None, sa_type=String(64))
    stored_at: datetime = Field(sa_type=DateTime(timezone=True))
    document: bytes | None = Field(default=None, sa_type=LargeBinary)


class TrialRecordRow(SQLModel, table=True):
    """What one source tells of a trial; `size` is its content's length in bytes.

    No document: it equals the trial's present one, since no other source tells of the trial. `raw_hash` is of the bytes
    that it was read from, and of what read them; None: they are read again whenever they come.
    """

    __tablename__ = "trial_record"

    nct_id: str = Field(
        primary_key=True, sa_type=String(11), sa_column_args=[ForeignKey("trial.nct_id", ondelete="CASCADE")]
    )
    source: str = Field(primary_key=True, sa_type=String(40))
    content_hash: str = Field(sa_type=String(64))
    size: int
    last_update: str | None = Field(default=None, sa_type=String(10))
    record_version: str | None = Field(default=None, sa_type=String(40))
    document: bytes | None = Field(default=None, sa_type=LargeBinary)
    raw_hash: str | None = Field(default=None, sa_type=String(32))


class TrialCriteriaRow(SQLModel, table=True):
    """The parsed criteria of the trial's present eligibility text, and the version of the parser that read them.

    `text_hash` is of what they were read from: an equal text is not read twice. NOT_READ as the version: to be read.
    """

    __tablename__ = "trial_criteria"

    nct_id: str = Field(
        primary_key=True, sa_type=String(11), sa_column_args=[ForeignKey("trial.nct_id", ondelete="CASCADE")]
    )
    parser_version: str = Field(index=True, sa_type=String(40))
    text_hash: str | None = Field(default=None, index=True, sa_type=String(32))
    parsed: bytes = Field(sa_type=LargeBinary)


class TrialFacetRow(SQLModel, table=True):
    """One value that a trial can be found by.

    `kind`: `condition` (an id of its own), `condition_above` (an ancestor of one), `intervention` and
    `intervention_above` likewise, `word` (a condition or keyword, case folded), `phase`, `intervention_type`,
    `country` (case folded), `none` (what the trial lacks: `phase`, `country`, `site`). `standing`, the number of the
    trial's status (`rows.STANDING`), and `updated`, the day of its last update, are the trial's: a search reads from here
    what it needs to filter and to sort, without a look at each trial.
    """

    __tablename__ = "trial_facet"
    __table_args__ = (Index("ix_trial_facet_nct_id", "nct_id"), {"sqlite_with_rowid": False})

    kind: str = Field(primary_key=True, sa_type=String(20))
    value: str = Field(primary_key=True, sa_type=String(FACET_WIDTH))
    standing: int = Field(primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    nct_id: str = Field(
        primary_key=True, sa_type=String(11), sa_column_args=[ForeignKey("trial.nct_id", ondelete="CASCADE")]
    )
    updated: str = Field(sa_type=String(10))


class TrialSiteRow(SQLModel, table=True):
    """A place where a trial runs, in the order of the record, as far as SQL asks for it; degrees WGS 84.

    `standing` as in a facet. `ix_trial_site_cell` is by the degree of latitude and longitude that a site lies in
    (`near.CELL`).
    """

    __tablename__ = "trial_site"
    __table_args__ = (
        Index(
            "ix_trial_site_cell",
            text("(CAST(round(lat) AS INTEGER) * 361 + CAST(round(lon) AS INTEGER))"),
            "standing",
            "nct_id",
            "lat",
            "lon",
            "status",
            "country",
        ),
        Index(
            "ix_trial_site_unplaced",
            "standing",
            "nct_id",
            "status",
            "country",
            "lat",
            "lon",
            sqlite_where=text("lat IS NULL"),
            postgresql_where=text("lat IS NULL"),
        ),
    )

    nct_id: str = Field(
        primary_key=True, sa_type=String(11), sa_column_args=[ForeignKey("trial.nct_id", ondelete="CASCADE")]
    )
    position: int = Field(primary_key=True)
    status: str | None = Field(default=None, sa_type=String(40))
    country: str | None = Field(default=None, sa_type=Text)
    lat: float | None = None
    lon: float | None = None
    standing: int = Field(sa_type=SmallInteger)


class DataStateRow(SQLModel, table=True):
    """One row: `digest` is the sum of all trials' digests, so that equal data has an equal version anywhere."""

    __tablename__ = "data_state"

    id: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    digest: str = Field(sa_type=String(32))
    trials: int


class SyncRunRow(SQLModel, table=True):
    """One run of the sync. `state`: running, done, limited (stopped by a limit) or failed; `since`: a day or nothing.

    `page_token` is where a run that was cut off goes on; the counts are of records.
    """

    __tablename__ = "sync_run"

    id: int | None = Field(default=None, primary_key=True)
    scope: str = Field(sa_type=Text)
    since: str | None = Field(default=None, sa_type=String(10))
    state: str = Field(sa_type=String(10))
    page_token: str | None = Field(default=None, sa_type=Text)
    data_timestamp: str | None = Field(default=None, sa_type=String(40))
    started_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
    read: int = 0
    new: int = 0
    changed: int = 0
    failed: int = 0
    withdrawn: int = 0
    note: str | None = Field(default=None, sa_type=Text)


# The tables as SQLAlchemy Core sees them: bulk writes and all queries go through these.
TRIAL: Table = SQLModel.metadata.tables["trial"]
VERSION: Table = SQLModel.metadata.tables["trial_version"]
RECORD: Table = SQLModel.metadata.tables["trial_record"]
CRITERIA: Table = SQLModel.metadata.tables["trial_criteria"]
FACET: Table = SQLModel.metadata.tables["trial_facet"]
SITE: Table = SQLModel.metadata.tables["trial_site"]
STATE: Table = SQLModel.metadata.tables["data_state"]
SYNC_RUN: Table = SQLModel.metadata.tables["sync_run"]
