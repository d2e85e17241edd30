"""Records that come again as they were are known by a hash of their bytes, and not read again

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


def upgrade() -> None:
    op.add_column("trial_record", sa.Column("raw_hash", sa.String(32)))


def downgrade() -> None:
    op.drop_column("trial_record", "raw_hash")
