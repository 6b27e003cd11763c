"""Challenges that the library does not know: tls-alpn-01 (RFC 8737), and dns-persist-01.

To import this module makes the library read them in an authority's answers.
"""

import ipaddress
from datetime import datetime, timedelta
from typing import Any

from acme import challenges
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.json_util import field
from josepy.jwk import JWK

from porch.certs import moments
from porch.certs.identifiers import is_address

__all__ = [
    "ACME_IDENTIFIER",
    "ALPN",
    "PERSIST_LABEL",
    "TLSALPN01",
    "DNSPersist01",
]

ALPN = "acme-tls/1"
"""The protocol that a validating authority asks for (RFC 8737 6.2)."""
ACME_IDENTIFIER = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")
"""The extension that holds the answer (RFC 8737 6.1)."""
PERSIST_LABEL = "_validation-persist"
DAY = timedelta(days=1)


@challenges.ChallengeResponse.register
class TLSALPN01Response(challenges.KeyAuthorizationChallengeResponse):
    """What is said when the certificate can be seen: nothing but that."""

    typ = "tls-alpn-01"


@challenges.Challenge.register
class TLSALPN01(challenges.KeyAuthorizationChallenge):
    """Shown in a TLS handshake on port 443, by a certificate that is for this alone."""

    response_cls = TLSALPN01Response
    typ = response_cls.typ

    def validation(self, account_key: JWK, **kwargs: Any) -> tuple[bytes, bytes]:
        """Chain and key, PEM, for the host `name`. Their own key, and good for some days."""
        name = str(kwargs["name"])
        digest = hashes.Hash(hashes.SHA256())
        digest.update(self.key_authorization(account_key).encode())
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ACME challenge")])
        alternative: x509.GeneralName = (
            x509.IPAddress(ipaddress.ip_address(name)) if is_address(name) else x509.DNSName(name)
        )
        present = moments.now()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(present - DAY)
            .not_valid_after(present + 7 * DAY)
            .add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
            # RFC 8737 3: "This extension MUST be critical"; it is an OCTET STRING of 32 bytes.
            .add_extension(
                x509.UnrecognizedExtension(ACME_IDENTIFIER, b"\x04\x20" + digest.finalize()),
                critical=True,
            )
            .sign(key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


@challenges.ChallengeResponse.register
class DNSPersist01Response(challenges.ChallengeResponse):
    """The record is there: an empty object."""

    typ = "dns-persist-01"


@challenges.Challenge.register
class DNSPersist01(challenges.Challenge):
    """A TXT record that stays, and names our account. Experimental: a draft (-00).

    issuer_domain_names: the authority's names; the record begins with one of them.
    """

    typ = "dns-persist-01"
    issuer_domain_names: tuple[str, ...] = field(
        "issuer-domain-names", omitempty=True, default=(), decoder=tuple
    )

    def record(self, account: str, *, wildcard: bool = False, until: datetime | None = None) -> str:
        """What the TXT record at `_validation-persist.NAME` has to say.

        account: its URL. wildcard: also for all names below. until: no longer than that.
        """
        issuer = self.issuer_domain_names[0] if self.issuer_domain_names else ""
        parts = [issuer, f"accounturi={account}"]
        if wildcard:
            parts.append("policy=wildcard")
        if until is not None:
            parts.append(f"persistUntil={int(until.timestamp())}")
        return "; ".join(parts)
