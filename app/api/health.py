"""For operators: is the process up, can it answer, what has it done."""

from fastapi import APIRouter, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

from app.api.deps import StoreDep
from app.api.errors import NotReadyError
from app.api.schemas.matches import Problem
from app.metrics import CONTENT_TYPE
from app.store.replica import state_of
from app.store.trials import TrialStore

router = APIRouter(tags=["operations"])


@router.get("/health/live", summary="Is the process up")
def live() -> dict[str, str]:
    """Always `ok` while the process answers at all."""
    return {"status": "ok"}


@router.get("/health/ready", summary="Can it answer", responses={503: {"model": Problem}})
def ready(store: StoreDep) -> Response:
    """`ok` with the number of stored trials; 503 while the database cannot be read.

    With a replica for reads, `replica` tells who answers them now, how many seconds it is behind, and whether it holds
    the same version of the data as the primary; `writes` is false while the primary does not answer.
    """
    try:
        body: dict[str, object] = {
            "status": "ok",
            "trials": store.count(),
            "data_version": store.data_version(),
        }
    except SQLAlchemyError:
        raise NotReadyError("The database cannot be read; is it there, and migrated (trialmatch db upgrade)?") from None
    if store.reads is not store.engine:
        try:
            primary: str | None = TrialStore(store.engine).data_version()
        except SQLAlchemyError:
            primary = None
        body |= {"writes": primary is not None, "replica": state_of(store.reads, primary).told()}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


@router.get("/metrics", summary="Counts and durations for Prometheus", response_class=Response)
def metrics(request: Request) -> Response:
    """By route template and status; nothing about a request's content."""
    return Response(request.app.state.metrics.render(), media_type=CONTENT_TYPE)
