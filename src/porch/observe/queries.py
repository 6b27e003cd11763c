"""Queries left out of the access log: they name people, and what those look for.

What is behind a ? is not shown at all, where redact.py takes out of it what is secret.
"""

from collections.abc import Sequence

from porch.exchange import Exchange
from porch.http.message import Field, RequestHead, ResponseHead
from porch.observe.ended import Format
from porch.observe.redact import REDACTED, URL_FIELDS

__all__ = ["Unasked"]


class Unasked:
    """A format around another one, which sees ?*** in place of queries: in targets, and in fields
    that hold a URL. Nobody else looks at the exchanges meanwhile."""

    __slots__ = ("_made",)

    def __init__(self, made: Format) -> None:
        self._made = made

    def __call__(self, exchanges: Sequence[Exchange]) -> bytes:
        """A line for each."""
        targets = [exchange.request.target for exchange in exchanges]
        heads = [head for each in exchanges for head in (each.request, each.response) if head]
        fields = [head.fields for head in heads]
        try:
            for exchange in exchanges:
                exchange.request.target = _cut(exchange.request.target)
            for head in heads:
                _hide(head)
            return self._made(exchanges)
        finally:
            for exchange, target in zip(exchanges, targets, strict=True):
                exchange.request.target = target
            for head, kept in zip(heads, fields, strict=True):
                head.fields = kept


def _hide(head: RequestHead | ResponseHead) -> None:
    """Its list is left as it is: other heads may have the same."""
    if any(b"?" in value and name in URL_FIELDS for name, value in head.fields):
        head.fields = [_hidden(*each) for each in head.fields]


def _hidden(name: bytes, value: bytes) -> Field:
    return name, _cut(value) if name in URL_FIELDS else value


def _cut(url: bytes) -> bytes:
    path, mark, _ = url.partition(b"?")
    return path + mark + REDACTED if mark else url
