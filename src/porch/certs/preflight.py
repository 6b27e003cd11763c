"""Preflight: what is looked at before any certificate is ordered for a public name.

An authority counts failed validations and locks out who has too many (rates.py), so what can be
seen from here is seen first. Nothing here asks the authority, or any outside service but DNS.
Synchronous: for a thread, never for the loop.
"""

import re
import secrets
import shlex
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal

import dns.resolver

from porch import clock
from porch.certs import moments
from porch.certs.addresses import is_public
from porch.certs.caa import Caa, check_caa
from porch.certs.finding import Finding, State, fail, is_hindered, ok, warn
from porch.certs.lookup import Lookup, check_addresses, check_lookup, look_up
from porch.certs.names import Address, address_of, bare, is_local
from porch.certs.rates import History, check_rates
from porch.certs.reach import Reached, Visit, knock, visit

__all__ = ["LONGEST", "Method", "Preflight", "Wanted", "check_name", "make_token", "preflight"]

Method = Literal["http-01", "tls-alpn-01", "dns-01"]

LONGEST = 10.0
"""Seconds that it all takes at most: DNS_LIFETIME and PORT_LIFETIME one after the other, with
CAA_LIFETIME beside them, and what dnspython's pauses between tries may add (2)."""
DNS_LIFETIME = 3.0
CAA_LIFETIME = 5.0
PORT_LIFETIME = 4.0
MOST_ADDRESSES = 6
"""Of a name, that are connected to; all are judged."""

