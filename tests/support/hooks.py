"""What a hook sees of an exchange, without the exchange."""

from types import SimpleNamespace
from typing import cast

from porch.exchange import Exchange
from porch.filter import Response
from porch.http.message import Field, RequestHead, ResponseHead

__all__ = ["FakeExchange", "seen"]


class FakeExchange:
    """The attributes of an Exchange that hooks of filters read and set."""

    def __init__(
        self,
        *,
        method: bytes = b"GET",
        target: bytes = b"/",
        authority: bytes = b"a.test",
        scheme: bytes = b"http",
        fields: list[Field] | None = None,
        length: int | None = 0,
        upgrade: bytes | None = None,
    ) -> None:
        made = fields or []
        self.request = RequestHead(method, target, authority, scheme, made, length, upgrade)
        self.outgoing = RequestHead(method, target, authority, scheme, list(made), length)
        self.response = ResponseHead(200, list(made))
        self.client = SimpleNamespace(peer=b"192.0.2.7")
        self.bytes_in = 0
        self.made: Response | None = None
        self.upgraded = False


def seen(fake: FakeExchange) -> Exchange:
    """`fake`, as what a hook takes."""
    return cast("Exchange", fake)
