"""Fields that are in no key: what they say must not reach an answer that others get."""

from tests.poisoning.case import Case, Origin, Said, ask, field, said
from tests.poisoning.origins import PAGE, loops, obeys, reflects, rewrites
from tests.smuggling.strict import Request

__all__ = ["CASES"]

EVIL = b"evil.test"
KETTLE = "Practical Web Cache Poisoning, 2018"
ENTANGLED = "Web Cache Entanglement, 2020"
LISTED = "lists of unkeyed fields"
THEN = ask()

REFLECTED = {
    b"X-Forwarded-Host": KETTLE,
    b"X-Host": KETTLE,
    b"X-Forwarded-Server": KETTLE,
    b"X-Forwarded-Prefix": "Spring's links, and Traefik's stripped prefix",
    b"X-Forwarded-Port": ENTANGLED,
    b"X-Forwarded-Path": LISTED,
    b"X-Original-Host": LISTED,
    b"X-HTTP-Host-Override": LISTED,
    b"X-Host-Override": LISTED,
    b"X-Backend-Host": LISTED,
    b"X-Forwarded-Uri": LISTED,
    b"X-Forwarded-For": "reports on pages that show the address",
    b"X-Real-IP": "reports on pages that show the address",
    b"True-Client-IP": "reports on pages that show the address",
    b"CF-Connecting-IP": "reports on pages that show the address",
    b"X-Client-IP": "reports on pages that show the address",
    b"Forwarded": "RFC 7239, 8.1",
    b"Proxy": "httpoxy, CVE-2016-5385",
    b"Base-Url": LISTED,
    b"X-Forwarded-Context": "reports on Java's context paths",
    b"X-Amz-Website-Redirect-Location": "Responsible DoS with Web Cache Poisoning, 2019",
    b"X-Invoke-Path": "Next.js and Cache Poisoning, 2024",
    b"X-Envoy-Original-Path": LISTED,
    b"X-Override-Url": LISTED,
    b"X-Wap-Profile": "Cracking the Lens, 2017",
    b"X-Forward-Host": LISTED,
    b"X-HTTP-Host": LISTED,
    b"X-Orig-Host": LISTED,
    b"X-Original-Authority": LISTED,
    b"X-Original-Query": LISTED,
    b"Host-Override": LISTED,
    b"X-HTTP-DestinationURL": LISTED,
    b"Destination": LISTED,
    b"X-Host-Name": LISTED,
    b"X-Hostname": LISTED,
    b"X-Server-Name": LISTED,
    b"X-Amzn-Remapped-Host": LISTED,
    b"X-Remote-Addr": LISTED,
    b"Fastly-Host": "fields of Fastly",
    b"Fastly-Orig-Host": "fields of Fastly",
    b"Disguised-Host": "fields of Azure App Service",
    b"Script-Name": "WSGI's and CGI's names of fields",
    b"X-WSGI-Script-Name": "WSGI's and CGI's names of fields",
}
"""Field -> who told of origins that write what it says into the page."""

EMPTIED = {
    b"X-Middleware-Prefetch": "CVE-2023-46298 (Next.js)",
    b"X-Middleware-Subrequest": "CVE-2025-29927 (Next.js)",
    b"X-Invoke-Status": "Next.js and Cache Poisoning, 2024",
    b"X-Now-Route-Matches": "CVE-2024-46982 (Next.js)",
    b"X-Nextjs-Data": "CVE-2026-44572 (Next.js)",
    b"Rsc": "CVE-2026-44576 (Next.js)",
    b"Next-Router-Prefetch": "CVE-2026-44576 (Next.js)",
    b"X-React-Router-SPA-Mode": "CVE-2025-43864 (React Router)",
    b"X-React-Router-Prerender-Data": "CVE-2025-43865 (React Router)",
    b"X-Inertia": "reports on fragments that are kept for pages",
    b"HX-Request": "reports on fragments that are kept for pages",
    b"X-PJAX": "reports on fragments that are kept for pages",
    b"Turbo-Frame": "reports on fragments that are kept for pages",
    b"X-Requested-With": "reports on fragments that are kept for pages",
    b"X-Up-Version": "reports on fragments that are kept for pages",
    b"HX-Prompt": "htmx's fields",
    b"Datastar-Request": "Datastar's fields",
    b"X-Alpine-Request": "Alpine AJAX's fields",
    b"Next-Action": "Next.js's fields",
    b"Next-Resume": "Next.js's fields",
    b"X-SvelteKit-Invalidated": "SvelteKit's fields",
    b"Surrogate-Capability": "Edge Side Includes 1.0, 2001",
    b"Prefer": "RFC 7240",
    b"Translate": "WebDAV's way to the source of a page, MS-WDV 2.2.7",
}
"""Field -> who told of frameworks that answer with something else where it is there at all."""


def _emptied(name: bytes) -> Origin:
    lower = name.lower()
    return lambda request: said(b"{}" if request.values(lower) else PAGE)


