"""By which scheme the client came: the one place where that is decided (docs/client-address.md)."""

from collections.abc import Callable

from porch.http.message import RequestHead

__all__ = ["client_scheme"]

_SCHEMES = {b"http": b"http", b"https": b"https", b"ws": b"http", b"wss": b"https"}


def client_scheme(
    request: RequestHead, peer: bytes, trusts: Callable[[bytes], bool] | None
) -> bytes:
    """b"http" or b"https": what X-Forwarded-Proto of a trusted peer says, where it says one of
    these alone; that of the connection else. trusts: whether a peer's claims are believed, by its
    address; None for nobody's."""
    if trusts is None or not trusts(peer):
        return request.scheme
    said = request.get(b"x-forwarded-proto")
    return request.scheme if said is None else _SCHEMES.get(said.lower(), request.scheme)
