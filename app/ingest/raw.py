"""Studies that come again as they are stored: known by a hash of their bytes, before anything of them is read.

The hash holds the version of what reads a study, so that all are read again when that changes. It leaves out the day of
the registry's data, which a new download changes in every record, and by which no two records differ (`content_bytes`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

import matching
from app.ingest import module, study, study_files, words
from app.ingest.files import Found
from app.ingest.study_files import StudyText
from app.store import convert
from app.store.trials import TrialStore

HASH_BYTES = 16

ID = re.compile(rb'"nctId"\s*:\s*"(NCT[0-9]{8})"')
"""Where a study says first which trial it is; only a hint where its hash is to be looked for."""

DATA_DAY = re.compile(rb'"versionHolder"\s*:\s*"[^"\\]*"')


@dataclass(frozen=True, slots=True)
class Marked:
    """A study that is to be read, and the hash of its bytes."""

    found: StudyText
    raw_hash: str


@dataclass(frozen=True, slots=True)
class Same:
    """A study that was stored from the same bytes; it can still be read, should its trial change meanwhile."""

    nct_id: str
    marked: Marked


def mark(batch: Sequence[Found], store: TrialStore) -> list[Found | Marked | Same]:
    """The batch with its studies marked as the same or as to be read; what is read in another way stays as it is."""
    marked = {place: Marked(found, raw_hash(found.raw)) for place, found in _studies(batch)}
    ids = {place: hinted[1].decode() for place, found in _studies(batch) if (hinted := ID.search(found.raw))}
    known = store.raw_hashes(sorted(set(ids.values()))) if ids else set()
    return [
        Same(ids[place], marked[place])
        if place in ids and (ids[place], marked[place].raw_hash) in known
        else marked.get(place, found)
        for place, found in enumerate(batch)
    ]


def raw_hash(raw: bytes) -> str:
    """The hash of a study as it stands in a file."""
    digest = blake2b(reader_version(), digest_size=HASH_BYTES)
    # The last part of a study: found from the end, and looked at only there.
    start = raw.rfind(b'"versionHolder"')
    day = DATA_DAY.match(raw, start) if start >= 0 else None
    if day is None:
        digest.update(raw)
    else:
        digest.update(raw[:start])
        digest.update(raw[day.end() :])
    return digest.hexdigest()


@cache
def reader_version() -> bytes:
    """A digest of the code that makes a trial of a study's bytes."""
    digest = blake2b(digest_size=HASH_BYTES)
    model = Path(matching.__file__).parent / "model"
    readers = [Path(str(each.__file__)) for each in (study_files, study, module, words, convert)]
    for path in (*readers, *sorted(model.glob("*.py"))):
        digest.update(path.read_bytes())
    return digest.digest()


def _studies(batch: Sequence[Found]) -> list[tuple[int, StudyText]]:
    return [(place, found) for place, found in enumerate(batch) if isinstance(found, StudyText)]
