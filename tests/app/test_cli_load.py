"""What a load does beside loading: it leaves the processor to a service that answers requests meanwhile."""

import os
import subprocess
import sys
from pathlib import Path

from app.processes import NICENESS

LOADED = """
import os, sys
from app.cli import app
try:
    app(["load", sys.argv[1], "--parse", "later"])
except SystemExit as ended:
    assert not ended.code, ended.code
print(os.getpriority(os.PRIO_PROCESS, 0))
"""


def test_a_load_goes_behind_requests(tmp_path: Path) -> None:
    record = tmp_path / "a.ndjson"
    record.write_text('{"protocolSection": {"identificationModule": {"nctId": "NCT00000001"}}}')
    environment = {**os.environ, "TRIALMATCH_DATABASE_URL": f"sqlite:///{tmp_path / 'trials.db'}"}
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(record)], env=environment, check=True, capture_output=True, text=True
    )
    assert int(done.stdout.split()[-1]) == max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0))
