"""Listen addresses: ":80", "127.0.0.1:8080", "[::1]:8080", "https://host:port", "unix:/path"."""

import re

from porch.listen.listener import ListenAddress

__all__ = ["parse_listen"]

_ADDRESS = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/\[\]]*):(?P<port>\d{1,5})\Z"
)


def parse_listen(text: str) -> ListenAddress:
    """The address. Port 443 is HTTPS without the word. Raises ValueError with a sentence."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.startswith("/"):
            raise ValueError('a Unix socket is named by its whole path: "unix:/run/porch.sock"')
        return ListenAddress(path=path)
    match = _ADDRESS.match(text)
    if match is None:
        hint = f'":{text}"' if text.isdigit() else '":8080", "127.0.0.1:8080", "[::1]:8080"'
        raise ValueError(f"'{text}' is not an address to listen on; write {hint}")
    port = int(match["port"])
    if port > 65535:
        raise ValueError(f"port {port} does not exist; the last one is 65535")
    tls = match["scheme"] == "https" or (port == 443 and match["scheme"] is None)
    return ListenAddress(host=match["host"].strip("[]"), port=port, tls=tls)
