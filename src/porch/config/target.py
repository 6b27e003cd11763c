"""Targets: where a route leads. Text in, a frozen record out."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

from porch.config.address import parse_socket_path
from porch.config.finding import SOURCES, Source, parse_source
from porch.config.suggest import nearest

__all__ = ["LATER", "Target", "TargetKind", "is_pool_name", "parse_target"]

TargetKind = Literal[
    "http", "https", "h2", "h2c", "unix", "redirect", "respond", "pool", "found", "file"
]

LATER = {
    "asgi:": "mounting an application",
    "wsgi:": "mounting an application",
    "py:": "Python functions as targets",
}
"""Kinds of target that this version knows by name alone."""

_ADDRESSES = {"http": 80, "https": 443, "h2": 443, "h2c": 80}
"""Kinds that lead to a host, and the port of each where none is said."""
_KINDS = (
    *_ADDRESSES,
    *("unix", "redirect", "respond", "file", "dns", "srv", "docker", "list", "find"),
)
_KIND = re.compile(r"([A-Za-z][A-Za-z0-9+_-]*):(?![0-9])(//)?")
_HOST_PORT = re.compile(
    r"(?P<host>\[[^\[\]]*\]|[A-Za-z0-9._-]*)(?::(?P<port>[0-9]{1,5}))?\Z", re.ASCII
)
_POOL = re.compile(r"[A-Za-z0-9_-]+\Z")
_REDIRECT = re.compile(r"(?:https?://[^/?#]|//?[^/]|/\Z)[!-~]*\Z", re.IGNORECASE)
_SLOT = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target.

    text: as written. host, port: of http, https (which speaks HTTP/2 where the endpoint does), h2
    (HTTP/2 alone, by TLS) and h2c (without TLS). path: of unix and file. url: of redirect. status:
    of respond. name: of pool. weight, priority: among the others of its list. source: of found,
    whose weight is times, and whose priority is added to, what each endpoint has. announces: see
    forward.address.Address.
    """

    text: str
    kind: TargetKind
    host: str = ""
    port: int = 0
    path: str = ""
    url: str = ""
    status: int = 0
    name: str = ""
    weight: int = 1
    source: Source | None = None
    priority: int = 0
    announces: str = ""

    @property
    def is_alone(self) -> bool:
        """Whether it cannot stand in a list with others."""
        return self.kind in ("redirect", "respond", "pool", "file")


def parse_target(text: str, weight: int = 1, every: float = 0.0, resolver: str = "") -> Target:
    """The target that `text` means. Raises ValueError with a sentence.

    every, resolver: of a source, see config/finding.py.

    A bare word is the name of a pool; whether there is one is seen later.
    """
    for start, what in LATER.items():
        if text.startswith(start):
            raise ValueError(f"'{start}' ({what}) is not in this version yet")
    if text.startswith(SOURCES):
        source = parse_source(text, every, resolver)
        return Target(text=text, kind="found", weight=weight, source=source)
    if every or resolver:
        word = "every" if every else "resolver"
        raise ValueError(f"'{word}' is of dns:, srv: and the like; not of '{text}'")
    if text.startswith("redirect:"):
        return _parse_redirect(text)
    if text.startswith("respond:"):
        return _parse_respond(text)
    if text.startswith("file:"):
        return _parse_file(text)
    if text.startswith("unix:"):
        return Target(text=text, kind="unix", path=parse_socket_path(text), weight=weight)
    if not text.startswith(tuple(f"{kind}://" for kind in _ADDRESSES)):
        if is_pool_name(text):
            return Target(text=text, kind="pool", name=text, weight=weight)
        _refuse_kind(text)
    return _parse_address(text, weight)


def is_pool_name(text: str) -> bool:
    """Whether a bare word is a pool's name, and not part of an address."""
    return bool(_POOL.match(text)) and not text.isdecimal() and text != "localhost"


def _parse_redirect(text: str) -> Target:
    url = text.removeprefix("redirect:")
    if not url.isascii():
        raise ValueError("in a redirect write what is not ASCII as it is sent: %C3%9F, xn--…")
    if _REDIRECT.match(url) is None:
        host = url if url and not url.startswith(("/", "http")) and " " not in url else ""
        example = f"https://{host or 'example.com{path}'}"
        raise ValueError(f'a redirect leads to a URL: "redirect:{example}"')
    if re.search(r"[{}]", _SLOT.sub("", url)):
        raise ValueError("the redirect has a brace that belongs to no {name}")
    return Target(text=text, kind="redirect", url=url)


