"""An authoritative name server that takes DNS UPDATE (RFC 2136) with TSIG.

It has the zone `example.` unless told otherwise, of which it is the only server.
"""

import contextlib
from collections.abc import Iterator

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.tsigkeyring
import dns.update

from tests.support.dns_sockets import answering

SECRET = "c2VjcmV0IG9mIHRoZSB0ZXN0cyBvZiB0aGUgZG9vcg=="
KEY = "door."


class ZoneServer:
    """records: (name, type) -> values as text. slow: looks at a TXT until it is there."""

    def __init__(self, zone: str = "example.") -> None:
        self.zone = dns.name.from_text(zone)
        self.records: dict[tuple[str, str], list[str]] = {
            (zone, "SOA"): [f"ns.{zone} root.{zone} 1 1 1 1 1"],
            (zone, "NS"): [f"ns.{zone}"],
            (f"ns.{zone}", "A"): ["127.0.0.1"],
        }
        self.ring = dns.tsigkeyring.from_text({KEY: ("hmac-sha256", SECRET)})
        self.refuse = dns.rcode.NOERROR
        self.slow = 0
        self.asked: list[str] = []
        self.port = 0

    def answer(self, wire: bytes, by_udp: bool = True) -> bytes | None:
        """What is said to `wire`."""
        try:
            query = dns.message.from_wire(wire, keyring=self.ring)
        except dns.tsig.BadSignature:
            return self._refused(wire, dns.rcode.NOTAUTH)
        except (dns.message.UnknownTSIGKey, dns.tsig.PeerBadKey):
            return self._refused(wire, dns.rcode.NOTAUTH)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        if isinstance(query, dns.update.UpdateMessage):
            response.set_rcode(self._update(query))
        else:
            self._find(query, response)
        return response.to_wire()

    def _refused(self, wire: bytes, code: dns.rcode.Rcode) -> bytes:
        query = dns.message.from_wire(wire, keyring=False, continue_on_error=True)
        response = dns.message.Message(query.id)
        response.flags |= dns.flags.QR
        response.set_opcode(query.opcode())
        response.set_rcode(code)
        return response.to_wire()

    def _update(self, query: dns.update.UpdateMessage) -> dns.rcode.Rcode:
        if not query.had_tsig:
            return dns.rcode.REFUSED
        if self.refuse:
            return self.refuse
        if query.zone[0].name != self.zone:
            return dns.rcode.NOTZONE
        for rrset in query.update:
            kept = self.records.setdefault((rrset.name.to_text(), "TXT"), [])
            for record in rrset:
                value = record.to_text()
                if rrset.deleting == dns.rdataclass.NONE:
                    kept[:] = [each for each in kept if each != value]
                elif value not in kept:
                    kept.append(value)
        return dns.rcode.NOERROR

    def _find(self, query: dns.message.Message, response: dns.message.Message) -> None:
        asked = query.question[0]
        name, kind = asked.name.to_text().lower(), dns.rdatatype.to_text(asked.rdtype)
        self.asked.append(f"{name} {kind}")
        if not asked.name.is_subdomain(self.zone):
            response.set_rcode(dns.rcode.REFUSED)
            return
        values = self.records.get((name, kind), [])
        if kind == "TXT" and self.slow > 0:
            self.slow -= 1
            values = []
        alias = self.records.get((name, "CNAME"))
        if alias and kind != "CNAME":
            response.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", *alias))
        elif values:
            response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *values))
        else:
            zone = self.zone.to_text()
            soa = self.records[zone, "SOA"]
            response.authority.append(dns.rrset.from_text(zone, 60, "IN", "SOA", *soa))
            if not any(known == name for known, _ in self.records):
                response.set_rcode(dns.rcode.NXDOMAIN)


@contextlib.contextmanager
def serving(zone: str = "example.") -> Iterator[ZoneServer]:
    """One that answers until the end of the block."""
    server = ZoneServer(zone)
    with answering(server.answer) as server.port:
        yield server
