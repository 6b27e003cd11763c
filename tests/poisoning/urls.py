"""What of a URL is in the key, and what two readers of it make of the rest."""

import re
from urllib.parse import unquote_to_bytes

from tests.poisoning.case import Case, Origin, Said, ask, field, said
from tests.poisoning.origins import cookie, parameters, path, reflects
from tests.smuggling.strict import Request

__all__ = ["CASES"]

KETTLE = "Practical Web Cache Poisoning, 2018"
ENTANGLED = "Web Cache Entanglement, 2020"
CLOAKED = "Cache Poisoning by Parameter Cloaking, CVE-2021-23336 and its kind"


def _callback(separators: bytes = b"&") -> Origin:
    def answer(request: Request) -> Said:
        return said(parameters(request, separators).get(b"callback", b"ok") + b"({})")

    return answer


def _whole_url(request: Request) -> Said:
    return said(b"<link rel=canonical href='%b'>" % request.target)


def _fat(request: Request) -> Said:
    """Parameters of a body go before those of the query, whatever the method."""
    inside = re.search(rb"callback=(\w+)", request.body)
    return said((inside[1] if inside else b"ok") + b"({})")


def _host(request: Request) -> Said:
    return said(b"<script src='//%b/x.js'>" % field(request, b"host"))


def _port(request: Request) -> Said:
    """A redirect to itself, with the port that the client has named."""
    return said(b"", (b"location", b"http://%b/en" % field(request, b"host")), status=302)


def _resolved(request: Request) -> Said:
    """It resolves what the client has not, and has no page there."""
    plain = unquote_to_bytes(path(request)).replace(b"\\", b"/")
    return said(b"the page at " + plain) if plain == b"/page" else said(b"nothing", status=404)


def _theme(separators: bytes = b";", *, folds: bool = False) -> Origin:
    def answer(request: Request) -> Said:
        found = cookie(request, b"theme", separators)
        if folds and not found:
            for each in (b"Theme", b"th%65me", b"theme "):
                found = found or cookie(request, each, separators)
        return said(b"<body class=%b>" % (found or b"light"))

    return answer


def _split(request: Request) -> Said:
    """It decodes a parameter into a field."""
    to = parameters(request).get(b"to", b"/")
    head = b"HTTP/1.1 302 Found\r\nCache-Control: public, max-age=600\r\nLocation: " + to
    return (
        Said(raw=head + b"\r\nContent-Length: 0\r\n\r\n")
        if b"to=" in request.target
        else said(b"ok")
    )


EVIL_ANSWER = (
    b"HTTP/1.1%20200%20OK%0d%0aCache-Control:%20max-age=9%0d%0aContent-Length:%204%0d%0a%0d%0aevil"
)

