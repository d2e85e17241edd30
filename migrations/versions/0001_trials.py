"""Trials with their history, what each source tells of them, their criteria, facets and sites

Revision: 0001
After: none
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def owner() -> sa.Column:
    return sa.Column("nct_id", sa.String(11), sa.ForeignKey("trial.nct_id", ondelete="CASCADE"), primary_key=True)


def upgrade() -> None:
    op.create_table(
        "trial",
        sa.Column("nct_id", sa.String(11), primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("brief_title", sa.Text, nullable=False),
        sa.Column("overall_status", sa.String(40)),
        sa.Column("study_type", sa.String(40)),
        sa.Column("sex", sa.String(10)),
        sa.Column("minimum_age_days", sa.Float),
        sa.Column("maximum_age_days", sa.Float),
        sa.Column("healthy_volunteers", sa.Boolean),
        sa.Column("last_update", sa.String(10)),
        sa.Column("summary", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_trial_overall_status", "trial", ["overall_status"])
    op.create_index("ix_trial_last_update", "trial", ["last_update"])
    op.create_table(
        "trial_version",
        sa.Column("nct_id", sa.String(11), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("content_hash", sa.String(64)),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("document", sa.LargeBinary),
    )
    op.create_table(
        "trial_record",
        owner(),
        sa.Column("source", sa.String(40), primary_key=True),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("last_update", sa.String(10)),
        sa.Column("record_version", sa.String(40)),
        sa.Column("document", sa.LargeBinary),
    )
    op.create_table(
        "trial_criteria",
        owner(),
        sa.Column("parser_version", sa.String(40), nullable=False),
        sa.Column("parsed", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_trial_criteria_parser_version", "trial_criteria", ["parser_version"])
    op.create_table(
        "trial_facet",
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("value", sa.String(200), primary_key=True),
        owner(),
    )
    op.create_index("ix_trial_facet_nct_id", "trial_facet", ["nct_id"])
    op.create_table(
        "trial_site",
        owner(),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("facility", sa.Text),
        sa.Column("status", sa.String(40)),
        sa.Column("city", sa.Text),
        sa.Column("state", sa.Text),
        sa.Column("zip", sa.Text),
        sa.Column("country", sa.Text),
        sa.Column("lat", sa.Float),
        sa.Column("lon", sa.Float),
    )
    op.create_index("ix_trial_site_point", "trial_site", ["lat", "lon"])
    op.create_index("ix_trial_site_place", "trial_site", ["country", "city"])
    state = op.create_table(
        "data_state",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("trials", sa.Integer, nullable=False),
    )
    op.bulk_insert(state, [{"id": 1, "digest": "0" * 32, "trials": 0}])


def downgrade() -> None:
    for table in (
        "data_state",
        "trial_site",
        "trial_facet",
        "trial_criteria",
        "trial_record",
        "trial_version",
        "trial",
    ):
        op.drop_table(table)
