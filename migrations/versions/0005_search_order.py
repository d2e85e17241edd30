"""Search in milliseconds: each facet and site knows its trial's status, facets the last update; covering indexes

Revision: 0005
After: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATUSES = {
    "RECRUITING": 0, "AVAILABLE": 1, "NOT_YET_RECRUITING": 10, "ENROLLING_BY_INVITATION": 20, "UNKNOWN": 31,
    "TEMPORARILY_NOT_AVAILABLE": 32, "ACTIVE_NOT_RECRUITING": 40, "COMPLETED": 41, "SUSPENDED": 42, "TERMINATED": 43,
    "WITHDRAWN": 44, "NO_LONGER_AVAILABLE": 45, "APPROVED_FOR_MARKETING": 46, "WITHHELD": 47,
}
STANDING = (
    "CASE WHEN t.overall_status IS NULL THEN 30 "
    + " ".join(f"WHEN t.overall_status = '{name}' THEN {number}" for name, number in STATUSES.items())
    + " ELSE 49 END"
)
UPDATED = "COALESCE(t.last_update, '')"
LACKS = {
    "phase": "NOT EXISTS (SELECT 1 FROM trial_facet f WHERE f.kind = 'phase' AND f.nct_id = t.nct_id)",
    "country": "NOT EXISTS (SELECT 1 FROM trial_facet f WHERE f.kind = 'country' AND f.nct_id = t.nct_id)",
    "site": "NOT EXISTS (SELECT 1 FROM trial_site s WHERE s.nct_id = t.nct_id)",
}
CELL = "(CAST(round(lat) AS INTEGER) * 361 + CAST(round(lon) AS INTEGER))"


def facets(name: str, *, ordered: bool) -> None:
    without_rowid = {"sqlite_with_rowid": False} if ordered else {}
    order = [
        sa.Column("standing", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("updated", sa.String(10), nullable=False),
    ]
    op.create_table(
        name,
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("value", sa.String(200), primary_key=True),
        *(order[:1] if ordered else ()),
        sa.Column("nct_id", sa.String(11), sa.ForeignKey("trial.nct_id", ondelete="CASCADE"), primary_key=True),
        *(order[1:] if ordered else ()),
        **without_rowid,
    )


def swap() -> None:
    op.drop_table("trial_facet")
    op.rename_table("trial_facet_new", "trial_facet")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE trial_facet RENAME CONSTRAINT trial_facet_new_pkey TO trial_facet_pkey")
        op.execute(
            "ALTER TABLE trial_facet RENAME CONSTRAINT trial_facet_new_nct_id_fkey TO trial_facet_nct_id_fkey"
        )
    op.create_index("ix_trial_facet_nct_id", "trial_facet", ["nct_id"])


def indexes() -> dict[str, str]:
    unplaced = "trial_site (standing, nct_id, status, country, lat, lon) WHERE lat IS NULL"
    return {
        "ix_trial_site_unplaced": unplaced,
        "ix_trial_site_cell": f"trial_site ({CELL}, standing, nct_id, lat, lon, status, country)",
        "ix_trial_filters": "trial (nct_id, overall_status, study_type, sex, minimum_age_days, too_old_at_days, last_update)",
    }


def upgrade() -> None:
    on_postgres = op.get_bind().dialect.name == "postgresql"
    if on_postgres:
        # Readers go on; writers wait until the facets stand in their new table.
        op.execute("LOCK TABLE trial_facet IN SHARE MODE")
    facets("trial_facet_new", ordered=True)
    op.execute(
        "INSERT INTO trial_facet_new (kind, value, standing, nct_id, updated)"
        f" SELECT f.kind, f.value, {STANDING}, f.nct_id, {UPDATED}"
        " FROM trial_facet f JOIN trial t ON t.nct_id = f.nct_id ORDER BY 1, 2, 3, 4"
    )
    for lacking, test in LACKS.items():
        op.execute(
            "INSERT INTO trial_facet_new (kind, value, standing, nct_id, updated)"
            f" SELECT 'none', '{lacking}', {STANDING}, t.nct_id, {UPDATED} FROM trial t WHERE {test}"
        )
    swap()
    if on_postgres:
        # The day of the update is read from the index too.
        op.execute("ALTER TABLE trial_facet DROP CONSTRAINT trial_facet_pkey")
        op.execute("ALTER TABLE trial_facet ADD PRIMARY KEY (kind, value, standing, nct_id) INCLUDE (updated)")
    op.add_column("trial_site", sa.Column("standing", sa.SmallInteger, nullable=False, server_default="30"))
    op.execute(f"UPDATE trial_site SET standing = (SELECT {STANDING} FROM trial t WHERE t.nct_id = trial_site.nct_id)")
    if on_postgres:
        with op.get_context().autocommit_block():
            for name in ("ix_trial_site_point", "ix_trial_site_unplaced"):
                op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            for name, columns in indexes().items():
                op.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {columns}")
    else:
        for name in ("ix_trial_site_point", "ix_trial_site_unplaced"):
            op.drop_index(name, "trial_site")
        for name, columns in indexes().items():
            op.execute(f"CREATE INDEX {name} ON {columns}")


def downgrade() -> None:
    op.drop_index("ix_trial_filters", "trial")
    op.drop_index("ix_trial_site_cell", "trial_site")
    op.drop_index("ix_trial_site_unplaced", "trial_site")
    where = sa.text("lat IS NULL")
    op.create_index("ix_trial_site_unplaced", "trial_site", ["nct_id"], sqlite_where=where, postgresql_where=where)
    op.create_index("ix_trial_site_point", "trial_site", ["lat", "lon"])
    op.drop_column("trial_site", "standing")
    facets("trial_facet_new", ordered=False)
    op.execute(
        "INSERT INTO trial_facet_new (kind, value, nct_id)"
        " SELECT kind, value, nct_id FROM trial_facet WHERE kind <> 'none'"
    )
    swap()
