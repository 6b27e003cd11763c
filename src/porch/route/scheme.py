"""By which scheme the client came: the one place where that is decided (docs/client-address.md)."""

from collections.abc import Callable

from porch.http.message import RequestHead

__all__ = ["Trusts", "client_scheme", "tells_of_scheme", "tells_scheme"]

Trusts = Callable[[bytes], bool] | None
"""Whether a peer's claims are believed, by its address; None for nobody's."""

_FIELD = b"x-forwarded-proto"
_SCHEMES = {b"http": b"http", b"https": b"https", b"ws": b"http", b"wss": b"https"}


def client_scheme(request: RequestHead, peer: bytes, trusts: Trusts) -> bytes:
    """b"http" or b"https": what X-Forwarded-Proto of a trusted peer says, where it says one of
    these, and not the other beside it; that of the connection else."""
    if trusts is None or not trusts(peer):
        return request.scheme
    return tells_scheme(request) or request.scheme


def tells_scheme(request: RequestHead) -> bytes | None:
    """What X-Forwarded-Proto says, whoever says it, in all its lines and all members of each, for
    proxies behind one another may each add what they have heard; None for nothing that could be
    believed. Of members that differ one may be the client's own, which a proxy has passed on."""
    said = tells_of_scheme(request)
    if said is None:
        return None
    known = {_SCHEMES.get(each.strip(b" \t").lower()) for each in said.split(b",")}
    return known.pop() if len(known) == 1 else None


def tells_of_scheme(request: RequestHead) -> bytes | None:
    """X-Forwarded-Proto as it came, its lines as one (RFC 9110 5.3); None where there is none."""
    said = [value for name, value in request.fields if name == _FIELD]
    return b",".join(said) if said else None
