"""Failure: why an authority gave no certificate, in words for whoever has to mend it.

A problem document (RFC 7807, RFC 8555 6.7) says it to programs; its `detail` to those who know
the authority's own code. Here it becomes one sentence: what the authority said, what to do.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Literal

from acme import messages

from porch.certs import moments

__all__ = ["IssueError", "Kind", "code_of", "explain", "plain"]

Kind = Literal[
    "dns",
    "connection",
    "unauthorized",
    "caa",
    "rate_limited",
    "account",
    "network",
    "malformed",
    "clock",
    "busy",
    "store",
    "fault",
]

LONGEST = 300
"""Characters of an authority's own words that are shown."""
UNTOLD = timedelta(hours=1)
"""How long to stay away from an authority that limits and does not say for how long."""

_KINDS: dict[str, Kind] = {
    "dns": "dns",
    "dnssec": "dns",
    "unknownHost": "dns",
    "connection": "connection",
    "tls": "connection",
    "unauthorized": "unauthorized",
    "incorrectResponse": "unauthorized",
    "caa": "caa",
    "rateLimited": "rate_limited",
    "accountDoesNotExist": "account",
    "badPublicKey": "account",
    "badSignatureAlgorithm": "account",
    "externalAccountRequired": "account",
    "invalidContact": "account",
    "invalidEmail": "account",
    "unsupportedContact": "account",
    "userActionRequired": "account",
    "badCSR": "malformed",
    "invalidProfile": "malformed",
    "malformed": "malformed",
    "rejectedIdentifier": "malformed",
    "unsupportedIdentifier": "malformed",
}
"""RFC 8555 6.7 and the profiles draft; all others are the authority's own trouble."""

_ELSEWHERE = {"caa", "rate_limited", "account", "network"}
"""Kinds of failure that another authority may not have."""
_ELSEWHERE_CODES = {"rejectedIdentifier", "unsupportedIdentifier", "invalidProfile"}


class IssueError(Exception):
    """No certificate was got. `str` of it is a sentence for an operator.

    kind: a stable word. name: the host that it is about, "" for the whole order. code: the
    authority's own word. detail: the authority's own words. retry_after: it is useless to come
    before. another: whether another authority may do better.
    """

    def __init__(
        self,
        kind: Kind,
        sentence: str,
        *,
        name: str = "",
        code: str = "",
        detail: str = "",
        retry_after: datetime | None = None,
        another: bool | None = None,
    ) -> None:
        super().__init__(sentence)
        self.kind: Kind = kind
        self.name = name
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        self.another = kind in _ELSEWHERE if another is None else another


def code_of(problem: messages.Error) -> str:
    """The last word of its type, known to the library or not: "rateLimited"."""
    return str(problem.typ).rsplit(":", maxsplit=1)[-1]


def plain(words: object) -> str:
    """Words of a stranger, fit for a terminal and a log: one line, bounded, nothing unprintable."""
    one_line = " ".join(str(words).split())
    shown = "".join(each if each.isprintable() else "?" for each in one_line)
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def explain(
    problem: messages.Error,
    *,
    name: str = "",
    challenge: str = "",
    record: str = "",
    wait: datetime | None = None,
) -> IssueError:
    """An authority's problem as an IssueError.

    name: the host it is about, if the problem does not say. challenge: the kind that failed, as
    "http-01". record: what the operator should have in DNS. wait: what Retry-After said.
    """
    inner = problem.subproblems[0] if problem.subproblems else problem
    if code_of(problem) == "compound" or inner.identifier is not None:
        problem = inner
    code = code_of(problem)
    name = str(problem.identifier.value) if problem.identifier is not None else name
    detail = plain(problem.detail or problem.title or code)
    kind = _KINDS.get(code, "network")
    if kind == "unauthorized" and not challenge:
        kind = "account"
    if kind == "rate_limited":
        wait = wait or _told(detail) or moments.now() + UNTOLD
    return IssueError(
        kind,
        _sentence(kind, code, name, challenge, detail, wait)
        + (f"; the record is {record}" if record else ""),
        name=name,
        code=code,
        detail=detail,
        retry_after=wait if kind in ("rate_limited", "network") else None,
        another=True if code in _ELSEWHERE_CODES else None,
    )


def _sentence(
    kind: Kind, code: str, name: str, challenge: str, detail: str, wait: datetime | None
) -> str:
    host = name or "the host"
    match kind:
        case "dns":
            return f"the CA could not look up {host} ({detail}): {_dns_advice(challenge, host)}"
        case "connection":
            port = 443 if challenge == "tls-alpn-01" else 80
            return (
                f"the CA could not connect to {host} port {port} ({_reason(detail)}): open port "
                f"{port} to the internet, or point its A and AAAA records here"
            )
        case "unauthorized":
            return f"the CA was not convinced of {host} ({detail}): {_advice(challenge, host)}"
        case "caa":
            return (
                f"a CAA record of {host} forbids this CA ({detail}): add the CA to the record, or "
                "choose one that it names"
            )
        case "rate_limited":
            until = moments.text(wait) if wait else "later"
            return f"the CA limits how often ({detail}): it is tried again after {until}"
        case "account":
            return f"the CA refuses the account ({detail}): {_account_advice(code)}"
        case "malformed":
            about = f" for {name}" if name else ""
            return f"the CA refuses the order{about} ({detail}): {_order_advice(code)}"
        case _:
            return f"the CA has trouble of its own ({detail}): it is tried again by itself"


def _reason(detail: str) -> str:
    """The end of a chain of causes: `...: dial tcp 192.0.2.1:80: connect: refused` -> refused."""
    return detail.rsplit(": ", maxsplit=1)[-1]


def _dns_advice(challenge: str, host: str) -> str:
    if challenge.startswith("dns"):
        return f"see that {host} has public name servers that answer for its TXT records"
    return f"give {host} an A or AAAA record that points here, or wait until it is known"


def _advice(challenge: str, host: str) -> str:
    if challenge == "http-01":
        return f"see that http://{host}/ ends at this door, and at no other server or CDN"
    if challenge == "tls-alpn-01":
        return f"see that port 443 of {host} ends at this door, with no TLS server before it"
    return f"see that the TXT record is published by every name server of {host}"


def _account_advice(code: str) -> str:
    if code == "externalAccountRequired":
        return "set the key id and the HMAC key (eab) that it gives to its customers"
    if code in ("invalidContact", "invalidEmail", "unsupportedContact"):
        return "set an email address that exists, or none"
    if code == "accountDoesNotExist":
        return "it is registered again by itself"
    return "see what it says about your account, or choose another CA"


def _order_advice(code: str) -> str:
    if code in ("rejectedIdentifier", "unsupportedIdentifier"):
        return "name a host that is public and allowed there, or choose another CA"
    if code == "invalidProfile":
        return "set a profile that its directory lists, or none"
    return "see what it says; another CA may take it"


_DATE = re.compile(r"retry after (\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)", re.IGNORECASE)


def _told(detail: str) -> datetime | None:
    """The date inside the words, as Boulder writes it: "retry after 2026-03-01 12:00:00 UTC"."""
    found = _DATE.search(detail)
    if found is None:
        return None
    try:
        told = datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=UTC)
    except ValueError:
        return None
    return min(told, moments.now() + moments.LATEST)
