"""Names of cookies, fields and parameters of a query, and what some origins take for the same name.

A parameter that is described is looked at under its name. Under another spelling of that an origin
could read it too, and nobody would have looked: so such a spelling is refused.
"""

from collections.abc import Collection, Mapping
from urllib.parse import unquote_to_bytes

from porch.http.cookies import folded
from porch.http.fields import alike
from porch.http.message import RequestHead
from porch.shield.content_errors import BadContent, named

__all__ = ["cookies", "fields", "parameters"]

_IN_NO_NAME = bytes((*range(1, 0x20), *b"\"'", *range(0x7F, 0x100)))
"""What no name of a cookie has (RFC 6265 4.1.1), but for spaces and NUL, of which origins make
something: some drop some of it, so that all of it is nothing here."""


def cookies(request: RequestHead, names: Collection[str]) -> Mapping[str, list[bytes]]:
    """All that are sent under each of the names (RFC 6265 5.4), without one pair of quotes. Raises
    BadContent where another spelling of one is there."""
    known = {_folded(name.encode("latin-1", "replace")): name for name in names}
    exact = {name.encode("latin-1", "replace"): name for name in names}
    found: dict[str, list[bytes]] = {}
    for field, value in request.fields:
        for pair in value.split(b";") if field == b"cookie" else ():
            first, *behind = pair.strip(b" \t").split(b",")
            key, _, text = first.partition(b"=")
            if key in exact:
                whole = b",".join([text, *behind])
                found.setdefault(exact[key], []).append(_unquoted(whole))
                behind = []  # a list has commas
            elif (name := known.get(_folded(key))) is not None:
                _refuse("cookie", name)
            for each in behind:  # which part cookies too (RFC 2109 4.3.4)
                key, equals, _ = each.partition(b"=")
                if equals and (name := known.get(_folded(key))) is not None:
                    _refuse("cookie", name)
    return found


def fields(request: RequestHead, names: Collection[str]) -> Mapping[str, list[bytes]]:
    """The value of each line of the fields with these names, in small letters. Raises BadContent
    where another spelling of one is there: `x_limit` and `x.limit` of `x-limit`."""
    known = {alike(name.encode("latin-1", "replace")): name for name in names}
    found: dict[str, list[bytes]] = {}
    for sent, value in request.fields:
        if (name := known.get(alike(sent))) is None:
            continue
        exact = sent.decode("latin-1")
        if exact not in names:
            _refuse("header", name)
        found.setdefault(exact, []).append(value)
    return found


def parameters(query: bytes, names: Collection[str]) -> Mapping[str, list[bytes]]:
    """The values of all parameters of a query, as sent, by their names as forms have them. Raises
    BadContent where one is another spelling of one of `names`: in another case, encoded once more,
    with what PHP and Rack make arrays of, or behind a `;`, by which some origins part them too."""
    found: dict[str, list[bytes]] = {}
    known = {_folded(name.encode()): name for name in names}
    for pair in query.split(b"&") if query else ():
        key, _, value = pair.partition(b"=")
        plain = unquote_to_bytes(key.replace(b"+", b" "))
        try:
            exact = plain.decode()
        except UnicodeDecodeError:
            raise BadContent("The name of a query parameter is not UTF-8.") from None
        if pair:
            found.setdefault(exact, []).append(value)
        first, *behind = pair.split(b";") if b";" in pair else (key,)
        others = [unquote_to_bytes(each.partition(b"=")[0].replace(b"+", b" ")) for each in behind]
        if exact not in names:
            others += (plain, unquote_to_bytes(first.partition(b"=")[0].replace(b"+", b" ")))
        for other in others:
            if (name := known.get(_folded(other))) is not None and other:
                _refuse("query", name)
    return found


def _folded(name: bytes) -> bytes:
    """What all names of cookies become that some origin takes for one."""
    return folded(unquote_to_bytes(name).translate(None, _IN_NO_NAME))


def _unquoted(text: bytes) -> bytes:
    return text[1:-1] if len(text) > 1 and text[:1] == text[-1:] == b'"' else text


def _refuse(place: str, name: str) -> None:
    raise BadContent(f"The {place} parameter '{named(name)}' is spelled in another way.")
