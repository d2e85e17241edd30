"""`GET /v1/trials` and `POST /v1/trials/search`: find trials, as JSON, CSV or NDJSON."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Body, Query, Request
from starlette.responses import Response, StreamingResponse

import matching
from app.api import cards, cursors
from app.api.answers import about_patient, cacheable
from app.api.deps import StoreDep
from app.api.errors import CursorError, Fault, InvalidRequestError, NotAcceptableError
from app.api.places import near_point
from app.api.schemas.matches import Problem, radius_km
from app.api.schemas.search import SearchBody, SearchOut, SearchParams, age_span
from app.store import facets, search
from app.store.countries import registry_name
from app.store.places import gazetteer
from app.store.rows import folded
from app.store.search_text import search_words
from app.store.searching import searching
from app.store.trials import TrialStore

router = APIRouter(tags=["trials"])

Form = Literal["application/json", "text/csv", "application/x-ndjson"]
FORMS: tuple[Form, ...] = ("application/json", "text/csv", "application/x-ndjson")

PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The cursor belongs to another search"},
    406: {"model": Problem, "description": "No such form of the answer"},
    422: {"model": Problem, "description": "A parameter is not valid; every fault is named"},
}
STREAMED: dict[str, Any] = {"text/csv": {}, "application/x-ndjson": {}}

EXPORT_PAGE = 500


@router.get(
    "/v1/trials",
    summary="Find trials",
    response_model=SearchOut,
    responses={200: {"content": STREAMED}, **PROBLEMS},
)
def get_trials(sent: Annotated[SearchParams, Query()], request: Request, store: StoreDep) -> Response:
    """Diseases with their kinds and in lay words, free text, filters that lose nothing, and the nearest open sites.

    `Accept: text/csv` or `application/x-ndjson` gives every trial found, unless `limit` is sent.
    """
    form = form_of(request)
    query, read_as = read_query(sent)
    if form != "application/json":
        return _export(store, sent, query, form)
    found = answer(store, sent, query, read_as)
    link = None
    if found["next_cursor"]:
        told = [(key, value) for key, value in request.query_params.multi_items() if key != "cursor"]
        following = urlencode([*told, ("cursor", found["next_cursor"])])
        link = f'<{request.url.path}?{following}>; rel="next"'
    return cacheable(request, orjson.dumps(found), link=link, Vary="Accept")


@router.post(
    "/v1/trials/search",
    summary="Find trials, asked in a body",
    response_model=SearchOut,
    responses={200: {"content": STREAMED}, **PROBLEMS, 413: {"model": Problem}},
)
def post_search(
    request: Request,
    store: StoreDep,
    sent: SearchBody = Body(  # noqa: B008  # FastAPI's way to give examples
        openapi_examples={
            "near home": {
                "summary": "recruiting trials for a child near home",
                "value": {"condition": "type 1 diabetes", "age": 12, "near": "32.78,-79.93", "radius": "100km"},
            },
            "counts": {
                "summary": "counts for a researcher",
                "value": {"term": "stem cells", "status": ["any"], "facets": ["phase", "country", "funnel"]},
            },
        }
    ),
) -> Response:
    """The same search as `GET /v1/trials`; since a body may speak of a person, the answer may not be cached."""
    form = form_of(request)
    query, read_as = read_query(sent)
    if form != "application/json":
        return _export(store, sent, query, form)
    return about_patient(answer(store, sent, query, read_as))


def form_of(request: Request) -> Form:
    """The form of the answer that the Accept header asks for; raises NotAcceptableError for none of ours."""
    wanted = [part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "*/*").split(",")]
    for each in wanted:
        for form in FORMS:
            if each in (form, "*/*", f"{form.partition('/')[0]}/*"):
                return form
    raise NotAcceptableError(f"The answer can be had as {', '.join(FORMS)}.")


def read_query(sent: SearchParams) -> tuple[search.Query, dict[str, Any]]:
    """The store's question, and how words were read; raises InvalidRequestError with the parameters at fault."""
    faults = []
    if sent.near is None and sent.radius is not None:
        faults.append(Fault("radius", "needs `near`"))
    if sent.near is None and sent.sort == "distance":
        faults.append(Fault("sort", "`distance` needs `near`"))
    if faults:
        raise InvalidRequestError(f"{len(faults)} fault{'s' * (len(faults) != 1)} in the parameters", faults)
    condition = matching.read_condition(sent.condition) if sent.condition else None
    intervention = matching.read_treatment(sent.intervention) if sent.intervention else None
    statuses = None if "any" in sent.status else tuple(sent.status) or tuple(s.value for s in matching.JOINABLE)
    query = search.Query(
        condition=condition,
        term=_term(sent.term) if sent.term else None,
        intervention=intervention,
        statuses=statuses,
        phases=tuple(sent.phase),
        study_types=tuple(sent.study_type),
        sex=sent.sex,
        age=age_span(sent.age) if sent.age is not None else None,
        countries=tuple(folded(registry_name(name)) for name in sent.country),
        here=near_point(sent.near, sent.country[0] if sent.country else None, gazetteer()) if sent.near else None,
        radius_km=radius_km(sent.radius) if sent.radius else None,
        sort=sent.sort or ("distance" if sent.near else "relevance"),
        kept_apart=not sent.status,
    )
    read_as = {
        name: _read_as(asked) for name, asked in (("condition", condition), ("intervention", intervention)) if asked
    }
    return query, read_as