CASES = [
    Case(
        name="A parameter that is not in the key is written into the page",
        source=KETTLE,
        origin=_whole_url,
        first=(ask(target=b"/page?utm_content=%3Cscript%3E"),),
        then=ask(target=b"/page"),
        door="tracking",
        hit=True,
    ),
    Case(
        name="A parameter hides behind a semicolon in one that is not in the key",
        source=CLOAKED,
        origin=_callback(b";"),
        first=(ask(target=b"/page?callback=ok&utm_content=x;callback=evil"),),
        then=ask(target=b"/page?callback=ok"),
        door="tracking",
        hit=True,
    ),
    Case(
        name="A parameter hides behind a semicolon in one that is in the key",
        source=CLOAKED,
        origin=_callback(b";"),
        first=(ask(target=b"/page?page=1;callback=evil"),),
        then=ask(target=b"/page?page=1"),
        door="pages",
    ),
    Case(
        name="A parameter that is not in the key is there twice",
        source=CLOAKED,
        origin=_callback(),
        first=(ask(target=b"/page?page=1&callback=ok&callback=evil"),),
        then=ask(target=b"/page?page=1"),
        door="pages",
        hit=True,
    ),
    Case(
        name="A parameter that is in the key is there twice, and the order does not matter",
        source=CLOAKED,
        origin=lambda r: said(b"page " + parameters(r).get(b"page", b"")),
        first=(ask(target=b"/page?page=1&page=evil"),),
        then=ask(target=b"/page?page=evil&page=1"),
        door="pages",
    ),
    Case(
        name="A parameter is spelled with an escape",
        source=CLOAKED,
        origin=_callback(),
        first=(ask(target=b"/page?callback=ok&%63allback=evil"),),
        then=ask(target=b"/page?callback=ok"),
        door="tracking",
    ),
    Case(
        name="A parameter that is not in the key begins behind a second question mark",
        source=ENTANGLED,
        origin=_callback(b"?"),
        first=(ask(target=b"/page?utm_content=x?callback=evil"),),
        then=ask(target=b"/page"),
        door="tracking",
        hit=True,
    ),
    Case(
        name="A GET has a body whose parameters the origin believes",
        source="Fat GET: Web Cache Entanglement, 2020",
        origin=_fat,
        first=(ask(b"Content-Type: application/x-www-form-urlencoded", body=b"callback=evil"),),
        then=ask(),
    ),
    Case(
        name="A GET has a body in chunks",
        source="Fat GET: Web Cache Entanglement, 2020",
        origin=_fat,
        first=(
            b"GET /page HTTP/1.1\r\nHost: SITE\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"d\r\ncallback=evil\r\n0\r\n\r\n",
        ),
        then=ask(),
        wire=True,
    ),
    Case(
        name="A HEAD has a body",
        source="Fat GET: Web Cache Entanglement, 2020",
        origin=_fat,
        first=(ask(method=b"HEAD", body=b"callback=evil"),),
        then=ask(),
    ),
    Case(
        name="The port of Host is written into a redirect",
        source="Unkeyed port: Web Cache Entanglement, 2020",
        origin=_port,
        first=(ask().replace(b"SITE", b"SITE:1337"),),
        then=ask(),
        status=302,
    ),
    Case(
        name="The port of Host is the default one with noughts before it",
        source="Unkeyed port: Web Cache Entanglement, 2020",
        origin=_port,
        first=(ask().replace(b"SITE", b"SITE:00080"),),
        then=ask(),
        status=302,
    ),
    Case(
        name="The default port of Host is written into a redirect",
        source="Unkeyed port: Web Cache Entanglement, 2020",
        origin=_port,
        first=(ask().replace(b"SITE", b"SITE:80"),),
        then=ask(),
        status=302,
        hit=True,
    ),
    Case(
        name="The port that a request comes by is written into the page",
        source="Unkeyed port: Web Cache Entanglement, 2020",
        origin=reflects(b"x-forwarded-port"),
        first=(ask(),),
        then=ask(),
        aside=True,
        wire=True,
    ),
    Case(
        name="The host ends with a point",
        source="hosts with a trailing dot, curl 2022",
        origin=_host,
        first=(ask().replace(b"SITE", b"SITE."),),
        then=ask(),
        hit=True,
    ),
    Case(
        name="The host ends with two points",
        source="hosts with a trailing dot, curl 2022",
        origin=_host,
        first=(ask().replace(b"SITE", b"SITE.."),),
        then=ask(),
    ),
    Case(
        name="The host is written in capitals, and the page has it as it came",
        source="Responsible DoS with Web Cache Poisoning, 2019",
        origin=_host,
        first=(ask().replace(b"SITE", b"UPSITE"),),
        then=ask(),
        hit=True,
    ),
    Case(
        name="The target has a host and a scheme of its own",
        source="Cracking the Lens, 2017",
        origin=_host,
        first=(ask(target=b"https://SITE/page"),),
        then=ask(),
        refused=True,
        wire=True,
    ),
    Case(
        name="The target names another host than Host does",
        source="Cracking the Lens, 2017",
        origin=_host,
        first=(ask(target=b"http://evil.test/page"),),
        then=ask(),
        refused=True,
        wire=True,
    ),
    Case(
        name="Host is there twice",
        source="Host of Troubles, 2016",
        origin=_host,
        first=(ask(b"Host: evil.test"),),
        then=ask(),
        refused=True,
    ),
    Case(
        name="Host stands behind a space at the beginning of a line",
        source="Host of Troubles, 2016",
        origin=_host,
        first=(ask(b" Host: evil.test"),),
        then=ask(),
        refused=True,
    ),
    *(
        Case(
            name=f"A path means another one to the origin: {target.decode()}",
            source=source,
            origin=_resolved,
            first=(ask(target=target),),
            then=ask(),
        )
        for target, source in {
            b"/page%2f": "Responsible DoS with Web Cache Poisoning, 2019",
            b"//page": "Gotta Cache 'Em All, 2024",
            b"/./page": "Gotta Cache 'Em All, 2024",
            b"/%2e%2e/page": "Gotta Cache 'Em All, 2024",
            b"/page;x=1": "Gotta Cache 'Em All, 2024",
            b"/page%00": "Gotta Cache 'Em All, 2024",
            b"/page%23x": "Gotta Cache 'Em All, 2024",
            b"/page%3fx": "Web Cache Entanglement, 2020",
            b"/PAGE": "Responsible DoS with Web Cache Poisoning, 2019",
            b"/page%0a": "CVE-2025-27415 and its kind",
        }.items()
    ),
    Case(
        name="A path has a backslash",
        source="Gotta Cache 'Em All, 2024",
        origin=lambda r: said(b"the page" if path(r) == b"/page" else b"nothing"),
        first=(ask(target=b"\\page"), ask(target=b"/\\page")),
        then=ask(),
    ),
    Case(
        name="A path is cut where the fragment begins",
        source="Gotta Cache 'Em All, 2024",
        origin=lambda r: said(b"the page" if r.target == b"/page" else b"nothing"),
        first=(ask(target=b"/page#evil"),),
        then=ask(),
        refused=True,
    ),
    Case(
        name="An escape that needs none is sent on as it came",
        source="Web Cache Entanglement, 2020",
        origin=_whole_url,
        first=(ask(target=b"/p%61ge"),),
        then=ask(),
        hit=True,
    ),
    Case(
        name="The parts of the text of a key are in what a field says",
        source="Cache key injection: Web Cache Entanglement, 2020",
        origin=reflects(b"x-tenant"),
        first=(ask(b"X-Tenant: 7 cookie:theme=evil"),),
        then=ask(b"X-Tenant: 7", b"Cookie: theme=evil"),
        door="keyed",
    ),
    Case(
        name="The parts of the text of a key are in what the URL says",
        source="Cache key injection: Web Cache Entanglement, 2020",
        origin=reflects(b"x-tenant"),
        first=(ask(target=b"/page\\sfield:x-tenant=7"),),
        then=ask(b"X-Tenant: 7"),
        door="keyed",
        wire=True,
    ),
    Case(
        name="A field that is in the key is named by Connection, so that it ends here",
        source="Abusing HTTP hop-by-hop request headers, 2019",
        origin=reflects(b"x-tenant"),
        first=(ask(b"X-Tenant: 7", b"Connection: close, X-Tenant"),),
        then=ask(b"X-Tenant: 7"),
        door="keyed",
    ),
    Case(
        name="The field of the cookies is named by Connection, so that it ends here",
        source="Abusing HTTP hop-by-hop request headers, 2019",
        origin=_theme(),
        first=(ask(b"Cookie: theme=dark", b"Connection: close, Cookie"),),
        then=ask(b"Cookie: theme=dark"),
        door="keyed",
    ),
    Case(
        name="A cookie that is in the key is there twice",
        source="parsers of cookies differ",
        origin=_theme(),
        first=(ask(b"Cookie: theme=evil; theme=dark"),),
        then=ask(b"Cookie: theme=dark"),
        door="keyed",
    ),
    Case(
        name="A cookie stands behind a comma, which old parsers part by",
        source="RFC 2109, and Cookie Chaos, 2025",
        origin=_theme(b";,"),
        first=(ask(b"Cookie: a=b, theme=evil"),),
        then=ask(),
        door="keyed",
    ),
    Case(
        name="A cookie's name has another case",
        source="Cookie Chaos, 2025",
        origin=_theme(folds=True),
        first=(ask(b"Cookie: Theme=evil"),),
        then=ask(),
        door="keyed",
    ),
    Case(
        name="A cookie's name has an escape, which PHP decoded",
        source="CVE-2020-7070",
        origin=_theme(folds=True),
        first=(ask(b"Cookie: th%65me=evil"),),
        then=ask(),
        door="keyed",
    ),
    Case(
        name="A field of the answer takes what a parameter says, with line ends",
        source="Divide and Conquer: HTTP Response Splitting, 2004",
        origin=_split,
        first=(ask(target=b"/page?to=/%0d%0aContent-Length:%200%0d%0a%0d%0a" + EVIL_ANSWER),),
        then=ask(),
        wire=True,
    ),
]
