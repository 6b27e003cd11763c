"""Contexts to speak with origins (OpenSSL, by `ssl`).

Everything is verified unless a route says otherwise in so many words. What files hold comes here as
bytes: who serves may not be able to read them, or to find them.
"""

import ssl
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from porch.tls.certificate import Pair, add_pair
from porch.tls.pem import CERTIFICATE

__all__ = [
    "SYSTEM",
    "Authorities",
    "OriginTls",
    "Version",
    "client_context",
    "client_context_in_steps",
    "system_authorities",
]

Version = Literal["1.2", "1.3"]
"""Of TLS."""
Read = Callable[[Path], bytes]
"""What a file holds. Raises OSError as `open` would."""


@dataclass(frozen=True, slots=True)
class Authorities:
    """Who vouches for origins.

    pem: the content of a PEM file; None for those that OpenSSL finds by itself. folder: where it
    looks at each handshake for more, by a hash of their name.
    """

    pem: bytes | None = None
    folder: str | None = None


SYSTEM = Authorities()


def system_authorities(read: Read = Path.read_bytes) -> Authorities:
    """Those of this system, or SYSTEM where they are in no file."""
    paths = ssl.get_default_verify_paths()
    if not paths.cafile:  # None, whatever typeshed says
        return SYSTEM
    try:
        return Authorities(read(Path(paths.cafile)), paths.capath)
    except OSError:
        return SYSTEM


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginTls:
    """What a context for origins is made of: two that are equal may share one.

    verify: whether a certificate is believed that nobody vouches for. pair: what is shown to an
    origin that asks. oldest: the version of TLS that an origin must speak at least. protocols: that
    are offered (ALPN), the preferred one first.
    """

    verify: bool = True
    authorities: Authorities = SYSTEM
    pair: Pair | None = None
    oldest: Version = "1.2"
    protocols: tuple[str, ...] = ("http/1.1",)


def client_context(*, verify: bool = True, authorities: Authorities = SYSTEM) -> ssl.SSLContext:
    """A context to speak with an origin. Raises ssl.SSLError if the authorities are no PEM."""
    steps = client_context_in_steps(OriginTls(verify=verify, authorities=authorities))
    while True:
        try:
            next(steps)
        except StopIteration as done:
            context: ssl.SSLContext = done.value
            return context


def client_context_in_steps(origin: OriginTls) -> Generator[None, None, ssl.SSLContext]:
    """The same, an authority a step: those of a system take 30 ms together.

    Raises ValueError with a sentence if the pair is of no use.
    """
    verify, authorities = origin.verify, origin.authorities
    context = None
    if authorities.pem is not None:
        for found in CERTIFICATE.finditer(authorities.pem):
            text = found[0].decode("latin-1")
            if context is None:
                context = ssl.create_default_context(cadata=text)
            else:
                context.load_verify_locations(cadata=text)
            yield
        if context is None:
            raise ssl.SSLError("there is no certificate in it, in PEM")
        if authorities.folder is not None:
            context.load_verify_locations(capath=authorities.folder)
    elif verify:
        context = ssl.create_default_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols([*origin.protocols])
    is_new = origin.oldest == "1.3"
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if is_new else ssl.TLSVersion.TLSv1_2
    if origin.pair is not None:
        add_pair(context, origin.pair)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
