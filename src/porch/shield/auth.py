"""Who may come in: the ways to show who one is, asked in turn, of which any suffices.

A way looks at a request and gives a verdict. Whom it lets in stands on the exchange as an Identity,
whose fields go to the origin in place of whatever the client has sent under their names
(`forward/headers.py` keeps that out, in each spelling and in trailers). It comes before the cache,
so that nothing stored is given to anybody who was not let in.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import SUSPEND, Filter, Response, Suspend
from porch.identity import Identity
from porch.shield.auth_claims import NOBODY, Claims, Requirement, is_plain_name, lacking, told
from porch.shield.auth_errors import NotAllowed, Unauthorized

__all__ = ["TELL_IDENTITY", "Authenticate", "Judge", "Later", "TellIdentity", "Verdict", "Way"]

Verdict = Identity | Response | PorchError | None
"""None: nothing of this kind was shown. Identity: that one is let in. A PorchError: what was shown
does not hold (Unauthorized), does not suffice (NotAllowed), or it cannot be found out (CannotTell,
TooManyFailures). Response: to be answered if no other way lets in, as a redirect to a login."""


class Later:
    """A verdict that is not there yet. Whoever gives it calls `tell` once, not before it is asked
    for by `then`: never within `Way.identify`."""

    __slots__ = ("_then",)

    def __init__(self) -> None:
        self._then: Callable[[Verdict], None] | None = None

    def then(self, call: Callable[[Verdict], None]) -> None:
        """Have `call` told."""
        self._then = call

    def tell(self, verdict: Verdict) -> None:
        """This is it."""
        assert self._then is not None, "nobody asked yet"
        self._then(verdict)


class Way(Protocol):
    """A way to show who one is. challenge: of WWW-Authenticate (RFC 9110 11.6.1); b"" where a
    client can do nothing about it by a field."""

    challenge: bytes

    def identify(self, exchange: Exchange) -> Verdict | Later:
        """Look at a request. Raises nothing: what it cannot find out is a CannotTell."""


class Judge:
    """From what a way has found out about somebody to who that is on a route, or why not.

    require: what has to hold. fields: what the origin is told, see `told`.
    """

    __slots__ = ("_fields", "_require")

    def __init__(self, require: Sequence[Requirement], fields: Mapping[bytes, str]) -> None:
        self._require = tuple(require)
        self._fields = dict(fields)

    def judge(self, name: object, kind: str, claims: Claims) -> Identity | PorchError:
        """name: as the way has it, which may be none. A way may keep what is returned for as long
        as what it was made of holds."""
        if not (isinstance(name, str) and (name == NOBODY or is_plain_name(name))):
            return NotAllowed(f"{kind}: there is no name in it that the log and an origin can take")
        missing = lacking(self._require, name, claims)
        if missing:
            return NotAllowed(f"{name} ({kind}) lacks {missing}")
        return Identity(name, kind, claims, told(name, claims, self._fields))


class Authenticate(Filter):
    """Lets in whom one of its ways knows. Answers 401 where nothing was shown, or nothing that
    holds, 403 where it does not suffice, 503 where that cannot be found out.

    ways: in the order in which they are asked; what costs least first. described: for explain.
    """

    __slots__ = ("_challenges", "_ways", "described")

    def __init__(self, ways: Sequence[Way], described: Sequence[str] = ()) -> None:
        self._ways = tuple(each.identify for each in ways)
        self._challenges = tuple(each.challenge for each in ways if each.challenge)
        self.described = tuple(described)

    def __repr__(self) -> str:
        return f"<Authenticate by {', '.join(self.described) or len(self._ways)}>"

    def on_request(self, exchange: Exchange) -> Response | Suspend | None:
        """See Filter. Nearly all that are let in are by the first way, without a further call."""
        verdict = self._ways[0](exchange) if self._ways else None
        if verdict.__class__ is Identity:
            exchange.identity = verdict
            return None
        return self._hear(exchange, 1, None, verdict)

    def _hear(
        self, exchange: Exchange, number: int, heard: Verdict, verdict: Verdict | Later
    ) -> Response | Suspend | None:
        """What a way has said, and the next if that does not suffice. number: of the next. heard:
        what those before have said."""
        ways = self._ways
        while True:
            if isinstance(verdict, Identity):
                exchange.identity = verdict
                return None
            if isinstance(verdict, Later):
                verdict.then(partial(self._go_on, exchange, number, heard))
                return SUSPEND
            heard = _weightier(heard, verdict)
            if number >= len(ways):
                return self._refuse(heard)
            verdict = ways[number](exchange)
            number += 1

    def _go_on(self, exchange: Exchange, number: int, heard: Verdict, verdict: Verdict) -> None:
        """Behind a way that took its time."""
        if exchange.ended:
            return
        try:
            result = self._hear(exchange, number, heard, verdict)
        except Exception as error:
            exchange.on_raised(error)
            return
        if isinstance(result, Response):
            exchange.resume(result)
        elif result is None:
            exchange.resume()

    def _refuse(self, heard: Verdict) -> Response:
        """Nobody knows it."""
        if isinstance(heard, Response):
            return heard
        if isinstance(heard, PorchError) and not isinstance(heard, Unauthorized):
            raise heard
        detail = heard.detail if isinstance(heard, PorchError) else "no credential was shown"
        if not self._challenges:
            raise NotAllowed(detail)
        raise Unauthorized(detail, self._challenges)


def _weightier(heard: Verdict, verdict: Verdict) -> Verdict:
    """What says more of the two: who is known is not sent to log in, and who has shown what nobody
    can look into now is not told that it is wrong."""
    return verdict if _weight(verdict) > _weight(heard) else heard


def _weight(verdict: Verdict) -> int:
    if verdict is None:
        return 0
    if isinstance(verdict, Unauthorized):
        return 1
    if isinstance(verdict, Response):
        return 2
    return 4 if isinstance(verdict, NotAllowed) else 3


class TellIdentity(Filter):
    """The fields of who was let in, to the origin. Right behind the filter that keeps out what the
    client has sent under their names."""

    __slots__ = ()

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter."""
        identity, outgoing = exchange.identity, exchange.outgoing
        if identity is None or outgoing is None or not identity.fields:
            return
        fields, lines = [*outgoing.fields, *identity.fields], outgoing.lines
        outgoing.fields = fields
        if lines is not None:
            outgoing.lines = (fields, *lines[1:], identity.lines)


TELL_IDENTITY = TellIdentity()
"""It keeps nothing of its route."""
