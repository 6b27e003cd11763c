"""What has to hold of the claims of a token: for whom, by whom, and when (RFC 7519 4.1)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from porch.shield.jwt_token import BadToken

__all__ = ["Terms"]

_LATEST = 1 << 40
"""Seconds since 1970 beyond which a time is no time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """issuers, audiences: one of these; empty for any. leeway: seconds that clocks may differ."""

    issuers: Sequence[str] = ()
    audiences: Sequence[str] = ()
    leeway: float = 30.0

    def check(self, claims: Mapping[str, Any], now: float) -> float:
        """When it ends, in seconds since 1970, the leeway included. now: by the same clock. Raises
        BadToken for one that does not hold."""
        ends = _time(claims, "exp")
        if ends is None:
            raise BadToken("it says not when it ends (exp)")
        if ends + self.leeway <= now:
            raise BadToken("it has expired")
        for name in ("nbf", "iat"):
            begins = _time(claims, name)
            if begins is not None and begins - self.leeway > now:
                raise BadToken(f"it is not valid yet ({name})")
        if self.issuers and not _is_text_of(claims.get("iss"), self.issuers):
            raise BadToken("it is not of the issuer")
        if self.audiences:
            found = claims.get("aud")
            named = found if isinstance(found, list) else [found]
            if not any(_is_text_of(each, self.audiences) for each in named):
                raise BadToken("it is for another audience")
        return ends + self.leeway


def _is_text_of(value: object, wanted: Sequence[str]) -> bool:
    return isinstance(value, str) and value in wanted


def _time(claims: Mapping[str, Any], name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadToken(f"its '{name}' is no number")
    if not math.isfinite(value) or not 0 <= value < _LATEST:
        raise BadToken(f"its '{name}' is no time")
    return float(value)
