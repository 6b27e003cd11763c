"""What a client has shown of itself in a handshake, and how origins and conditions see it.

OpenSSL has verified it. It is read no further than it is asked for: most requests need the one
field that goes to the origin, and many not even that.
"""

import base64
import ipaddress
import re
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING

from porch import clock

if TYPE_CHECKING:
    from cryptography import x509

__all__ = ["ClientCertificate"]

_HOST = re.compile(r"[a-z0-9*_-]+(\.[a-z0-9_-]+)*\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\Z")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+\Z")


class ClientCertificate:
    """der: the certificate. chain: of its issuers, as far as they are known, nearest first."""

    __slots__ = ("_field", "_names", "_subject", "chain", "der")

    def __init__(self, der: bytes, chain: Sequence[bytes] = ()) -> None:
        self.der = der
        self.chain = tuple(chain)
        self._field = b""
        self._subject: str | None = None
        self._names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<ClientCertificate {self.subject}>"

    @classmethod
    def shown_in(cls, connection: ssl.SSLObject) -> "ClientCertificate | None":
        """That of a server's side that has verified it; None if the client has shown none.

        A session may be resumed for hours, and nobody verifies again what it was begun with: one
        that has expired meanwhile counts for none.
        """
        der = connection.getpeercert(binary_form=True)
        if der is None or (connection.session_reused and _has_expired(connection)):
            return None
        # Python has it from 3.13 on; and a ticket keeps no more than the certificate itself.
        found = getattr(connection, "get_verified_chain", None)
        return cls(der, found()[1:] if found is not None else ())

    @property
    def field(self) -> bytes:
        """The value of Client-Cert (RFC 9440 2.2)."""
        if not self._field:
            self._field = _binary(self.der)
        return self._field

    @property
    def chain_field(self) -> bytes:
        """The value of Client-Cert-Chain (RFC 9440 2.3), b"" if there is no chain."""
        return b", ".join(map(_binary, self.chain))

    @property
    def subject(self) -> str:
        """RFC 4514: "CN=device,O=Example"; "" for none."""
        return self._read()

    @property
    def names(self) -> tuple[str, ...]:
        """The subject's other names: hosts (lower-case), e-mail addresses, URIs, IP addresses.

        One whose text could be of another kind is left out, so that a name means one thing.
        """
        self._read()
        return self._names

    def _read(self) -> str:
        if self._subject is None:
            from cryptography import x509  # late: 30 ms that a door without these need not spend

            try:
                certificate = x509.load_der_x509_certificate(self.der)
                self._subject = certificate.subject.rfc4514_string()
                self._names = _names(certificate)
            except ValueError:  # OpenSSL reads more than this does; then no condition holds
                self._subject, self._names = "", ()
        return self._subject


def _has_expired(connection: ssl.SSLObject) -> bool:
    until = str((connection.getpeercert() or {}).get("notAfter", ""))
    return ssl.cert_time_to_seconds(until) < clock.wall()


def _binary(der: bytes) -> bytes:
    """A byte sequence of a structured field (RFC 9651 3.3.5)."""
    return b":%b:" % base64.b64encode(der)


def _names(certificate: "x509.Certificate") -> tuple[str, ...]:
    from cryptography import x509

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    hosts = [name.lower() for name in found.get_values_for_type(x509.DNSName)]
    emails = found.get_values_for_type(x509.RFC822Name)
    uris = found.get_values_for_type(x509.UniformResourceIdentifier)
    addresses = map(str, found.get_values_for_type(x509.IPAddress))
    return (
        *(each for each in hosts if _HOST.match(each) and not _is_address(each)),
        *(each for each in emails if _EMAIL.match(each) and not _URI.match(each)),
        *(each for each in uris if _URI.match(each) and not _is_address(each)),
        *(each for each in addresses if "/" not in each),
    )


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
