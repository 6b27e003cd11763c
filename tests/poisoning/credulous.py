"""A cache that believes everything: it stores whatever comes, and finds it by the path alone.

Each trick of the corpus has to work on it, or the case that is named after it could never fail.
"""

import re
from urllib.parse import unquote_to_bytes

from tests.poisoning.case import Case, Said
from tests.smuggling.strict import Request

__all__ = ["Credulous", "works"]

CUT = re.compile(rb"[;#\x00-\x20?].*", re.DOTALL)


class Credulous:
    """In front of the origin of a case."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._stored: dict[bytes, Said] = {}

    def answer(self, sent: bytes) -> Said:
        """To a request, from what is stored if it can be."""
        request = understood(sent)
        key = _key(request.target)
        if key not in self._stored:
            self._stored[key] = self._case.origin(request)
        return self._stored[key]


def works(case: Case) -> bool:
    """Whether the second gets what he would not have got alone."""
    alone = Credulous(case).answer(case.then)
    cache = Credulous(case)
    for sent in case.first:
        cache.answer(sent)
    return cache.answer(case.then) != alone


def understood(sent: bytes) -> Request:
    """A request, read as forgivingly as can be."""
    head, _, body = sent.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    method, _, rest = start.partition(b" ")
    target = rest.rpartition(b" ")[0]
    pairs = [line.partition(b":") for line in lines]
    fields = [(name.strip().lower(), value.strip()) for name, _, value in pairs]
    named = b",".join(value for name, value in fields if name == b"connection")
    dropped = {each.strip().lower() for each in named.split(b",")}
    if b"://" in target:
        target = b"/" + target.split(b"/", 3)[3]
    kept = tuple((name, value) for name, value in fields if name not in dropped)
    return Request(method=method, target=target, fields=kept, body=body)


def _key(target: bytes) -> bytes:
    whole = unquote_to_bytes(target.partition(b"?")[0]).replace(b"\\", b"/")
    return re.sub(rb"/(?:\.*/)*", b"/", CUT.sub(b"", whole)).rstrip(b"/").lower()
