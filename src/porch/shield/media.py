"""The media type of a request's content, and whether that is JSON (RFC 9110 8.3, RFC 6839 3.1)."""

import re

from porch.http.message import RequestHead
from porch.shield.content_errors import NotTaken

__all__ = ["is_json", "media_type"]

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_TYPE = re.compile(rb"[ \t]*(%b/%b)[ \t]*(?:;(.*))?\Z" % (_TOKEN, _TOKEN), re.DOTALL)
_CHARSET = re.compile(rb'charset\s*=\s*"?([^";\s]*)', re.IGNORECASE)
_EXTENDED = re.compile(rb"charset\s*\*", re.IGNORECASE)
"""As RFC 8187 and RFC 2231 spell it, in parts or coded: some read it, some do not."""
_UNICODE = frozenset((b"utf-8", b"utf8", b"us-ascii"))


def media_type(request: RequestHead) -> bytes:
    """In small letters and without parameters; b"" where none is said. Raises NotTaken where two
    readers could take it for two things, and for JSON in another charset than UTF-8."""
    said = [value for name, value in request.fields if name == b"content-type"]
    if not said or said == [b""]:
        return b""
    match = _TYPE.match(said[0])
    if len(said) > 1 or match is None:
        raise NotTaken(
            "The Content-Type is not one media type; send one, such as application/json."
        )
    found = match[1].lower()
    if is_json(found) and _EXTENDED.search(match[2] or b"") is not None:
        raise NotTaken("The Content-Type has a charset*; send charset=utf-8, or none.")
    for charset in _CHARSET.findall(match[2] or b"") if is_json(found) else ():
        if charset.lower() not in _UNICODE:
            raise NotTaken("The Content-Type has another charset than UTF-8, which JSON is in.")
    return found


def is_json(media: bytes) -> bool:
    """Of a media type as `media_type` has it."""
    return media.endswith((b"/json", b"+json"))
