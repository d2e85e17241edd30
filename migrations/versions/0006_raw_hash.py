"""Records that come again as they were are known by a hash of their bytes, and not read again; larger parts of FTS5

Records that are stored already get theirs when they are loaded the next time.

Revision: 0006
After: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


BATCH_WORDS = 16 << 20
"""Bytes that FTS5 gathers before it writes a part of its index: those of a batch, so that fewer parts are merged."""

USUAL_WORDS = 1 << 20


def gather(size: int) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"INSERT INTO trial_text (trial_text, rank) VALUES ('hashsize', {size})")


def upgrade() -> None:
    op.add_column("trial_record", sa.Column("raw_hash", sa.String(32)))
    gather(BATCH_WORDS)


def downgrade() -> None:
    gather(USUAL_WORDS)
    op.drop_column("trial_record", "raw_hash")
