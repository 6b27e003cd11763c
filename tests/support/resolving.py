"""A name server that resolves, for a system's own, and a resolver that asks it and nobody else."""

from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

from tests.support.dns_sockets import answering

__all__ = ["NameServer"]

MOST_ALIASES = 8


class NameServer:
    """Authoritative for everything, and resolves as far as it knows.

    Add records with `add`; `fail` and `silence` make names fail or hang. Use it in a `with`.
    asked: (name, type) of each question, in order; over_tcp: how many came by TCP.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.over_tcp = 0
        self._records: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], list[str]] = {}
        self._codes: dict[dns.name.Name, dns.rcode.Rcode] = {}
        self._silent: set[dns.name.Name] = set()

    def add(self, name: str, kind: str, *texts: str) -> "NameServer":
        """Records of `name`, as in a zone file."""
        self._records[dns.name.from_text(name), dns.rdatatype.from_text(kind)] = list(texts)
        return self

    def fail(self, name: str, code: dns.rcode.Rcode = dns.rcode.SERVFAIL) -> "NameServer":
        """Answer questions about `name` with an error."""
        self._codes[dns.name.from_text(name)] = code
        return self

    def silence(self, name: str) -> "NameServer":
        """Never answer questions about `name`."""
        self._silent.add(dns.name.from_text(name))
        return self

    def __enter__(self) -> "NameServer":
        self._serving = answering(self._said)
        self.port = self._serving.__enter__()
        return self

    def __exit__(self, *_: Any) -> None:
        self._serving.__exit__(None, None, None)

    def resolver(self, timeout: float = 0.3) -> dns.resolver.Resolver:
        """A resolver that asks nobody else; timeout: seconds it gives one try."""
        made = dns.resolver.Resolver(configure=False)
        made.nameservers = ["127.0.0.1"]
        made.port = self.port
        made.timeout = timeout
        return made

    def _said(self, data: bytes, by_udp: bool) -> bytes | None:
        answer = self._answer(data)
        self.over_tcp += not by_udp
        if answer is None:
            return None
        wire = answer.to_wire(max_size=65535)
        if by_udp and len(wire) > 512:
            answer.answer.clear()
            answer.flags |= dns.flags.TC
            wire = answer.to_wire()
        return wire

    def _answer(self, data: bytes) -> dns.message.Message | None:
        query = dns.message.from_wire(data)
        question = query.question[0]
        self.asked.append(
            (question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype))
        )
        if question.name in self._silent:
            return None
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        name = question.name
        for _ in range(MOST_ALIASES):
            answer.set_rcode(self._codes.get(name, dns.rcode.NOERROR))
            texts = self._records.get((name, question.rdtype))
            if texts is not None:
                answer.answer.append(dns.rrset.from_text(name, 60, "IN", question.rdtype, *texts))
                break
            alias = self._records.get((name, dns.rdatatype.CNAME))
            if alias is None:
                if not answer.rcode() and not self._exists(name):
                    answer.set_rcode(dns.rcode.NXDOMAIN)
                break
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", *alias))
            name = dns.name.from_text(alias[0])
        return answer

    def _exists(self, name: dns.name.Name) -> bool:
        """Itself, or as a parent of another (RFC 8020)."""
        return any(owner.is_subdomain(name) for owner, _ in self._records)
