"""By which scheme the client came: the one place where that is decided (docs/client-address.md)."""

from collections.abc import Callable

from porch.http.message import RequestHead

__all__ = ["Trusts", "client_scheme", "tells_scheme"]

Trusts = Callable[[bytes], bool] | None
"""Whether a peer's claims are believed, by its address; None for nobody's."""

_FIELD = b"x-forwarded-proto"
_SCHEMES = {b"http": b"http", b"https": b"https", b"ws": b"http", b"wss": b"https"}


def client_scheme(request: RequestHead, peer: bytes, trusts: Trusts) -> bytes:
    """b"http" or b"https": what X-Forwarded-Proto of a trusted peer says, where it says one of
    these, and nothing else beside it; that of the connection else."""
    if trusts is None or not trusts(peer):
        return request.scheme
    return tells_scheme(request) or request.scheme


def tells_scheme(request: RequestHead) -> bytes | None:
    """What X-Forwarded-Proto says, whoever says it; None for nothing that could be believed. Of
    two fields one may be the client's own, which a proxy has passed on."""
    said = [value for name, value in request.fields if name == _FIELD]
    return _SCHEMES.get(said[0].lower()) if len(said) == 1 else None
