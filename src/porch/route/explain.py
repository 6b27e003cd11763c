"""Explain: why a request takes its route, and what is forwarded, in words (`porch explain`).

Pure data and its text. Everything is asked of the running router, so that what is explained is
what happens.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from porch.errors import BadRequest
from porch.http.message import Field, RequestHead
from porch.route.route import Route
from porch.route.router import Candidate, Router

if TYPE_CHECKING:
    from porch.keeper import Security

__all__ = ["Explanation", "explain"]

_WIDTH = 10
_LONGEST = 100
"""Characters of a field's value that are shown."""
_SECRET = frozenset((b"authorization", b"cookie", b"proxy-authorization"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a request takes its route.

    route: None if the request is refused, `refused` says why. candidates: all whose host and
    path (as sent) match, best first. known: whether any route names the host. sent: the head as
    it would go out, with what the filters did if the caller asked them; None where the door
    answers. answers: what it answers then, in words, if the caller asked.
    """

    request: RequestHead
    route: Route | None
    candidates: tuple[Candidate, ...]
    known: bool
    refused: str = ""
    sent: RequestHead | None = None
    answers: str = ""

    @property
    def winner(self) -> Candidate | None:
        """The candidate that is taken."""
        if self.route is None:
            return None
        return next((each for each in self.candidates if not each.loses), None)

    def text(self) -> str:
        """One fact a line, as `porch explain` prints it."""
        return "\n".join(f"{word:<{_WIDTH}}{fact}" for word, fact in self._lines()) + "\n"

    def _lines(self) -> Iterator[tuple[str, str]]:
        winner = self.winner
        if self.route is None:
            yield "refused", f"400: {self.refused}"
        elif winner is None:
            yield "site", "the host has routes" if self.known else "no route names this host"
            yield "route", f"none takes the request: {self.route.key}"
        else:
            yield "site", winner.entry.pattern.host.decode("ascii")
            yield "route", self._won(winner)
            if winner.entry.conditions:
                yield "when", str(winner.entry.conditions)
        for each in self.candidates:
            if each is not winner:
                yield "not" if each.loses else "as sent", _named(each, each.loses)
        if self.sent is not None and not self.answers:
            yield from self._forwarded(self.sent)
        elif self.route is not None:
            yield "answers", f"at the door: {self.answers or self.route.target or '404'}"

    def _won(self, winner: Candidate) -> str:
        beaten = next((each for each in self.candidates if each.loses and each.holds), None)
        if beaten is None:
            return _named(winner, "")
        return _named(winner, f'(beats "{beaten.entry.pattern.key}": {beaten.loses})')

    def _forwarded(self, sent: RequestHead) -> Iterator[tuple[str, str]]:
        request = self.request
        words = [sent.method.decode("latin-1"), sent.target.decode("latin-1")]
        if sent.target != request.target:
            words.append(f"(came as {request.target.decode('latin-1')})")
        if self.route is not None:
            words.append(f"to {self.route.target}")
        yield "sends", " ".join(words)
        if self.route is not None and self.route.destination is not None:
            manner = self.route.destination.manner
            if manner:
                yield "balance", manner
        yield "host", sent.authority.decode("latin-1")
        for field in sent.fields:
            if field not in request.fields:
                yield "adds", _shown(field)
        for name in dict.fromkeys(name for name, _ in request.fields):
            if sent.get(name) is None:
                yield "removes", name.decode("latin-1")


def explain(
    router: Router, request: RequestHead, client_ip: bytes, security: "Security | None" = None
) -> Explanation:
    """Why `request`, by a connection of this security, takes its route.

    `sent` is the head with the route's rewrite alone; a caller that can ask the filters replaces
    it, or `answers` (dataclasses.replace).
    """
    refused = ""
    route: Route | None = None
    try:
        route = router.find(request, client_ip, security)
    except BadRequest as error:
        refused = error.detail
    return Explanation(
        request=request,
        route=route,
        candidates=tuple(router.candidates(request, client_ip, security)),
        known=router.known_host(request.authority),
        refused=refused,
        sent=None if route is None or route.destination is None else _sent(request, route),
    )


def _sent(request: RequestHead, route: Route) -> RequestHead:
    return RequestHead(
        request.method,
        request.target if route.rewrite is None else route.rewrite(request),
        request.authority,
        request.scheme,
        list(request.fields),
        request.length,
        request.upgrade if request.upgrade in route.upgrades else None,
        request.expect,
        request.version,
    )


def _named(candidate: Candidate, remark: str) -> str:
    where = candidate.entry.route.where
    return "   ".join(filter(None, (candidate.entry.pattern.key, where, remark)))


def _shown(field: Field) -> str:
    value = "…" if field[0] in _SECRET else field[1].decode("latin-1")
    if len(value) > _LONGEST:  # a certificate in base64, say
        value = value[:_LONGEST] + "…"
    return f"{field[0].decode('latin-1')}: {value}"
