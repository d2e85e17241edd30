"""Trials as JSON and back: snake_case keys, absent fields left out, dates as the registry writes them.

The form is the same in the store, in the history and in the service's answers. Two keys differ from the field's name:
a sponsor's class is `class`, and dates are text (`2015-08`). One plan for each dataclass, made once, drives both ways.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

from matching import EligibilityFields, PartialDate, Sponsor, Trial, TrialSummary

T = TypeVar("T")
Json = dict[str, Any]

KEYS: dict[tuple[type, str], str] = {(Sponsor, "sponsor_class"): "class"}
"""Fields whose JSON key is not their name."""

SCALARS = frozenset((str, int, float, bool))


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    key: str
    read: Callable[[Any], Any]
    is_plain: bool


def trial_to_json(trial: Trial) -> Json:
    """The whole trial, in the order of its fields."""
    return _object_to_json(trial)


def trial_from_json(document: Mapping[str, Any]) -> Trial:
    """What `trial_to_json` wrote; a key it does not know raises KeyError."""
    return _object_from_json(Trial, document)


def trial_from_bytes(document: bytes) -> Trial:
    """The trial of an encoded document."""
    return _object_from_json(Trial, orjson.loads(document))


def eligibility_from_json(document: Mapping[str, Any]) -> EligibilityFields:
    """The eligibility module of a trial's document."""
    return _object_from_json(EligibilityFields, document)


def document_bytes(document: Json) -> bytes:
    """A document as it is stored and served."""
    return orjson.dumps(document)


def content_bytes(document: Json) -> bytes:
    """The document without what changes from one fetch to the next: when, which version, from which address.

    Two records with equal content are the same record; the sources and each field's source are part of it.
    """
    provenance = [{key: row[key] for key in ("source", "fields") if key in row} for row in document["provenance"]]
    return orjson.dumps({**document, "provenance": provenance}, option=orjson.OPT_SORT_KEYS)


def summary_document(document: Json, condition_ids: Sequence[str]) -> Json:
    """The TrialSummary of a trial's document: without long texts, and without the contacts of its sites.

    The title falls back to the official one, then to the id, since an answer shows one.
    """
    design = document.get("design", {})
    kinds = dict.fromkeys(row["type"] for row in document.get("interventions", ()) if "type" in row)
    fields_of_eligibility = {
        key: value for key, value in document.get("eligibility", {}).items() if key not in ("text", "study_population")
    }
    summary = {
        "nct_id": document["nct_id"],
        "brief_title": document.get("brief_title") or document.get("official_title") or document["nct_id"],
        "overall_status": document.get("overall_status"),
        "phases": design.get("phases"),
        "study_type": design.get("study_type"),
        "conditions": document.get("conditions"),
        "keywords": document.get("keywords"),
        "condition_ids": list(condition_ids),
        "intervention_types": list(kinds),
        "countries": document.get("countries"),
        "last_update": document.get("last_update", {}).get("on"),
        "eligibility": fields_of_eligibility,
        "sites": [
            {key: value for key, value in site.items() if key != "contacts"} for site in document.get("sites", ())
        ],
    }
    return {key: value for key, value in summary.items() if value}


def summary_from_bytes(summary: bytes) -> TrialSummary:
    """The summary of an encoded summary document."""
    return _object_from_json(TrialSummary, orjson.loads(summary))


def _object_to_json(value: Any) -> Json:
    kind: Any = type(value)
    return _writer(kind)(value)


@cache
def _writer(kind: Any) -> Callable[[Any], Json]:
    """What makes the JSON of a dataclass: a function of one line a field, made once, as dataclasses make `__init__`.

    A record has a hundred objects with a dozen fields, most of them absent: a loop over them costs three times as much.
    A part with nothing in it (a design of which nothing is known) is as absent as a missing field.
    """
    lines = ["def write(value):", " out = {}"]
    for field in _plan(kind):
        lines.append(f" item = value.{field.name}")
        if field.is_plain:
            lines.append(f" if item is not None: out[{field.key!r}] = item")
        else:
            lines += [" if item is not None and item != ():", "  written = to_json(item)"]
            lines.append(f"  if written != {{}}: out[{field.key!r}] = written")
    made: dict[str, Any] = {"to_json": _to_json}
    exec("\n".join([*lines, " return out"]), made)  # of our own classes' field names alone
    write: Callable[[Any], Json] = made["write"]
    return write


