"""The words of a route's cache as what the filter goes by, and where the store lies."""

import re

from porch.cache.policy import MAX_OBJECT, Policy
from porch.config.schema_cache import BypassModel, CacheModel, statuses
from porch.route.condition import Conditions, ValueCondition
from porch.route.when import parse_when

__all__ = ["bypass", "policy"]

_COOKIE = rb"(?:.*[;,])?[ \t]*%s[^=;,]*="
"""Of a cookie whose name begins so, in all Cookie fields of a request together."""


def policy(words: CacheModel) -> Policy:
    """What they say. Raises ValueError with a sentence for conditions that are none."""
    return Policy(
        ttl=words.ttl or None,
        status_ttl=_status_ttl(words.status_ttl or {}),
        stale=words.stale,
        max_object=words.max_object or MAX_OBJECT,
        ignore=frozenset(each.encode() for each in words.ignore or ()),
        respect_client=words.respect_client is not False,
        guard=words.deception == "guard",
        bypass=bypass(words.bypass) if words.bypass is not None else (),
    )


def _status_ttl(words: dict[str, float]) -> dict[int, float]:
    """A status goes before its class."""
    classes = sorted(words.items(), key=lambda each: not each[0].endswith("xx"))
    return {status: ttl for name, ttl in classes for status in statuses(name)}


def bypass(words: BypassModel) -> tuple[Conditions, ...]:
    """Each condition by itself. Raises ValueError with a sentence."""
    found = [parse_when({"client": words.client})] if words.client else []
    for source in ("header", "query", "cookie"):
        for name, wanted in getattr(words, source).items():
            if source == "cookie" and name.endswith("*"):
                found.append(_cookies(name[:-1], wanted))
            else:
                found.append(parse_when({source: {name: wanted}}))
    return tuple(found)


def _cookies(start: str, wanted: str | bool) -> Conditions:
    if not start:
        raise ValueError("for any cookie at all write header = { cookie = true }")
    if wanted is not True:
        raise ValueError(f"'{start}*' is any cookie that begins so; write \"{start}*\" = true")
    pattern = re.compile(_COOKIE % re.escape(start.encode()), re.DOTALL)
    condition = ValueCondition(source="header", name=b"cookie", wanted=pattern)
    return Conditions(values=(condition,))
