"""The words of a route's cache as what the filter goes by."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from porch.cache.bypass import Spelled
from porch.cache.filter import KeyFunction
from porch.cache.key import KeyRules
from porch.cache.policy import MAX_OBJECT, Policy
from porch.config.schema_cache import BypassModel, CacheKeyModel, CacheModel, statuses
from porch.config.schema_change import CanaryModel
from porch.route.condition import Conditions, ValueCondition
from porch.route.when import parse_when

__all__ = ["Caching", "LoadFunction", "bypass", "caching", "key_rules", "policy"]

LoadFunction = Callable[[str, Path], KeyFunction | None]
"""("py:module:function", where modules are found too) -> it, or None where it cannot be loaded,
which was told then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """function: the operator's own part of the key."""

    policy: Policy
    key: KeyRules
    function: KeyFunction | None


def caching(
    words: CacheModel, load: LoadFunction, base: Path, canary: CanaryModel | None = None
) -> Caching | None:
    """What a route's cache goes by (RouteSettings.cache), beside a canary if it has one. None
    where the operator's part of the key cannot be loaded: without it answers would be given to
    those whom they are not for."""
    function = None
    if words.key is not None and words.key.py is not None:
        function = load(f"py:{words.key.py}", base)
        if function is None:
            return None
    return Caching(policy=policy(words), key=key_rules(words.key, canary), function=function)


def key_rules(words: CacheKeyModel | None, canary: CanaryModel | None = None) -> KeyRules:
    """What they say, without the function, and what a request asks for the canary by: the two
    versions answer apart."""
    rules = KeyRules() if words is None else _said(words)
    if canary is None:
        return rules
    asks = (name.lower() for name in _encoded([*canary.header]))
    cookies = (*rules.cookies, *_encoded([canary.cookie] if canary.cookie else None))
    fields = tuple(dict.fromkeys((*rules.fields, *asks)))
    return replace(rules, fields=fields, cookies=tuple(dict.fromkeys(cookies)))


def _said(words: CacheKeyModel) -> KeyRules:
    return KeyRules(
        ignore=_encoded(words.ignore_query),
        keep=None if words.query is None else _encoded(words.query),
        sort=words.sort is True,
        fields=tuple(name.lower() for name in _encoded(words.fields)),
        cookies=_encoded(words.cookies),
    )


def _encoded(texts: list[str] | None) -> tuple[bytes, ...]:
    return tuple(text.encode() for text in texts or ())


def policy(words: CacheModel) -> Policy:
    """What they say. Raises ValueError with a sentence for conditions that are none."""
    return Policy(
        ttl=words.ttl or None,
        status_ttl=_status_ttl(words.status_ttl or {}),
        stale=words.stale,
        max_object=words.max_object or MAX_OBJECT,
        ignore=frozenset(each.encode() for each in words.ignore or ()),
        respect_client=words.respect_client is not False,
        guard=words.deception is not False,
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
                found.append(_spelled(parse_when({source: {name: wanted}})))
    return tuple(found)


def _spelled(parsed: Conditions) -> Conditions:
    """What origins read as the name of a cookie or a parameter counts as it."""
    (found,) = parsed.values
    if not isinstance(found, ValueCondition) or found.source == "header":
        return parsed
    spelled = Spelled(source=found.source, name=found.name, wanted=found.wanted)
    return Conditions(values=(spelled,))


def _cookies(start: str, wanted: str | bool) -> Conditions:
    if not start:
        raise ValueError("for any cookie at all write header = { cookie = true }")
    if wanted is not True:
        raise ValueError(f"'{start}*' is any cookie that begins so; write \"{start}*\" = true")
    condition = Spelled(source="cookie", name=start.encode(), wanted=True, is_start=True)
    return Conditions(values=(condition,))