def _by_two(request: Request) -> Said:
    """The scheme makes it redirect, the other field says where to."""
    if field(request, b"x-forwarded-scheme", b"https") == b"https":
        return said(PAGE)
    to = b"https://" + field(request, b"x-forwarded-host", b"a.test") + b"/"
    return said(b"", (b"location", to), status=302)


def _by_dots(request: Request) -> Said:
    """As gateways to WSGI and CGI read it: `_` is `-`."""
    found = [v for name, v in request.fields if name.replace(b"_", b"-") == b"x-forwarded-host"]
    return said(b"<script src='//%b/x.js'>" % (found[0] if EVIL in found else b"cdn.test"))


def _as_cgi(name: bytes) -> Origin:
    """As CGI, PHP and the like read a name: what is neither a letter nor a digit is one thing."""

    def folded(each: bytes) -> bytes:
        return bytes(c if chr(c).isalnum() else ord("-") for c in each)

    def answer(request: Request) -> Said:
        return said(PAGE + b"".join(v for each, v in request.fields if folded(each) == name))

    return answer


def _varies(request: Request) -> Said:
    """It says that it looks at a field, and reads others as that one."""
    plain = _as_cgi(b"x-tenant")(request)
    return said(plain.body, (b"vary", b"X-Tenant"))


def _delta(request: Request) -> Said:
    """What has changed since a copy that only one client has (RFC 3229 10.4.1)."""
    if request.values(b"a-im"):
        return said(b"a part", (b"im", b"feed"), (b"etag", b'"2"'), status=226)
    return said(PAGE, (b"etag", b'"2"'))


def _type_breaks(request: Request) -> Said:
    """It wants to read a body of the type that is said, though there is none."""
    if field(request, b"content-type", b"application/json") != b"application/json":
        return said(b"what type is that", status=400)
    return said(PAGE)


