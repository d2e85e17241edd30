"""What a reader of trial files is: bytes in, records or faults out, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from matching import Trial


@dataclass(frozen=True, slots=True)
class Record:
    """A trial as one source tells it. `odd` says which of its fields were set aside or kept with a doubt, and why."""

    trial: Trial
    odd: tuple[str, ...] = ()


@dataclass(eq=False)
class RecordError(Exception):
    """A record that cannot be read as a trial. Readers yield it, so that the rest is read; `place` is file and line."""

    nct_id: str | None
    reason: str
    place: str | None = None

    def __str__(self) -> str:
        return ": ".join(part for part in (self.place, self.nct_id, self.reason) if part)


class Unread(Protocol):
    """A record that was found and not read yet, so that another process can read it; it can be pickled."""

    def read(self) -> Record | RecordError:
        """The record."""


class Source(Protocol):
    """One form in which trials are published."""

    @property
    def name(self) -> str:
        """The name that provenance carries."""

    def recognises(self, head: bytes) -> bool:
        """Whether a file that begins with `head` (up to 8 kB, already unpacked) is in this form."""

    def read(self, stream: BinaryIO, place: str) -> Iterator[Record | RecordError]:
        """The records of one file in their order, without holding more than one of them. `place` names the file."""
