"""How origins fall for tricks: each as published, in a line or two."""

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from tests.poisoning.case import Origin, Said, field, said
from tests.smuggling.strict import Request

__all__ = [
    "account",
    "breaks",
    "cookie",
    "loops",
    "obeys",
    "parameters",
    "path",
    "reflects",
    "rewrites",
    "unsaid",
]

PAGE = b"<html>the page"


def path(request: Request) -> bytes:
    """The path that was asked for, as it came."""
    return request.target.partition(b"?")[0]


def parameters(request: Request, separators: bytes = b"&") -> dict[bytes, bytes]:
    """Those of the query, the last of several, for an origin that parts them so."""
    query = request.target.partition(b"?")[2]
    for each in separators:
        query = query.replace(bytes((each,)), b"&")
    pairs = [each.partition(b"=") for each in query.split(b"&")]
    return {unquote_to_bytes(name): unquote_to_bytes(value) for name, _, value in pairs}


def cookie(request: Request, name: bytes, separators: bytes = b";") -> bytes:
    """The value of a cookie, for an origin that parts them so."""
    text = b";".join(request.values(b"cookie"))
    for each in separators:
        text = text.replace(bytes((each,)), b";")
    pairs = [each.strip().partition(b"=") for each in text.split(b";")]
    return next((value for found, _, value in pairs if found == name), b"")


def reflects(name: bytes) -> Origin:
    """What the field says is written into the page, as the host of a script is."""
    return lambda request: said(b"<script src='//%b/x.js'>" % field(request, name, b"cdn.test"))


def loops(name: bytes, wanted: bytes, there: Callable[[bytes], bytes] = bytes) -> Origin:
    """Where the field says this, it redirects to where the client is already."""

    def answer(request: Request) -> Said:
        if field(request, name) == wanted:
            url = b"https://" + field(request, b"host") + there(path(request))
            return said(b"", (b"location", url), status=301)
        return said(PAGE)

    return answer


def rewrites(name: bytes) -> Origin:
    """It answers for the path in the field instead of the one that was asked for."""
    return lambda request: said(b"the page at " + field(request, name, path(request)))


def obeys(name: bytes) -> Origin:
    """It takes the method in the field for the one of the request."""

    def answer(request: Request) -> Said:
        method = field(request, name, request.method)
        if method == b"GET":
            return said(PAGE)
        return said(b"no %b here" % method, status=404)

    return answer


def breaks(is_bad: Callable[[Request], bool], status: int, *fields: tuple[bytes, bytes]) -> Origin:
    """A request like that gets an error, which says of itself what `fields` do."""

    def answer(request: Request) -> Said:
        if is_bad(request):
            return Said(status=status, fields=fields, body=b"an error")
        return said(PAGE)

    return answer


def account(reads: Callable[[bytes], bytes], *, public: bool = False) -> Origin:
    """It answers with somebody's account wherever what it takes the path for is /account.

    public: whether a rule beside it, that only looks at the end of the path, says that all may
    have that.
    """

    def answer(request: Request) -> Said:
        about = ((b"content-type", b"text/html"),)
        if reads(path(request)) != b"/account":
            return said(b"nothing", *about, status=404)
        body = b"the secrets of " + (cookie(request, b"sid") or b"nobody")
        return said(body, *about) if public else Said(fields=about, body=body)

    return answer


def unsaid(origin: Origin) -> Origin:
    """The same, and it says nothing of how long its answers are good for."""

    def answer(request: Request) -> Said:
        found = origin(request)
        fields = tuple(each for each in found.fields if each[0] != b"cache-control")
        return Said(status=found.status, fields=fields, body=found.body)

    return answer
