"""Web cache deception: somebody is led to a link that makes his own page everybody's."""

import re
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from tests.poisoning.case import Case, Doors, Said, ask
from tests.poisoning.origins import account, unsaid
from tests.smuggling.strict import Request

__all__ = ["CASES"]

GIL = "Omer Gil: Web Cache Deception, 2017"
CONFUSED = "Cached and Confused, 2020"
ALL = "Gotta Cache 'Em All, 2024"
Reads = Callable[[bytes], bytes]
SID = b"Cookie: sid=alice"


def _first_part(path: bytes) -> bytes:
    """What follows the first part is for the page."""
    return b"/" + path.split(b"/")[1]


def _decoded(path: bytes) -> bytes:
    return _first_part(unquote_to_bytes(path))


def _cut(path: bytes) -> bytes:
    """What comes behind these ends a path, decoded or not."""
    return re.split(rb"[;#?\x00\n\r \\!$]", unquote_to_bytes(path))[0]


def _resolved(path: bytes) -> bytes:
    parts: list[bytes] = []
    for each in unquote_to_bytes(path).replace(b"\\", b"/").split(b"/")[1:]:
        if each == b"..":
            parts = parts[:-1]
        elif each not in (b"", b"."):
            parts.append(each)
    return b"/" + b"/".join(parts)


def _private_sheet(request: Request) -> Said:
    body = account(_first_part)(request).body
    fields = ((b"cache-control", b"private"), (b"content-type", b"text/css"))
    return Said(fields=fields, body=body)


def _case(name: str, target: bytes, reads: Reads, source: str, door: Doors) -> Case:
    return Case(
        name=name,
        source=source,
        origin=unsaid(account(reads)),
        first=(ask(SID, target=target),),
        then=ask(target=target),
        door=door,
    )


GUARDED = {
    b"/account/x.css": (GIL, _first_part),
    b"/account/x.js": (GIL, _first_part),
    b"/account/img/x.JPG": (GIL, _first_part),
    b"/account%2fx.css": (CONFUSED, _decoded),
    b"/account%3bx.css": (CONFUSED, _cut),
    b"/account;x.css": (ALL, _cut),
    b"/account%0ax.css": (CONFUSED, _cut),
    b"/account%23x.css": (CONFUSED, _cut),
    b"/account%3fx.css": (CONFUSED, _cut),
    b"/account%00x.css": (ALL, _cut),
    b"/account%20x.css": (ALL, _cut),
    b"/account!x.css": (ALL, _cut),
    b"/account$x.ico": (ALL, _cut),
    b"/account%5cx.css": (ALL, _cut),
    b"/account/x.css;y": (ALL, _first_part),
    b"/account/x.css%00y": (ALL, _first_part),
    b"/account/x.css/": (ALL, _first_part),
    b"/account/x.c%73s": (CONFUSED, _first_part),
    b"/account/x.svg": (GIL, _first_part),
    b"/account/x.avif?y": (ALL, _first_part),
    b"/account/robots.txt": (ALL, _first_part),
    b"/account/favicon.ico": (ALL, _first_part),
}
"""Link -> who told of it, and how the origin reads it. The door keeps it only if it is of the kind
that the end of the link promises."""

CLIMBING = {
    b"/static/..%2faccount": _resolved,
    b"/static/..%2Faccount": _resolved,
    b"/static/%2e%2e/account": _resolved,
    b"/static/%2e%2e%2faccount": _resolved,
    b"/static/x/..%2f..%2faccount": _resolved,
    b"/static/..%5caccount": _resolved,
    b"/static/..\\account": _resolved,
    b"/account/..%2fstatic/x.css": _first_part,
    b"/account/%2e%2e/static/x.css": _first_part,
    b"/account%2f%2e%2e%2fstatic/x.css": _decoded,
    b"/account;%2f..%2fstatic/x": _cut,
    b"/account%23%2f..%2fstatic/x": _cut,
    b"/account%3f%2f..%2fstatic%2fx": _cut,
    b"/static//..%2faccount": _resolved,
    b"/account/../static/x.css": _first_part,
}
"""Link -> how the origin reads it. What the door has a rule to keep lies below /static/."""

CASES = [
    *(
        _case(f"A link is followed to {target.decode()}", target, reads, source, "hour")
        for target, (source, reads) in GUARDED.items()
    ),
    *(
        _case(
            f"A link is followed out of what is kept, or in: {path!r}", path, reads, ALL, "static"
        )
        for path, reads in CLIMBING.items()
    ),
    *(
        _case(f"A link is followed where all is kept: {path!r}", path, _resolved, ALL, "hour")
        for path in (b"/x/..%2faccount", b"/x/%2e%2e/account", b"/x/..%5caccount")
    ),
    Case(
        name="A rule beside the account says by the end of the link that all may have it",
        source=GIL,
        origin=account(_first_part, public=True),
        first=(ask(SID, target=b"/account/x.css"),),
        then=ask(target=b"/account/x.css"),
        door="hour",
    ),
    Case(
        name="The account is of the kind that a link promises, and says that it is private",
        source=CONFUSED,
        origin=_private_sheet,
        first=(ask(SID, target=b"/account/x.css"),),
        then=ask(target=b"/account/x.css"),
        door="hour",
    ),
]
