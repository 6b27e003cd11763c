"""Exchange: one request and its answer. It joins the client's Stream to the upstream's.

It owns the phases, backpressure, what may be sent again, deadlines and accounting, and knows
neither sockets nor the version of HTTP on either side. A failure is a call, `fail(error)`, which
alone decides (failing.py): another endpoint, an error page, or an abort that the client can see.
"""

from collections.abc import Iterator

from porch import clock
from porch.clock import INFINITY
from porch.errors import ClientGone, InternalError, PorchError
from porch.failing import Tried, drop, fail, give_up, leave, on_raised, on_stale, was_stale
from porch.filter import Response
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.identity import Identity
from porch.interim import on_interim
from porch.keeper import ClientStream, Keeper, UpstreamStream
from porch.made import answer, instead, on_made
from porch.overdue import on_silence
from porch.route.route import ANSWERED, HEARD, REQUESTS, RUNNING, Place, Route
from porch.silence import wait
from porch.trace import Trace

__all__ = ["HELD", "Exchange"]

HELD = 65536
"""Bytes of request body that are kept for a repetition; the most that is read before an endpoint
is found. A longer body is never sent twice."""

EXPECT_PATIENCE = 1.0
"""Seconds an origin may leave a client waiting for 100 (Continue) before the door says it. curl
waits as long before it sends unasked (RFC 9110 10.1.1)."""


