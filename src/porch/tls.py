"""TLS contexts for both sides of the door (OpenSSL, by `ssl`).

Towards origins everything is verified unless a route says otherwise in so many words. Towards
clients each host has its own certificate files, chosen by the name in the handshake (SNI).
"""

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = ["Certificate", "client_context", "load_certificate", "server_context"]


class Certificate:
    """A certificate chain with its key, loaded. context: to serve it with."""

    __slots__ = ("cert", "context", "key")

    def __init__(self, cert: Path, key: Path, context: ssl.SSLContext) -> None:
        self.cert = cert
        self.key = key
        self.context = context


def client_context(*, verify: bool = True, ca: Path | None = None) -> ssl.SSLContext:
    """A context to speak with an origin.

    ca: a PEM file of authorities to trust instead of the system's. Raises OSError or
    ssl.SSLError if it cannot be read.
    """
    context = ssl.create_default_context(cafile=str(ca) if ca is not None else None)
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def load_certificate(cert: Path, key: Path) -> Certificate:
    """The certificate of these PEM files.

    Raises ValueError with a sentence if they cannot be read or do not belong together.
    """
    _check_readable(cert)
    _check_readable(key)
    context = _base_context()
    try:
        # Without a password at hand OpenSSL would ask for it on the terminal.
        context.load_cert_chain(cert, key, password=lambda: b"")
    except ssl.SSLError as error:
        raise ValueError(_reason(cert, key, error)) from error
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


def _check_readable(file: Path) -> None:
    try:
        with file.open("rb"):
            pass
    except FileNotFoundError as error:
        raise ValueError(f"{file} does not exist") from error
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror or error}") from error


def _reason(cert: Path, key: Path, error: ssl.SSLError) -> str:
    if "MISMATCH" in (error.reason or ""):
        return f"{key} is not the key of {cert}"
    if b"ENCRYPTED" in key.read_bytes():
        return f"{key} is encrypted; write it anew without a password, and keep it from others"
    file = cert if b"BEGIN CERTIFICATE" not in cert.read_bytes() else key
    return f"{file} is not a PEM file that can be used: {error.reason or error}"


def _base_context() -> ssl.SSLContext:
    """TLS 1.2 and 1.3 with forward secrecy and authenticated ciphers alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20")
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context