def _parse_respond(text: str) -> Target:
    status = text.removeprefix("respond:")
    if not (status.isdecimal() and status.isascii() and 200 <= int(status[:4]) <= 599):
        raise ValueError('a respond has a status from 200 to 599: "respond:503"')
    return Target(text=text, kind="respond", status=int(status))


def _parse_file(text: str) -> Target:
    path = text.removeprefix("file:")
    if path.startswith("//"):
        raise ValueError(f'a folder has one slash before it; write "file:/{path.strip("/")}"')
    if not path or "\0" in path:
        raise ValueError('file: names a folder: "file:/srv/www"')
    return Target(text=text, kind="file", path=path)


def _refuse_kind(text: str) -> None:
    """Raise ValueError if the text begins with a kind of target that there is not."""
    match = _KIND.match(text)
    if match is None or (not match[2] and match.end() == len(text)):
        return
    kind = match[1].lower()
    if kind in ("ws", "wss"):
        plain = text.replace("ws", "http", 1)
        raise ValueError(f'WebSocket needs no kind of its own; write "{plain}"')
    if kind in ("grpc", "grpcs"):
        place = text[match.end() :]
        plain, secure = f'"h2c://{place}"', f'"h2://{place}"'
        meant = f"{secure} by TLS" if kind == "grpcs" else f"{plain}, or {secure} by TLS"
        raise ValueError(f"gRPC needs no kind of its own; write {meant}")
    near = nearest(kind, _KINDS)
    slashes = "//" if near in _ADDRESSES else ""
    meant = f"; did you mean '{near}:{slashes}'?" if near else ""
    kinds = "http://, https://, h2://, h2c://, unix:, file:, redirect: and respond:"
    raise ValueError(f"'{match[0]}' is not a kind of target{meant or f'; there are {kinds}'}")


def _parse_address(text: str, weight: int) -> Target:
    scheme, colon, rest = text.rpartition("://")
    host, _, path = rest.partition("/")
    if colon and rest.startswith("unix:"):
        raise ValueError(f'a Unix socket speaks HTTP/1.1 without TLS; write "{rest}"')
    if path:
        bare = text.removesuffix(f"/{path}")
        raise ValueError(f'a target has no path; write "{bare}" and rewrite = "/{path}{{path}}"')
    if "@" in host:
        raise ValueError(
            "a target has no user and password; write headers.request.Authorization for them"
        )
    match = _HOST_PORT.match(host)
    if colon and scheme not in _ADDRESSES:
        kinds = ", ".join(f"{each}://" for each in _ADDRESSES)
        raise ValueError(f"'{text}' is not a target; before a host stands {kinds} or nothing")
    if match is None or not (match["host"] or match["port"]) or (colon and not match["host"]):
        start, _, place = text.partition(":")
        if start in _ADDRESSES and _HOST_PORT.match(place):
            raise ValueError(f"'{text}' is not a target; write \"{start}://{place}\"")
        raise ValueError(f"'{text}' is not a target; write \"host:port\", such as {_example(host)}")
    if match["port"] is None and not colon:
        raise ValueError(f"'{text}' has no port; write \"{text}:8000\"")
    kind: TargetKind = scheme or "http"  # type: ignore[assignment]  # it is one of _ADDRESSES
    port = int(match["port"] or _ADDRESSES[kind])
    if not 0 < port <= 65535:
        raise ValueError(f"port {port} does not exist; ports go from 1 to 65535")
    return Target(
        text=text.removesuffix("/"),
        kind=kind,
        host=_check_host(match["host"]),
        port=port,
        weight=weight,
    )


def _example(host: str) -> str:
    if host.count(":") > 1 and "[" not in host:
        return '"[::1]:8000" for an IPv6 address'
    return '"10.0.0.1:8000"'


def _check_host(text: str) -> str:
    """A name or an address; nothing is this machine."""
    if not text:
        return "127.0.0.1"
    try:
        if text.startswith("["):
            return str(ipaddress.IPv6Address(text[1:-1]))
        if text.rpartition(".")[2].isdecimal():  # only an address ends in digits (RFC 3696 2)
            return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise ValueError(f"'{text}' is not an address") from None
    if len(text) > 253 or not all(0 < len(label) < 64 for label in text.rstrip(".").split(".")):
        raise ValueError(f"'{text}' is not a host name")
    return text