class Exchange:
    """One request and its answer.

    client_ip: the client after `trust` was applied. request, response: heads as they came and
    as they went. outgoing: the head of the present attempt. status: sent to the client, 0 while
    none was. started, connected, first_byte, ended: `clock.monotonic()`, 0.0 while not reached.
    answer_by: when the head of the answer must be there, of a request that is sent.
    bytes_in, bytes_out: of the bodies. error: why the door answered or gave up. client_full,
    upstream_full: who does not take what is sent. half_closed: the client sends no more.
    held: the request's body so far, for a repetition; None where there is none any more. gathered:
    whether one that is not held waits elsewhere, and is sent from there as often as need be.
    timeouts: the route's, or others that a hook has set, as for calls that may be silent for long.
    identity: who the client has shown to be, None while nobody has asked.
    id: by which it is found again, b"" while nobody has given it one. trace: where it stands in a
    distributed trace, None where nobody asks. tried: attempts that failed.
    unsent: of the full side, at the last look. sips: little is to be read at once. keeper: for all.
    made: the door's own answer or its store's; `on_response` may put another in its place, and says
    its length in the head.
    """

    __slots__ = (
        "_candidates",
        "_hooks",
        "_next",
        "_trailers",
        "answer_by",
        "answer_done",
        "attempts",
        "bytes_in",
        "bytes_out",
        "client",
        "client_full",
        "client_ip",
        "connected",
        "deadline",
        "ended",
        "endpoint",
        "error",
        "first_byte",
        "gathered",
        "half_closed",
        "held",
        "id",
        "identity",
        "keeper",
        "made",
        "outgoing",
        "request",
        "request_done",
        "response",
        "reused",
        "route",
        "sips",
        "started",
        "status",
        "timeouts",
        "trace",
        "tried",
        "unsent",
        "upgraded",
        "upstream",
        "upstream_full",
    )

    def __init__(
        self,
        keeper: Keeper,
        client: ClientStream,
        request: RequestHead,
        route: Route,
        client_ip: bytes,
    ) -> None:
        self.keeper = keeper
        self.client = client
        self.request = request
        self.route = route
        self.timeouts = route.timeouts
        self.client_ip = client_ip
        self.started = clock.monotonic()
        self.deadline = self.answer_by = INFINITY
        self.connected = self.first_byte = self.ended = 0.0
        self.status = self.attempts = self.bytes_in = self.bytes_out = 0
        self.upstream: UpstreamStream | None = None
        self.endpoint: Place | None = None
        self.outgoing: RequestHead | None = None
        self.response: ResponseHead | None = None
        self.made: Response | None = None
        self.identity: Identity | None = None
        self.id = b""
        self.trace: Trace | None = None
        self.tried: tuple[Tried, ...] = ()
        self.error: PorchError | None = None
        self.request_done = self.answer_done = self.reused = self.upgraded = False
        self.client_full = self.upstream_full = self.half_closed = self.sips = False
        self.gathered = False
        self.held: bytes | None = b""
        self._trailers: Trailers | None = None
        self._candidates: Iterator[Place] | None = None
        self._next: Place | None = None
        self._hooks = iter(route.plan.on_request)
        self.unsent = -1
        for hook in route.plan.on_begin:
            hook(self)

    def __repr__(self) -> str:
        state = "ended" if self.ended else "upgraded" if self.upgraded else "running"
        to = f" to {self.endpoint.name}" if self.endpoint is not None else ""
        why = f" {self.error.word}" if self.error is not None else ""
        return f"<Exchange {self.request!r} {self.status or '-'}{to}{why} {state}>"

    # --- from the client ---------------------------------------------------------------------

    def on_request(self, data: bytes, end: bool) -> None:
        """The head is here, with the first of its body. Called once; `resume` goes on here."""
        self.keeper.deadlines.watch(self)
        plan = self.route.plan
        self.request_done = end
        try:
            if data:
                self.bytes_in = len(data)
                for change in plan.on_request_data:
                    data = change(self, data)
                self.held = data
            for hook in self._hooks:
                result = hook(self)
                if result is not None:
                    if isinstance(result, Response):
                        self.answer(result)
                    return
            self.attempt()
        except Exception as error:
            self.on_raised(error)

    def on_request_data(self, head: Trailers | None, data: bytes, end: bool) -> None:
        """More of the request's body, or of a tunnel."""
        if self.ended:
            return
        self.bytes_in += len(data)
        self.request_done = end
        plan = self.route.plan
        try:
            for change in plan.on_request_data:
                data = change(self, data)
            if head is not None:
                self._trailers = head
                for hook in plan.on_request_trailers:
                    hook(self, head)
        except Exception as error:
            self.on_raised(error)
            return
        upstream = self.upstream
        if self.held is not None:
            if upstream is None or len(self.held) + len(data) <= HELD:
                self.held += data
            else:
                self.held = None
        if upstream is None:
            if self.held is not None and len(self.held) >= HELD:
                self.client.pause_reading()
            return
        wait(self)
        upstream.send(head, data, end)
        if end and self.answer_done and not self.ended:
            self._end_tunnel()

    def on_client_lost(self) -> None:
        """The client has left. The origin's work is given up at once."""
        if not self.ended:
            self.fail(ClientGone("the client left"))

    def on_client_half_closed(self) -> None:
        """The client closed its sending side behind a whole request: it may have left or may still
        read, which only silence tells. What comes within `timeouts.half_close` is still sent."""
        self.half_closed = True
        if not self.client_full:
            self.deadline = min(self.deadline, clock.monotonic() + self.route.timeouts.half_close)

    def on_client_full(self) -> None:
        """The client does not take what is sent: nothing more is read for it."""
        self.client_full = True
        self.unsent = self.client.unsent()
        self.deadline = clock.now + self.route.timeouts.idle
        if self.upstream is not None:
            self.upstream.pause_reading()

    def on_client_drained(self) -> None:
        """The client takes bytes again."""
        if not self.client_full:
            return
        self.client_full = False
        wait(self)
        if self.upstream is not None:
            self.upstream.resume_reading()

    # --- phases --------------------------------------------------------------------------------

    def resume(self, result: Response | None = None) -> None:
        """Go on behind the hook that returned Suspend, with what it decided."""
        if self.ended:
            return
        if result is not None:
            self.answer(result)
        else:
            self.on_request(b"", self.request_done)

    def attempt(self, place: Place | None = None, *, later: bool = False) -> None:
        """Ask the next candidate for a connection, or `place`, which we had, for a new one. later:
        who calls acquires it, in time."""
        if place is None:
            destination = self.route.destination
            if destination is None:
                self.give_up(InternalError(f"route {self.route.key} has neither answer nor pool"))
                return
            candidates = self._candidates
            if candidates is None:
                candidates = self._candidates = destination.candidates(self)
            place = self._next or next(candidates, None)
            self._next = None
            self.reused = False
            if place is None:
                self.give_up(destination.nobody(self.error))
                return
        self.attempts += 1
        self.endpoint = place
        counts = place.counts
        counts[RUNNING] += 1
        counts[REQUESTS] += 1
        if not self.half_closed:
            self.deadline = INFINITY  # the pool's dial has its own
        if later:
            return
        stream = place.connections.acquire(self)
        if stream is not None:
            self.on_connected(stream)

    def other(self) -> Place | None:
        """The candidate that comes next, and stays the next until it is asked or taken."""
        if self._next is None and self._candidates is not None:
            self._next = next(self._candidates, None)
        return self._next

    def take(self) -> Place | None:
        """That candidate, for an attempt beside the present one."""
        place, self._next = self.other(), None
        return place

    def on_connected(self, stream: UpstreamStream) -> None:
        """A connection to the endpoint is ours: send what is there."""
        self.upstream = stream
        self.connected = clock.monotonic()
        self.reused = stream.reused
        self.error = None
        request, route = self.request, self.route
        rewrite = route.rewrite
        try:
            self.outgoing = outgoing = RequestHead(
                request.method,
                request.target if rewrite is None else rewrite(request),
                request.authority,
                request.scheme,
                request.fields,
                request.length,
                request.upgrade if request.upgrade in route.upgrades else None,
                request.expect and (self.outgoing is None or self.outgoing.expect),
                request.version,
            )
            for hook in route.plan.on_upstream_request:
                hook(self)
        except Exception as error:
            self.on_raised(error)
            return
        stream = self.upstream
        timeouts = self.timeouts
        if self.client_full:  # by what it was sent on other streams of its connection
            wait(self)
        elif not self.request_done:
            self.deadline = clock.now + timeouts.idle
        elif not self.half_closed:
            now = clock.now
            self.answer_by = answer_by = now + timeouts.response
            look = now + self.endpoint.patience  # type: ignore[union-attr]
            self.deadline = look if look < answer_by else answer_by
        held, trailers = self.held, self._trailers
        stream.send(outgoing, held or b"", self.request_done and trailers is None)
        if trailers is not None:
            stream.send(trailers, b"", True)
        if self.sips:
            stream.sip(True)
        if self.client_full:
            stream.pause_reading()
        if outgoing.expect and not self.request_done:
            self.deadline = clock.now + EXPECT_PATIENCE
        if not self.upstream_full and (held or not self.request_done):
            self.client.resume_reading()  # what it has sent is taken
        if held and len(held) + (not self.request_done) > HELD:
            self.held = None

    # --- from the upstream -----------------------------------------------------------------------

    def on_response(self, head: ResponseHead | Trailers | None, data: bytes, end: bool) -> None:
        """A piece of the answer: a head, data, both, or the trailers."""
        place = self.endpoint
        assert place is not None
        counts = place.counts
        counts[HEARD] = now = clock.milliseconds
        if head.__class__ is ResponseHead:
            if head.status < 200:
                on_interim(self, head, data)
                return
            self.first_byte = first_byte = clock.monotonic()
            if self.held is not None and self.unsent < 0:  # else it waited for one who was full
                took = first_byte - self.connected
                usual = place.usual
                place.usual = usual + (took - usual) / 8 if usual else took
            if head.status >= 500:
                place.on_bad(str(head.status))
            if place.out:
                place.on_heard()
            self.response = head
            if end:
                self.upstream = None  # the answer is whole; the connection looks after itself
            plan = self.route.plan
            try:
                if self.request.upgrade is not None:
                    self.client.accept(head)
                for hook in plan.on_upstream_response:
                    if (result := hook(self)) is not None:
                        instead(self, result)
                        return
                if head.status < 500 and not self.error and (end or head.length is None):
                    counts[ANSWERED] = now  # a stream may last for hours
                self.held = None
                self.status = head.status
                for hook in plan.on_response:
                    hook(self)
            except Exception as error:
                self.status = 0
                self.response = None
                self.on_raised(error)
                return
            head = self.response
        if end:
            self.bytes_out += len(data)
            self.answer_done = True
            if self.upgraded and not self.request_done:  # one side of a tunnel has ended
                self.client.send(None, data, True)
                wait(self)
                return
            self.upstream = None
            counts[RUNNING] -= 1
            if head is None and self.status < 500:  # good is an answer that is whole
                counts[ANSWERED] = now
            self.client.send(head, data, True)
            self.end()
            return
        self.bytes_out += len(data)
        wait(self)
        self.client.send(head, data, False)

    def on_upstream_full(self) -> None:
        """The origin does not take what is sent: nothing more is read for it."""
        self.upstream_full = True
        self.client.pause_reading()

    def on_upstream_drained(self) -> None:
        """The origin takes bytes again."""
        self.upstream_full = False
        wait(self)
        self.client.resume_reading()

    def on_upstream_lost(self, error: PorchError) -> None:
        """The origin's connection broke, or what it said is not valid; or there was none."""
        if not self.ended:
            self.fail(error)

    on_connect_failed = on_upstream_lost

    # --- ends ------------------------------------------------------------------------------------

    def on_deadline(self) -> None:
        """Silence lasted for too long."""
        on_silence(self)

    @property
    def waits(self) -> bool:
        """Whether all is sent to an endpoint, which is read, and nothing of an answer is there."""
        return (
            self.upstream is not None
            and self.outgoing is not None
            and self.request_done
            and self.response is None
            and not (self.half_closed or self.client_full)
        )

    answer = answer
    on_made = on_made
    leave = leave
    fail = fail
    was_stale = was_stale
    on_stale = on_stale
    give_up = give_up
    on_raised = on_raised
    drop = drop

    def _end_tunnel(self) -> None:
        """Both sides of the tunnel have ended."""
        self.upstream = None
        assert self.endpoint is not None
        self.endpoint.counts[RUNNING] -= 1
        self.end()

    def end(self) -> None:
        """Over, exactly once."""
        self.ended = clock.monotonic()
        self.deadline = INFINITY
        self.keeper.running -= 1
        self.keeper.deadlines.discard(self)
        self.held = None
        self._candidates = None
        for hook in self.route.plan.on_end:
            try:
                hook(self)
            except Exception as error:  # the other hooks have their accounts to settle
                self.keeper.report(self, error)
        self.client.finish(self.request_done)
