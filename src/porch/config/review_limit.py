"""What no single limit can tell: whether one can be walked around."""

from collections.abc import Sequence

from porch.config.authing import merge_auth
from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.schema import RouteWords
from porch.config.schema_limit import LimitModel, parts_of
from porch.config.schema_shield import ShieldWords
from porch.config.settings import site_of

__all__ = ["review_claims", "review_limits"]

_SENT = ("header", "cookie", "query")


def review_limits(loaded: Loaded, words: ShieldWords, path: KeyPath) -> None:
    """Find countries that nobody knows, and warn of what counts by nothing but what a client says
    of itself, of which a host is one where any is served. path: of the words."""
    if not loaded.config.geo:
        for limit in words.limit or ():
            if ("country", "") in parts_of(limit.per):
                text = 'per country needs a file that knows: geo = "country.mmdb" at the top'
                loaded.add((*path, "limit"), text)
    for limit in words.limit or ():
        if limit.smooth and limit.burst is not None and limit.burst > 1:
            text = f"smooth lets one in after the other, burst = {limit.burst} several; keep one"
            loaded.add((*path, "limit"), text)
    said = _SENT if not words.limit or _is_one_host(loaded, path) else (*_SENT, "host")
    sent = [_sent(each, said) for each in words.limit or ()]
    if all(sent):
        for each in sent:
            text = (
                f"who sends another {each} each time is counted anew each time; add a limit beside "
                'it that nobody walks around, such as "1000/min per client"'
            )
            loaded.add((*path, "limit"), text, warning=True)


def review_claims(loaded: Loaded) -> None:
    """Warn of routes that count by a claim and ask nobody for a token."""
    for entry in loaded.routes:
        own = site_of(loaded, entry.pattern.host.decode("ascii")) if entry.pattern else None
        layers: list[RouteWords] = [loaded.config, *([own] if own is not None else ()), entry.model]
        limits = next((each.limit for each in reversed(layers) if each.limit is not None), None)
        for limit in limits or ():
            named = [name for kind, name in parts_of(limit.per) if kind == "claim"]
            if named and not merge_auth(layers):
                text = (
                    f"claim {named[0]} is said by a token, and nobody is asked for one here, so"
                    " that the address counts; add auth = { jwt = … } to the route, or write"
                    " per client"
                )
                loaded.add((*entry.path, "limit"), text, warning=True)


def _is_one_host(loaded: Loaded, path: KeyPath) -> bool:
    """Whether those for whom the words of this path hold cannot make up a host."""
    if path[:1] == ("site",):
        return not str(path[1]).startswith("*")
    routes = [each for each in loaded.routes if each.path[: len(path)] == path]
    return not any(each.key.rpartition(" ")[2].startswith("*") for each in routes)


def _sent(limit: LimitModel, said: Sequence[str]) -> str:
    """What a client says itself, of what it is counted by; "" for nothing."""
    parts = parts_of(limit.per)
    return next((f"{kind} {name}".rstrip() for kind, name in parts if kind in said), "")
