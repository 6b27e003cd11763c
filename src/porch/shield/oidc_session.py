"""A session: whom a provider has named, and until when that holds. It stands in a cookie, sealed.

There are three times, in seconds since 1970. due: to ask the provider again whether it still
holds. until: without that it holds no longer. ends: log in anew, whatever the provider says.
"""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from porch.shield.auth_claims import Claims, claim

__all__ = ["Kept", "Session", "begun", "claims_kept", "renewed"]

_SHARE = 0.8
"""Of the time that it holds, after which it is renewed: before anybody has to wait for it."""
_LEAST = 30.0
"""Seconds that it holds at least: who asks a provider more often is a burden to it."""

Kept = Callable[[Claims], dict[str, Any]]


class Session(NamedTuple):
    """claims: those that are kept. refresh: the token that renews it, "" for none. name: by which
    it is known over renewals, as one that was ended."""

    claims: Claims
    due: float
    until: float
    ends: float
    refresh: str = ""
    name: str = ""

    def packed(self) -> dict[str, Any]:
        """As it is sealed."""
        times = [self.due, self.until, self.ends]
        return {"c": self.claims, "t": times, "r": self.refresh, "n": self.name}

    @classmethod
    def unpacked(cls, found: Mapping[str, Any]) -> "Session":
        """Of what was `packed`."""
        due, until, ends = found["t"]
        return cls(found["c"], due, until, ends, found["r"], found.get("n", ""))


def begun(claims: Claims, refresh: str, now: float, holds: float, lifetime: float) -> Session:
    """holds: seconds until it is to be renewed, if it can be. lifetime: seconds in all."""
    name = secrets.token_urlsafe(12)
    return _made(claims, refresh, now, holds, now + lifetime)._replace(name=name)


def renewed(
    session: Session, claims: Claims | None, refresh: str, now: float, holds: float
) -> Session:
    """claims: None where the provider said nothing new. refresh: "" where the token stays."""
    known = session.claims if claims is None else claims
    made = _made(known, refresh or session.refresh, now, holds, session.ends)
    return made._replace(name=session.name)


def _made(claims: Claims, refresh: str, now: float, holds: float, ends: float) -> Session:
    if not refresh:
        return Session(claims, ends, ends, ends)
    holds = max(holds, _LEAST)
    return Session(claims, min(now + _SHARE * holds, ends), min(now + holds, ends), ends, refresh)


def claims_kept(claims: Claims, names: frozenset[str], groups: str) -> dict[str, Any]:
    """What a session keeps of a token: the claims of these names. groups: the claim that is kept as
    `groups`. An address that the provider has not verified is nobody's."""
    known = dict(claims)
    if known.get("email_verified", True) is not True:
        known.pop("email", None)
    found = {name: value for name in names if (value := claim(known, name)) is not None}
    listed = claim(known, groups)
    if listed is not None:
        found["groups"] = [listed] if isinstance(listed, str) else listed
    else:
        found.pop("groups", None)
    found["sub"] = known["sub"]
    return found
