"""TLS contexts for both sides of the door (OpenSSL, by `ssl`).

Towards origins everything is verified unless a route says otherwise in so many words. Towards
clients each host has its own certificate files, chosen by the name in the handshake (SNI).

What files hold comes here as bytes: who serves may not be able to read them, or to find them.
"""

import contextlib
import hashlib
import os
import re
import ssl
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

__all__ = [
    "SYSTEM",
    "Authorities",
    "Certificate",
    "client_context",
    "client_context_in_steps",
    "load_certificate",
    "server_context",
    "system_authorities",
]

Read = Callable[[Path], bytes]
"""What a file holds. Raises OSError as `open` would."""

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Authorities:
    """Who vouches for origins.

    pem: the content of a PEM file; None for those that OpenSSL finds by itself. folder: where it
    looks at each handshake for more, by a hash of their name.
    """

    pem: bytes | None = None
    folder: str | None = None


SYSTEM = Authorities()


class Certificate:
    """A certificate chain with its key, loaded. context: to serve it with."""

    __slots__ = ("cert", "context", "key")

    def __init__(self, cert: Path, key: Path, context: ssl.SSLContext) -> None:
        self.cert = cert
        self.key = key
        self.context = context


_contexts: WeakValueDictionary[bytes, ssl.SSLContext] = WeakValueDictionary()
"""Those in use, by a digest of chain and key: to load one takes half a millisecond, in which a
worker serves nobody, and most certificates are the same after a reload."""


def system_authorities(read: Read = Path.read_bytes) -> Authorities:
    """Those of this system, or SYSTEM where they are in no file."""
    paths = ssl.get_default_verify_paths()
    if not paths.cafile:  # None, whatever typeshed says
        return SYSTEM
    try:
        return Authorities(read(Path(paths.cafile)), paths.capath)
    except OSError:
        return SYSTEM


def client_context(*, verify: bool = True, authorities: Authorities = SYSTEM) -> ssl.SSLContext:
    """A context to speak with an origin. Raises ssl.SSLError if the authorities are no PEM."""
    steps = client_context_in_steps(verify=verify, authorities=authorities)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            context: ssl.SSLContext = done.value
            return context


def client_context_in_steps(
    *, verify: bool = True, authorities: Authorities = SYSTEM
) -> Generator[None, None, ssl.SSLContext]:
    """The same, an authority a step: those of a system take 30 ms together."""
    context = None
    if authorities.pem is not None:
        for found in _PEM.finditer(authorities.pem):
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
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def load_certificate(cert: Path, key: Path, read: Read = Path.read_bytes) -> Certificate:
    """The certificate of these PEM files. An equal one that is in use lends its context.

    Raises ValueError with a sentence if they cannot be read or do not belong together.
    """
    chain, private = _content(cert, read), _content(key, read)
    digest = hashlib.sha256(b"%d %b%b" % (len(chain), chain, private)).digest()
    context = _contexts.get(digest)
    if context is None:
        context = _base_context()
        try:
            with _named(chain, cert) as first, _named(private, key) as second:
                # Without a password at hand OpenSSL would ask for it on the terminal.
                context.load_cert_chain(first, second, password=lambda: b"")
        except ssl.SSLError as error:
            raise ValueError(_reason((cert, chain), (key, private), error)) from error
        _contexts[digest] = context
    return Certificate(cert, key, context)


def server_context(current: Callable[[], Mapping[str, Certificate]]) -> ssl.SSLContext:
    """A context that serves each host its certificate, and the first one to everybody else.

    current: asked at each handshake for the certificates of now, so that a reload needs no new
    listener: by host, lower-case; "*.example.com" stands for one label. Without any, every
    handshake fails.
    """
    context = _base_context()

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        certificates = current()
        host = (name or "").lower().rstrip(".")
        found = certificates.get(host) or certificates.get("*." + host.partition(".")[2])
        found = found or next(iter(certificates.values()), None)
        if found is not None:
            connection.context = found.context

    context.sni_callback = choose
    return context


def _content(file: Path, read: Read) -> bytes:
    try:
        return read(file)
    except FileNotFoundError as error:
        raise ValueError(f"{file} does not exist") from error
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror or error}") from error


@contextlib.contextmanager
def _named(content: bytes, file: Path) -> Iterator[str]:
    """A name under which OpenSSL, which takes only names, finds `content`: in memory that this
    process alone sees, so that a key touches no disk. Where there is no such, the file itself."""
    try:
        descriptor = os.memfd_create("porch", os.MFD_CLOEXEC)
    except (AttributeError, OSError):
        yield str(file)
        return
    try:
        with os.fdopen(descriptor, "wb", closefd=False) as opened:
            opened.write(content)
        name = f"/proc/self/fd/{descriptor}"
        yield name if os.path.exists(name) else str(file)
    finally:
        os.close(descriptor)


def _reason(cert: tuple[Path, bytes], key: tuple[Path, bytes], error: ssl.SSLError) -> str:
    if "MISMATCH" in (error.reason or ""):
        return f"{key[0]} is not the key of {cert[0]}"
    if b"ENCRYPTED" in key[1]:
        return f"{key[0]} is encrypted; write it anew without a password, and keep it from others"
    file = cert[0] if b"BEGIN CERTIFICATE" not in cert[1] else key[0]
    return f"{file} is not a PEM file that can be used: {error.reason or error}"


def _base_context() -> ssl.SSLContext:
    """TLS 1.2 and 1.3 with forward secrecy and authenticated ciphers alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20")
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context
