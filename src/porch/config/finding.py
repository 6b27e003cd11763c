"""Sources: where endpoints are found. Text in, a frozen record out.

`dns:`, `srv:`, `docker:`, `list:` and `find:` stand where a target does. See docs/discovery.md.
"""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

__all__ = ["SOURCES", "Source", "parse_source"]

SourceKind = Literal["dns", "srv", "docker", "list", "find"]
SOURCES = ("dns:", "srv:", "docker:", "list:", "find:")
"""How one begins."""

_NAME = re.compile(r"(?=.{1,253}\Z)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})\.?)+\Z")
_DNS = re.compile(r"(https?://)?([^:/]+)(?::([0-9]{1,5}))?\Z")
_SRV = re.compile(r"(https?://)?([^:/]+)\Z")
_DOCKER = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]*)(?::([0-9]{1,5}))?\Z")
_FIND = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*\Z", re.ASCII)
_RESOLVER = re.compile(r"([0-9.]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """text: as written. name: of DNS, a container, a file or URL, "module:function". port: of what
    is found; 0 where that says it. secure: whether it is spoken to by HTTPS. every: seconds between
    two looks; 0.0 if nothing is said. resolver: the name server to ask, "10.0.0.2:8600", or ""."""

    text: str
    kind: SourceKind
    name: str
    port: int = 0
    secure: bool = False
    every: float = 0.0
    resolver: tuple[str, int] = ("", 0)

    def __str__(self) -> str:
        """What it is known by in messages, in `porch status` and over reloads."""
        every = f" every {self.every:g}s" if self.every else ""
        host, port = self.resolver
        return f"{self.text}{every}" + (f" by {host}:{port}" if host else "")

    @property
    def may_be_secure(self) -> bool:
        """Whether an endpoint of it may be spoken to by HTTPS."""
        return self.secure or self.kind in ("list", "find")

    @property
    def server_name(self) -> str:
        """Whom certificates must name: who was asked for, for DNS alone is not believed (RFC 6125
        6.2.1); "" for the host of the endpoint."""
        if self.kind == "dns":
            return self.name
        return re.sub(r"\A(_[^.]+\.)*", "", self.name) if self.kind == "srv" else ""


def parse_source(text: str, every: float = 0.0, resolver: str = "") -> Source:
    """The source that `text` means. Raises ValueError with a sentence."""
    kind, _, rest = text.partition(":")
    if kind == "dns":
        found = _parse_dns(text, rest)
    elif kind == "srv":
        found = _parse_srv(text, rest)
    elif kind == "docker":
        found = _parse_docker(text, rest)
    elif kind == "list":
        found = _parse_list(text, rest)
    else:
        found = _parse_find(text, rest)
    is_asked = found.kind in ("dns", "srv") or "://" in found.name
    if every and not is_asked:
        raise ValueError(
            "'every' is of dns:, srv: and list:https: only; the others tell by themselves"
        )
    if resolver and found.kind not in ("dns", "srv"):
        raise ValueError("'resolver' is of dns: and srv: only")
    where = _parse_resolver(resolver) if resolver else ("", 0)
    return Source(
        text=text,
        kind=found.kind,
        name=found.name,
        port=found.port,
        secure=found.secure,
        every=every,
        resolver=where,
    )


def _parse_dns(text: str, rest: str) -> Source:
    match = _DNS.match(rest)
    if match is None or not _NAME.match(match[2]):
        raise ValueError(f"'{text}' is not a name with its port; write \"dns:api.internal:8000\"")
    if match[2].rpartition(".")[2].isdecimal():
        raise ValueError(f"'{match[2]}' is an address already; write it without dns:")
    secure = match[1] == "https://"
    if match[3] is None and not match[1]:
        raise ValueError(f"'{text}' has no port; write \"{text}:8000\"")
    port = _port(match[3], 443 if secure else 80)
    return Source(text=text, kind="dns", name=match[2], port=port, secure=secure)


def _parse_srv(text: str, rest: str) -> Source:
    match = _SRV.match(rest)
    if match is None or not _NAME.match(match[2]):
        example = "srv:_http._tcp.api.internal"
        raise ValueError(
            f"'{text}' is not a name of SRV records; write \"{example}\", with no port"
        )
    return Source(text=text, kind="srv", name=match[2], secure=match[1] == "https://")


def _parse_docker(text: str, rest: str) -> Source:
    match = _DOCKER.match(rest)
    if match is None:
        raise ValueError(
            f"'{text}' is not a container and a port; write \"docker:api:8000\", by its label"
            " porch.pool, its Compose service or its name"
        )
    return Source(text=text, kind="docker", name=match[1], port=_port(match[2], 0))


def _parse_list(text: str, rest: str) -> Source:
    if rest.startswith(("http://", "https://")):
        try:
            url = urlsplit(rest)
            is_whole = bool(url.hostname) and url.port != 0 and not url.fragment
        except ValueError:
            is_whole = False
        if not is_whole or not rest.isascii() or any(each <= " " for each in rest):
            raise ValueError(f"'{rest}' is not a URL; write \"list:https://example.com/endpoints\"")
        if "@" in url.netloc:
            raise ValueError("a list's URL has no user and password")
    elif not rest.endswith((".json", ".toml")) or "\0" in rest:
        raise ValueError(
            f"'{text}' is no list; write \"list:endpoints.json\", a .toml or a URL behind list:"
        )
    return Source(text=text, kind="list", name=rest)


def _parse_find(text: str, rest: str) -> Source:
    if _FIND.match(rest) is None:
        raise ValueError(f"'{text}' is no function; write \"find:module:function\"")
    return Source(text=text, kind="find", name=rest)


def _parse_resolver(text: str) -> tuple[str, int]:
    match = _RESOLVER.match(text)
    if match is None:
        raise ValueError(f"'{text}' is not a name server; write its address, \"10.0.0.2:53\"")
    return match[1].strip("[]"), _port(match[2], 53)


def _port(text: str | None, default: int) -> int:
    port = default if text is None else int(text)
    if text is not None and not 0 < port <= 65535:
        raise ValueError(f"port {port} does not exist; ports go from 1 to 65535")
    return port
