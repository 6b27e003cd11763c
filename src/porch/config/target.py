"""Targets: where a route leads. Text in, a frozen record out."""

import re
from dataclasses import dataclass
from typing import Literal

__all__ = ["LATER", "Target", "parse_target"]

Kind = Literal["http", "https", "unix", "redirect", "respond", "pool"]

LATER = {
    "h2://": "HTTP/2 to origins",
    "h2c://": "HTTP/2 to origins",
    "srv:": "discovery by SRV records",
    "asgi:": "mounting an application",
    "wsgi:": "mounting an application",
    "file:": "serving files",
    "py:": "Python functions as targets",
    "docker:": "discovery by Docker",
}
"""Kinds of target that this version knows by name alone."""

_HOST_PORT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*)(?::(?P<port>\d{1,5}))?\Z")
_NAME = re.compile(r"[A-Za-z0-9_-]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target.

    text: as written. host, port: of http and https. path: of unix. url: of redirect. status: of
    respond. name: of pool. weight: among the others of its list.
    """

    text: str
    kind: Kind
    host: str = ""
    port: int = 0
    path: str = ""
    url: str = ""
    status: int = 0
    name: str = ""
    weight: int = 1


def parse_target(text: str, weight: int = 1) -> Target:
    """The target that `text` means. Raises ValueError with a sentence.

    A bare word is the name of a pool; whether there is one is seen later.
    """
    for start, what in LATER.items():
        if text.startswith(start):
            raise ValueError(f"'{start}' ({what}) is not in this version yet")
    if text.startswith("redirect:"):
        url = text.removeprefix("redirect:")
        if not url.startswith(("http://", "https://", "/")):
            raise ValueError('a redirect leads to a URL: "redirect:https://example.com{path}"')
        return Target(text=text, kind="redirect", url=url)
    if text.startswith("respond:"):
        status = text.removeprefix("respond:")
        if not (status.isdigit() and 200 <= int(status) <= 599):
            raise ValueError('a respond has a status from 200 to 599: "respond:503"')
        return Target(text=text, kind="respond", status=int(status))
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.startswith("/"):
            raise ValueError('a Unix socket is named by its whole path: "unix:/run/app.sock"')
        return Target(text=text, kind="unix", path=path, weight=weight)
    return _parse_address(text, weight)


def _parse_address(text: str, weight: int) -> Target:
    scheme, colon, rest = text.partition("://")
    if not colon:
        if _NAME.match(text) and not text.isdigit() and text != "localhost":
            return Target(text=text, kind="pool", name=text, weight=weight)
        scheme, rest = "http", text
    if scheme not in ("http", "https"):
        raise ValueError(f"'{scheme}://' is not a kind of target; http:// and https:// are")
    host, slash, path = rest.partition("/")
    if path:
        raise ValueError(
            f'a target has no path; write "{text.removesuffix(path)}" and rewrite = "/{path}{{path}}"'
        )
    match = _HOST_PORT.match(host)
    if match is None or (not match["host"] and not match["port"]):
        raise ValueError(f'\'{text}\' is not a target; write "host:port", such as "10.0.0.1:8000"')
    if match["port"] is None and not colon:
        raise ValueError(f"'{text}' has no port; write \"{text}:8000\"")
    port = int(match["port"] or (443 if scheme == "https" else 80))
    if not 0 < port <= 65535:
        raise ValueError(f"port {port} does not exist; ports go from 1 to 65535")
    return Target(
        text=text,
        kind="https" if scheme == "https" else "http",
        host=match["host"].strip("[]") or "127.0.0.1",
        port=port,
        weight=weight,
    )
