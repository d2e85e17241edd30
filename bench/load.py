"""Requests a second and times to answer of a server on loopback, over plain sockets: a client that costs little itself.

Every connection sends its next request when the answer to the last one has come. Beside the rate, the processor's time
that the server spent on a request is measured: it tells more than the rate when other work shares the machine.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

CLOCK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Served:
    """`seconds`: of each answer, ascending; `cpu_s`: of all the server's processes; `faults`: answers that were not 2xx."""

    elapsed_s: float
    seconds: tuple[float, ...]
    cpu_s: float
    faults: int
    bytes_read: int

    def at(self, share: float) -> float:
        """The time that this share of the answers does not exceed."""
        return self.seconds[int(len(self.seconds) * share)]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.seconds) / self.elapsed_s

    @property
    def cpu_us(self) -> float:
        """Microseconds of a processor for each request, in the server."""
        return self.cpu_s / max(1, len(self.seconds)) * 1e6


def request(path: str, *, method: str = "GET", body: bytes = b"") -> bytes:
    """One request as it goes over the wire."""
    more = f"content-type: application/json\r\ncontent-length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n".encode() + body


def load(
    port: int, requests: Sequence[bytes], pids: Sequence[int], *, connections: int = 8, seconds: float = 3.0
) -> Served:
    """Sends the requests round and round for a while; each connection begins at another one."""
    return asyncio.run(_load(port, requests, pids, connections, seconds))


async def _load(port: int, requests: Sequence[bytes], pids: Sequence[int], connections: int, seconds: float) -> Served:
    taken: list[float] = []
    told = [0, 0]
    before, begin = _cpu(pids), time.perf_counter()
    until = begin + seconds
    starts = [len(requests) * number // connections for number in range(connections)]
    await asyncio.gather(
        *(_one(port, cycle([*requests[start:], *requests[:start]]), until, taken, told) for start in starts)
    )
    elapsed = time.perf_counter() - begin
    return Served(elapsed, tuple(sorted(taken)), _cpu(pids) - before, told[0], told[1])


def paced(
    port: int, requests: Sequence[bytes], pids: Sequence[int], *, a_second: float, seconds: float, connections: int = 32
) -> Served:
    """Sends the requests at an even pace, whether answers come or not: an answer's time runs from when it was due."""
    return asyncio.run(_paced(port, requests, pids, a_second, seconds, connections))


async def _paced(
    port: int, requests: Sequence[bytes], pids: Sequence[int], a_second: float, seconds: float, connections: int
) -> Served:
    taken: list[float] = []
    told = [0, 0]
    before, begin = _cpu(pids), time.perf_counter()
    due = iter([begin + number / a_second for number in range(int(a_second * seconds))])
    sent = cycle(requests)

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
        for at in due:
            await asyncio.sleep(at - time.perf_counter())
            await _ask(reader, writer, next(sent), at, taken, told)
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    elapsed = time.perf_counter() - begin
    return Served(elapsed, tuple(sorted(taken)), _cpu(pids) - before, told[0], told[1])


async def _one(port: int, requests: Iterator[bytes], until: float, taken: list[float], told: list[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    while (begin := time.perf_counter()) < until:
        await _ask(reader, writer, next(requests), begin, taken, told)
    writer.close()


async def _ask(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    sent: bytes,
    begin: float,
    taken: list[float],
    told: list[int],
) -> None:
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    body = await _body(reader, head.lower())
    taken.append(time.perf_counter() - begin)
    told[0] += not head.startswith(b"HTTP/1.1 2")
    told[1] += body


async def _body(reader: asyncio.StreamReader, head: bytes) -> int:
    _, found, after = head.partition(b"content-length:")
    if found:
        size = int(after.partition(b"\r\n")[0])
        await reader.readexactly(size)
        return size
    total = 0
    while size := int(await reader.readuntil(b"\r\n"), 16):
        await reader.readexactly(size + 2)
        total += size
    await reader.readuntil(b"\r\n")
    return total


def processes(pid: int) -> list[int]:
    """A process and all that it has started."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        children = (task / "children").read_text().split()
        for child in children:
            found += processes(int(child))
    return found


def private_bytes(pid: int) -> int:
    """Memory that a process shares with no other."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Private_Clean:", "Private_Dirty:")))


def _cpu(pids: Sequence[int]) -> float:
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / CLOCK
