"""Answers that are one request's or one person's, and what would make them everybody's."""

import gzip
import zlib

from tests.poisoning.case import PUBLIC, Case, Origin, Said, ask, field, said
from tests.poisoning.origins import PAGE, cookie, reflects, unsaid
from tests.smuggling.strict import Request

__all__ = ["CASES"]

THEN = ask()
BODY = b"0123456789"
RULES = "RFC 9111"


def _ranges(request: Request) -> Said:
    if field(request, b"range") == b"bytes=0-3":
        part = (b"content-range", b"bytes 0-3/10")
        return said(BODY[:4], part, (b"etag", b'"1"'), status=206)
    return said(BODY, (b"etag", b'"1"'))


def _odd_ranges(request: Request) -> Said:
    """A part that says nothing of which it is."""
    return said(BODY[:4], status=206) if request.values(b"range") else said(BODY)


def _part_as_whole(request: Request) -> Said:
    """It says 200 for a part, with the field that says which."""
    if request.values(b"range"):
        return said(BODY[:4], (b"content-range", b"bytes 0-3/10"), status=200)
    return said(BODY)


def _conditions(request: Request) -> Said:
    if request.values(b"if-none-match") or request.values(b"if-modified-since"):
        return Said(status=304, fields=(PUBLIC, (b"etag", b'"evil"')))
    return said(PAGE, (b"etag", b'"1"'))


def _head_renews(request: Request) -> Said:
    """What it says to HEAD takes a field for the host of a script."""
    host = field(request, b"x-host", b"cdn.test")
    about = ((b"etag", b'"1"'), (b"link", b"<//%b/x.css>; rel=stylesheet" % host))
    if request.method == b"HEAD":
        return Said(fields=(PUBLIC, *about), body=PAGE)
    return Said(fields=((b"cache-control", b"public, max-age=0"), *about), body=PAGE)


def _packed(request: Request) -> Said:
    """It packs, and forgets Vary."""
    if b"gzip" in field(request, b"accept-encoding"):
        return said(gzip.compress(PAGE, mtime=0), (b"content-encoding", b"gzip"))
    return said(PAGE)


def _deflated(request: Request) -> Said:
    """It packs as few do, and forgets Vary."""
    if b"deflate" in field(request, b"accept-encoding"):
        return said(zlib.compress(PAGE), (b"content-encoding", b"deflate"))
    return said(PAGE)


def _oddly_packed(request: Request) -> Said:
    if field(request, b"accept-encoding") == b"evil":
        return said(b"\x00\x01", (b"content-encoding", b"evil"), (b"vary", b"accept-encoding"))
    return said(PAGE, (b"vary", b"accept-encoding"))


def _origin_echoed(request: Request) -> Said:
    """Whoever asks may read it, by the name he gives himself."""
    who = field(request, b"origin")
    return said(PAGE, (b"access-control-allow-origin", who)) if who else said(PAGE)


def _origin_of_referer(request: Request) -> Said:
    """The same, from where he says that he was."""
    who = b"/".join(field(request, b"referer", b"https://shop.test/").split(b"/")[:3])
    return said(PAGE, (b"access-control-allow-origin", who))


def _timing_echoed(request: Request) -> Said:
    """Whoever asks may see how long it took, by the name he gives himself."""
    who = field(request, b"origin")
    return said(PAGE, (b"timing-allow-origin", who)) if who else said(PAGE)


def _vary(name: bytes, says: bytes) -> Origin:
    def answer(request: Request) -> Said:
        found = [value for each, value in request.fields if each == name]
        return said(b"for " + b",".join(found), (b"vary", says))

    return answer


def _address(request: Request) -> Said:
    """For whoever the door says it is, and it says that it looks at that."""
    found = field(request, b"x-forwarded-for")
    return said(b"for %b" % found, (b"vary", b"x-forwarded-for"))


def _session(*fields: tuple[bytes, bytes]) -> Origin:
    def answer(request: Request) -> Said:
        return Said(
            fields=(*fields, (b"set-cookie", b"sid=%b" % (cookie(request, b"sid") or b"new"))),
            body=PAGE,
        )

    return answer


def _of_who(*fields: tuple[bytes, bytes]) -> Origin:
    def answer(request: Request) -> Said:
        return Said(fields=fields, body=b"for " + field(request, b"authorization", b"nobody"))

    return answer


def _by_cookie(request: Request) -> Said:
    found = cookie(request, b"sid") or b"nobody"
    return Said(fields=((b"cache-control", b"private, max-age=60"),), body=b"for " + found)


def _said(name: bytes, value: bytes) -> Origin:
    """It is cookie's own, and says so in a field."""
    return lambda r: Said(fields=((name, value),), body=b"for " + (cookie(r, b"sid") or b"nobody"))


def _both(request: Request) -> Said:
    """For browsers yes, for caches no."""
    about = ((b"cache-control", b"max-age=60"), (b"cdn-cache-control", b"no-store"))
    return Said(fields=about, body=b"for " + (cookie(request, b"sid") or b"nobody"))


SID = b"Cookie: sid=evil"
ALICE = b"Authorization: Basic YWxpY2U6eA=="

