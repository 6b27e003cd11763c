"""Inside: an answer of an internal route, on its way to a client of another.

It is an exchange of its own, with the hooks of the internal route, whose client is this: what it
is answered is handed on as the answer of the exchange that asked, and nothing of it is held.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from porch.between import BeforeClient
from porch.errors import ClientGone, InternalError, PorchError
from porch.exchange import Exchange
from porch.filter import Kept, Response
from porch.http.message import Field, RequestHead, ResponseHead, Trailers
from porch.keeper import ClientStream, Keeper, Security, Timer
from porch.nobody import Nobody
from porch.route.route import Route

if TYPE_CHECKING:
    from porch.http.stream import Head

__all__ = ["KEPT", "Inside", "depth_of", "merged"]

_TARGETS = (b"porch-cache-control", b"cdn-cache-control")
"""What is said to caches near an origin, before Cache-Control, the first first (RFC 9213)."""
KEPT = frozenset(
    (
        *(b"content-type", b"content-disposition", b"content-language", b"cache-control"),
        *(b"expires", b"x-robots-tag", b"x-content-type-options", b"referrer-policy"),
        *(b"content-security-policy", b"content-security-policy-report-only"),
        b"cross-origin-resource-policy",
        *_TARGETS,
    )
)
"""Of what the origin answered, in place of what the internal route says: how what is sent is to be
read, shown and kept. Set-Cookie and Vary are kept beside."""
_LASTING = frozenset((b"cache-control", b"expires", b"pragma", *_TARGETS))
_LASTS = re.compile(rb"(?:^|,)[ \t]*(?:max-age|s-maxage)[ \t]*=[ \t]*\d+[ \t]*(?:,|$)")
_FOR_ONE = re.compile(rb"(?:^|,)[ \t]*(?:private|no-store)[ \t]*(?:,|$)")
_NUMBERED = rb"(?:max-age|s-maxage|stale-while-revalidate|stale-if-error)"
_DIRECTIVE = rb"(?:" + _NUMBERED + rb"=\d{1,10}|(?!" + _NUMBERED + rb"\b)[a-z][a-z-]*)"
_PLAIN_TARGETED = re.compile(_DIRECTIVE + rb"(?:[ \t]*,[ \t]*" + _DIRECTIVE + rb")*")
_PRIVATE = (b"cache-control", b"private")
_BESIDE = frozenset((b"set-cookie", b"vary"))
_OF_BODY = frozenset(
    (b"content-encoding", b"content-length", b"content-type", b"expect", b"trailer")
)
"""Of the request: it goes inside without its body."""


class Inside(Nobody):
    """The client of an exchange with an internal route. See keeper.ClientStream, and filter.Source.

    depth: how many such stand one behind the other. answer: what it was answered, once its head is
    there; None before. failed: why there is none: who asked has the page of it, which names what
    was asked for there, and no path in here.
    """

    __slots__ = (
        "_exchange",
        "_is_over",
        "_origins",
        "_outer",
        "_to",
        "answer",
        "depth",
        "failed",
        "is_suspended",
        "peer",
        "port",
        "security",
        "trailers",
    )

    interim = False

    def __init__(self, outer: Exchange, said: ResponseHead, route: Route, target: bytes) -> None:
        """outer: who asks, with the depth of its own. said: by the origin, in whose place this
        answers."""
        client: ClientStream = outer.client
        self.depth = depth_of(outer) + 1
        self.peer = client.peer
        self.port = client.port
        self.security: Security | None = client.security
        self.trailers = client.trailers
        self.answer: Response | None = None
        self.failed: PorchError | None = None
        self.is_suspended = self._is_over = False
        self._outer = outer
        self._to: Exchange | None = None
        self._origins = said.fields
        came = outer.request
        head = RequestHead(
            b"HEAD" if came.method == b"HEAD" else b"GET",
            target,
            came.authority,
            came.scheme,
            [each for each in came.fields if each[0] not in _OF_BODY],
            version=came.version,
        )
        keeper = _Keeping(self, outer.keeper)
        self._exchange = Exchange(keeper, self, head, route, outer.client_ip)
        self._exchange.identity = outer.identity
        self._exchange.trace = outer.trace

    def __repr__(self) -> str:
        return f"<Inside {self._exchange!r} depth {self.depth}>"

    def start(self) -> Response | None:
        """Ask. The answer, if its head is there at once; else the exchange is resumed with it."""
        self._exchange.on_request(b"", True)
        self.is_suspended = self.answer is None
        return self.answer

    def leave(self) -> None:
        """The exchange that asked is over, or gives this up. What ends here is told once, by the
        side that ends first: else the two would end each other."""
        if not self._is_over:
            self._is_over = True
            self._exchange.fail(ClientGone("who asked is gone"))

    # --- keeper.ClientStream: of the exchange with the internal route ----------------------------

    def send(self, head: "Head | None", data: bytes, end: bool) -> None:
        """See Stream."""
        self._is_over = self._is_over or end
        if isinstance(head, ResponseHead):
            if head.status >= 200:
                self._on_head(head, data, end)
            return
        trailers = head if isinstance(head, Trailers) else None
        if self._to is None:  # nothing comes before it is read, see filter.Source
            self._exchange.fail(InternalError("an answer came before it was wanted"))
        else:
            self._to.on_made(trailers, data, end)

    def _on_head(self, head: ResponseHead, data: bytes, end: bool) -> None:
        if self.failed is not None:
            self._outer.error = self.failed
            page = self._outer.keeper.error_page(self._outer, self.failed)
            cookies = [each for each in self._origins if each[0] == b"set-cookie"]
            page.fields = [*page.fields, *cookies]
            self.answer = page
        else:
            made = ResponseHead(head.status, merged(self._origins, head), head.length)
            self.answer = Kept(made, data, None if end else self)
        if self.is_suspended:
            self._outer.resume(self.answer)

    def abort(self, error: PorchError) -> None:
        """See Stream. The rest will not come."""
        if not self._is_over:
            self._is_over = True
            if self._to is not None:
                self._to.fail(error)

    def is_read(self) -> bool:
        """See keeper.ClientStream: nobody waits for it here, who did so outside has it whole."""
        return False

    def unsent(self) -> int:
        """See keeper.ClientStream."""
        return self._outer.client.unsent()

    def send_file(self, descriptor: int, first: int, size: int) -> int:
        """See keeper.ClientStream: past both, to the client itself."""
        to = self._to
        count = to.client.send_file(descriptor, first, size) if to is not None else 0
        if to is not None and count > 0:
            to.bytes_out += count
        return count

    # --- filter.Source: of the exchange that asked -----------------------------------------------

    def open(self, exchange: Exchange) -> bool:
        """See filter.Source."""
        exchange.client.send(exchange.response, b"", False)
        return False

    def begin(self, exchange: Exchange) -> "_Rest":
        """See filter.Source."""
        self._to = exchange
        return _Rest(self, self._exchange)

    def turn(self, exchange: Exchange) -> None:
        """Another is told of what comes."""
        self._to = exchange


class _Keeping:
    """See keeper.Keeper: what the exchange inside asks of its surroundings. running: it is none of
    the door's, which has the one that asks."""

    def __init__(self, inside: Inside, keeper: Keeper) -> None:
        self._inside = inside
        self._keeper = keeper
        self.deadlines = keeper.deadlines
        self.running = 1
        self.own_fields = keeper.own_fields

    @property
    def closing(self) -> bool:
        """See keeper.Keeper."""
        return self._keeper.closing

    def error_page(self, exchange: Exchange, error: PorchError) -> Response:
        """Who asked makes it."""
        self._inside.failed = error
        return Response(error.status or 502)

    def report(self, exchange: Exchange, error: Exception) -> None:
        """See keeper.Keeper."""
        self._keeper.report(exchange, error)

    def later(self, seconds: float, call: Callable[[], object]) -> Timer:
        """See keeper.Keeper."""
        return self._keeper.later(seconds, call)


