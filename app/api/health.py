"""For operators: is the process up, can it answer, what has it done."""

from fastapi import APIRouter, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

from app.api.deps import StoreDep
from app.api.errors import NotReadyError
from app.api.schemas.matches import Problem
from app.metrics import CONTENT_TYPE

router = APIRouter(tags=["operations"])


@router.get("/health/live", summary="Is the process up")
def live() -> dict[str, str]:
    """Always `ok` while the process answers at all."""
    return {"status": "ok"}


@router.get("/health/ready", summary="Can it answer", responses={503: {"model": Problem}})
def ready(store: StoreDep) -> Response:
    """`ok` with the number of stored trials; 503 while the database cannot be read."""
    try:
        body = {"status": "ok", "trials": store.count(), "data_version": store.data_version()}
    except SQLAlchemyError:
        raise NotReadyError("The database cannot be read; is it there, and migrated (trialmatch db upgrade)?") from None
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


@router.get("/metrics", summary="Counts and durations for Prometheus", response_class=Response)
def metrics(request: Request) -> Response:
    """By route template and status; nothing about a request's content."""
    return Response(request.app.state.metrics.render(), media_type=CONTENT_TYPE)
