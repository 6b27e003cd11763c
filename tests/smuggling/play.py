"""One case played over real sockets: what a client sent and got, what the origin saw.

Everything is decided by events: an answer is whole, a connection ends. Before the origin's record
is read, one more request goes through the door (the fence): what the door had to send on before
it has arrived then. Patience only runs out where a door does not do what it has to.
"""

import asyncio
import contextlib
from dataclasses import dataclass

from tests.smuggling.case import BEHIND, RequestCase, ResponseCase, Unfinished
from tests.smuggling.origin import FENCE, WARM, Origin
from tests.smuggling.strict import Request
from tests.smuggling.wire import Answers, Wire

__all__ = ["Outcome", "Proxy", "Seen", "play_request", "play_response"]

FENCE_REQUEST = b"GET %b HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n" % FENCE
WARM_REQUEST = b"GET %b HTTP/1.1\r\nHost: a.test\r\n\r\n" % WARM
NEXT = b"GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n"
NOTICE = 0.3
"""Seconds that a door has to notice that an idle connection to an origin is no good any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """The door under test.

    patience: seconds without an event after which nothing more is expected. settle: seconds that
    one with several threads is given before the origin's record is read.
    """

    host: str
    port: int
    patience: float = 3.0
    settle: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One connection as the origin saw it."""

    requests: tuple[Request, ...]
    rest: bytes
    fault: str
    ended: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that can be judged.

    answers: to the client, on the case's connection; ended: how that connection ended ("" if it
    was left open). next_answers: to the harmless request behind a response case. seen: by the
    origin, without the fence. fenced: whether the fence was answered as it should.
    """

    answers: Answers
    ended: str
    seen: tuple[Seen, ...]
    fenced: bool
    next_answers: Answers | None = None

    @property
    def targets(self) -> list[bytes]:
        """Of the whole requests that the origin saw."""
        return [request.target for each in self.seen for request in each.requests]


async def play_request(
    case: RequestCase, proxy: Proxy, origin: Origin, *, piecemeal: bool = False
) -> Outcome:
    """Send a hostile request and what stands behind it."""
    origin.begin(early=case.early, piecemeal=False)
    methods = [fate.method for fate in case.fates]
    kept = case.fates[-1].kept
    unfinished = isinstance(case.fates[-1], Unfinished)
    behind = b"" if unfinished else BEHIND
    wire = await Wire.connect(proxy.host, proxy.port)

    def has_answers(count: int) -> bool:
        return bool(wire.ended) or len(wire.answers(methods).whole) >= count

    await wire.send(
        case.sent if case.rest or case.later is not None else case.sent + behind, piecemeal
    )
    if case.rest:
        await _wait_for(origin.got_some, proxy.patience)
        await wire.send(case.rest + (behind if case.later is None else b""), piecemeal)
    if case.later is not None:
        await wire.wait_until(lambda: has_answers(1), proxy.patience)
        await wire.send(case.later + behind, piecemeal)
    if unfinished:
        wire.end_sending()
    if kept:
        await wire.wait_until(lambda: has_answers(len(methods) + 1), proxy.patience)
        wire.end_sending()
    await wire.wait_until(lambda: bool(wire.ended), proxy.patience)
    answers, ended = wire.answers(methods), wire.ended
    wire.close()
    fenced, seen = await _fence(proxy, origin)
    return Outcome(answers=answers, ended=ended, seen=seen, fenced=fenced)


async def play_response(
    case: ResponseCase, proxy: Proxy, origin: Origin, *, piecemeal: bool = False
) -> Outcome:
    """Ask for a hostile answer, then for a harmless one on the same connection if it goes on."""
    origin.begin(early=case.early, case=case, piecemeal=piecemeal)
    if case.reused:
        await _ask(WARM_REQUEST, proxy)
    wire = await Wire.connect(proxy.host, proxy.port)
    await wire.send(case.asked)
    if case.rest:
        await wire.wait_until(lambda: bool(wire.ended or wire.got), proxy.patience)
        origin.client_has_some.set()
    await wire.wait_until(
        lambda: bool(wire.ended) or bool(wire.answers([case.method]).whole), proxy.patience
    )
    origin.client_is_served.set()
    if case.later:
        await _wait_over(origin)
    if case.asked_later and not wire.ended:
        await wire.send(case.asked_later)
    first = wire.answers([case.method]).whole
    follow = wire
    switched = bool(first) and first[0].final.status == 101
    if switched:
        await wire.wait_until(lambda: bool(wire.ended), proxy.patience)
    if wire.ended or not first or first[0].final.last:
        follow = await Wire.connect(proxy.host, proxy.port)
    methods = [case.method, b"GET"] if follow is wire else [b"GET"]
    await follow.send(NEXT)
    await follow.wait_until(
        lambda: bool(follow.ended) or len(follow.answers(methods).whole) >= len(methods),
        proxy.patience,
    )
    follow.end_sending()
    await follow.wait_until(lambda: bool(follow.ended), proxy.patience)
    if follow is not wire and not wire.ended:
        await wire.wait_until(lambda: bool(wire.ended), proxy.patience)
    answers, ended = wire.answers([case.method, b"GET"]), wire.ended
    next_answers = follow.answers(methods)
    wire.close()
    follow.close()
    if follow is wire:
        next_answers.whole = next_answers.whole[1:]
    fenced, seen = await _fence(proxy, origin)
    return Outcome(
        answers=answers, ended=ended, seen=seen, fenced=fenced, next_answers=next_answers
    )


async def _wait_for(event: asyncio.Event, patience: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), patience)


async def _wait_over(origin: Origin) -> None:
    """Until the door has thrown the connection with the unasked bytes away, if it does."""
    for connection in origin.connections[:1]:
        await _wait_for(connection.over, NOTICE)


async def _ask(request: bytes, proxy: Proxy) -> Answers:
    """The answers to a harmless request on a connection of its own."""
    wire = await Wire.connect(proxy.host, proxy.port)
    await wire.send(request)
    await wire.wait_until(lambda: bool(wire.ended or wire.answers([b"GET"]).whole), proxy.patience)
    answers = wire.answers([b"GET"])
    wire.close()
    return answers


async def _fence(proxy: Proxy, origin: Origin) -> tuple[bool, tuple[Seen, ...]]:
    """Whether a last request is answered with its own answer; what the origin saw before it."""
    await asyncio.sleep(proxy.settle)
    whole = (await _ask(FENCE_REQUEST, proxy)).whole
    fenced = len(whole) == 1 and whole[0].final.body == b"GET " + FENCE
    seen = tuple(
        Seen(requests=requests, rest=each.rest, fault=each.fault, ended=each.ended)
        for each in origin.connections
        if (requests := tuple(r for r in each.requests if r.target not in (FENCE, WARM)))
        or each.rest
    )
    return fenced, seen
