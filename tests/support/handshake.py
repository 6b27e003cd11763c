"""Handshakes over memory, with certificates of a test authority: no socket."""

import contextlib
import ssl
from pathlib import Path

import trustme

from porch.tls.certificate import Certificate, load_certificate
from porch.tls.hello import read_hello
from porch.tls.presented import Choice, Presented, Presenter

__all__ = ["AUTHORITY", "certificate", "client", "far_side", "files", "names", "shake"]

AUTHORITY = trustme.CA()


def files(
    folder: Path, *names: str, kind: trustme.KeyType = trustme.KeyType.ECDSA
) -> tuple[Path, Path]:
    """A certificate and its key as PEM files."""
    made = AUTHORITY.issue_cert(*names, key_type=kind)
    stem = f"{names[0]}.{kind.name}"
    cert, key = folder / f"{stem}.pem", folder / f"{stem}.key"
    made.cert_chain_pems[0].write_to_path(cert)
    made.private_key_pem.write_to_path(key)
    return cert, key


def certificate(folder: Path, *names: str) -> Certificate:
    """One for these names."""
    return load_certificate([files(folder, *names)])


def client(name: str | None, *protocols: str) -> ssl.SSLContext:
    """Of who trusts the authority."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    context.check_hostname = name is not None
    if protocols:
        context.set_alpn_protocols([*protocols])
    return context


def shake(
    server: Presenter | Presented, name: str | None, context: ssl.SSLContext | None = None
) -> ssl.SSLObject:
    """The client's side after a handshake over memory. Raises LookupError if nothing is chosen."""
    return _sides(server, name, context)[0]


def far_side(
    server: Presenter | Presented, name: str | None, context: ssl.SSLContext | None = None
) -> ssl.SSLObject:
    """The same of the server's side."""
    return _sides(server, name, context)[1]


def _sides(
    server: Presenter | Presented, name: str | None, context: ssl.SSLContext | None
) -> tuple[ssl.SSLObject, ssl.SSLObject]:
    presenter = server if isinstance(server, Presenter) else Presenter(server)
    to_server, from_server, to_client, from_client = (ssl.MemoryBIO() for _ in range(4))
    near = (context or client(name)).wrap_bio(to_client, from_client, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        near.do_handshake()
    data = from_client.read()
    hello = read_hello(data)
    choice = presenter.choose(hello) if hello is not None else None
    if not isinstance(choice, Choice):
        raise LookupError(name)
    to_server.write(data)
    far = choice.first.wrap_bio(to_server, from_server, server_side=True)
    far.context = choice.context
    for _ in range(5):
        with contextlib.suppress(ssl.SSLWantReadError):
            far.do_handshake()
        to_client.write(from_server.read())
        with contextlib.suppress(ssl.SSLWantReadError):
            near.do_handshake()
        to_server.write(from_client.read())
    return near, far


def names(side: ssl.SSLObject) -> object:
    """Of the certificate that a client was shown."""
    shown = side.getpeercert()
    assert shown is not None
    return shown["subjectAltName"]
