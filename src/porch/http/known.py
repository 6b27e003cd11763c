"""Known: fields that head after head begins with, and what is made of them once for all."""

from collections.abc import Sequence

from porch.http.fields import encode
from porch.http.message import Field

__all__ = ["Known"]


class Known:
    """fields: never changed; the heads have copies. count: of them. lines: that HTTP/1 writes for
    them. names: theirs."""

    __slots__ = ("count", "fields", "lines", "names")

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = [*fields]
        self.count = len(self.fields)
        self.lines = encode(self.fields)
        self.names = frozenset([name for name, _ in self.fields])

    def __repr__(self) -> str:
        return f"<Known {self.count} fields>"
