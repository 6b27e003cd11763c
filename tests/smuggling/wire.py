"""The client's side: a connection to the door, and the answers that came by it."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from tests.smuggling.strict import Malformed, Response, read_response

__all__ = ["Answer", "Answers", "Wire", "read_answers"]

PAUSE = 0.001
"""Seconds between the bytes of a message that is sent byte by byte: each is a read of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A final answer with the interim ones before it."""

    final: Response
    interims: tuple[int, ...]


@dataclass(slots=True, kw_only=True)
class Answers:
    """What came by one connection: whole answers, the bytes behind them, why those are none."""

    whole: list[Answer] = field(default_factory=list)
    interims: tuple[int, ...] = ()
    rest: bytes = b""
    fault: str = ""


def read_answers(data: bytes, methods: Sequence[bytes], ended: bool) -> Answers:
    """Read `data` as the answers to requests of `methods`; GET for those behind them.

    ended: whether the connection was closed cleanly. A 101 ends HTTP: `rest` is the tunnel's.
    """
    answers = Answers(rest=data)
    try:
        while answers.rest:
            number = len(answers.whole)
            method = methods[number] if number < len(methods) else b"GET"
            response = read_response(answers.rest, method, ended)
            if response is None:
                break
            answers.rest = answers.rest[response.size :]
            if response.status < 200 and response.status != 101:
                answers.interims += (response.status,)
                continue
            answers.whole.append(Answer(final=response, interims=answers.interims))
            answers.interims = ()
            if response.status == 101:
                break
    except Malformed as error:
        answers.fault = str(error)
    return answers


class Wire(asyncio.Protocol):
    """A connection of a client. got: the bytes that came. ended: "", "eof" or "reset"."""

    def __init__(self) -> None:
        self.got = b""
        self.ended = ""
        self._changed = asyncio.Event()

    @classmethod
    async def connect(cls, host: str, port: int) -> "Wire":
        """A new connection."""
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(cls, host, port)
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self.got += data
        self._changed.set()

    def eof_received(self) -> bool:
        """See asyncio.Protocol. True: our side stays open, so that more can be tried."""
        self.ended = self.ended or "eof"
        self._changed.set()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.ended = self.ended or ("eof" if exc is None else "reset")
        self._changed.set()

    def answers(self, methods: Sequence[bytes]) -> Answers:
        """What has come by now."""
        return read_answers(self.got, methods, self.ended == "eof")

    async def send(self, data: bytes, piecemeal: bool = False) -> None:
        """Send all of it, at once or byte by byte."""
        if not piecemeal:
            self._transport.write(data)
            return
        for each in data:
            if self.ended:
                return
            self._transport.write(bytes((each,)))
            await asyncio.sleep(PAUSE)

    def end_sending(self) -> None:
        """Close our side."""
        with contextlib.suppress(OSError):  # the other side may have gone
            self._transport.write_eof()

    async def wait_until(self, true: Callable[[], bool], patience: float) -> bool:
        """Whether it became true within so many seconds without a change."""
        while not true():
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), patience)
            except TimeoutError:
                return true()
        return True

    def close(self) -> None:
        """Be done with it."""
        self._transport.abort()
