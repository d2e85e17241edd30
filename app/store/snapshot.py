"""The registry's arrays: made from the stored trials, kept as files that all workers map into memory, and kept current.

A snapshot is a folder of arrays named after the version of the data and of the code that reads them. It is written aside
and then renamed, so that nobody sees half of one. There are two of each version: what is judged, and beside it, in a
folder of its own, what is searched, which is made first and sooner. Files hold trials only; nothing of a patient is in
them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import structlog
from numpy.typing import NDArray
from sqlalchemy import select

import matching
from app.store import rows, search, search_arrays, search_text
from app.store.array_search import SearchIndex
from app.store.convert import summary_from_bytes
from app.store.engine import sqlite_path
from app.store.places import gazetteer
from app.store.reader import SqlTrialReader
from app.store.search_arrays import SearchArrays
from app.store.tables import CRITERIA, TRIAL
from app.store.trials import TrialStore
from matching import Registry, StoredTrial

KEPT = 2
"""Snapshots that stay on disk: the present one, and the one before for a worker that has not changed over yet."""
ROWS_AT_ONCE = 500
REFRESH_SECONDS = 2.0
SEARCH = "search"
"""The folder of the arrays for search."""

COMMAND = "import os; os.nice(10); from app.cli import main; main()"
"""Requests go first: what makes new arrays takes the processor's time that they leave."""

log = structlog.get_logger()


def stored_trials(reader: SqlTrialReader) -> Iterator[StoredTrial]:
    """Every stored trial of the reader's snapshot, streamed."""
    statement = select(TRIAL.c.summary, CRITERIA.c.parsed, TRIAL.c.version).select_from(TRIAL.join(CRITERIA))
    found = reader.connection.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE})
    for summary, parsed, version in found:
        yield StoredTrial(summary_from_bytes(summary), orjson.loads(parsed), version)


def build(store: TrialStore) -> Registry:
    """The arrays of what is stored now."""
    with store.reader() as reader:
        data_version = reader.data_version
        return matching.build_registry(stored_trials(reader), data_version, locate=gazetteer().point)


