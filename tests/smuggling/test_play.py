"""The runner itself: a relay that reads nothing passes everything on, and is found out.

Beside Porch, where nothing is ever found, this shows that the rows can fail.
"""

import asyncio
import contextlib
from collections.abc import Iterator

import pytest

from tests.smuggling.case import (
    BrokenOff,
    Refused,
    Replaced,
    RequestCase,
    ResponseCase,
)
from tests.smuggling.corpus import REQUESTS, RESPONSES, name_of
from tests.smuggling.judge import Kind, judge_request, judge_response
from tests.smuggling.origin import Origin
from tests.smuggling.play import Proxy, play_request, play_response
from tests.smuggling.run import main

Stage = tuple[asyncio.Runner, Proxy, Origin]


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
    finally:
        writer.close()


class Relay:
    """Passes all bytes on, both ways, as they are."""

    def __init__(self, origin: int) -> None:
        self._origin = origin
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen; the port is returned."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self._origin)
        for source, sink in ((reader, to_writer), (to_reader, writer)):
            task = asyncio.create_task(_pipe(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End all of it."""
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # the closed sockets are let go of in the next turn


@pytest.fixture(scope="module")
def relayed() -> Iterator[Stage]:
    with asyncio.Runner() as runner:
        origin = Origin()
        relay = Relay(runner.run(origin.start()))
        port = runner.run(relay.start())
        yield runner, Proxy(host="127.0.0.1", port=port, patience=0.1), origin
        runner.run(relay.stop())
        runner.run(origin.stop())


def _must_fail(case: RequestCase) -> bool:
    return isinstance(case.fates[-1], Refused | BrokenOff) and not case.early


@pytest.mark.parametrize("case", [c for c in REQUESTS if _must_fail(c)][::9], ids=name_of)
def test_a_relay_that_reads_nothing_is_found_out(case: RequestCase, relayed: Stage) -> None:
    runner, proxy, origin = relayed
    assert judge_request(case, runner.run(play_request(case, proxy, origin)))


@pytest.mark.parametrize(
    "case", [c for c in RESPONSES if isinstance(c.fate, Replaced)][::9], ids=name_of
)
def test_a_relay_that_reads_no_answer_is_found_out(case: ResponseCase, relayed: Stage) -> None:
    runner, proxy, origin = relayed
    assert judge_response(case, runner.run(play_response(case, proxy, origin)))


def test_what_a_relay_passes_well_is_not_found(relayed: Stage) -> None:
    runner, proxy, origin = relayed
    (case,) = [case for case in REQUESTS if case.name == "a GET with a body that is a request"]
    assert judge_request(case, runner.run(play_request(case, proxy, origin))) == []


def test_a_request_hidden_from_the_relay_is_called_smuggled(relayed: Stage) -> None:
    runner, proxy, origin = relayed
    (case,) = [
        case for case in REQUESTS if case.name == "close, then a request that must not be served"
    ]
    found = judge_request(case, runner.run(play_request(case, proxy, origin)))
    assert Kind.SMUGGLED in {finding.kind for finding in found}


def test_the_runner_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["porch", "--only", "Content-Length is no number: +5", "--settle", "0"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["rows", "bad"]
    assert row.split()[:3] == ["porch", "1", "0"]
