"""NDJSON by one process and by several: the same lines in the same order, as soon as they are done."""

from collections.abc import Iterator
from threading import Event

import orjson
import pytest

from app.api.faults import Fault, InvalidRequestError
from app.ndjson import answer_lines, answer_lines_shared

LINES = [
    b'{"id":1,"text":"a"}\n',
    b"\n",
    b"not json\n",
    b'{"text":"no id"}\n',
    b'{"id":"x","text":""}\n',
    b'{"id":"y"}\n',
    *(orjson.dumps({"id": n, "text": "x" * n}) + b"\n" for n in range(100)),
]


def measured(row):
    if row["text"] == "":
        raise InvalidRequestError("a fault in the line", [Fault("/text", "words are expected")])
    return {"length": len(row["text"])}


def test_several_processes_answer_as_one_does():
    alone = list(answer_lines(LINES, measured))
    assert list(answer_lines_shared(LINES, measured, 3)) == alone
    assert orjson.loads(alone[3]) == {
        "id": "x",
        "error": {
            "title": "a fault in the line",
            "errors": [{"pointer": "/text", "message": "words are expected"}],
            "line": 5,
        },
    }


def test_a_line_is_answered_before_the_next_one_comes():
    answered = Event()

    def one_after_the_other() -> Iterator[bytes]:
        yield LINES[0]
        assert answered.wait(60)
        yield LINES[-1]

    stream = answer_lines_shared(one_after_the_other(), measured, 2)
    assert orjson.loads(next(stream)) == {"id": 1, "length": 1}
    answered.set()
    assert [orjson.loads(line) for line in stream] == [{"id": 99, "length": 99}]


def test_lines_that_break_off_are_told_of_after_the_answers():
    def broken() -> Iterator[bytes]:
        yield LINES[0]
        raise OSError("the pipe is gone")

    stream = answer_lines_shared(broken(), measured, 2)
    assert orjson.loads(next(stream)) == {"id": 1, "length": 1}
    with pytest.raises(OSError, match="the pipe is gone"):
        next(stream)


def test_no_more_lines_are_taken_than_may_wait():
    taken = []

    def counted() -> Iterator[bytes]:
        for n in range(10_000):
            taken.append(n)
            yield LINES[0]

    stream = answer_lines_shared(counted(), measured, 2)
    next(stream)
    assert len(taken) < 100
    stream.close()
