"""What a process is given before it is forked to answer lines: importing this module loads the tables, as nothing else does.

Only the process that is forked from (`processes.APART`) imports it; the memory is then shared by all that are forked.
"""

import gc

import app.population  # noqa: F401  # what a forked process calls
import matching
from app.store.places import gazetteer

matching.warm()
gazetteer()
gc.collect()
gc.freeze()
