"""RFC 2136: TXT records by DNS UPDATE, signed with TSIG (RFC 8945).

Name servers of one's own take them: BIND, Knot, PowerDNS, Windows.
"""

import base64
import ipaddress
from typing import NoReturn

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.tsig
import dns.tsigkeyring
import dns.update

from porch.certs.failure import IssueError, plain

__all__ = ["Rfc2136"]

ANSWER = 10.0
"""Seconds for one answer."""


class Rfc2136:
    """One name server, with the key that it knows us by.

    server: address or host name of the primary. key: the key's name. secret: base64, as in the
    server's own configuration. algorithm: of TSIG. zone: found by asking, unless said. ttl: of
    the records, seconds. Raises ValueError with a sentence if these cannot be.
    """

    def __init__(
        self,
        server: str,
        key: str,
        secret: str,
        *,
        algorithm: str = "hmac-sha256",
        port: int | str = 53,
        zone: str = "",
        ttl: int | str = 60,
    ) -> None:
        self._server = server
        try:
            self._port, self._ttl = int(port), int(ttl)
        except ValueError:
            raise ValueError(f"port '{port}' or ttl '{ttl}' is no number") from None
        self._zone = dns.name.from_text(zone) if zone else None
        self._key = dns.name.from_text(key)
        self._algorithm = dns.name.from_text(algorithm)
        if self._algorithm not in dns.tsig.mac_sizes:
            raise ValueError(f"'{algorithm}' is no algorithm of TSIG; hmac-sha256 is common")
        try:
            if not base64.b64decode(secret, validate=True):  # the library ignores what it is not
                raise ValueError("it is empty")
            self._ring = dns.tsigkeyring.from_text({key: (algorithm, secret)})
        except ValueError as error:
            raise ValueError(f"the secret of the key {key} is not base64") from error

    def __repr__(self) -> str:  # without the secret
        return f"<Rfc2136 {self._server} with the key {self._key}>"

    def present(self, name: str, value: str) -> None:
        """Add the record. Raises IssueError."""
        update, owner = self._update(name)
        update.add(owner, self._ttl, "TXT", f'"{value}"')
        self._send(update, name)

    def cleanup(self, name: str, value: str) -> None:
        """Remove the record. Raises IssueError."""
        update, owner = self._update(name)
        update.delete(owner, "TXT", f'"{value}"')
        self._send(update, name)

    def _update(self, name: str) -> tuple[dns.update.UpdateMessage, dns.name.Name]:
        zone = self._zone or self._find_zone(name)
        update = dns.update.UpdateMessage(
            zone, keyring=self._ring, keyname=self._key, keyalgorithm=self._algorithm
        )
        return update, dns.name.from_text(name).relativize(zone)

    def _find_zone(self, name: str) -> dns.name.Name:
        """The nearest name upwards for which that server says SOA."""
        at = dns.name.from_text(name)
        while True:
            answer = self._ask(dns.message.make_query(at, "SOA"), name)
            for rrset in (*answer.answer, *answer.authority):
                if rrset.rdtype == dns.rdatatype.SOA and at.is_subdomain(rrset.name):
                    return rrset.name
            if len(at) <= 2:
                self._fail(name, f"it has no zone for {name}")
            at = at.parent()

    def _send(self, update: dns.update.UpdateMessage, name: str) -> None:
        answer = self._ask(update, name)
        if answer.rcode() != dns.rcode.NOERROR:
            self._fail(name, f"it says {dns.rcode.to_text(answer.rcode())}")

    def _ask(self, message: dns.message.Message, name: str) -> dns.message.Message:
        try:
            return dns.query.tcp(message, self._address(), timeout=ANSWER, port=self._port)
        except dns.tsig.PeerError as error:
            self._fail(name, plain(error), error)
        except (dns.exception.DNSException, OSError, EOFError) as error:
            self._fail(name, plain(error) or type(error).__name__, error)

    def _address(self) -> str:
        try:
            return str(ipaddress.ip_address(self._server))
        except ValueError:
            found = list(dns.resolver.resolve_name(self._server).addresses())
            if not found:
                raise OSError(f"{self._server} has no address") from None
            return str(found[0])

    def _fail(self, name: str, why: str, cause: BaseException | None = None) -> NoReturn:
        raise IssueError(
            "dns",
            f"the name server {self._server} did not take the TXT record {name} ({why}): see that "
            f"it runs, knows the key {self._key}, and lets it update that zone",
            name=name,
        ) from cause
