"""Answers to authorities that look whether a host is ours (RFC 8555 8.3)."""

from collections.abc import Callable

from porch.exchange import Exchange
from porch.filter import Filter, Response

__all__ = ["CHALLENGES", "AcmeAnswer"]

CHALLENGES = b"/.well-known/acme-challenge"
"""Below it each challenge has a path."""


class AcmeAnswer(Filter):
    """Answers what is awaited, and 404 to all else. answer: (token) -> the body, or None."""

    __slots__ = ("_answer",)

    def __init__(self, answer: Callable[[str], bytes | None]) -> None:
        self._answer = answer

    def on_request(self, exchange: Exchange) -> Response:
        """See Filter."""
        path = exchange.request.target.partition(b"?")[0]
        token = path.removeprefix(CHALLENGES + b"/").decode("latin-1")
        found = self._answer(token)
        kind = (b"content-type", b"application/octet-stream")
        if found is None:
            text = b"no authority asked this door for this; see porch certs\n"
            return Response(404, ((b"content-type", b"text/plain"),), text)
        return Response(200, (kind, (b"cache-control", b"no-store")), found)