def code_version() -> str:
    """A digest of the engine's code and tables: arrays made by another engine are not read."""
    digest = blake2b(matching.PARSER_VERSION.encode(), digest_size=8)
    root = Path(matching.__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def search_code_version() -> str:
    """The same of the arrays for search."""
    digest = blake2b(b"", digest_size=8)
    for module in (search_arrays, search_text, rows):
        digest.update(Path(str(module.__file__)).read_bytes())
    return digest.hexdigest()


def save(registry: Registry, folder: Path) -> Path:
    """Writes the arrays beside the others and drops the oldest; where they stand."""
    about = {"data_version": registry.data_version, "trials": registry.trials}
    return _save(registry.named(), about, folder, _name(registry.data_version))


def _save(arrays: Mapping[str, NDArray[np.generic]], about: dict[str, Any], folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / name
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as aside:
        made = Path(aside) / "snapshot"
        made.mkdir()
        for each, array in arrays.items():
            np.save(made / f"{each}.npy", array)
        (made / "about.json").write_bytes(orjson.dumps(about))
        shutil.rmtree(target, ignore_errors=True)
        made.rename(target)
    os.utime(target)
    for old in _snapshots(folder)[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return target


def load(snapshot: Path) -> Registry:
    """The arrays of a snapshot, mapped into memory: workers share the pages. Raises OSError or KeyError for a broken one."""
    about = orjson.loads((snapshot / "about.json").read_bytes())
    return matching.registry_from(_mapped(snapshot), about["data_version"])


def load_search(snapshot: Path) -> SearchIndex:
    """The arrays for search, likewise."""
    about = orjson.loads((snapshot / "about.json").read_bytes())
    return SearchIndex(SearchArrays(**_mapped(snapshot)), about["data_version"])


def _mapped(snapshot: Path) -> dict[str, NDArray[Any]]:
    named: dict[str, NDArray[Any]] = {}
    for path in snapshot.glob("*.npy"):
        try:
            array = np.load(path, mmap_mode="r")
        except ValueError:  # an empty array cannot be mapped
            array = np.load(path)
        named[path.stem] = np.asarray(array)
    return named


def newest(folder: Path) -> Path | None:
    """The latest snapshot that this engine's code can read."""
    return _newest(folder, code_version())


def newest_search(folder: Path) -> Path | None:
    """The latest arrays for search that this code can read."""
    return _newest(folder / SEARCH, search_code_version())


def _newest(folder: Path, code: str) -> Path | None:
    mine = [path for path in _snapshots(folder) if path.name.endswith(f"-{code}")]
    return mine[0] if mine else None


def _name(data_version: str) -> str:
    return f"{data_version}-{code_version()}"


def _search_name(data_version: str) -> str:
    return f"{data_version}-{search_code_version()}"


def _snapshots(folder: Path) -> list[Path]:
    found = [path for path in folder.glob("*-*") if (path / "about.json").is_file()]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def refresh(store: TrialStore, folder: Path) -> Path:
    """The snapshot of what is stored now, made where it is not there yet. One process makes it, the others wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        version = store.data_version()
        if not _is_there(folder / SEARCH / _search_name(version)):
            refresh_search(store, folder)
        present = folder / _name(version)
        if not _is_there(present):
            present = save(build(store), folder)
        return present


def refresh_search(store: TrialStore, folder: Path) -> Path:
    """Makes the arrays for search of what is stored now; where they stand."""
    with search.snapshot(store.reads) as connection:
        arrays, version = search_arrays.build(connection)
    about = {"data_version": version, "trials": len(arrays.ids)}
    return _save(matching.named(arrays), about, folder / SEARCH, _search_name(version))


def _is_there(snapshot: Path) -> bool:
    return (snapshot / "about.json").is_file()


class RegistryKeeper:
    """Keeps the store's arrays; they are changed over as a whole when the stored data changes.

    A request takes them once and uses them to its end. Making new ones is another process's work, so that the service goes
    on answering from the old ones, whose trials are read as they were then.
    """

    def __init__(self, store: TrialStore, folder: Path, database_url: str) -> None:
        self._store, self._folder, self._url = store, folder, database_url
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Takes what is on disk at once, and keeps it current from then on."""
        self._take_newest()
        self._thread = threading.Thread(target=self._keep, name="registry-keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the keeping."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def _keep(self) -> None:
        while True:
            try:
                self.check()
            except Exception as error:  # whatever it is, the old arrays still answer
                log.warning("registry_not_refreshed", kind=type(error).__name__)
            if self._stop.wait(REFRESH_SECONDS):
                return

    def check(self) -> None:
        """Changes over where the stored data is another than the arrays'."""
        stored = self._store.data_version()
        registry, index = self._store.registry, self._store.search_index
        if registry is not None and index is not None and registry.data_version == index.data_version == stored:
            return
        names = (self._folder / _name(stored), self._folder / SEARCH / _search_name(stored))
        if not all(map(_is_there, names)):
            self._make()
        self._take_newest()

    def _take_newest(self) -> None:
        self._take_search()
        found = newest(self._folder)
        if found is not None:
            self._store.registry = load(found)

    def _take_search(self) -> None:
        """Takes the arrays for search where there are newer ones."""
        found, present = newest_search(self._folder), self._store.search_index
        if found is not None and (present is None or found.name != _search_name(present.data_version)):
            self._store.search_index = load_search(found)

    def _make(self) -> None:
        """In a process of its own: it keeps one core busy for a while, and must not keep this one's threads waiting."""
        if self._store.engine.dialect.name == "sqlite" and sqlite_path(self._url) is None:
            refresh(self._store, self._folder)  # a database in memory is nobody else's to read
            return
        environment = {**os.environ, "TRIALMATCH_DATABASE_URL": self._url, "TRIALMATCH_SNAPSHOT_DIR": str(self._folder)}
        with subprocess.Popen([sys.executable, "-c", COMMAND, "db", "screen", "--quiet"], env=environment) as making:
            while making.poll() is None:
                if self._stop.wait(0.2):
                    making.terminate()
                else:
                    self._take_search()  # they are there long before the others
