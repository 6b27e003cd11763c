"""CAA: whether a domain's owner lets an authority issue for a name (RFC 8659, RFC 8657).

Read as an authority reads it, so that a refusal is known before an order is made. Not here: which
identities an authority has; its documentation names them ("letsencrypt.org").
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import dns.exception
import dns.name
import dns.rdatatype
import dns.rdtypes.ANY.CAA
import dns.resolver

from porch import clock
from porch.certs.names import address_of, bare, normal

__all__ = ["PATIENCE", "Caa", "check_caa", "why_no_answer"]

Record = dns.rdtypes.ANY.CAA.CAA

PATIENCE = 5.0
"""Seconds that the whole climb may take."""

CRITICAL = 128 | 1
"""RFC 8659 4.1.1: bit 0, which is 128. Many took it for the bit with the value 1, so that
authorities (Let's Encrypt among them) take that for it as well."""
KNOWN = ("issue", "issuewild", "iodef")
"""Tags that every authority understands: those of RFC 8659 itself."""

_WORD = r"[A-Za-z0-9](?:-*[A-Za-z0-9])*"
_PARAMETER = rf"({_WORD})[ \t]*=[ \t]*([\x21-\x3a\x3c-\x7e]*)"
_VALUE = re.compile(
    rf"[ \t]*(?:({_WORD}(?:\.{_WORD})*)[ \t]*)?"
    rf"(?:;[ \t]*({_PARAMETER}[ \t]*(?:;[ \t]*{_PARAMETER}[ \t]*)*)?)?"
)
"""RFC 8659 4.2, issue-value."""
_PARAMETERS = re.compile(_PARAMETER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caa:
    """What the CAA records say about one authority and one name.

    state: "free" (there are no records, or none about issuing), "allowed", "refused", "unknown"
    (DNS failed, and authorities do not issue then). sentence: all of that for a person, with the
    way out. owner: the name whose records decided, or "". records: those that did, as zone files
    have them. accounts, methods: what the permission is bound to (RFC 8657 3, 4); empty for any.
    """

    state: Literal["free", "allowed", "refused", "unknown"]
    sentence: str
    owner: str = ""
    records: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()

    @property
    def is_allowed(self) -> bool:
        """Whether the authority would issue, as far as CAA goes."""
        return self.state in ("free", "allowed")


class _Found(NamedTuple):
    """owner: where the records are. place: the same for a person."""

    owner: str
    place: str
    records: list[Record]


class _Permission(NamedTuple):
    """A property that names the authority. accounts, methods: None if it says nothing of them."""

    record: Record
    accounts: tuple[str, ...] | None
    methods: tuple[str, ...] | None

    def admits(self, account: str, method: str) -> bool:
        # RFC 8657 3: "A Property without an 'accounturi' parameter matches any account"; one with
        # several "MUST be unsatisfiable". What the caller does not know is not held against it.
        if self.accounts is not None and (
            len(self.accounts) != 1 or (account and account != self.accounts[0])
        ):
            return False
        return self.methods is None or not method or method in self.methods


def check_caa(
    name: str,
    identities: Sequence[str],
    resolver: dns.resolver.Resolver,
    *,
    account: str = "",
    method: str = "",
    patience: float = PATIENCE,
) -> Caa:
    """Whether an authority that goes by `identities` may issue for `name`.

    identities: one at least; the first is what sentences call it.
    resolver: one that resolves for others (it chases aliases, as RFC 8659 3 wants). account: the
    URL of the account, if there is one; method: "http-01" and the like, if it is chosen. Takes
    `patience` seconds, and 2 more at most where name servers fail fast. Raises nothing.
    """
    if address_of(name) is not None:
        return Caa(state="free", sentence=f"CAA says nothing about addresses such as {name}")
    host = bare(name)
    until = clock.monotonic() + patience
    try:
        found = _climb(host, resolver, until)
    except (dns.exception.DNSException, OSError) as error:
        return Caa(
            state="unknown",
            sentence=f"{identities[0]} will not issue for {name}: asked for the CAA records of"
            f" {host}, {why_no_answer(error)}. No authority issues while that fails; have the name"
            " servers answer CAA questions (type 257), if only with none",
        )
    if found is None:
        return Caa(
            state="free",
            sentence=f"{identities[0]} may issue for {name}: no CAA record restricts it",
        )
    return _decide(name, identities, found, account, method)


def why_no_answer(error: Exception) -> str:
    """What went wrong with a question to DNS, as the end of a sentence."""
    if isinstance(error, dns.exception.Timeout | TimeoutError):
        return "no name server answered in time"
    if isinstance(error, dns.resolver.NoNameservers):
        # Each is (server, is it TCP, port, an exception or a code in words, response).
        errors = error.kwargs.get("errors") or [("", False, 0, "nobody to ask", None)]
        last = errors[-1][3]
        return f"the name servers failed ({last if str(last) else type(last).__name__})"
    return f"DNS failed ({str(error).rstrip('.') or type(error).__name__})"


def _climb(host: str, resolver: dns.resolver.Resolver, until: float) -> _Found | None:
    """The relevant records and whose they are: RFC 8659 3, from the name up to below the root."""
    name = dns.name.from_text(host)
    while name != dns.name.root:
        remaining = until - clock.monotonic()
        if remaining <= 0:
            raise TimeoutError
        try:
            answer = resolver.resolve(
                name,
                dns.rdatatype.CAA,
                raise_on_no_answer=False,
                lifetime=remaining,
                search=False,
            )
        except dns.resolver.NXDOMAIN:
            pass  # what does not exist has no records; its parents may
        else:
            records = [each for each in answer.rrset or () if isinstance(each, Record)]
            if records:
                place = name.to_text(omit_final_dot=True)
                owner = answer.canonical_name.to_text(omit_final_dot=True)
                if owner != place:
                    place = f"{owner} (which {place} is an alias of)"
                return _Found(owner, place, records)
        name = name.parent()
    return None


def _decide(name: str, identities: Sequence[str], found: _Found, account: str, method: str) -> Caa:
    ca, records = identities[0], found.records
    unknown = [each for each in records if each.flags & CRITICAL and _tag(each) not in KNOWN]
    if unknown:
        # RFC 8659 4.1: an issuer "MUST NOT issue" if the set "contains a CRITICAL Property with an
        # unknown or unsupported Property Tag".
        return Caa(
            state="refused",
            sentence=f"{ca} may not issue for {name}: the CAA record of {found.place}"
            f" '{_text(unknown[0])}' is marked critical, and authorities do not know"
            f" '{_tag(unknown[0])}'. Remove it, or give it the flag 0",
            owner=found.owner,
            records=tuple(map(_text, unknown)),
        )
    about = _about_issuing(records, is_wildcard=normal(name).startswith("*."))
    if not about:
        return Caa(
            state="free",
            sentence=f"{ca} may issue for {name}: the CAA record of {found.place}"
            f" '{_text(records[0])}' restricts nothing about it",
            owner=found.owner,
            records=tuple(map(_text, records)),
        )
    named = [each for each in map(_permission, about) if _names_one(each.record, identities)]
    admitting = [each for each in named if each.admits(account, method)]
    if admitting:
        return _allowed(name, ca, found, admitting)
    return _refused(name, ca, found, about, named)


def _about_issuing(records: Sequence[Record], *, is_wildcard: bool) -> list[Record]:
    wild = [each for each in records if _tag(each) == "issuewild"]
    if is_wildcard and wild:
        # RFC 8659 4.3: then "all 'issue' Properties MUST be ignored"; for other names, issuewild.
        return wild
    return [each for each in records if _tag(each) == "issue"]


def _allowed(name: str, ca: str, found: _Found, admitting: Sequence[_Permission]) -> Caa:
    # One that is bound to nothing makes the others' bounds idle.
    free = [each for each in admitting if each.accounts is None and each.methods is None]
    best = (free or list(admitting))[0]
    accounts, methods = best.accounts or (), best.methods or ()
    bounds = [f"the account {each}" for each in accounts]
    bounds += [f"by {' or '.join(methods)}"] if methods else []
    only = f", but only {' and '.join(bounds)}" if bounds else ""
    return Caa(
        state="allowed",
        sentence=f"{ca} may issue for {name}{only}: the CAA record of {found.place}"
        f" '{_text(best.record)}' allows it",
        owner=found.owner,
        records=(_text(best.record),),
        accounts=accounts,
        methods=methods,
    )


def _refused(
    name: str,
    ca: str,
    found: _Found,
    about: Sequence[Record],
    named: Sequence[_Permission],
) -> Caa:
    tag = _tag(about[0])
    wanted = f'Add a CAA record to {found.owner}: 0 {tag} "{ca}"'
    if named:
        deciding = [each.record for each in named]
        why = f"'{_text(deciding[0])}' allows it to another account or by another method only"
        wanted = "Put this account and method in it, or remove the parameters"
    else:
        deciding = list(about)
        malformed = [each for each in about if _split(each) is None]
        if malformed:
            deciding = malformed
            why = f"'{_text(malformed[0])}' is malformed, which forbids everybody (RFC 8659 4.2)"
            wanted = f'Correct it: 0 {tag} "{ca}"'
        elif all(_split(each) == ("", ()) for each in about):
            why = f"'{_text(about[0])}' forbids everybody"
        else:
            why = f"'{_text(about[0])}' allows others only"
    return Caa(
        state="refused",
        sentence=f"{ca} may not issue for {name}: the CAA record of {found.place} {why}. {wanted}",
        owner=found.owner,
        records=tuple(map(_text, deciding)),
    )


def _split(record: Record) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """The issuer, and the parameters; None for what does not match the grammar."""
    match = _VALUE.fullmatch(record.value.decode("latin-1"))
    if match is None:
        return None
    found = _PARAMETERS.findall(match[2] or "")
    return (match[1] or "").lower(), tuple((tag.lower(), value) for tag, value in found)


def _names_one(record: Record, identities: Sequence[str]) -> bool:
    split = _split(record)
    return split is not None and split[0] in [normal(each) for each in identities]


def _permission(record: Record) -> _Permission:
    _, parameters = _split(record) or ("", ())
    accounts = tuple(value for tag, value in parameters if tag == "accounturi")
    # RFC 8657 4: "a comma-separated sequence of zero or more validation method labels"
    methods = [value for tag, value in parameters if tag == "validationmethods"]
    return _Permission(
        record,
        accounts or None,
        tuple(each for value in methods for each in value.split(",") if each) if methods else None,
    )


def _tag(record: Record) -> str:
    return record.tag.decode("ascii").lower()


def _text(record: Record) -> str:
    return str(record.to_text())