CASES = [
    Case(
        name="A part of an answer is asked for first",
        source="Envoy's cache, and range poisoning of 2019",
        origin=_ranges,
        first=(ask(b"Range: bytes=0-3"),),
        then=THEN,
    ),
    Case(
        name="A part comes that does not say which",
        source="range poisoning of 2019",
        origin=_odd_ranges,
        first=(ask(b"Range: bytes=0-3"),),
        then=THEN,
    ),
    Case(
        name="If-Range is false, and the origin does not mind it",
        source="range poisoning of 2019",
        origin=_ranges,
        first=(ask(b"Range: bytes=0-3", b'If-Range: "evil"'),),
        then=THEN,
    ),
    Case(
        name="A 304 comes where nothing is stored",
        source=RULES,
        origin=_conditions,
        first=(ask(b'If-None-Match: "evil"'),),
        then=THEN,
    ),
    Case(
        name="A 304 comes to a date where nothing is stored",
        source=RULES,
        origin=_conditions,
        first=(ask(b"If-Modified-Since: Sat, 01 Jan 2000 00:00:00 GMT"),),
        then=THEN,
    ),
    Case(
        name="An answer to HEAD renews the stored fields, as a field of the request says",
        source="RFC 9111, 4.3.5, with Practical Web Cache Poisoning, 2018",
        origin=_head_renews,
        first=(ask(), ask(b"X-Host: evil.test", method=b"HEAD")),
        then=THEN,
        wire=True,
    ),
    Case(
        name="HEAD comes first",
        source="Responsible DoS with Web Cache Poisoning, 2019",
        origin=lambda r: said(b"" if r.method == b"HEAD" else PAGE),
        first=(ask(method=b"HEAD"),),
        then=THEN,
    ),
    Case(
        name="OPTIONS comes first, and its answer may be kept",
        source="Responsible DoS with Web Cache Poisoning, 2019",
        origin=lambda r: said(b"" if r.method == b"OPTIONS" else PAGE),
        first=(ask(method=b"OPTIONS"),),
        then=THEN,
    ),
    Case(
        name="POST comes first, and its answer may be kept",
        source=RULES,
        origin=lambda r: said(b"posted" if r.method == b"POST" else PAGE),
        first=(ask(method=b"POST", body=b"x"),),
        then=THEN,
    ),
    Case(
        name="POST comes first, and its answer says that it is the page",
        source="RFC 9110, 9.3.3",
        origin=lambda r: said(
            b"you said " + r.body if r.method == b"POST" else PAGE, (b"content-location", b"/page")
        ),
        first=(ask(method=b"POST", body=b"evil"),),
        then=THEN,
    ),
    Case(
        name="What is packed forgets Vary",
        source=RULES,
        origin=_packed,
        first=(ask(b"Accept-Encoding: gzip"),),
        then=THEN,
    ),
    Case(
        name="What is packed oddly forgets Vary, and who takes gzip too comes behind",
        source=RULES,
        origin=_deflated,
        first=(ask(b"Accept-Encoding: gzip, deflate"),),
        then=ask(b"Accept-Encoding: gzip"),
    ),
    Case(
        name="A coding that nobody knows is asked for",
        source="Web Cache Entanglement, 2020",
        origin=_oddly_packed,
        first=(ask(b"Accept-Encoding: evil"),),
        then=THEN,
    ),
    Case(
        name="A page may be read by the site that asks, and forgets Vary",
        source="CORS misconfigurations, 2016",
        origin=_origin_echoed,
        first=(ask(b"Origin: https://evil.test"),),
        then=ask(b"Origin: https://shop.test"),
    ),
    Case(
        name="A page may be read by the site of Referer, and forgets Vary",
        source="CORS misconfigurations, 2016",
        origin=_origin_of_referer,
        first=(ask(b"Referer: https://evil.test/x"),),
        then=ask(b"Origin: https://shop.test"),
    ),
    Case(
        name="The timing of a page may be seen by the site that asks, and forgets Vary",
        source="CORS misconfigurations, 2016",
        origin=_timing_echoed,
        first=(ask(b"Origin: https://evil.test"),),
        then=ask(b"Origin: https://shop.test"),
    ),
    Case(
        name="A field that Vary names is there twice",
        source=RULES,
        origin=_vary(b"x-theme", b"x-theme"),
        first=(ask(b"X-Theme: light", b"X-Theme: evil"),),
        then=ask(b"X-Theme: light"),
    ),
    Case(
        name="Vary has a star behind a name",
        source=RULES,
        origin=_vary(b"x-theme", b"accept-encoding, *"),
        first=(ask(b"X-Theme: evil"),),
        then=THEN,
    ),
    Case(
        name="Vary names User-Agent",
        source="Practical Web Cache Poisoning, 2018",
        origin=_vary(b"user-agent", b"User-Agent"),
        first=(ask(b"User-Agent: evil"),),
        then=THEN,
    ),
    Case(
        name="Vary names Cookie",
        source=RULES,
        origin=_vary(b"cookie", b"Cookie"),
        first=(ask(SID),),
        then=THEN,
    ),
    Case(
        name="Vary names a field that is named by Connection",
        source="Abusing HTTP hop-by-hop request headers, 2019",
        origin=_vary(b"x-theme", b"x-theme"),
        first=(ask(b"X-Theme: dark", b"Connection: close, X-Theme"),),
        then=ask(b"X-Theme: dark"),
    ),
    Case(
        name="Vary names what the door says of the client behind a trusted proxy",
        source=RULES,
        origin=_address,
        first=(ask(b"X-Forwarded-For: 192.0.2.1"),),
        then=ask(b"X-Forwarded-For: 192.0.2.2"),
        door="trusting",
    ),
    Case(
        name="A session begins in an answer for all",
        source="sessions that everybody had, many reports",
        origin=_session(PUBLIC),
        first=(ask(SID),),
        then=THEN,
    ),
    Case(
        name="A session begins in an answer that says nothing",
        source="sessions that everybody had, many reports",
        origin=_session(),
        first=(ask(SID),),
        then=THEN,
        door="hour",
    ),
    Case(
        name="Who has a password is answered for himself",
        source="RFC 9111, 3.5",
        origin=_of_who((b"cache-control", b"max-age=60")),
        first=(ask(ALICE),),
        then=THEN,
    ),
    Case(
        name="Who has a password is answered by an origin that says nothing",
        source="RFC 9111, 3.5",
        origin=_of_who(),
        first=(ask(ALICE),),
        then=THEN,
        door="hour",
    ),
    Case(
        name="A private answer has a lifetime too",
        source=RULES,
        origin=_by_cookie,
        first=(ask(SID),),
        then=THEN,
        door="hour",
    ),
    *(
        Case(
            name=f"Cache-Control is written oddly: {value.decode()}",
            source=RULES,
            origin=_said(b"cache-control", value),
            first=(ask(SID),),
            then=THEN,
            door="hour",
        )
        for value in (
            b"max-age=60, PRIVATE",
            b"public, no-store, max-age=60",
            b"max-age=60,,\tno-store",
            b"no-cache, no-store",
            b'foo="a, b", private',
        )
    ),
    Case(
        name="An answer may be kept by browsers and not by caches",
        source="RFC 9213",
        origin=_both,
        first=(ask(SID),),
        then=THEN,
        door="hour",
    ),
    *(
        Case(
            name=f"A client sends what only answers say: {line.decode()}",
            source=source,
            origin=lambda r: Said(
                fields=((b"cache-control", b"no-store"),),
                body=b"for " + (cookie(r, b"sid") or b"nobody"),
            ),
            first=(ask(SID, line),),
            then=THEN,
            door="hour",
        )
        for line, source in {
            b"CDN-Cache-Control: public, max-age=600": "RFC 9213",
            b"Porch-Cache-Control: public, max-age=600": "RFC 9213",
            b'Surrogate-Capability: porch="Surrogate/1.0"': "Edge Side Include Injection, 2018",
            b"Surrogate-Control: max-age=600": "Edge Side Include Injection, 2018",
            b"Age: 0": RULES,
            b"Cache-Status: porch; hit": "RFC 9211",
            b"X-Cache: hit": "Web Cache Entanglement, 2020",
        }.items()
    ),
    *(
        Case(
            name=f"A client asks caches for what makes others miss: {line.decode()}",
            source="RFC 9111, 5.2.1",
            origin=lambda r: said(PAGE if b"only" not in field(r, b"cache-control") else b"no"),
            first=(ask(line),),
            then=THEN,
            wire=True,
        )
        for line in (b"Cache-Control: only-if-cached", b"Cache-Control: no-store, only-if-cached")
    ),
    Case(
        name="A page is chosen by a cookie, and Vary has what is no name",
        source=RULES,
        origin=_vary(b"cookie", b"Cookie; q=1"),
        first=(ask(SID),),
        then=THEN,
    ),
    Case(
        name="A tenant's field is in the key, and the origin says nothing of it",
        source="Practical Web Cache Poisoning, 2018",
        origin=unsaid(reflects(b"x-tenant")),
        first=(ask(b"X-Tenant: evil"),),
        then=ask(b"X-Tenant: 7"),
        door="keyed",
    ),
    Case(
        name="A tenant asks often, so that his answer is at hand",
        source="Practical Web Cache Poisoning, 2018",
        origin=reflects(b"x-tenant"),
        first=(ask(b"X-Tenant: evil"),) * 3,
        then=ask(b"X-Tenant: 7"),
        door="keyed",
    ),
    Case(
        name="Who has a theme asks often, so that his answer is at hand",
        source="Practical Web Cache Poisoning, 2018",
        origin=lambda r: said(b"<body class=%b>" % cookie(r, b"theme")),
        first=(ask(b"Cookie: theme=evil"),) * 3,
        then=ask(),
        door="keyed",
    ),
    Case(
        name="A trusted proxy asks often for a client of plain HTTP",
        source="Responsible DoS with Web Cache Poisoning, 2019",
        origin=reflects(b"x-forwarded-proto"),
        first=(ask(b"X-Forwarded-Proto: http"),) * 3,
        then=ask(b"X-Forwarded-Proto: https"),
        door="trusting",
    ),
]
