"""A name server of the tests' own on loopback, by UDP and TCP, and a resolver that asks it."""

import socket
import socketserver
import threading
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

__all__ = ["NameServer", "closed_port"]

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
        outer = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                data, sock = self.request
                answer = outer._answer(data)
                if answer is not None:
                    wire = answer.to_wire(max_size=65535)
                    if len(wire) > 512:
                        answer.answer.clear()
                        answer.flags |= dns.flags.TC
                        wire = answer.to_wire()
                    sock.sendto(wire, self.client_address)

        class Tcp(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                length = int.from_bytes(self.rfile.read(2), "big")
                answer = outer._answer(self.rfile.read(length))
                outer.over_tcp += 1
                if answer is not None:
                    wire = answer.to_wire(max_size=65535)
                    self.wfile.write(len(wire).to_bytes(2, "big") + wire)

        self._tcp = socketserver.TCPServer(("127.0.0.1", 0), Tcp)
        self.port: int = self._tcp.server_address[1]
        self._udp = socketserver.UDPServer(("127.0.0.1", self.port), Udp)
        self._threads = [
            threading.Thread(target=each.serve_forever, args=(0.01,), daemon=True)
            for each in (self._tcp, self._udp)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        for server in (self._tcp, self._udp):
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()

    def resolver(self, timeout: float = 0.3) -> dns.resolver.Resolver:
        """A resolver that asks nobody else; timeout: seconds it gives one try."""
        made = dns.resolver.Resolver(configure=False)
        made.nameservers = ["127.0.0.1"]
        made.port = self.port
        made.timeout = timeout
        return made

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


def closed_port() -> int:
    """A port of loopback where nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
