"""A record made ready for the tables: everything that needs no database, so that other processes can do it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

import matching
from app.store.convert import (
    Json,
    content_bytes,
    document_bytes,
    eligibility_from_json,
    summary_document,
    trial_from_bytes,
    trial_to_json,
)
from app.store.rows import facet_values, site_values, trial_values
from app.store.search_text import text_values, trial_words
from matching import EligibilityFields, Trial

TEXT_HASH_BYTES = 16


@dataclass(slots=True)
class Prepared:
    """One record, or the merge of several, as rows without their version and instant.

    `size` is the length of the content in bytes. `trial`, `facets`, `sites` and `text` are values in the order of
    their tables' columns (rows.py); `text` depends on the database. `eligibility` is the encoded module. `raw_hash` is of
    the bytes it was read from, where they need not be read again.
    """

    nct_id: str
    source: str
    content_hash: str
    size: int
    last_update: str
    record_version: str
    document: bytes
    eligibility: bytes
    text_hash: str
    trial: tuple[Any, ...]
    facets: list[tuple[str, str, int, str, str]]
    sites: list[tuple[Any, ...]]
    text: tuple[Any, ...]
    raw_hash: str | None = None

    def whole(self) -> Trial:
        """The trial of the document."""
        return trial_from_bytes(self.document)

    def module(self) -> EligibilityFields:
        """What the criteria are read from."""
        return eligibility_from_json(orjson.loads(self.eligibility))


def prepare(trial: Trial, dialect: str) -> Prepared:
    """A trial with its provenance as rows for SQLite or PostgreSQL (`dialect`)."""
    document = trial_to_json(trial)
    content = content_bytes(document)
    condition_ids = matching.trial_condition_ids(trial)
    return Prepared(
        nct_id=trial.nct_id,
        source=trial.provenance[0].source,
        content_hash=hashlib.sha256(content).hexdigest(),
        size=len(content),
        last_update=str(trial.last_update.on) if trial.last_update else "",
        record_version=trial.provenance[0].record_version or "",
        document=document_bytes(document),
        eligibility=orjson.dumps(document.get("eligibility", {})),
        text_hash=text_hash(trial.eligibility),
        trial=trial_values(trial, summary_document(document, condition_ids)),
        facets=facet_values(trial, condition_ids),
        sites=site_values(trial),
        text=text_values(trial.nct_id, trial_words(trial), dialect),
    )


def text_hash(fields: EligibilityFields) -> str:
    """Equal for modules whose criteria read equally: of the text and of the fields that it is checked against."""
    told: Json = {
        "text": fields.text,
        "sex": fields.sex,
        "ages": [(limit.value, limit.unit) if limit else None for limit in (fields.minimum_age, fields.maximum_age)],
        "healthy_volunteers": fields.healthy_volunteers,
    }
    return hashlib.blake2b(orjson.dumps(told), digest_size=TEXT_HASH_BYTES).hexdigest()
