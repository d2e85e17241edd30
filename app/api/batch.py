"""`POST /v1/matches/batch`: NDJSON in, NDJSON out, streamed; a bad line yields a problem line and the stream goes on."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from threading import Lock

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.api.deps import SettingsDep, StoreDep, Today
from app.api.lines import answer_line, encoded, failed_line, problem_line
from app.ndjson import AHEAD, id_of
from app.population import Source, begin_matching, snapshot_held
from app.processes import APART, Pool, WorkerDiedError, processors
from app.settings import Settings, snapshot_folder
from app.store.engine import in_memory

logger = logging.getLogger(__name__)

router = APIRouter(tags=["matches"])

PATH = "/v1/matches/batch"
MEDIA_TYPE = "application/x-ndjson"
MAX_BATCH_BYTES = 4 * 1024**3
"""Lines are read and forgotten one by one: this only bounds how long one call can last."""

WORTH_PROCESSES = 32
"""So many lines of a call are answered in this process, one by one: starting others takes longer."""


class DuplexResponse(StreamingResponse):
    """Streams while the request's body is still being read.

    A plain StreamingResponse waits for a disconnect by reading the same channel, and so eats the body.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the stream; one that breaks off lets go of what is still being answered."""
        try:
            await self.stream_response(send)
        finally:
            if isinstance(self.body_iterator, AsyncGenerator):
                await self.body_iterator.aclose()


class BatchProcesses:
    """Processes that answer long batches: started with the first of them, shared by all calls, ended with the service."""

    def __init__(self, settings: Settings) -> None:
        self.jobs = settings.batch_processes if settings.batch_processes is not None else processors()
        if in_memory(settings.database_url):
            self.jobs = 0  # nobody else can read it
        self._source = Source(settings.database_url, settings.read_database_url)
        self._lock = Lock()
        self._pool: Pool | None = None
        self._closed = False

    def pool(self) -> Pool | None:
        """The processes; None where this service answers all lines itself. The first call waits for their start."""
        with self._lock:
            if self._pool is None and self.jobs and not self._closed:
                try:
                    self._pool = Pool(self.jobs, begin_matching, self._source, start=APART)
                except OSError as error:
                    # A machine that has no room for more processes still answers.
                    logger.error("no processes could be started for a batch", extra={"error": type(error).__name__})
            return self._pool

    def close(self) -> None:
        """Ends them."""
        with self._lock:
            self._closed = True
            if self._pool is not None:
                self._pool.close()
                self._pool = None


@dataclass(frozen=True, slots=True)
class Answering:
    """The answer to a line, or who is at work on it."""

    number: int
    answer: bytes | asyncio.Future[bytes]
    identifier: str | int | None = None

    async def line(self) -> bytes:
        """The answer when it is known."""
        if isinstance(self.answer, bytes):
            return self.answer
        try:
            return await self.answer
        except WorkerDiedError:
            return encoded(failed_line(self.identifier, self.number))


async def lines_of(chunks: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes | None]:
    """Lines without their ends, as soon as each is whole; None in place of a line longer than `limit` bytes."""
    held = bytearray()
    skipping = False
    async for chunk in chunks:
        held += chunk
        *whole, rest = held.split(b"\n")
        for line in whole:
            yield None if skipping or len(line) > limit else bytes(line)
            skipping = False
        held = bytearray() if skipping or len(rest) > limit else bytearray(rest)
        skipping = skipping or len(rest) > limit
    if held or skipping:
        yield None if skipping else bytes(held)


@router.post(
    PATH,
    summary="Match many patients, streamed",
    response_class=StreamingResponse,
    responses={
        200: {"content": {MEDIA_TYPE: {}}, "description": "A line {id, ...answer} or {id, problem} for each line"}
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                MEDIA_TYPE: {"schema": {"type": "string"}, "example": '{"id": "a", "patient": {"sex": "MALE"}}'}
            },
        }
    },
)
async def post_batch(request: Request, store: StoreDep, settings: SettingsDep, today: Today) -> DuplexResponse:
    """A line is a match request with an `id`; answers come in the order of the lines, each as soon as it is known."""
    processes = request.app.state.batch_processes
    assert isinstance(processes, BatchProcesses)
    folder = snapshot_folder(settings)
    waiting: asyncio.Queue[Answering | BaseException | None] = asyncio.Queue(AHEAD * max(1, processes.jobs))

    async def begun(line: bytes, number: int) -> Answering:
        pool = await run_in_threadpool(processes.pool) if number > WORTH_PROCESSES else None
        if pool is None:
            body = await run_in_threadpool(answer_line, line, number, store, today)
            return Answering(number, encoded(body))
        snapshot = snapshot_held(store.registry, folder)
        return Answering(number, asyncio.wrap_future(pool.submit(line, number, snapshot, today)), id_of(line))

    async def read() -> None:
        end: BaseException | None = None
        number = 0
        try:
            async for line in lines_of(request.stream(), settings.max_body_bytes):
                number += 1
                if line is None:
                    await waiting.put(Answering(number, encoded(problem_line(None, "the line is too long", number))))
                elif line.strip():
                    await waiting.put(await begun(line, number))
        except Exception as error:
            end = error
        await waiting.put(end)

    async def answers() -> AsyncIterator[bytes]:
        reading = asyncio.create_task(read())
        try:
            while isinstance(item := await waiting.get(), Answering):
                yield await item.line()
            if item is not None:
                raise item
        finally:
            reading.cancel()
            while not waiting.empty():
                if isinstance(item := waiting.get_nowait(), Answering) and isinstance(item.answer, asyncio.Future):
                    item.answer.cancel()

    return DuplexResponse(answers(), media_type=MEDIA_TYPE, headers={"Cache-Control": "no-store"})
