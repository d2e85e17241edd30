"""Ingest at scale: which text criteria were read from, and sites with only what SQL asks for

Criteria that are stored already get their hash when they are read the next time. Sites stay whole in the documents.

Revision: 0004
After: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

UNUSED = ("facility", "city", "state", "zip")


def upgrade() -> None:
    op.add_column("trial_criteria", sa.Column("text_hash", sa.String(32)))
    if op.get_bind().dialect.name == "postgresql":
        # Without a lock that stops writers: outside of a transaction.
        with op.get_context().autocommit_block():
            op.execute("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_trial_criteria_text_hash ON trial_criteria (text_hash)")
            op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_trial_site_place")
    else:
        op.create_index("ix_trial_criteria_text_hash", "trial_criteria", ["text_hash"])
        op.drop_index("ix_trial_site_place", "trial_site")
    for name in UNUSED:
        op.drop_column("trial_site", name)


def downgrade() -> None:
    for name in UNUSED:
        op.add_column("trial_site", sa.Column(name, sa.Text))
    op.create_index("ix_trial_site_place", "trial_site", ["country", "city"])
    op.drop_index("ix_trial_criteria_text_hash", "trial_criteria")
    op.drop_column("trial_criteria", "text_hash")
