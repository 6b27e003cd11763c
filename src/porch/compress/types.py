"""Which answers are worth a coding, and which must stay as they are."""

from collections.abc import Iterable
from functools import lru_cache

from porch.http.fields import tokens
from porch.http.message import RequestHead, ResponseHead

__all__ = ["EVENTS", "TYPES", "Types", "why_not"]

TYPES = (
    *("text/*", "*+json", "*+xml", "*+text"),
    *("application/json", "application/xml", "application/javascript", "application/wasm"),
    *("application/x-javascript", "application/manifest+json", "application/x-ndjson"),
    *("application/ndjson", "application/jsonl", "application/x-jsonlines", "application/graphql"),
    *("application/rtf", "application/sql", "application/toml", "application/yaml"),
    *("application/x-yaml", "application/x-sh", "application/tar", "application/x-tar"),
    *("application/vnd.apple.mpegurl", "application/x-mpegurl", "application/postscript"),
    *("font/ttf", "font/otf", "font/collection", "font/sfnt", "application/vnd.ms-fontobject"),
    *("application/x-font-ttf", "application/x-font-otf", "application/font-sfnt"),
    *("image/svg+xml", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon"),
)
"""Types that are text or as good as text. What is compressed in itself (pictures, films, sounds,
archives, WOFF) only costs time, and other types are left to the operator."""

EVENTS = b"text/event-stream"

_CALLS = b"application/grpc"
"""Of whatever kind: each message is coded by itself there, if at all."""
_NO_CONTENT = frozenset((204, 205, 206, 304))
"""Answers without content, and parts, which are not coded: they are of the coded whole then
(RFC 9110 14.2)."""


class Types:
    """Patterns of media types: `text/html`, `text/*`, `*+json`. events: whether streams of events
    are taken too, if a pattern has them."""

    __slots__ = ("_events", "_has", "_main", "_names", "_suffixes")

    def __init__(self, patterns: Iterable[str] = TYPES, *, events: bool = False) -> None:
        lower = [each.lower().encode() for each in patterns]
        self._main = frozenset(each[:-2] for each in lower if each.endswith(b"/*"))
        self._suffixes = frozenset(each[2:] for each in lower if each.startswith(b"*+"))
        self._names = frozenset(lower)
        self._events = events
        self._has = lru_cache(maxsize=256)(self._look)

    def has(self, content_type: bytes) -> bool:
        """Whether an answer with this Content-Type is meant."""
        return self._has(content_type)

    def _look(self, content_type: bytes) -> bool:
        media = media_type(content_type)
        if (media == EVENTS and not self._events) or media.startswith(_CALLS):
            return False
        main, _, sub = media.partition(b"/")
        _, plus, suffix = sub.rpartition(b"+")
        return (
            media in self._names
            or (main in self._main and bool(sub))
            or (bool(plus) and suffix in self._suffixes)
        )


def media_type(content_type: bytes) -> bytes:
    """The type without its parameters, in lower case."""
    return content_type.partition(b";")[0].strip(b" \t").lower()


def why_not(request: RequestHead, response: ResponseHead, types: Types, least: int) -> str | None:
    """Why an answer is never coded, whoever asks: a few words for people; None where it may be.

    least: bytes of body from which on it is worth it.
    """
    status = response.status
    if status < 200 or request.upgrade is not None or request.method == b"CONNECT":
        return "it opens a tunnel"
    if status in _NO_CONTENT:
        return f"a {status} has no whole body"
    content_type = None
    for name, value in response.fields:
        if name == b"content-type":
            content_type = value
        elif name == b"content-encoding" and value.strip(b" \t").lower() not in (b"", b"identity"):
            return f"it is in a coding already: {value.decode('latin-1')}"
        elif name == b"content-range":
            return "it is a part"
        elif name == b"cache-control" and b"no-transform" in tokens(value):
            return "its Cache-Control says no-transform"
    if content_type is None or not types.has(content_type):
        return "its type is not among `types`"
    if response.length is not None and response.length < least:
        return "it is shorter than `min_size`"
    return None
