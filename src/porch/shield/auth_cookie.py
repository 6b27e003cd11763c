"""A cookie that is shown to the door, and ends there."""

from porch.exchange import Exchange
from porch.filter import Filter

__all__ = ["WithoutCookie"]


class WithoutCookie(Filter):
    """Behind what lets in: takes the cookie of a name out of a request, each time it stands there;
    the other cookies stay as they were written."""

    __slots__ = ("_start",)

    def __init__(self, name: bytes) -> None:
        self._start = name + b"="

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        request, start = exchange.request, self._start
        if not any(name == b"cookie" and start in value for name, value in request.fields):
            return
        kept = []
        for name, value in request.fields:
            if name == b"cookie" and start in value:
                pairs = [each.strip() for each in value.split(b";")]
                value = b"; ".join(each for each in pairs if each and not each.startswith(start))
                if not value:
                    continue
            kept.append((name, value))
        request.fields = kept