def _to_json(value: Any) -> Any:
    kind = type(value)
    if kind in SCALARS:
        return value
    if kind is tuple:
        return [_to_json(item) for item in value]
    if kind is PartialDate:
        return _day_text(value)
    if kind is datetime:
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if kind is dict:
        return dict(value)
    return _object_to_json(value)


@lru_cache(maxsize=16_384)
def _day_text(day: PartialDate) -> str:
    return str(day)


def _object_from_json(kind: type[T], document: Mapping[str, Any]) -> T:
    of: Any = kind
    made: T = _maker(of)(document)
    return made


@cache
def _maker(kind: Any) -> Callable[[Mapping[str, Any]], Any]:
    """What makes a dataclass of its JSON: one expression, made once, for the same reason as `_writer`."""
    names: dict[str, Any] = {"kind": kind, "known": frozenset(field.key for field in _plan(kind))}
    absent = _absent(kind)
    arguments = []
    for number, (field, own) in enumerate(zip(_plan(kind), fields(kind), strict=True)):
        read, key = f"read_{number}", repr(field.key)
        names[read] = field.read
        given = f"value[{key}]" if field.is_plain else f"{read}(value[{key}])"
        if own.default_factory is not MISSING:
            names[f"new_{number}"] = own.default_factory
            arguments.append(f"{given} if {key} in value else new_{number}()")
        elif own.default is not MISSING or field.name in absent:
            names[f"absent_{number}"] = absent.get(field.name, own.default)
            arguments.append(f"{given} if {key} in value else absent_{number}")
        else:
            arguments.append(given)
    lines = [
        "def make(value):",
        " if not value.keys() <= known: raise KeyError(min(value.keys() - known))",
        f" return kind({', '.join(arguments)})",
    ]
    exec("\n".join(lines), names)  # of our own classes' field names alone
    make: Callable[[Mapping[str, Any]], Any] = names["make"]
    return make


@cache
def _plan(kind: Any) -> tuple[_Field, ...]:
    hints = get_type_hints(kind)
    return tuple(
        _Field(
            name=field.name,
            key=KEYS.get((kind, field.name), field.name),
            read=_reader(hints[field.name]),
            is_plain=_reader(hints[field.name]) is _same_item,
        )
        for field in fields(kind)
    )


@cache
def _absent(kind: Any) -> dict[str, Any]:
    """What fields without a default are when their key is left out; a field that must be there is not among them."""
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for field in fields(kind):
        if field.default is MISSING and field.default_factory is MISSING:
            hint: Any = hints[field.name]
            if get_origin(hint) is tuple:
                values[field.name] = ()
            elif type(None) in get_args(hint):
                values[field.name] = None
            elif hint is not PartialDate and is_dataclass(hint):
                make: Any = hint
                values[field.name] = make()
    return values


def _reader(hint: Any) -> Callable[[Any], Any]:
    """The function that reads a JSON value as the type `hint`; only the types that the model uses."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _reader(next(part for part in arguments if part is not type(None)))
    if origin is tuple:
        item = _reader(arguments[0])
        return _same if item is _same_item else lambda rows: tuple(map(item, rows))
    if hint in SCALARS:
        return _same_item
    if hint is PartialDate:
        return PartialDate.parse
    if hint is datetime:
        return datetime.fromisoformat
    if origin is not None and issubclass(origin, Mapping):
        return dict
    return _maker(hint)


def _same_item(value: Any) -> Any:
    return value


def _same(rows: Any) -> tuple[Any, ...]:
    return tuple(rows)
