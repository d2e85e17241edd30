"""Files of trials on disk: folders, gzip, zip and tar are opened, and each file inside is given to the source that knows it."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from app.ingest.legacy_xml import LegacyXml
from app.ingest.medpath_page import MedPathPage
from app.ingest.registry_page import RegistryPage
from app.ingest.source import Record, RecordError, Source, Unread
from app.ingest.study_files import StudyFiles

SOURCES: tuple[Source, ...] = (StudyFiles(), LegacyXml(), RegistryPage(), MedPathPage())

HEAD = 8192
"""Bytes that a source sees to recognise its form."""

UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error, NotImplementedError, RuntimeError)
"""What broken, foreign or encrypted archives raise."""


Found = Record | RecordError | Unread


def read_paths(paths: Iterable[Path]) -> Iterator[Record | RecordError]:
    """Every record of the files, in the order of the paths; a folder is read file by file, by name.

    A file that is missing, broken or in no known form yields a RecordError, and the next one is read.
    """
    return (each if isinstance(each, Record | RecordError) else each.read() for each in find_in_paths(paths))


def find_in_paths(paths: Iterable[Path]) -> Iterator[Found]:
    """As `read_paths`, with the studies of the registry's own form left to be read."""
    for path in paths:
        if path.is_dir():
            for file in sorted(entry for entry in path.rglob("*") if entry.is_file()):
                yield from find_in(file)
        else:
            yield from find_in(path)


def read_path(path: Path) -> Iterator[Record | RecordError]:
    """Every record of one file or archive."""
    return (each if isinstance(each, Record | RecordError) else each.read() for each in find_in(path))


def find_in(path: Path) -> Iterator[Found]:
    """As `read_path`, with the studies of the registry's own form left to be read."""
    try:
        if zipfile.is_zipfile(path):
            yield from _read_zip(path)
        elif path.name.endswith((".tar.gz", ".tgz", ".tar")):
            yield from _read_tar(path)
        else:
            with path.open("rb") as raw:
                packed = raw.read(2) == b"\x1f\x8b"
                raw.seek(0)
                if packed:
                    with gzip.open(raw) as unpacked:
                        yield from _read_stream(unpacked, path.name)  # type: ignore[arg-type]  # a GzipFile reads as one
                else:
                    yield from _read_stream(raw, path.name)
    except UNREADABLE as fault:
        yield RecordError(None, f"the file cannot be read: {type(fault).__name__}", path.name)


def _read_zip(path: Path) -> Iterator[Found]:
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            if not entry.is_dir():
                with archive.open(entry) as stream:
                    yield from _read_stream(stream, f"{path.name}/{entry.filename}")  # type: ignore[arg-type]


def _read_tar(path: Path) -> Iterator[Found]:
    # The members are read in their order, and nothing is written to disk.
    with tarfile.open(path) as archive:
        for entry in archive:
            stream = archive.extractfile(entry) if entry.isfile() else None
            if stream is not None:
                with closing(stream):
                    yield from _read_stream(stream, f"{path.name}/{entry.name}")  # type: ignore[arg-type]


def _read_stream(stream: BinaryIO, place: str) -> Iterator[Found]:
    buffered = io.BufferedReader(stream, 1 << 20)  # type: ignore[type-var]  # every stream here can be read raw
    head = buffered.peek(HEAD)[:HEAD].removeprefix(b"\xef\xbb\xbf")
    for source in SOURCES:
        if source.recognises(head):
            yield from source.find(buffered, place) if isinstance(source, StudyFiles) else source.read(buffered, place)
            return
    yield RecordError(None, "no known form of trial records" if head else "the file is empty", place)
