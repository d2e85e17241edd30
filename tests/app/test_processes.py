"""Processes that do pieces of work: one that dies is replaced, and nobody's piece is lost or done out of turn."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from app.ndjson import answer_lines, answer_lines_shared
from app.processes import APART, FORK, Pool, WorkerDiedError


def begin(folder: str) -> Callable[[str, int], bytes]:
    """Work that ends its process for a text, once or always; `folder` remembers across processes."""

    def work(text: str, number: int) -> bytes:
        if text == "always":
            os._exit(3)
        if text == "once":
            mark = Path(folder) / str(number)
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        if text == "raises":
            raise ValueError("of the work")
        return f"{text} {number} {os.getpid()}".encode()

    return work


def begin_never(_: str) -> Callable[[str, int], bytes]:
    raise RuntimeError("cannot begin")


@pytest.mark.parametrize("start", [FORK, APART])
def test_a_process_that_dies_is_replaced_and_its_piece_done_by_another(tmp_path, start):
    pool = Pool(2, begin, str(tmp_path), start=start)
    first = set(pool.pids)
    texts = ["a", "once", "b", "once", "always", "c", "raises", "d"]
    futures = [pool.submit(text, number) for number, text in enumerate(texts)]
    done = [future.exception() or future.result().decode().rsplit(" ", 1)[0] for future in futures]
    assert [each for each in done if isinstance(each, str)] == ["a 0", "once 1", "b 2", "once 3", "c 5", "d 7"]
    assert [type(each) for each in done if not isinstance(each, str)] == [WorkerDiedError, WorkerDiedError]
    assert len(pool.pids) == 2
    assert set(pool.pids) != first
    present = pool.pids
    pool.close()
    for pid in present:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_pool_whose_processes_cannot_begin_answers_all_the_same(tmp_path):
    pool = Pool(2, begin_never, str(tmp_path))
    assert [type(pool.submit("a", n).exception(60)) for n in range(4)] == [WorkerDiedError] * 4
    pool.close()


def test_what_was_not_done_is_cancelled_when_the_pool_is_closed(tmp_path):
    pool = Pool(1, begin, str(tmp_path))
    pool.close()
    assert pool.submit("a", 1).cancelled()


def dies(row):
    if row["text"] == "die":
        os._exit(1)
    return {"length": len(row["text"])}


def test_a_line_that_ends_its_process_is_answered_with_an_error_in_its_place():
    lines = [orjson.dumps({"id": n, "text": "die" if n == 3 else "x" * n}) for n in range(12)]
    alone = list(answer_lines([line for line in lines if b"die" not in line], dies))
    answers = list(answer_lines_shared(lines, dies, 2))
    assert orjson.loads(answers.pop(3)) == {
        "id": 3,
        "error": {"title": "something went wrong with this line", "line": 4},
    }
    assert answers == alone
