"""Files: what the page is made of: HTML, style and scripts, as they stand in this package.

There is no build step: what is here is what the browser gets. Each is read once.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from porch.exchange import Exchange
from porch.filter import Response
from porch.http.message import Field

__all__ = ["FOLDER", "KINDS", "File", "load"]

FOLDER = "static"
"""Beside this module."""
KINDS: Mapping[str, bytes] = {
    ".html": b"text/html; charset=utf-8",
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
}
"""By the ending of its name."""


@dataclass(frozen=True, slots=True)
class File:
    """kind: its content type. tag: its validator, as in ETag."""

    body: bytes
    kind: bytes
    tag: bytes

    def answer(self, exchange: Exchange) -> Response:
        """All of it, or 304 to who has it."""
        fields: list[Field] = [(b"content-type", self.kind), (b"etag", self.tag)]
        if exchange.request.get(b"if-none-match") == self.tag:
            return Response(304, fields[1:])
        return Response(200, fields, self.body)


@cache
def load() -> Mapping[str, File]:
    """By name: "index.html"."""
    found = {}
    for each in sorted(files(__package__).joinpath(FOLDER).iterdir(), key=lambda each: each.name):
        kind = KINDS.get(each.name[each.name.rfind(".") :])
        if kind is not None:
            body = each.read_bytes()
            tag = b'"%b"' % hashlib.sha256(body).hexdigest()[:16].encode()
            found[each.name] = File(body, kind, tag)
    return found
