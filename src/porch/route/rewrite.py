"""What goes out for a target that came in (`strip`, `rewrite`), and what `strip` takes back.

Pure functions over bytes. A path goes out as it came unless one of the two words says otherwise.
Paths with `..` segments never get here: the router refuses them on a route that rewrites.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from porch.http.message import Field, RequestHead
from porch.route.paths import readings, to_wire
from porch.route.pattern import Kind, Pattern

__all__ = [
    "Returned",
    "Rewrite",
    "put_back",
    "put_back_cookie",
    "put_back_location",
    "returned",
    "rewriter",
    "stripped",
]

Rewrite = Callable[[RequestHead], bytes]
Returned = Callable[[bytes], Sequence[bytes]]
Pieces = list[tuple[bytes, str]]
"""Literal text, each with the name of what comes behind it, "" for nothing."""

_SLOT = re.compile(r"\{(\w+)\}")
_DELIMITER = re.compile(rb"[&+;=]")
_COOKIE_PATH = re.compile(rb"(;[ \t]*path[ \t]*=[ \t]*)(/[^;]*)", re.IGNORECASE)
_URL = re.compile(rb"(?:https?:)?//([^/?#]*)", re.IGNORECASE)
_DEFAULT_PORT = re.compile(rb":(?:80|443)?\Z")


def stripped(pattern: Pattern) -> bytes:
    """What `strip` takes off, and what X-Forwarded-Prefix says: the path of the key.

    Raises ValueError where the key has no path that every match begins with.
    """
    if pattern.kind is Kind.REGEX:
        raise ValueError('strip does not know where a regex ends; say rewrite = "/{name}" instead')
    prefix = pattern.path.removesuffix(b"/")
    if not prefix:
        raise ValueError(f"there is nothing to strip, since '{pattern.key}' has no path")
    return prefix


def rewriter(
    pattern: Pattern, *, strip: bool = False, template: str | None = None
) -> Rewrite | None:
    """The function from a request to the target that goes out; None if that stays the same.

    strip: take the key's path off; "/" remains of the path itself. template: the path to send,
    in which `{path}` is the path (behind what strip took off), `{1}` and `{name}` what a regex
    caught, "" if it took no part. The query as it came goes behind, unless the template has a
    `?`: then `{query}` says where it goes, and what else is filled in there is encoded so that it
    cannot add a parameter. A result never begins with `//`, which is how a URL names a host.
    Raises ValueError with one sentence.
    """
    prefix = stripped(pattern) if strip else b""
    if template is not None:
        return _filler(pattern, len(prefix), template)
    return _stripper(len(prefix)) if prefix else None


def returned(
    pattern: Pattern, *, strip: bool = False, template: str | None = None
) -> Returned | None:
    """The function from a target of the origin's to those by which clients ask for it here; None
    where a target stays the same, or where what is left of it does not tell: a template that fills
    in what a regex caught, or a query. Takes what `rewriter` does."""
    prefix = stripped(pattern) if strip else b""
    before, behind, is_fixed = b"", b"", False
    if template is not None:
        if "?" in template:
            return None
        pieces = _parse_path(template, template, ["path", *_groups(pattern.regex)])
        slots = [slot for _, slot in pieces if slot]
        is_fixed = not slots and pattern.kind is Kind.EXACT and not prefix
        if slots != ["path"] and not is_fixed:
            return None
        before = pieces[0][0]
        behind = b"".join([literal for literal, _ in pieces[1:]])
    elif not prefix:
        return None

    def back(target: bytes) -> Sequence[bytes]:
        path, mark, query = target.partition(b"?")
        if is_fixed:
            return (pattern.path + mark + query,) if path == before else ()
        if prefix and path.startswith(prefix + b"/"):  # `put_back` was here before
            path = path[len(prefix) :]
        if not (path.startswith(before) and path.endswith(behind)):
            return ()
        rest = path[len(before) : len(path) - len(behind)]
        if not rest.startswith(b"/"):
            return ()
        found = [prefix + rest + mark + query]
        if prefix and rest == b"/":  # both go out so
            found.append(prefix + mark + query)
        return found

    return back


def put_back(fields: Sequence[Field], prefix: bytes, authority: bytes) -> list[Field]:
    """The fields of an answer with the stripped prefix put back into Location and Set-Cookie."""
    return [
        (name, put_back_location(value, prefix, authority))
        if name == b"location"
        else (name, put_back_cookie(value, prefix))
        if name == b"set-cookie"
        else (name, value)
        for name, value in fields
    ]


def put_back_location(value: bytes, prefix: bytes, authority: bytes) -> bytes:
    """A Location with the prefix before its path, if it points back to this very route.

    It does if it is a path, or a URL of the host that the client asked for (`authority`). A
    relative path needs no prefix. A path that has the prefix already is left: an origin that
    reads X-Forwarded-Prefix puts it there itself.
    """
    url = _URL.match(value)
    if url is None:
        return _prefixed(value, prefix) if value.startswith(b"/") else value
    if _DEFAULT_PORT.sub(b"", url[1].lower()) != _DEFAULT_PORT.sub(b"", authority.lower()):
        return value
    rest = value[url.end() :]
    return url[0] + _prefixed(rest if rest.startswith(b"/") else b"/" + rest, prefix)


def put_back_cookie(value: bytes, prefix: bytes) -> bytes:
    """A Set-Cookie with the prefix before its Path (RFC 6265 4.1.2.4).

    Without a Path the client takes its own, which has the prefix. A `__Host-` cookie must have
    the Path "/", so it is left.
    """
    if value[:7].lower() == b"__host-":
        return value

    def path(found: re.Match[bytes]) -> bytes:
        whole: bytes = found[1] + _prefixed(found[2].rstrip(b" \t"), prefix)
        return whole.removesuffix(b"/") if found[2].strip(b" \t") == b"/" else whole

    return _COOKIE_PATH.sub(path, value)


def _prefixed(path: bytes, prefix: bytes) -> bytes:
    """`path`, which may have a query and fragment, behind the prefix unless it is there."""
    if path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in (b"", b"/", b"?", b"#"):
        return path
    return prefix + path


def _stripper(size: int) -> Rewrite:
    def strip(request: RequestHead) -> bytes:
        rest = request.target[size:]
        if rest.startswith(b"/") and not rest.startswith(b"//"):
            return rest
        return _one_slash(rest)

    return strip


def _one_slash(target: bytes) -> bytes:
    return b"/" + target.lstrip(b"/")


def _filler(pattern: Pattern, size: int, template: str) -> Rewrite:
    """The function for a template; `size` bytes of the path are stripped before."""
    text, mark, query_text = template.partition("?")
    known = ["path", *_groups(pattern.regex)]
    path_pieces = _parse_path(template, text, known)
    query_pieces = _parse_pieces(template, query_text, [*known, "query"])
    regex = pattern.regex

    def fill(request: RequestHead) -> bytes:
        path, came_mark, query = request.target.partition(b"?")
        values = {"": b"", "path": _one_slash(path[size:]) if size else path}
        match = regex.match(path) if regex is not None else None
        if match is not None:
            values |= _caught(match)
        target = _one_slash(_fill(path_pieces, values))
        if not mark:
            return target + came_mark + query
        values = {name: _DELIMITER.sub(_encode, value) for name, value in values.items()}
        values["query"] = query
        return target + b"?" + _fill(query_pieces, values)

    return fill


def _fill(pieces: Pieces, values: Mapping[str, bytes]) -> bytes:
    return b"".join([literal + values.get(slot, b"") for literal, slot in pieces])


def _encode(delimiter: re.Match[bytes]) -> bytes:
    return b"%%%02X" % delimiter[0][0]


def _groups(regex: re.Pattern[bytes] | None) -> list[str]:
    if regex is None:
        return []
    if not regex.groupindex.keys().isdisjoint(("path", "query")):
        raise ValueError("a group named path or query hides {path} or {query}; name it otherwise")
    return [*map(str, range(1, regex.groups + 1)), *regex.groupindex]


def _caught(match: re.Match[bytes]) -> dict[str, bytes]:
    numbered = {str(number): text for number, text in enumerate(match.groups(b""), 1)}
    return numbered | match.groupdict(b"")


def _parse_path(template: str, text: str, known: list[str]) -> Pieces:
    if not text.startswith(("/", "{path}")):
        raise ValueError(f"rewrite = '{template}' has to begin with / or {{path}}")
    pieces = [
        (literal.removesuffix(b"/") if slot == "path" else literal, slot)
        for literal, slot in _parse_pieces(template, text, known)
    ]
    sample = _fill(pieces, {**dict.fromkeys(known, b"x"), "path": b"/x"})
    if len(readings(sample)) > 1:
        raise ValueError(f"rewrite = '{template}' has a .. or // or an escape that needs none")
    return pieces


def _parse_pieces(template: str, text: str, known: list[str]) -> Pieces:
    parts = [*_SLOT.split(text), ""]
    pieces: Pieces = []
    for literal, slot in zip(parts[::2], parts[1::2], strict=True):
        if "{" in literal or "}" in literal:
            raise ValueError(f"rewrite = '{template}' has a brace that belongs to no {{name}}")
        if slot and slot not in known:
            names = ", ".join(f"{{{name}}}" for name in known)
            raise ValueError(f"rewrite = '{template}' has {{{slot}}}, but there is only {names}")
        pieces.append((to_wire(literal).encode("ascii"), slot))
    return pieces
