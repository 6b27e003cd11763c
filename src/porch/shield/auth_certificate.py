"""Who a client is by the certificate that it has shown, see tls/client_certificate.py."""

from porch.exchange import Exchange
from porch.shield.auth import Judge, Verdict

__all__ = ["ByCertificate"]

_KEPT = 1024
"""Certificates of which it is remembered whose they are."""


class ByCertificate:
    """See auth.Way. The name is the common name of the subject, else the first other name."""

    challenge = b""

    __slots__ = ("_judge", "_kept")

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._kept: dict[bytes, Verdict] = {}

    def identify(self, exchange: Exchange) -> Verdict:
        """See auth.Way. That it is verified, and still valid, is the handshake's part."""
        security = exchange.client.security
        shown = None if security is None else security.certificate(exchange.request)
        if shown is None:
            return None
        found = self._kept.get(shown.der)
        if found is None:
            subject, names = shown.subject, shown.names
            claims = {"subject": subject, "san": list(names)}
            name = _common_name(subject) or next(iter(names), "")
            found = self._judge.judge(name, "certificate", claims)
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[shown.der] = found
        return found


def _common_name(subject: str) -> str:
    """CN of a name as RFC 4514 writes it, if it has one and that has nothing escaped."""
    found = [each[3:] for each in subject.split(",") if each.startswith("CN=")]
    is_plain = len(found) == 1 and "\\" not in subject and "+" not in subject
    return found[0] if is_plain else ""
