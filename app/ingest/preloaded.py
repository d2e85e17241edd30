"""What the processes of a load are forked from: importing this module loads the tables, once for all of them.

Only the process that is forked from (`pool.IngestPool`) imports it.
"""

import gc

import app.ingest.pool  # what a forked process calls
import app.ingest.study_files  # noqa: F401
import matching

matching.warm()
gc.collect()
gc.freeze()