class _Rest:
    """The upstream's side of an exchange that is answered from inside. See
    keeper.UpstreamStream."""

    __slots__ = ("_exchange", "_inside")

    reused = False

    def __init__(self, inside: Inside, exchange: Exchange) -> None:
        self._inside = inside
        self._exchange = exchange

    def send(self, head: "Head | None", data: bytes, end: bool) -> None:
        """What still comes of the request is for nobody."""

    def pause_reading(self) -> None:
        """See Stream."""
        if not self._exchange.ended:
            self._exchange.on_client_full()

    def resume_reading(self) -> None:
        """See Stream."""
        if not self._exchange.ended:
            self._exchange.on_client_drained()

    def abort(self, error: PorchError) -> None:
        """See Stream."""
        self._inside.leave()

    def unsent(self) -> int:
        """See keeper.UpstreamStream: nothing is sent here."""
        return 0

    def sip(self, little: bool) -> None:
        """See keeper.UpstreamStream."""
        self._exchange.sips = little
        if self._exchange.upstream is not None:
            self._exchange.upstream.sip(little)

    def turn_to(self, exchange: Exchange) -> None:
        """See keeper.ClientStream."""
        self._inside.turn(exchange)


def depth_of(exchange: Exchange) -> int:
    """How many internal routes an exchange has come through."""
    client: object = exchange.client
    while isinstance(client, BeforeClient):
        client = client.client
    return client.depth if isinstance(client, Inside) else 0


