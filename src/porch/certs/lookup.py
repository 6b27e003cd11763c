"""Lookup: where DNS sends those who ask for a name, and whether that is this machine."""

from collections.abc import Collection, Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import dns.exception
import dns.name
import dns.resolver

from porch.certs.addresses import is_public
from porch.certs.caa import why_no_answer
from porch.certs.finding import Finding, State, fail, ok, warn
from porch.certs.names import Address, address_of, shown

__all__ = ["Lookup", "check_addresses", "check_lookup", "look_up"]


class Lookup(NamedTuple):
    """addresses: of both families, IPv4 first. chain: the names from the first to the one that
    has them, more than one if it is an alias. error: why nothing, or not all, is known, or ""."""

    addresses: tuple[Address, ...]
    chain: tuple[str, ...]
    error: str = ""


def look_up(name: str, resolver: dns.resolver.Resolver, lifetime: float, pool: Executor) -> Lookup:
    """Ask for A and AAAA at once. lifetime: seconds, as dnspython counts them. Raises nothing."""
    both = list(pool.map(lambda kind: _ask(name, kind, resolver, lifetime), ("A", "AAAA")))
    addresses = tuple(each for one in both for each in one.addresses)
    chain = max((one.chain for one in both), key=len)
    error = next((one.error for one in both if one.error), "")
    return Lookup(addresses, chain, error)


def _ask(name: str, kind: str, resolver: dns.resolver.Resolver, lifetime: float) -> Lookup:
    try:
        answer = resolver.resolve(
            dns.name.from_text(name),
            kind,
            raise_on_no_answer=False,
            lifetime=lifetime,
            search=False,
        )
    except dns.resolver.NXDOMAIN as error:
        end = error.canonical_name.to_text(omit_final_dot=True)
        return Lookup((), (name, end) if end != name else (name,), "no such name")
    except (dns.exception.DNSException, OSError) as error:
        return Lookup((), (name,), why_no_answer(error))
    found = (address_of(str(each)) for each in answer.rrset or ())
    ends = [
        str(each.target.to_text(omit_final_dot=True))
        for alias in answer.chaining_result.cnames
        for each in alias
    ]
    return Lookup(tuple(each for each in found if each is not None), (name, *ends))


def check_lookup(name: str, found: Lookup, trouble: State) -> list[Finding]:
    """What DNS said. trouble: what a failure is worth."""
    findings = []
    end = found.chain[-1]
    if len(found.chain) > 1:
        findings.append(ok("DNS", f"{name} is an alias: {' -> '.join(found.chain)}"))
    if found.error == "no such name":
        missing = (
            f"{name} is an alias of {end}, which does not exist"
            if end != name
            else (f"{name} does not exist in DNS")
        )
        sentence = f"{missing}. Add an A record to {end} with this machine's public address"
        findings.append(Finding("DNS", trouble, sentence))
    elif found.error:
        sentence = (
            f"asked for the addresses of {name}, {found.error}. Correct its name servers; an"
            " authority asks them as well"
        )
        # One family is enough for an authority.
        findings.append(Finding("DNS", "warn" if found.addresses else trouble, sentence))
    elif not found.addresses:
        sentence = (
            f"{end} exists in DNS, but has no address. Add an A record with this machine's public"
            " address"
        )
        findings.append(Finding("DNS", trouble, sentence))
    return findings


def check_addresses(
    name: str,
    addresses: Sequence[Address],
    own: Sequence[Address],
    confirmed: Collection[Address],
    *,
    is_sure: bool,
    matters: bool,
) -> list[Finding]:
    """Whether the addresses of `name` are this machine's.

    own: its interfaces'. confirmed: those at which this door has answered. is_sure: whether the
    door was asked for at all, so that silence means something. matters: whether an order fails
    for it.
    """
    judge = _Judge(name, own, is_sure, matters)
    findings = []
    private = [each for each in addresses if not is_public(each)]
    public = [each for each in addresses if is_public(each)]
    here = [each for each in public if each in own or each in confirmed]
    if here:
        findings.append(ok("DNS", judge.here(here)))
    if private:
        findings.append(judge.private(private))
    for version in (4, 6):
        far = [each for each in public if each not in here and each.version == version]
        if far:
            findings.append(judge.ipv4(far) if version == 4 else judge.ipv6(far))
    return findings


class _Judge(NamedTuple):
    name: str
    own: Sequence[Address]
    is_sure: bool
    matters: bool

    def here(self, addresses: Sequence[Address]) -> str:
        far = [each for each in addresses if each not in self.own]
        near = [each for each in addresses if each in self.own]
        sentences = []
        if near:
            sentences.append(f"{self.name} points to {_list(near)}, this machine")
        if far:
            sentences.append(
                f"{self.name} points to {_list(far)}, which this machine does not have itself, but"
                " this door answers there"
            )
        return "; ".join(sentences)

    def private(self, addresses: Sequence[Address]) -> Finding:
        # Not a failure: at home and in firms, DNS often tells the inside another address.
        return warn(
            "DNS",
            f"here, {self.name} points to {_list(addresses)}, which no authority can reach. Point"
            " it to a public address, unless DNS tells the internet another one already, or have"
            " dns-01 validate it",
        )

    def ipv4(self, addresses: Sequence[Address]) -> Finding:
        mine = self._mine(4)
        if not self._is_known:
            return warn(
                "DNS",
                f"{self.name} points to {_list(addresses)}; this machine has private addresses"
                f" only ({_list(self.own) or 'none'}), so whether that leads to it cannot be told"
                " from here. Compare it with the public address of the router or provider",
            )
        having = f"this machine has {_list(mine)}" if mine else "this machine has no public IPv4"
        return self._elsewhere(
            f"{self.name} points to {_list(addresses)}, but {having}. Correct the A record, unless"
            " what is there forwards to this door"
        )

    def ipv6(self, addresses: Sequence[Address]) -> Finding:
        mine = self._mine(6)
        if mine:
            having = f"this machine has {_list(mine)}"
            wayout = f"Set it to {shown(mine[0]).strip('[]')}, or remove it"
        else:
            having = "this machine has no public IPv6 address"
            wayout = "Remove it, or give this machine that address"
        return self._elsewhere(
            f"the AAAA record of {self.name} points elsewhere: to {_list(addresses)}, but"
            f" {having}. Authorities try IPv6 first and find another machine there, even if IPv4"
            f" is right. {wayout}"
        )

    def _elsewhere(self, sentence: str) -> Finding:
        # Without a token that this door answers, a proxy in front of it cannot be told from
        # another machine.
        is_failure = self.matters and self.is_sure and self._is_known
        return fail("DNS", sentence) if is_failure else warn("DNS", sentence)

    @property
    def _is_known(self) -> bool:
        """Whether this machine's own addresses are what the internet calls it by."""
        return any(map(is_public, self.own))

    def _mine(self, version: int) -> list[Address]:
        return [each for each in self.own if each.version == version and is_public(each)]


def _list(addresses: Sequence[Address]) -> str:
    return " and ".join(each.compressed for each in addresses)
