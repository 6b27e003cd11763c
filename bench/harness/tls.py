"""A client's end of a TLS connection, between bytes and bytes: it knows no socket.

TLS 1.3 with AES-128-GCM and X25519 is all that it offers, so that every proxy does the same work.
OpenSSL comes with `cryptography`: it is newer than the interpreter's, and the load should be quick;
and Python's `ssl` cannot choose among the ciphers of TLS 1.3.
"""

from __future__ import annotations

import socket
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.bindings.openssl.binding import Binding
from OpenSSL import SSL

from harness.clients import LoadError
from harness.messages import HOST

__all__ = ["CIPHER", "GROUP", "MUCH", "End", "check_shown", "opened"]

MUCH = 1 << 18
RECORD = 16384
CIPHER = "TLS_AES_128_GCM_SHA256"
GROUP = "x25519"


@cache
def _context() -> SSL.Context:
    """Who is at the other end is looked at once a proxy (`check_shown`), not once a handshake."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_3_VERSION)
    context.set_tls13_ciphersuites(CIPHER.encode())
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    # pyOpenSSL has no word for it. The default is two keys, one of them post-quantum.
    if not Binding.lib.SSL_CTX_set1_curves_list(context._context, GROUP.encode()):
        raise LookupError(f"OpenSSL knows no {GROUP}")
    return context


class End:
    """session: of an earlier connection, to be resumed; else the handshake is a full one.
    protocol: the only one that is offered (ALPN); else none is."""

    __slots__ = ("_connection", "_protocol", "_receive", "_resumes", "_take_in", "_take_out")

    def __init__(self, session: SSL.Session | None = None, protocol: bytes = b"") -> None:
        self._connection = connection = SSL.Connection(_context(), None)
        connection.set_connect_state()
        connection.set_tlsext_host_name(HOST)
        self._protocol = protocol
        if protocol:
            connection.set_alpn_protos([protocol])
        self._resumes = session is not None
        if session is not None:
            connection.set_session(session)
        self._receive, self._take_in = connection.recv, connection.bio_write
        self._take_out = connection.bio_read

    def ended(self) -> SSL.Session | None:
        """The connection is over. What to resume it with: the ticket came before an answer."""
        connection = self._connection
        # OpenSSL resumes nothing that was dropped without an end, should one not have come.
        connection.set_shutdown(SSL.SENT_SHUTDOWN | SSL.RECEIVED_SHUTDOWN)
        return connection.get_session()

    def hello(self) -> bytes:
        """What the connection begins with."""
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return self._take_out(MUCH)
        raise AssertionError("a handshake with nobody")

    def shake(self, data: bytes, request: bytes) -> bytes:
        """Go on with the handshake. What is to be sent: nothing, or its end with the first
        request. Raises LoadError if the session or the protocol was not taken."""
        connection = self._connection
        self._take_in(data)
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            return b""
        except SSL.Error as error:
            raise LoadError(f"the handshake failed: {error}") from error
        if self._resumes and not Binding.lib.SSL_session_reused(connection._ssl):
            raise LoadError("a ticket was not taken")
        if self._protocol != connection.get_alpn_proto_negotiated():
            raise LoadError(f"{self._protocol!r} was not taken")
        return self.encrypted(request)

    def encrypted(self, data: bytes) -> bytes:
        """Data as it is sent: at most half of MUCH."""
        sent = self._connection.send(data)
        while sent < len(data):  # pyOpenSSL lets OpenSSL take one record at a time
            sent += self._connection.send(data[sent:])
        return self._take_out(MUCH)

    def decrypted(self, data: bytes) -> bytes:
        """Take in what was received, and return what is whole of it."""
        self._take_in(data)
        pieces = []
        try:
            while True:
                pieces.append(self._receive(RECORD))
        except (SSL.WantReadError, SSL.ZeroReturnError):
            return b"".join(pieces)
        except SSL.Error as error:
            raise LoadError(f"broken TLS: {error}") from error

    def check(self, pair_cert: Path) -> None:
        """Raises LoadError if it is not the connection that all have, or not this certificate."""
        connection = self._connection
        found = (
            connection.get_protocol_version_name(),
            connection.get_cipher_name(),
            (connection.get_group_name() or "").lower(),
            connection.get_peer_certificate(as_cryptography=True),
        )
        shown = x509.load_pem_x509_certificate(pair_cert.read_bytes())
        if found != ("TLSv1.3", CIPHER, GROUP, shown):
            raise LoadError(f"TLS is {found}")


def opened(
    sock: socket.socket,
    request: bytes,
    session: SSL.Session | None = None,
    protocol: bytes = b"",
) -> End:
    """The end of `sock`, which blocks, after the handshake; the first request was sent with it."""
    end = End(session, protocol)
    sock.sendall(end.hello())
    while True:
        data = sock.recv(MUCH)
        if not data:
            raise LoadError("closed in the handshake")
        answer = end.shake(data, request)
        if answer:
            sock.sendall(answer)
            return end


def check_shown(port: int, cert: Path, request: bytes, ending: bytes) -> None:
    """Ask for the same twice, the second time with the first one's ticket; the answer must end so.

    Raises LoadError if anything is not as it should be.
    """
    session = None
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", port), 10) as sock:
            end = opened(sock, request, session)
            end.check(cert)
            held = b""
            while not held.endswith(ending):
                data = sock.recv(MUCH)
                if not data:
                    raise LoadError(f"closed after {len(held)} bytes, {held[:60]!r}")
                held += end.decrypted(data)
            if not held.startswith(b"HTTP/1.1 200 "):
                raise LoadError(f"answered {held[:60]!r}")
            session = end.ended()
