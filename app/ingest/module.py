"""Reading an object of a registry's record, where any field may be absent or faulty."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeVar

from app.ingest.words import DATE_TYPES, age_limit, clean
from matching import AgeLimit, PartialDate, TrialDate

T = TypeVar("T")


@lru_cache(maxsize=16_384)
def _date(text: str) -> PartialDate:
    """A day of the registry: there are few thousands of them."""
    return PartialDate.parse(text)


class Module:
    """An object of the record. Each reader gives None (or nothing) for an absent field and notes a faulty one."""

    __slots__ = ("_above", "_name", "data", "odd")

    def __init__(self, data: dict[str, Any], odd: list[str], above: Module | None = None, name: str = "") -> None:
        self.data = data
        self.odd = odd
        self._above = above
        self._name = name

    @property
    def path(self) -> str:
        """Where the object is in the record, with a dot at its end; put together only for a fault."""
        return f"{self._above.path}{self._name}." if self._above is not None else ""

    def _note(self, key: str, why: str) -> None:
        self.odd.append(f"{self.path}{key}: {why}")

    def module(self, key: str) -> Module:
        """A part; empty when absent."""
        value = self.data.get(key)
        if value is None:
            value = {}
        elif not isinstance(value, dict):
            self._note(key, "not an object")
            value = {}
        return Module(value, self.odd, self, key)

    def modules(self, key: str) -> Iterator[Module]:
        """The objects of a list."""
        value = self.data.get(key)
        if value is None:
            return
        if not isinstance(value, list):
            self._note(key, "not a list")
            return
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield Module(item, self.odd, self, f"{key}[{index}]")
            else:
                self._note(f"{key}[{index}]", "not an object")

    def each(self, key: str, read: Callable[[Module], T | None]) -> tuple[T, ...]:
        """What `read` makes of each object of a list; None is left out."""
        if key not in self.data:
            return ()
        return tuple(item for module in self.modules(key) if (item := read(module)) is not None)

    def text(self, key: str) -> str | None:
        """A text without space at either end; never an empty one."""
        value = self.data.get(key)
        if type(value) is str and value.isascii() and "\x00" not in value:
            return value.strip() or None
        if value is None:
            return None
        if not isinstance(value, str):
            self._note(key, "not a text")
            return None
        return clean(value).strip() or None

    def each_text(self, *keys: str) -> tuple[str | None, ...]:
        """`text` of several fields at once: most of a record's fields are the plain texts of its sites."""
        get = self.data.get
        found = []
        for key in keys:
            value = get(key)
            if value is not None:
                # What can be printed has no NUL and no half of a pair: there is nothing to clean.
                value = value.strip() or None if type(value) is str and value.isprintable() else self.text(key)
            found.append(value)
        return tuple(found)

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts of a list, each once."""
        value = self.data.get(key)
        if value is None:
            return ()
        if isinstance(value, str):
            self._note(key, "a text instead of a list")
            value = [value]
        if not isinstance(value, list):
            self._note(key, "not a list")
            return ()
        texts = []
        for index, item in enumerate(value):
            if not isinstance(item, str):
                self._note(f"{key}[{index}]", "not a text")
            elif text := clean(item).strip():
                texts.append(text)
        return tuple(dict.fromkeys(texts))

    def flag(self, key: str) -> bool | None:
        """True or false."""
        value = self.data.get(key)
        if value is None or isinstance(value, bool):
            return value
        self._note(key, "not true or false")
        return None

    def count(self, key: str) -> int | None:
        """A whole number from 0 to 2^31."""
        value = self.data.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
            self._note(key, "not a count")
            return None
        return value

    def degrees(self, key: str, limit: float) -> float | None:
        """A number of degrees within plus and minus `limit`."""
        value = self.data.get(key)
        if type(value) is float and -limit <= value <= limit:
            return value
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value <= limit:
            self._note(key, f"not degrees within {limit:g}")
            return None
        return float(value)

    def date(self, key: str) -> PartialDate | None:
        """A date, or a part of one."""
        value = self.data.get(key)
        if value is None:
            return None
        try:
            return _date(value)
        except (ValueError, AttributeError, TypeError):
            self._note(key, "not a date")
            return None

    def dated(self, key: str) -> TrialDate | None:
        """A date with its kind (`{"date": ..., "type": ...}`)."""
        if key not in self.data:
            return None
        struct = self.module(key)
        on = struct.date("date")
        return TrialDate(on, struct.word("type", DATE_TYPES)) if on else None

    def word(self, key: str, known: frozenset[str]) -> str | None:
        """A value of a closed list; one that is not in it is kept and noted."""
        value = self.data.get(key)
        if isinstance(value, str) and value in known:
            return value
        return self._known(key, self.text(key), known)

    def words(self, key: str, known: frozenset[str]) -> tuple[str, ...]:
        """Values of a closed list, as `word`."""
        found = (self._known(key, value, known) for value in self.texts(key))
        return tuple(value for value in found if value is not None)

    def _known(self, key: str, value: str | None, known: frozenset[str]) -> str | None:
        if value is None or value in known:
            return value
        respelled = re.sub(r"[ -]", "_", value.upper())
        if respelled in known:
            self._note(key, f"{value} is spelled {respelled} elsewhere")
            return respelled
        self._note(key, f"{value} is not a value known here")
        return value

    def age(self, key: str) -> AgeLimit | None:
        """An age limit; `N/A` is none."""
        value = self.text(key)
        if value is None or value == "N/A":
            return None
        limit = age_limit(value)
        if limit is None:
            self._note(key, f"{value} is not an age")
        return limit