def _term(text: str) -> search.Term:
    """Free text: each word also as the vocabulary spells it, and the disease or treatment that it is the name of."""
    condition, treatment = matching.read_condition(text), matching.read_treatment(text)
    return search.Term(
        words=tuple(
            tuple(dict.fromkeys((word, *search_words(matching.corrected(word))))) for word in search_words(text)
        ),
        conditions=condition.ids if condition.how in ("exact", "spelling") else (),
        treatments=treatment.ids if treatment.how in ("exact", "spelling") else (),
    )


def _read_as(asked: matching.Asked) -> dict[str, Any]:
    concepts = [{"id": code, "name": name} for code, name in zip(asked.ids, asked.names, strict=True)]
    return {"text": asked.text, "how": asked.how, "concepts": concepts}


def _binding(sent: SearchParams) -> str:
    asked = sent.model_dump(mode="json", exclude={"cursor", "limit", "facets", "fields"})
    # An age is a text in an address and a number in a body.
    return cursors.binding({**asked, "age": str(sent.age)})


def _after(sent: SearchParams, query: search.Query) -> search.Key | None:
    if sent.cursor is None:
        return None
    key = search.key_of(query, cursors.decode(sent.cursor, _binding(sent)))
    if key is None:
        raise CursorError("This cursor was not given by this service; begin again without one.")
    return key


def answer(store: TrialStore, sent: SearchParams, query: search.Query, read_as: dict[str, Any]) -> dict[str, Any]:
    """The page that was asked for, from one version of the data; `query` and `read_as` are those of `read_query`."""
    after = _after(sent, query)
    with searching(store) as (asked, connection):
        hits, total = asked.find(query, limit=sent.limit + 1, after=after)
        shown = hits[: sent.limit]
        more = search.parts(connection, [hit.nct_id for hit in shown], sent.fields)
        counted = {name: asked.facet(query, name) for name in facets.FACETS if name in sent.facets}
        steps = asked.funnel(query) if "funnel" in sent.facets else None
        version = asked.data_version
    found: dict[str, Any] = {
        "total": total,
        "read_as": read_as,
        "trials": [cards.card(hit, query, more.get(hit.nct_id)) for hit in shown],
        "next_cursor": cursors.encode(list(shown[-1].key), _binding(sent)) if len(hits) > sent.limit else None,
    }
    if counted:
        found["facets"] = {
            name: [{"value": _shown(name, value), "count": number} for value, number in counts]
            for name, counts in counted.items()
        }
    if steps is not None:
        stored, taken = steps
        found["funnel"] = {
            "stored": stored,
            "steps": [{"filter": step.filter, "removed": step.removed, "left": step.left} for step in taken],
        }
    return {**found, "data_version": version}


def _shown(facet: str, value: str | None) -> str | None:
    return registry_name(value) if facet == "country" and value is not None else value


def _export(store: TrialStore, sent: SearchParams, query: search.Query, form: Form) -> Response:
    """Every trial found, streamed from one version of the data; `limit` cuts it when it is sent."""
    most = sent.limit if "limit" in sent.model_fields_set else None
    after = _after(sent, query)

    def found() -> Iterator[dict[str, Any]]:
        left, position = most, after
        with searching(store) as (asked, connection):
            while left is None or left > 0:
                size = EXPORT_PAGE if left is None else min(EXPORT_PAGE, left)
                hits = asked.page(query, limit=size, after=position)
                more = search.parts(connection, [hit.nct_id for hit in hits], sent.fields)
                yield from (cards.card(hit, query, more.get(hit.nct_id)) for hit in hits)
                if len(hits) < size:
                    return
                position = hits[-1].key
                left = None if left is None else left - size

    lines = cards.csv_rows(found()) if form == "text/csv" else (orjson.dumps(each) + b"\n" for each in found())
    name = "trials.csv" if form == "text/csv" else "trials.ndjson"
    headers = {"Cache-Control": "no-store", "Vary": "Accept", "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines, media_type=form, headers=headers)
