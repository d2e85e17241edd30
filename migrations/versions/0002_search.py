"""Search: the words of each trial, when a person is too old for it, and its interventions as facets

Trials that are stored already get theirs by `trialmatch db upgrade`, which reads them again.

Revision: 0002
After: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COLUMNS = "title, names, treatments, body, other"


def upgrade() -> None:
    op.add_column("trial", sa.Column("too_old_at_days", sa.Float))
    op.create_index("ix_trial_site_unplaced", "trial_site", ["nct_id"], sqlite_where=sa.text("lat IS NULL"),
                    postgresql_where=sa.text("lat IS NULL"))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE trial_text (nct_id VARCHAR(11) PRIMARY KEY REFERENCES trial (nct_id) ON DELETE CASCADE,"
            " document TSVECTOR NOT NULL)"
        )
        op.execute("CREATE INDEX ix_trial_text_document ON trial_text USING gin (document)")
    else:
        # The words are brought to their normal forms before they come here, so the tokenizer only parts them.
        op.execute(
            f"CREATE VIRTUAL TABLE trial_text USING fts5 (nct_id UNINDEXED, {COLUMNS}, tokenize = 'ascii')"
        )


def downgrade() -> None:
    op.execute("DELETE FROM trial_facet WHERE kind IN ('intervention', 'intervention_above')")
    op.execute("DROP TABLE trial_text")
    op.drop_index("ix_trial_site_unplaced", "trial_site")
    with op.batch_alter_table("trial") as batch:
        batch.drop_column("too_old_at_days")
