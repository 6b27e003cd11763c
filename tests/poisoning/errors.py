"""Errors that one request provokes and that all others would get (CPDoS)."""

from tests.poisoning.case import PUBLIC, Case, ask, field
from tests.poisoning.origins import breaks
from tests.smuggling.strict import Request

__all__ = ["CASES"]

CPDOS = "CPDoS, 2019"
KETTLE = "Responsible DoS with Web Cache Poisoning, 2019"
THEN = ask()
LARGE = b"X-Large: " + b"a" * 9000
MANY = tuple(b"X-Large-%d: " % number + b"a" * 900 for number in range(10))


def _size(request: Request) -> int:
    return sum(len(name) + len(value) for name, value in request.fields)


def _is_large(request: Request) -> bool:
    return _size(request) > 8190


CASES = [
    Case(
        name="A field is too large for the origin (HHO)",
        source=CPDOS,
        origin=breaks(_is_large, 400),
        first=(ask(LARGE),),
        then=THEN,
        door="hour",
    ),
    Case(
        name="Many fields together are too large for the origin, which says 431",
        source=CPDOS,
        origin=breaks(_is_large, 431, PUBLIC),
        first=(ask(*MANY),),
        then=THEN,
    ),
    Case(
        name="A field is too large for an origin that lets all its answers be kept",
        source=CPDOS,
        origin=breaks(_is_large, 400, PUBLIC),
        first=(ask(LARGE),),
        then=THEN,
    ),
    Case(
        name="A cookie is too large for an origin that lets all its answers be kept",
        source="Cookie bombs, 2014",
        origin=breaks(_is_large, 500, PUBLIC),
        first=(ask(b"Cookie: a=" + b"a" * 9000),),
        then=THEN,
    ),
    Case(
        name="An origin that cannot read a large request says that there is nothing",
        source=CPDOS,
        origin=breaks(_is_large, 404),
        first=(ask(LARGE),),
        then=THEN,
        door="hour",
    ),
    *(
        Case(
            name=f"A control character stands in a field: {character!r} (HMC)",
            source=CPDOS,
            origin=breaks(lambda r: any(c < 32 for c in field(r, b"x-odd")), 400, PUBLIC),
            first=(ask(b"X-Odd: a" + character + b"b"),),
            then=THEN,
            refused=True,
        )
        for character in (b"\x00", b"\x07", b"\n", b"\r", b"\x1b")
    ),
    Case(
        name="The name of a field is none (HMC)",
        source=CPDOS,
        origin=breaks(lambda r: any(b"(" in name for name, _ in r.fields), 400, PUBLIC),
        first=(ask(b"X-O(dd: 1"),),
        then=THEN,
        refused=True,
    ),
    Case(
        name="Accept wants what there is not",
        source=KETTLE,
        origin=breaks(lambda r: field(r, b"accept") == b"evil/x", 406, PUBLIC),
        first=(ask(b"Accept: evil/x"),),
        then=THEN,
    ),
    Case(
        name="Range asks for what there is not",
        source=KETTLE,
        origin=breaks(lambda r: bool(r.values(b"range")), 416, PUBLIC),
        first=(ask(b"Range: bytes=99999-"),),
        then=THEN,
    ),
    Case(
        name="A Range is malformed, and the origin falls over it",
        source="Range headers that break origins, 2019",
        origin=breaks(lambda r: field(r, b"range").startswith(b"cow"), 400),
        first=(ask(b"Range: cow"),),
        then=THEN,
        door="hour",
    ),
    Case(
        name="If-Match wants another version",
        source=KETTLE,
        origin=breaks(lambda r: bool(r.values(b"if-match")), 412, PUBLIC),
        first=(ask(b'If-Match: "evil"'),),
        then=THEN,
    ),
    Case(
        name="If-Unmodified-Since wants an old version",
        source=KETTLE,
        origin=breaks(lambda r: bool(r.values(b"if-unmodified-since")), 412),
        first=(ask(b"If-Unmodified-Since: Sat, 01 Jan 2000 00:00:00 GMT"),),
        then=THEN,
        door="hour",
    ),
    Case(
        name="Expect wants what nobody can",
        source=KETTLE,
        origin=breaks(lambda r: bool(r.values(b"expect")), 417, PUBLIC),
        first=(ask(b"Expect: evil"),),
        then=THEN,
        refused=True,
    ),
    Case(
        name="Expect wants an interim answer for a body that there is not",
        source=KETTLE,
        origin=breaks(lambda r: bool(r.values(b"expect")), 417, PUBLIC),
        first=(ask(b"Expect: 100-continue"),),
        then=THEN,
    ),
    Case(
        name="Upgrade wants another protocol",
        source=KETTLE,
        origin=breaks(lambda r: bool(r.values(b"upgrade")), 426, PUBLIC),
        first=(ask(b"Upgrade: evil"), ask(b"Connection: Upgrade, close", b"Upgrade: evil")),
        then=THEN,
    ),
    Case(
        name="Authorization is nonsense to the origin",
        source="S3 behind a CDN, bug reports of 2020",
        origin=breaks(lambda r: bool(r.values(b"authorization")), 400, PUBLIC),
        first=(ask(b"Authorization: evil"),),
        then=THEN,
    ),
    Case(
        name="A page says 401 to who has no password, and that all may keep that",
        source="reports on logins that ended for all",
        origin=breaks(lambda r: not r.values(b"authorization"), 401, PUBLIC),
        first=(ask(),),
        then=ask(b"Authorization: Basic YTpi"),
    ),
    Case(
        name="A wall before the origin says 403 to a robot",
        source=KETTLE,
        origin=breaks(lambda r: field(r, b"user-agent") == b"evil", 403),
        first=(ask(b"User-Agent: evil"),),
        then=THEN,
        door="hour",
    ),
    Case(
        name="The origin says 429 to who asks too much, and that all may keep that",
        source="RFC 6585, 4",
        origin=breaks(lambda r: field(r, b"user-agent") == b"evil", 429, PUBLIC),
        first=(ask(b"User-Agent: evil"),),
        then=THEN,
    ),
    Case(
        name="The origin says 413 to a length that it takes for one",
        source=CPDOS,
        origin=breaks(lambda r: bool(r.values(b"content-encoding")), 415, PUBLIC),
        first=(ask(b"Content-Encoding: evil", b"Content-Length: 0"),),
        then=THEN,
    ),
    Case(
        name="A fold of a field's line breaks the origin",
        source=CPDOS,
        origin=breaks(lambda r: bool(r.values(b"x-odd")), 400, PUBLIC),
        first=(ask(b"X-Odd: a", b" b"),),
        then=THEN,
        refused=True,
    ),
    Case(
        name="Transfer-Encoding breaks the origin",
        source="bug reports of 2019 on CDNs that keep 501",
        origin=breaks(lambda r: bool(r.values(b"transfer-encoding")), 501),
        first=(ask(b"Transfer-Encoding: evil"),),
        then=THEN,
        door="hour",
        refused=True,
    ),
    Case(
        name="TE and Trailer break the origin",
        source="bug reports of 2019 on CDNs that keep 501",
        origin=breaks(lambda r: bool(r.values(b"te") or r.values(b"trailer")), 501),
        first=(ask(b"TE: evil", b"Trailer: evil"),),
        then=THEN,
        door="hour",
    ),
    Case(
        name="Max-Forwards is spent",
        source="RFC 9110, 7.6.2",
        origin=breaks(lambda r: field(r, b"max-forwards") == b"0", 404),
        first=(ask(b"Max-Forwards: 0"),),
        then=THEN,
        door="hour",
    ),
    Case(
        name="A method that the origin does not know",
        source=CPDOS,
        origin=breaks(lambda r: r.method not in (b"GET", b"HEAD"), 405),
        first=(ask(method=b"EVIL"), ask(method=b"get"), ask(method=b"OPTIONS")),
        then=THEN,
        door="hour",
    ),
]
