"""What is wrong with the certificate of an origin, each with its own way out."""

from porch.errors import TlsError

__all__ = [
    "CertificateExpired",
    "CertificateForAnother",
    "CertificateNotYetValid",
    "CertificateSelfSigned",
    "CertificateUnknown",
]


class CertificateExpired(TlsError):
    """It was valid once, or its issuer's was."""

    sentence = "The endpoint's certificate has expired; renew it there."


class CertificateNotYetValid(TlsError):
    """It will be valid, if the clocks are right."""

    sentence = "The endpoint's certificate is not valid yet; check the clocks of both machines."


class CertificateForAnother(TlsError):
    """It does not name whom we dialled."""

    sentence = "The endpoint's certificate is for another name; say which in tls.server_name."


class CertificateSelfSigned(TlsError):
    """Nobody but itself vouches for it."""

    sentence = "The endpoint's certificate is self-signed; name that very file in tls.ca."


class CertificateUnknown(TlsError):
    """Nobody that is known vouches for it."""

    sentence = "The endpoint's authority is not known; name it in tls.ca, or have its chain sent."
