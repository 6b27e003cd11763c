"""Content-Security-Policy by value (CSP 3): what a page may load, run and be framed by.

A browser that is told several policies keeps all of them, so that the door's stands beside the
origin's own, and makes nothing looser.
"""

from porch.exchange import Exchange
from porch.filter import Filter, Kept
from porch.http.message import Field

__all__ = ["ContentPolicy"]

_NAMES = (b"content-security-policy", b"content-security-policy-report-only")


class ContentPolicy(Filter):
    """Says it with each answer. One that the door makes itself and that brings a policy of its own,
    as a page that needs its own script, keeps that alone."""

    __slots__ = ("_field",)

    def __init__(self, policy: str, *, report_only: bool = False) -> None:
        self._field: Field = (_NAMES[report_only], policy.encode())

    def on_response(self, exchange: Exchange) -> None:
        """See Filter."""
        response, made = exchange.response, exchange.made
        assert response is not None
        if made is not None and not isinstance(made, Kept) and response.get(_NAMES[0]) is not None:
            return
        response.fields = [*response.fields, self._field]

    def described(self) -> list[str]:
        """What it does, in words."""
        return [f"adds {self._field[0].decode()}: {self._field[1].decode()}"]
