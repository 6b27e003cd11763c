"""Listening sockets: one for each worker. Binding says in words why it cannot be done.

The workers' sockets of an address are siblings (SO_REUSEPORT): each has a backlog of its own, and
the kernel spreads the connections over them by a hash, so that no worker wakes for another's
client. Where there are no siblings (Unix sockets, an inherited socket of another user) the workers
share one socket and take turns at it.
"""

import errno
import os
import socket
import stat
import struct
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path

from porch.listen.address import ListenAddress

__all__ = ["BACKLOG", "bind", "is_own", "more", "obstacle", "spread", "steer"]

BACKLOG = 4096
"""Connections that may wait to be accepted; the system cuts it to net.core.somaxconn."""

_ATTACH = 51
"""SO_ATTACH_REUSEPORT_CBPF: socket(7). Python has no name for it."""
_RANDOM_OF = ((0x20, 0, 0, 0xFFFFF000 + 56), (0x94, 0, 0, 0), (0x16, 0, 0, 0))
"""<linux/filter.h>: load a random number (SKF_AD_RANDOM); the rest of its division by what is
filled in; return it."""


def bind(address: ListenAddress, count: int = 1) -> list[socket.socket]:
    """`count` listening sockets for one address, none of them blocking or inheritable. Where the
    port is 0 the system chooses one for all. Raises OSError whose text says what to do."""
    try:
        first = _bind_unix(address.path) if address.path else _bind_tcp(address)
    except OSError as error:
        raise OSError(error.errno, _reason(address, error)) from error
    try:
        return spread(first, address, count)
    except BaseException:
        first.close()
        raise


def obstacle(address: ListenAddress) -> OSError | None:
    """Why the address could not be bound now, with a text that says what to do; None if it could.
    No client notices: nothing listens meanwhile, and a socket file stays as it is."""
    try:
        if address.path:
            _check_path(address.path)
        else:
            _bound(address).close()
    except OSError as error:
        return OSError(error.errno, _reason(address, error))
    return None


def spread(sock: socket.socket, address: ListenAddress, count: int) -> list[socket.socket]:
    """`count` sockets, `sock` the first of them: one that listens, perhaps inherited. Raises
    OSError, and `sock` stays open."""
    sock.setblocking(False)
    sock.set_inheritable(False)
    return [sock, *more([sock], address, count - 1)]


def more(socks: Sequence[socket.socket], address: ListenAddress, count: int) -> list[socket.socket]:
    """`count` further sockets for an address whose sockets are `socks`. Raises OSError."""
    try:
        return _siblings(socks[0], count)
    except OSError:  # not ours to bind again: another user's, a low port, no such thing here
        pass
    made: list[socket.socket] = []
    try:
        made.extend(socks[each % len(socks)].dup() for each in range(count))
    except OSError as error:
        _close(made)
        raise OSError(error.errno, _reason(address, error)) from error
    return made


def steer(sock: socket.socket, count: int) -> None:
    """Have new connections go to the first `count` of an address's sockets, in the order they were
    made; `sock` is one of them. So nobody comes to one that is about to close: what would arrive
    between its last accept and its end would be lost. Raises OSError where sockets are no siblings.
    """
    load, rest, back = _RANDOM_OF
    words = b"".join(struct.pack("HBBI", *each) for each in (load, (*rest[:3], count), back))
    program = array("B", words)
    address, size = program.buffer_info()
    sock.setsockopt(socket.SOL_SOCKET, _ATTACH, struct.pack("HP", size // 8, address))


def is_own(sock: socket.socket) -> bool:
    """Whether no other worker accepts from this very socket."""
    if sys.platform != "linux":
        return False
    return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT))


def _siblings(sock: socket.socket, count: int) -> list[socket.socket]:
    """All or none. Raises OSError where the kernel does not spread, or refuses.

    `sock` was bound and listens without SO_REUSEPORT, and has it set only now. So a second door
    is refused as ever, for its own first socket has no SO_REUSEPORT either, and never joins by
    mistake. It keeps nobody off who sets SO_REUSEPORT on purpose and is the same user.
    """
    if sys.platform != "linux" or sock.family == socket.AF_UNIX:
        raise OSError(errno.EOPNOTSUPP, "not spread by this kernel")
    if sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).strip(b"\0"):
        raise OSError(errno.EOPNOTSUPP, "bound to a device, which a sibling would not be")
    before = sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT)
    made: list[socket.socket] = []
    try:
        if count > 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        for _ in range(count):
            made.append(_new(sock.family))
            made[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if sock.family == socket.AF_INET6:
                only = sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
                made[-1].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
            made[-1].bind(sock.getsockname())
        for each in made:  # not before all are bound: closing one that listens loses its clients
            each.listen(BACKLOG)
    except OSError:
        _close(made)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, before)
        raise
    return made


def _new(family: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return sock


def _close(socks: Sequence[socket.socket]) -> None:
    for each in socks:
        each.close()


def _bind_tcp(address: ListenAddress) -> socket.socket:
    sock = _bound(address)
    try:
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _bound(address: ListenAddress) -> socket.socket:
    host = address.host or ("::" if socket.has_dualstack_ipv6() else "0.0.0.0")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = _new(family)
    try:
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if not address.host else 1)
        sock.bind((host, address.port))
    except BaseException:
        sock.close()
        raise
    return sock


def _bind_unix(path: str) -> socket.socket:
    """A socket file left by a dead process is replaced, one in use is not."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _check_path(path)
        if os.path.exists(path):
            os.unlink(path)
        sock.bind(path)
        os.chmod(path, 0o666)  # as a port is: who may not connect, the folder's rights say
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock


def _check_path(path: str) -> None:
    """Raise OSError unless a socket file can be made there, in the place of a dead one if any."""
    if os.path.exists(path):
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            raise OSError(errno.EEXIST, "is a file, not a socket; name another in listen")
        if not _is_stale(path):
            raise OSError(errno.EADDRINUSE, "in use")
    elif not os.access(os.path.dirname(path), os.W_OK | os.X_OK):
        there = os.path.isdir(os.path.dirname(path))
        raise OSError(errno.EACCES if there else errno.ENOENT, "no such folder")


def _is_stale(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)  # a full backlog would have us wait
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