CASES = [
    *(
        Case(
            name=f"{name.decode()} is written into the page",
            source=source,
            origin=reflects(name.lower()),
            first=(ask(name + b": " + EVIL),),
            then=THEN,
        )
        for name, source in REFLECTED.items()
        if name not in (b"X-Forwarded-For", b"X-Forwarded-Port", b"X-Forwarded-Host")
    ),
    *(
        Case(
            name=f"{name.decode()} is written into the page, beside the door's own",
            source=source,
            origin=reflects(name.lower()),
            first=(ask(name + b": " + EVIL, b"X-Other: 1"),),
            then=THEN,
        )
        for name, source in REFLECTED.items()
        if name in (b"X-Forwarded-For", b"X-Forwarded-Port", b"X-Forwarded-Host")
    ),
    *(
        Case(
            name=f"{name.decode()} brings data or a fragment instead of the page",
            source=source,
            origin=_emptied(name),
            first=(ask(name + b": 1"),),
            then=THEN,
        )
        for name, source in EMPTIED.items()
    ),
    *(
        Case(
            name=f"{name.decode()} asks for another path",
            source=source,
            origin=rewrites(name.lower()),
            first=(ask(name + b": /evil"),),
            then=THEN,
        )
        for name, source in {
            b"X-Original-URL": "CVE-2018-14773 (Symfony, Drupal)",
            b"X-Rewrite-URL": "CVE-2018-14773 (Symfony, Drupal)",
            b"X-Original-URI": LISTED,
            b"X-Original-Request-Uri": LISTED,
            b"X-Rewrite": LISTED,
            b"X-Path": LISTED,
            b"Path-Info": "WSGI's and CGI's names of fields",
            b"X-WAWS-Unencoded-URL": "fields of Azure App Service",
            b"X-Matched-Path": "Next.js and Cache Poisoning, 2024",
            b"X-Original-Path": LISTED,
            b"X-Astro-Path": "reports on Astro behind an adapter",
            b"X-SvelteKit-Pathname": "reports on SvelteKit behind an adapter",
        }.items()
    ),
    *(
        Case(
            name=f"{name.decode()} makes another method of it",
            source="CPDoS: HTTP Method Override, 2019",
            origin=obeys(name.lower()),
            first=(ask(name + b": " + method),),
            then=THEN,
        )
        for name, method in (
            (b"X-HTTP-Method-Override", b"DELETE"),
            (b"X-HTTP-Method", b"POST"),
            (b"X-Method-Override", b"PUT"),
            (b"X-Original-Method", b"HEAD"),
            (b"X-Forwarded-Method", b"POST"),
        )
    ),
    *(
        Case(
            name=f"{name.decode()} makes a redirect to the page itself",
            source="Responsible DoS with Web Cache Poisoning, 2019",
            origin=loops(name.lower(), wanted),
            first=(ask(name + b": " + wanted),),
            then=THEN,
        )
        for name, wanted in (
            (b"X-Forwarded-Scheme", b"nothttps"),
            (b"X-Forwarded-SSL", b"off"),
            (b"X-URL-Scheme", b"http"),
            (b"Front-End-Https", b"off"),
            (b"SSL-Offloaded", b"1"),
            (b"Fastly-SSL", b"1"),
            (b"X-Forward-Proto", b"http"),
            (b"X-Original-Scheme", b"http"),
            (b"X-Https", b"off"),
            (b"X-Forwarded-Protocol", b"http"),
            (b"X-Forwarded-Proto", b"ftp"),
        )
    ),
    Case(
        name="One field makes it redirect, the other says where to",
        source=KETTLE,
        origin=_by_two,
        first=(ask(b"X-Forwarded-Scheme: nothttps", b"X-Forwarded-Host: " + EVIL),),
        then=THEN,
    ),
    Case(
        name="A field is spelled with underscores",
        source="WSGI's and CGI's names of fields",
        origin=_by_dots,
        first=(ask(b"X_Forwarded_Host: " + EVIL),),
        then=THEN,
    ),
    Case(
        name="A field is spelled with underscores where those are passed on",
        source="WSGI's and CGI's names of fields",
        origin=_by_dots,
        first=(ask(b"X_Forwarded_Host: " + EVIL),),
        then=THEN,
        door="underscores",
    ),
    *(
        Case(
            name=f"{spelled.decode()} is read as the field it looks like",
            source="CGI's names of fields, RFC 3875 4.1.18",
            origin=_as_cgi(name),
            first=(ask(spelled + b": " + EVIL),),
            then=THEN,
            door=door,
        )
        for spelled, name, door in (
            (b"X.Forwarded.Scheme", b"x-forwarded-scheme", "plain"),
            (b"X.Host", b"x-host", "plain"),
            (b"X!Http!Method!Override", b"x-http-method-override", "plain"),
            (b"X.Requested.With", b"x-requested-with", "plain"),
            (b"HX.Request", b"hx-request", "plain"),
            (b"Accept.Language", b"accept-language", "plain"),
            (b"X.Tenant", b"x-tenant", "keyed"),
            (b"SSL.Offloaded", b"ssl-offloaded", "plain"),
            (b"X_Host", b"x-host", "underscores"),
            (b"X_Forward_Host", b"x-forward-host", "underscores"),
            (b"HX_Request", b"hx-request", "underscores"),
            (b"X_Requested_With", b"x-requested-with", "underscores"),
            (b"X_Nextjs_Data", b"x-nextjs-data", "underscores"),
            (b"X_Inertia", b"x-inertia", "underscores"),
            (b"Content_Type", b"content-type", "underscores"),
            (b"X_Tenant", b"x-tenant", "underscores"),
        )
    ),
    Case(
        name="A field that Vary names is spelled with dots",
        source="CGI's names of fields, RFC 3875 4.1.18",
        origin=_varies,
        first=(ask(b"X.Tenant: " + EVIL),),
        then=THEN,
    ),
    Case(
        name="A delta is asked for",
        source="RFC 3229 10.4.1",
        origin=_delta,
        first=(ask(b"A-IM: feed"),),
        then=THEN,
    ),
    Case(
        name="A type of content is said where there is none",
        source="Practical CPDoS reports, 2020",
        origin=_type_breaks,
        first=(ask(b"Content-Type: evil/x"),),
        then=THEN,
    ),
    Case(
        name="A trusted proxy passes on what a client has claimed of the host",
        source=KETTLE,
        origin=reflects(b"x-forwarded-host"),
        first=(ask(b"X-Forwarded-Host: " + EVIL),),
        then=THEN,
        door="trusting",
    ),
    Case(
        name="A trusted proxy speaks for a client of plain HTTP, then for one of HTTPS",
        source="Responsible DoS with Web Cache Poisoning, 2019",
        origin=loops(b"x-forwarded-proto", b"http"),
        first=(ask(b"X-Forwarded-Proto: http"),),
        then=ask(b"X-Forwarded-Proto: https"),
        door="trusting",
    ),
    Case(
        name="A trusted proxy passes on a chain of addresses that a client has begun",
        source="reports on pages that show the address",
        origin=reflects(b"x-forwarded-for"),
        first=(ask(b"X-Forwarded-For: <script>, 192.0.2.1"),),
        then=ask(b"X-Forwarded-For: 192.0.2.1"),
        door="trusting",
    ),
    Case(
        name="A trusted proxy passes on a prefix that a client has claimed",
        source="Spring's links, and Traefik's stripped prefix",
        origin=reflects(b"x-forwarded-prefix"),
        first=(ask(b"X-Forwarded-Prefix: //" + EVIL),),
        then=THEN,
        door="trusting",
    ),
    Case(
        name="A trusted proxy passes on Forwarded as a client has sent it",
        source="RFC 7239, 8.1",
        origin=reflects(b"forwarded"),
        first=(ask(b"Forwarded: host=" + EVIL),),
        then=THEN,
        door="trusting",
    ),
    Case(
        name="A trusted proxy passes on a query as a client has sent it",
        source=LISTED,
        origin=reflects(b"x-forwarded-query"),
        first=(ask(b"X-Forwarded-Query: " + EVIL),),
        then=THEN,
        door="trusting",
    ),
    Case(
        name="A trusted proxy passes on X-Original-URL",
        source="CVE-2018-14773 (Symfony, Drupal)",
        origin=rewrites(b"x-original-url"),
        first=(ask(b"X-Original-URL: /evil"),),
        then=THEN,
        door="trusting",
    ),
]
