"""Listener: a bound address. Binding says in words why it cannot be done."""

import asyncio
import errno
import os
import socket
import ssl
import stat
from pathlib import Path

from porch.listen.address import ListenAddress
from porch.listen.door import Door
from porch.listen.h1 import ServerConnection

__all__ = ["BACKLOG", "Listener", "bind"]

BACKLOG = 4096
"""Connections that may wait to be accepted; the system cuts it to net.core.somaxconn."""


class Listener:
    """A bound address and the connections that come by it."""

    __slots__ = ("_server", "address", "sock")

    def __init__(self, address: ListenAddress, sock: socket.socket) -> None:
        self.address = address
        self.sock = sock
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port really bound: the one the system chose where 0 was asked for."""
        name = self.sock.getsockname()
        return int(name[1]) if isinstance(name, tuple) else 0

    async def start(self, door: Door, tls: ssl.SSLContext | None) -> None:
        """Accept from now on. tls: needed where the address speaks HTTPS."""
        scheme = b"https" if tls is not None else b"http"
        port = b"%d" % self.port  # known once here: asking the system costs each connection 2 us
        self._server = await asyncio.get_running_loop().create_server(
            lambda: ServerConnection(door, scheme, port),
            sock=self.sock,
            ssl=tls,
            backlog=BACKLOG,
            ssl_handshake_timeout=15.0 if tls is not None else None,
        )

    def close(self) -> None:
        """Accept nothing more."""
        if self._server is not None:
            self._server.close()
        else:
            self.sock.close()
        if self.address.path:
            Path(self.address.path).unlink(missing_ok=True)


def bind(address: ListenAddress) -> socket.socket:
    """A listening socket. Raises OSError whose text says what to do."""
    try:
        return _bind_unix(address.path) if address.path else _bind_tcp(address)
    except OSError as error:
        raise OSError(error.errno, _reason(address, error)) from error


def _bind_tcp(address: ListenAddress) -> socket.socket:
    host = address.host or ("::" if socket.has_dualstack_ipv6() else "0.0.0.0")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if not address.host else 1)
        sock.bind((host, address.port))
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _bind_unix(path: str) -> socket.socket:
    """A socket file left by a dead process is replaced, one in use is not."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if os.path.exists(path):
            if not stat.S_ISSOCK(os.stat(path).st_mode):
                raise OSError(errno.EEXIST, "is a file, not a socket; name another in listen")
            if not _is_stale(path):
                raise OSError(errno.EADDRINUSE, "in use")
            os.unlink(path)
        sock.bind(path)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _is_stale(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


def _reason(address: ListenAddress, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        holder = _holder(address.port) if address.port else ""
        by = f" by {holder}" if holder else ""
        return f"{address} is in use{by}; stop it, or choose another port in listen"
    if error.errno == errno.EACCES:
        if address.path:
            return f"{address}: no right to make the socket file there"
        return (
            f"{address} needs more rights: ports below 1024 want root or CAP_NET_BIND_SERVICE; "
            'or listen = [":8080"]'
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{address} is not an address of this machine; use one of its own in listen"
    return f"{address}: {error.strerror or error}"


def _holder(port: int) -> str:
    """Who listens on `port`: "nginx (pid 812)", or "" where /proc does not tell."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            parts = line.split()
            if parts[3] == "0A" and int(parts[1].rpartition(":")[2], 16) == port:
                inodes.add(f"socket:[{parts[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            for descriptor in (process / "fd").iterdir():
                if os.readlink(descriptor) in inodes:
                    return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            continue
    return ""
