"""Methods that a request asks for beside its own.

A method is case-sensitive (RFC 9110 9.1), and it is that of the request line. Frameworks let what
can send POST alone, as forms of HTML, say another one in a field or in the query (Rails, Laravel,
Express, Symfony), and some origins take `Delete` for `DELETE`.
"""

import re
from collections.abc import Iterator
from operator import itemgetter
from urllib.parse import unquote_to_bytes

from porch.http.message import RequestHead

__all__ = ["OVERRIDES", "meant"]

OVERRIDES = frozenset(
    (
        b"x-http-method-override",
        b"x-http-method",
        b"x-method-override",
        b"x-method",
        b"x-rest-method",
    )
)
"""Fields in which another method is asked for."""
_REMEMBERED = 1024
_ALIKE = bytes(each if chr(each).isalnum() and each < 128 else ord("-") for each in range(256))
_QUERY = re.compile(rb"(?:\A|[&;])[_$]method(?:\[[^\]&;]*\])?=([^&;]*)", re.IGNORECASE)
"""In any case, and as PHP, Rack and qs write one of several: an application may have made its own
of either."""


class _Overrides(dict[bytes, bool]):
    """name -> whether an origin may take it for one of OVERRIDES. Bounded; each is judged once."""

    def __missing__(self, name: bytes) -> bool:
        if len(self) >= _REMEMBERED:
            self.clear()
        self[name] = found = name.translate(_ALIKE) in OVERRIDES
        return found


_is_override = _Overrides().__getitem__
_name = itemgetter(0)


_AROUND = b" +\t\r\n\v\f\0"
"""What is cut off a value by one origin or another; `+` is a space in a query."""


def meant(request: RequestHead) -> list[bytes]:
    """The methods, in capitals, that an origin may take the request's for; the plain one not."""
    method, target, fields = request.method, request.target, request.fields
    found = [] if method.isupper() else [method.upper()]
    if True in map(_is_override, map(_name, fields)):
        values = (value for name, value in fields if _is_override(name))
        found += (each for value in values for each in _said(value))
    if b"?" in target and (b"%" in target or b"method" in target.lower()):
        for value in _QUERY.findall(unquote_to_bytes(target.partition(b"?")[2])):
            found += _said(value)
    return found


def _said(value: bytes) -> Iterator[bytes]:
    """Lines of a field may have been joined, of which one takes the first and another the last."""
    return (each.strip(_AROUND).upper() for each in value.split(b","))
