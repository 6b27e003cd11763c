"""Listen addresses: ":80", "127.0.0.1:8080", "[::1]:8080", "https://host:port", "unix:/path"."""

import ipaddress
import re

from porch.listen.address import ListenAddress

__all__ = ["SOCKET_PATH", "parse_listen"]

SOCKET_PATH = 107
"""Bytes that the path of a Unix socket may have (unix(7): 108 with the zero at its end)."""

_ADDRESS = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>\[[^\[\]]*\]|[^:/\[\]]*):(?P<port>[0-9]{1,5})\Z"
)
_LIKE_THESE = 'write ":8080", "127.0.0.1:8080", "[::1]:8080" or "unix:/run/porch.sock"'


def parse_listen(text: str) -> ListenAddress:
    """The address. Port 443 is HTTPS without the word. Raises ValueError with a sentence."""
    if text.startswith("unix:"):
        return ListenAddress(path=parse_socket_path(text))
    match = _ADDRESS.match(text)
    if match is None:
        raise ValueError(f"'{text}' is not an address to listen on; {_hint(text)}")
    port = int(match["port"])
    if port > 65535:
        raise ValueError(f"port {port} does not exist; the last one is 65535")
    tls = match["scheme"] == "https" or (port == 443 and match["scheme"] is None)
    return ListenAddress(host=_host(match["host"], port), port=port, tls=tls)


def parse_socket_path(text: str) -> str:
    """The path in "unix:/path". Raises ValueError with a sentence."""
    path = text.removeprefix("unix:")
    if not path.startswith("/"):
        raise ValueError(
            f'a Unix socket is named by its whole path: "unix:/run/{path or "x.sock"}"'
        )
    if "\0" in path:
        raise ValueError("the path of a Unix socket has no NUL (\\u0000)")
    if len(path.encode()) > SOCKET_PATH:
        raise ValueError(f"the path of a Unix socket has at most {SOCKET_PATH} bytes")
    return path


def _host(text: str, port: int) -> str:
    """The address to bind. A name is none: it could mean another machine tomorrow."""
    if text in ("", "*"):
        return ""
    if text == "localhost":
        return "127.0.0.1"
    try:
        if text.startswith("["):
            return str(ipaddress.IPv6Address(text[1:-1]))
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise ValueError(
            f"'{text}' is not an address of a machine; write \":{port}\" for all addresses, "
            f'or one like "127.0.0.1:{port}"'
        ) from None


def _hint(text: str) -> str:
    """What was probably meant."""
    scheme, slashes, rest = text.partition("://")
    if text.isdecimal():
        return f'write ":{text}"'
    if slashes and scheme not in ("http", "https"):
        return "there are only http:// and https://"
    host = rest if slashes else text
    if host.endswith("/"):
        return f'write "{text.rstrip("/")}"'
    if host.count(":") > 1 and "[" not in host:
        return 'an IPv6 address stands in brackets: "[::1]:8080"'
    if host and ":" not in host:
        port = 443 if scheme == "https" and slashes else 80
        return f'it has no port; write "{text}:{port}"'
    return _LIKE_THESE
