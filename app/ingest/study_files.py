"""Files of API v2 studies: one object, a list, a page of the API (`{"studies": [...]}`), or a study a line (NDJSON)."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import orjson

from app.ingest.source import Record, RecordError
from app.ingest.study import FULL, read_study

CHUNK = 1 << 20

LONGEST_STUDY = 64 << 20
"""Characters of one study; the largest that the registry has published are a quarter of this, results included."""

PAGE_HEAD = re.compile(r'\s*\{\s*(?:"(?:totalCount|nextPageToken)"\s*:\s*(?:[0-9]+|"[^"]*")\s*,\s*)*"studies"\s*:\s*\[')
LINES_HEAD = re.compile(rb"\s*\{")


@dataclass(frozen=True, slots=True)
class StudyText:
    """One study as it stands in a file. `lenient`: it was found as JSON with half a surrogate pair or the like."""

    raw: bytes
    place: str
    lenient: bool = False

    def read(self) -> Record | RecordError:
        """The study as a trial."""
        try:
            return _study(orjson.loads(self.raw), self.place)
        except orjson.JSONDecodeError:
            if self.lenient:
                return _study(json.loads(self.raw), self.place)
            return RecordError(None, "the line is not JSON", self.place)


class StudyFiles:
    """The registry's own JSON, in any of its wrappings."""

    name = FULL

    def recognises(self, head: bytes) -> bool:
        """Whether it begins as JSON does."""
        return head.lstrip()[:1] in (b"{", b"[")

    def read(self, stream: BinaryIO, place: str) -> Iterator[Record | RecordError]:
        """The studies in their order, one in memory at a time."""
        return (each.read() if isinstance(each, StudyText) else each for each in self.find(stream, place))

    def find(self, stream: BinaryIO, place: str) -> Iterator[StudyText | RecordError]:
        """The studies in their order as they stand in the file, one in memory at a time."""
        first = stream.readline(LONGEST_STUDY)
        while first and not first.strip(b"\xef\xbb\xbf \t\r\n"):
            first = stream.readline(LONGEST_STUDY)
        first = first.removeprefix(b"\xef\xbb\xbf")
        if first.endswith(b"\n") and LINES_HEAD.match(first) and _is_whole_study(first):
            yield from _read_lines(first, stream, place)
        else:
            yield from _read_values(first, stream, place)


def _is_whole_study(line: bytes) -> bool:
    """Whether the line is a whole object, and not a page of the API that stands on one line."""
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) and "studies" not in value


def _read_lines(first: bytes, stream: BinaryIO, place: str) -> Iterator[StudyText]:
    number = 1
    line = first
    while line:
        if line.strip():
            yield StudyText(line, f"{place}:{number}")
        line = stream.readline(LONGEST_STUDY)
        number += 1


def _read_values(first: bytes, stream: BinaryIO, place: str) -> Iterator[StudyText | RecordError]:
    """Values one after the other, in a list, in a page's list, or alone; read on until a value is complete."""
    text = _Text(stream)
    buffer = text.decode(first) + text.read(CHUNK)
    page = PAGE_HEAD.match(buffer)
    start = page.end() if page else len(buffer) - len(buffer.lstrip())
    if page is None and buffer[start : start + 1] == "[":
        start += 1
    decoder = json.JSONDecoder()
    number = 0
    while True:
        start = _skip(buffer, start)
        if start == len(buffer):
            more = text.read(CHUNK)
            if not more:
                return
            buffer, start = more, 0
            continue
        if buffer[start] != "{":
            if buffer[start] != "]":
                yield RecordError(None, "not a study where one is expected; the rest of the file is left", place)
            return
        number += 1
        while True:
            try:
                _, end = decoder.raw_decode(buffer, start)
                break
            except (json.JSONDecodeError, RecursionError) as fault:
                # As much again each time, so that a long study is not scanned over and over.
                more = text.read(max(CHUNK, len(buffer) - start))
                if not more or len(buffer) - start > LONGEST_STUDY:
                    why = "is not JSON" if isinstance(fault, json.JSONDecodeError) else "is nested too deeply"
                    yield RecordError(None, f"study {number} {why}; the rest of the file is left", place)
                    return
                buffer, start = buffer[start:] + more, 0
        yield StudyText(buffer[start:end].encode(), f"{place}:study {number}", lenient=True)
        start = end
        if start > CHUNK:
            buffer, start = buffer[start:], 0


class _Text:
    """A stream as text; bytes that are not UTF-8 are replaced."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def decode(self, raw: bytes, *, last: bool = False) -> str:
        return self._decoder.decode(raw, last)

    def read(self, size: int) -> str:
        """At least a character, until the stream has ended."""
        while raw := self._stream.read(size):
            if text := self.decode(raw):
                return text
        return self.decode(b"", last=True)


def _skip(buffer: str, start: int) -> int:
    while start < len(buffer) and buffer[start] in ", \t\r\n":
        start += 1
    return start


def _study(value: object, place: str) -> Record | RecordError:
    try:
        return read_study(value)
    except RecordError as fault:
        fault.place = place
        return fault