def merged(origins: list[Field], inside: ResponseHead) -> list[Field]:
    """The fields of what the internal route answers, with those that are kept of the origin's.

    Of an error cookies alone: what the origin says is of what it meant to send. A type is of a
    whole body, not of several parts of it, nor of none. What the internal route says of how long it
    may be kept is said of the file, not of who may have it, which the origin has decided for one
    client: where that does not say for how long (RFC 9111 3), and of each error, shared caches have
    it told that it is for one.
    """
    kept = [each for each in origins if each[0] in _BESIDE]
    if inside.status >= 400:
        return [*_for_one(inside.fields), *(each for each in kept if each[0] != b"vary")]
    is_whole = inside.status != 304 and not (inside.get(b"content-type") or b"").startswith(
        b"multipart/byteranges"
    )
    said = [
        each for each in origins if each[0] in KEPT and (is_whole or each[0] != b"content-type")
    ]
    names = {name for name, _ in said}
    if _says_how_long(origins):
        names |= _LASTING
        return [*(each for each in inside.fields if each[0] not in names), *said, *kept]
    own = [each for each in inside.fields if each[0] not in names]
    return [*_for_one([*own, *said]), *kept]


def _says_how_long(origins: list[Field]) -> bool:
    """Whether an origin's own words have a lifetime, as each cache reads them that goes by what is
    in force (RFC 9213 2.2); of what is not plain, none is read."""
    for target in _TARGETS:
        said = _joined(origins, target)
        if said:
            return _PLAIN_TARGETED.fullmatch(said) is not None and _LASTS.search(said) is not None
    said = _joined(origins, b"cache-control")
    if b'"' not in said and _LASTS.search(said):
        return True
    return any(name == b"expires" for name, _ in origins)


def _for_one(fields: list[Field]) -> list[Field]:
    """As an answer that no shared cache keeps, for whatever reason it would."""
    left = [each for each in fields if each[0] not in _TARGETS]
    is_said = _FOR_ONE.search(_joined(fields, b"cache-control")) is not None
    return left if is_said else [*left, _PRIVATE]


def _joined(fields: list[Field], name: bytes) -> bytes:
    return b", ".join(value for each, value in fields if each == name).lower()
