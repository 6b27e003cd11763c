"""Activation: listening sockets that the service manager opened (sd_listen_fds(3)).

They wait in the kernel while no door runs, so that a restart refuses nobody, and a port below
1024 needs no right. Which of them answers which word of `listen` is read from the sockets
themselves. Not here: the sockets that an upgrade hands on.
"""

import os
import socket
from collections.abc import Iterable, MutableMapping, Sequence

from porch.listen.address import ListenAddress

__all__ = ["FIRST", "inherited", "matching"]

FIRST = 3
"""The first descriptor passed; the others follow (SD_LISTEN_FDS_START)."""

_VARIABLES = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")

_IPV4, _IPV6 = "0.0.0.0", "::"
"""How the system spells every address."""


def inherited(environ: MutableMapping[str, str] = os.environ) -> list[socket.socket]:
    """The sockets that were passed to this process, in order; none is the usual case.

    Takes the variables out of `environ`, so that nothing started later believes them its own.
    What was passed to another process (LISTEN_PID) is not touched. Raises OSError with a
    sentence if a descriptor is no socket: what was meant cannot be known, so nothing is served.
    """
    count, pid, _ = (environ.pop(name, "") for name in _VARIABLES)
    if pid != str(os.getpid()) or not count.isdecimal():
        return []
    return [_adopt(descriptor) for descriptor in range(FIRST, FIRST + int(count))]


def _adopt(descriptor: int) -> socket.socket:
    try:
        sock = socket.socket(fileno=descriptor)
    except OSError as error:
        raise OSError(
            error.errno,
            f"descriptor {descriptor} of LISTEN_FDS is no socket ({error.strerror}); "
            "have ListenStream= alone in the .socket unit",
        ) from error
    sock.set_inheritable(False)
    sock.setblocking(False)
    return sock


def matching(
    sockets: Iterable[socket.socket], addresses: Sequence[ListenAddress]
) -> tuple[dict[ListenAddress, socket.socket], list[str]]:
    """Which socket serves which address, and sentences on what does not fit.

    ":80" takes [::]:80 with IPv4 in it, 0.0.0.0:80 or [::]:80 alone, in this order, unless
    another entry of `addresses` names that one by itself. Sockets that serve no address are
    closed; each has its sentence. Addresses without a socket are left for the caller to bind.
    """
    warnings: list[str] = []
    usable: list[socket.socket] = []
    for sock in sockets:
        reason = _unusable(sock)
        if reason:
            warnings.append(f"a socket of the service manager, {_spelled(sock)}, {reason}; closed")
            sock.close()
        else:
            usable.append(sock)
    found: dict[ListenAddress, socket.socket] = {}
    # Whole addresses choose first: "0.0.0.0:80" beside ":80" must not find its own taken.
    for address in sorted(addresses, key=lambda each: not (each.host or each.path)):
        fitting = [sock for sock in usable if _rank(sock, address) is not None]
        if fitting and address not in found:
            best = min(fitting, key=lambda sock: _rank(sock, address) or 0)
            usable.remove(best)
            found[address] = best
            warnings += _differences(best, address)
    for sock in usable:
        warnings.append(_unasked(sock, found.values()))
        sock.close()
    return found, warnings


def _unusable(sock: socket.socket) -> str:
    """Why no listener can have it, "" if one can."""
    if sock.family not in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        return "is neither of TCP nor of Unix"
    if sock.type != socket.SOCK_STREAM:
        return "is not for streams: write ListenStream= in the .socket unit"
    if not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return "does not listen: write Accept=no in the .socket unit"
    if sock.family == socket.AF_UNIX and _unix_name(sock).startswith("@"):
        return "has no path, so that listen cannot name it"
    return ""


def _rank(sock: socket.socket, address: ListenAddress) -> int | None:
    """How well it fits, 0 best; None for not at all."""
    if sock.family == socket.AF_UNIX:
        name = _unix_name(sock)
        # /var/run is a link to /run almost everywhere.
        same = bool(address.path) and os.path.realpath(name) == os.path.realpath(address.path)
        return 0 if same else None
    host, port = sock.getsockname()[:2]
    if address.path or not address.port or port != address.port:
        return None
    if address.host:
        return 0 if host == address.host else None
    if host == _IPV6:
        return 2 if _is_ipv6_alone(sock) else 0
    return 1 if host == _IPV4 else None


def _differences(sock: socket.socket, address: ListenAddress) -> list[str]:
    """What the socket does that `address`, bound by ourselves, would not, or the reverse."""
    if sock.family == socket.AF_UNIX:
        return []
    host = sock.getsockname()[0]
    if address.host == _IPV6 and not _is_ipv6_alone(sock):
        return [
            f"{address} of the service manager takes IPv4 too; write BindIPv6Only=ipv6-only in "
            "the .socket unit if it should not"
        ]
    if address.host or not socket.has_dualstack_ipv6():
        return []
    if host == _IPV4:
        return [
            f"{address} of the service manager takes IPv4 alone; "
            f"ListenStream={address.port} in the .socket unit takes both"
        ]
    if _is_ipv6_alone(sock):
        return [
            f"{address} of the service manager takes IPv6 alone; "
            "BindIPv6Only=both in the .socket unit takes both"
        ]
    return []


def _unasked(sock: socket.socket, taken: Iterable[socket.socket]) -> str:
    name = _spelled(sock)
    if any(_spelled(each) == name for each in taken):
        return f"the service manager passes {name} more than once; one is enough, this is closed"
    return (
        f"the service manager passes {name}, which no entry of listen asks for; closed. "
        f'Write "{name}" into listen, or take it out of the .socket unit'
    )


def _spelled(sock: socket.socket) -> str:
    """As `listen` would have it."""
    if sock.family == socket.AF_UNIX:
        return f"unix:{_unix_name(sock)}"
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return f"of family {int(sock.family)}"
    host, port = sock.getsockname()[:2]
    if host == _IPV6 and not _is_ipv6_alone(sock):
        host = ""
    return str(ListenAddress(host=host, port=port))


def _unix_name(sock: socket.socket) -> str:
    name = sock.getsockname()
    text = name if isinstance(name, str) else os.fsdecode(name)
    return f"@{text[1:]}" if text.startswith("\0") else text


def _is_ipv6_alone(sock: socket.socket) -> bool:
    if sock.family != socket.AF_INET6:
        return False
    return bool(sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY))