NOBODYS = ("alt", "corp", "example", "home", "intranet", "invalid", "lan", "mail", "onion")
"""Top-level domains that no public registry has or will have (RFC 2606, RFC 9476, RFC 7686, ICANN
on name collisions) and that people use at home. Others that do not exist are told by DNS."""

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""RFC 5890 2.3.1; an authority takes no underscores (RFC 5280 4.2.1.6)."""


def make_token() -> str:
    """A challenge's token that no authority would give."""
    return f"porch-preflight-{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The order that is to be checked.

    name: as porch.certs.names has them. own: this machine's addresses (own_addresses). method: how
    the authority is to validate. identities: those of the authority for CAA, none if unknown.
    account: its URL, if there is one. is_public: whether it is one for the internet, and not a
    company's own. takes_addresses: whether the authority's profile issues for IP addresses. token:
    what to ask port 80 for. expected: what this door answers to that, or None if it is not running.
    history: what was ordered before, None if the authority's limits are unknown. later: until when
    the authority has asked not to be asked, or None. ports: those of HTTP and HTTPS. timeout:
    seconds for one connection, at most PORT_LIFETIME.
    """

    name: str
    own: Sequence[Address]
    method: Method = "http-01"
    identities: Sequence[str] = ("letsencrypt.org",)
    account: str = ""
    is_public: bool = True
    takes_addresses: bool = False
    token: str = field(default_factory=make_token)
    expected: bytes | None = None
    history: History | None = None
    later: float | None = None
    ports: tuple[int, int] = (80, 443)
    timeout: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """findings: in the order in which they matter. advice: what to do, in a sentence."""

    name: str
    findings: tuple[Finding, ...]
    advice: str

    @property
    def is_ok(self) -> bool:
        """Whether an order may be made; warnings do not keep from it."""
        return not is_hindered(self.findings)


def preflight(wanted: Wanted, resolver: dns.resolver.Resolver) -> Preflight:
    """Look at all that can be seen before an order. Takes LONGEST at most; raises nothing."""
    about_name = check_name(
        wanted.name,
        wanted.method,
        takes_addresses=wanted.takes_addresses,
        is_public=wanted.is_public,
    )
    if is_hindered([about_name]):
        return _report(wanted, [about_name])
    with ThreadPoolExecutor(2 * MOST_ADDRESSES + 3) as pool:
        asked = pool.submit(_caa, wanted, resolver) if wanted.identities else None
        found = _look_up(wanted, resolver, pool)
        near = _to_visit(wanted, found.addresses)
        first, second = _visit(wanted, near, pool)
        about_caa = _about_caa(wanted, asked)
    matters = wanted.method != "dns-01" and wanted.is_public
    confirmed = {address for address, reached in zip(near, first, strict=True) if reached.is_ours}
    findings = [
        about_name,
        *check_lookup(wanted.name, found, "fail" if matters else "warn"),
        *check_addresses(
            wanted.name,
            found.addresses,
            wanted.own,
            confirmed,
            is_sure=wanted.expected is not None,
            matters=matters,
        ),
        *(each.finding for each in (*first, *second)),
        about_caa,
        *_about_rates(wanted),
    ]
    return _report(wanted, findings)


def check_name(
    name: str, method: Method, *, takes_addresses: bool = False, is_public: bool = True
) -> Finding:
    """Whether an authority can issue for `name` at all, validated by `method`. is_public: whether
    it is one for the internet."""
    address = address_of(name)
    if address is not None:
        return _check_address(name, address, method, takes_addresses=takes_addresses)
    host = bare(name)
    if is_public and (is_local(name) or host.rpartition(".")[2] in NOBODYS):
        return fail(
            "name",
            f"no public authority can issue for '{name}', which belongs to nobody on the internet."
            " The local authority can; or use a name below a domain of your own",
        )
    labels = host.split(".")
    wrong = next((each for each in labels if not _LABEL.fullmatch(each)), None)
    if wrong is not None or labels[-1].isdigit() or len(host) > 253:
        return fail(
            "name",
            f"'{name[:260]}' is no name for a certificate: {_what_is_wrong(name, host, wrong)}",
        )
    if name.startswith("*.") and method != "dns-01":
        return fail(
            "name",
            f"'{name}' is a wildcard, and authorities validate those by dns-01 only, not by"
            f" {method}. Set up dns-01, or list the names one by one",
        )
    whose = "a public" if is_public else "the"
    return ok("name", f"{whose} authority can issue for {name}")


def _check_address(
    name: str, address: Address, method: Method, *, takes_addresses: bool
) -> Finding:
    if not is_public(address):
        return fail(
            "name",
            f"{name} is a private or reserved address, for which no public authority issues. The"
            " local authority does",
        )
    if not takes_addresses:
        return fail(
            "name",
            f"{name} is an address, and the chosen profile is for names only. Choose one that"
            " takes addresses (Let's Encrypt: shortlived), or use a name",
        )
    if method == "dns-01":
        return fail(
            "name",
            f"{name} is an address, which dns-01 cannot validate (RFC 8738 7). Use http-01 or"
            " tls-alpn-01",
        )
    return ok("name", f"a public authority can issue for the address {name}")


def _what_is_wrong(name: str, host: str, label: str | None) -> str:
    if not name.isascii():
        return "it has letters beyond ASCII; write it in its xn-- form"
    if label == "":
        return "a label of it is empty; look for two dots in a row"
    if label is not None and len(label) > 63:
        return "a label of it is longer than 63 characters (RFC 1035 2.3.4)"
    if label is not None and "*" in label:
        return "only the whole first label may be a star"
    if label is not None:
        return f"'{label}' has to be letters, digits and hyphens, none of these at its ends"
    if len(host) > 253:
        return "it is longer than 253 characters (RFC 1035 2.3.4)"
    return "its last label is a number, as in an address that is mistyped"


def _look_up(wanted: Wanted, resolver: dns.resolver.Resolver, pool: ThreadPoolExecutor) -> Lookup:
    address = address_of(wanted.name)
    if address is not None:
        return Lookup((address,), (wanted.name,))
    # "*.example.com" is a name like others to ask for, and the wildcard record is what answers.
    return look_up(wanted.name, resolver, DNS_LIFETIME, pool)


def _to_visit(wanted: Wanted, addresses: Sequence[Address]) -> list[Address]:
    # Whoever may choose the name may choose its addresses: nobody gets this machine to ask others
    # inside its network.
    allowed = [each for each in addresses if is_public(each) or each in wanted.own]
    return allowed[:MOST_ADDRESSES]


def _visit(
    wanted: Wanted, addresses: Sequence[Address], pool: ThreadPoolExecutor
) -> tuple[list[Reached], list[Reached]]:
    """What answers at ports 80 and 443 of each address."""
    http, https = (
        [_order(wanted, address, port, method) for address in addresses]
        for port, method in zip(wanted.ports, ("http-01", "tls-alpn-01"), strict=True)
    )
    first, second = pool.map(visit, http), pool.map(knock, https)
    return list(first), list(second)


def _order(wanted: Wanted, address: Address, port: int, method: str) -> Visit:
    # A machine that has no public address sees what its router shows it from inside.
    is_certain = address in wanted.own or any(map(is_public, wanted.own))
    trouble: State = "fail" if wanted.method == method and is_certain else "warn"
    because = (
        ""
        if is_certain
        else " (a router that does not lead its own address back inside looks like this too)"
    )
    return Visit(
        name=wanted.name.replace("*", wanted.token, 1),
        address=address,
        port=port,
        token=wanted.token,
        expected=wanted.expected,
        timeout=min(wanted.timeout, PORT_LIFETIME),
        trouble=trouble,
        because=because,
    )


def _caa(wanted: Wanted, resolver: dns.resolver.Resolver) -> Caa:
    return check_caa(
        wanted.name,
        wanted.identities,
        resolver,
        account=wanted.account,
        method=wanted.method,
        patience=CAA_LIFETIME,
    )


def _about_caa(wanted: Wanted, asked: "Future[Caa] | None") -> Finding:
    if asked is None:
        return warn(
            "CAA",
            "the authority does not say by which names CAA records call it, so whether they allow"
            " it cannot be told; its documentation says which",
        )
    found = asked.result()
    if not found.is_allowed:
        return fail("CAA", found.sentence)
    if found.accounts and not wanted.account:
        return warn("CAA", f"{found.sentence}. There is no account yet; it will have another URL")
    return ok("CAA", found.sentence)


def _about_rates(wanted: Wanted) -> Iterator[Finding]:
    if wanted.later is not None:
        yield fail(
            "rates",
            f"the authority has asked not to be asked for {wanted.name} again before"
            f" {moments.words(wanted.later)}; Porch keeps to that, and then tries by itself",
        )
    if wanted.history is not None:
        yield from check_rates(wanted.history, clock.wall())


def _report(wanted: Wanted, findings: Sequence[Finding]) -> Preflight:
    return Preflight(
        name=wanted.name, findings=tuple(findings), advice=_advice(wanted.name, findings)
    )


def _advice(name: str, findings: Sequence[Finding]) -> str:
    failed = _whats(findings, "fail")
    if failed:
        return (
            f"Nothing was ordered: put right {failed} first, then run porch certs check"
            f" {shlex.quote(name)} again"
        )
    doubtful = _whats(findings, "warn")
    if doubtful:
        return f"A certificate can be ordered; if that fails, look at {doubtful} first"
    return "A certificate can be ordered: nothing that can be seen from here hinders it"


def _whats(findings: Sequence[Finding], state: State) -> str:
    words = list(dict.fromkeys(each.what for each in findings if each.state == state))
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))
