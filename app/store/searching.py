"""The questions of a search, asked of arrays where they are of the stored data's version, else of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from sqlalchemy import Connection

from app.store import facets, search
from app.store.array_search import ArraySearch
from app.store.facets import Counts, Facet, Step
from app.store.search import Hit, Key, Query
from app.store.trials import TrialStore


class Searching(Protocol):
    """Everything that an answer asks; all of it is of one version of the data."""

    @property
    def data_version(self) -> str:
        """That version."""

    def find(self, query: Query, *, limit: int, after: Key | None = None) -> tuple[list[Hit], int]:
        """A page, and how many trials fit."""

    def page(self, query: Query, *, limit: int, after: Key | None = None) -> list[Hit]:
        """At most `limit` trials behind the place `after`, in the order of the query."""

    def facet(self, query: Query, name: Facet) -> Counts:
        """How many trials have each value, the most frequent first; the facet's own filter is lifted, the others hold."""

    def funnel(self, query: Query) -> tuple[int, list[Step]]:
        """All stored trials, and what each filter took away when they are applied one after the other."""


class SqlSearch:
    """Asked of the database."""

    def __init__(self, connection: Connection, data_version: str) -> None:
        self._connection, self.data_version = connection, data_version

    def find(self, query: Query, *, limit: int, after: Key | None = None) -> tuple[list[Hit], int]:
        """As Searching.find."""
        return search.find(self._connection, query, limit=limit, after=after)

    def page(self, query: Query, *, limit: int, after: Key | None = None) -> list[Hit]:
        """As Searching.page."""
        return search.page(self._connection, query, limit=limit, after=after)

    def facet(self, query: Query, name: Facet) -> Counts:
        """As Searching.facet."""
        return facets.facet(self._connection, query, name)

    def funnel(self, query: Query) -> tuple[int, list[Step]]:
        """As Searching.funnel."""
        return facets.funnel(self._connection, query)


@contextmanager
def searching(store: TrialStore) -> Iterator[tuple[Searching, Connection]]:
    """The search of one answer, and the connection that sees the same version of the data."""
    index = store.search_index
    with search.snapshot(store.reads) as connection:
        version = search.data_version(connection)
        if index is not None and index.data_version == version:
            yield ArraySearch(index, connection), connection
        else:
            yield SqlSearch(connection, version), connection
