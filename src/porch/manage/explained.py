"""Explained: where a request would go now, as the worker that is asked sees it.

Nothing moves by it: no hook of the route runs, no balancer gives anybody a turn, no endpoint is
dialled or tried, and nothing is counted. What a route's hooks would say of a request is said from
the file (cli/explain.py); here is what only the door knows.
"""

import os
from collections.abc import Iterator, Mapping
from typing import Any

from porch.balance.admission import Admission
from porch.balance.canary import Canary
from porch.balance.endpoint import Endpoint
from porch.balance.sticky import Sticky
from porch.balance.upstream import Upstream
from porch.config.build import Built
from porch.config.rehearse import client_of, exchange_of, request_of, shown_in
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.manage.naming import pool_word
from porch.manage.state_words import state_of

__all__ = ["MOST", "Explained", "explained"]

MOST = 50
"""Endpoints of a pool that are told one by one: who may be first, then who is out."""

Explained = dict[str, object]
"""Plain data, as `explained` makes it."""

Pool = Upstream | Sticky


def explained(built: Built, words: Mapping[str, Any]) -> Explained:
    """What this worker does with a request, in plain data.

    words: method, url, headers ("Name: value"), client, certificate (PEM, or None), as `porch
    explain` has them. The answer: `route` and `where` it is written, `pools` in the order in which
    they are asked, or `refused` where there is no route. Raises ValueError for what is no request.
    """
    found: Explained = {"pid": os.getpid()}
    shown = words["certificate"]
    try:
        headers = [_header(text) for text in words["headers"]]
        request = request_of(words["method"], words["url"], headers)
        certificate = shown_in(shown.encode()) if shown is not None else None
        exchange = exchange_of(built, request, client_of(words["client"]), certificate)
    except PorchError as error:
        return found | {"refused": f"{error.status} {error.detail or error.sentence}"}
    route = exchange.route
    owners = [getattr(hook, "__self__", None) for hook in route.plan.on_request]
    return found | {
        "route": route.key,
        "where": route.where,
        "room": [each.described for each in owners if isinstance(each, Admission)],
        **_destination(exchange),
    }


def _header(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    return name.strip(), value.strip()


def _destination(exchange: Exchange) -> Explained:
    """The pools of its route, and what is to be said of a canary."""
    destination = exchange.route.destination
    if isinstance(destination, Upstream | Sticky):
        return {"canary": None, "pools": [_pool(destination, exchange)]}
    if not isinstance(destination, Canary):
        return {"canary": None, "pools": []}
    both = [
        _pool(each, exchange)
        for each in (destination.canary, destination.stable)
        if isinstance(each, Upstream | Sticky)
    ]
    if destination.is_back:
        return {"canary": "was taken back: nobody goes there", "pools": both[1:]}
    is_drawn = destination.is_drawn(exchange.request, exchange.client_ip)
    if is_drawn:
        share = f"{destination.rule.share * 100:g}%"
        return {
            "canary": f"{share} of such requests go there, by chance",
            "pools": both[::-1],
            "drawn": True,
        }
    if destination.takes(exchange.request, exchange.client_ip):
        return {"canary": "this request goes there", "pools": both}
    return {"canary": "this request does not go there", "pools": both[1:]}


def _pool(pool: Pool, exchange: Exchange) -> Explained:
    leading = [*pool.leading(exchange)]
    others = sorted((each for each in pool.endpoints if each not in leading), key=_is_in)
    kept = pool.kept_by(exchange) if isinstance(pool, Sticky) else None
    told = [*leading, *others][:MOST]
    return {
        "pool": pool_word(pool.name),
        "manner": pool.manner,
        "sticky": kept.name if kept is not None else None,
        "first": [each.name for each in leading[:MOST]],
        "endpoints": [_endpoint(pool, each, kept) for each in told],
        "more": len(pool.endpoints) - len(told),
    }


def _endpoint(pool: Pool, endpoint: Endpoint, kept: Endpoint | None) -> Explained:
    return {
        "endpoint": endpoint.name,
        "running": endpoint.running,
        "why": [*_why(pool, endpoint, kept)],
    }


def _why(pool: Pool, endpoint: Endpoint, kept: Endpoint | None) -> Iterator[str]:
    """What is to be said of an endpoint; nothing of one that is in rotation as it should be."""
    if endpoint.out:
        yield state_of(endpoint.out, endpoint.checked_at)
        if endpoint is not kept and pool.is_used(endpoint):
            yield "used all the same: too few others are left"
    if not endpoint.full_weight:
        yield "weight 0"
    elif endpoint.weight < endpoint.full_weight:
        yield f"slow start: {endpoint.weight / endpoint.full_weight:.0%} of its weight"
    if pool.is_full(endpoint):
        yield "full: it has as many requests under way as `overload` lets it have"
    if endpoint.priority:
        yield f"priority {endpoint.priority}: it gets what the tiers before it cannot carry"
    if endpoint is kept:
        yield "the client's cookie belongs to it"


def _is_in(endpoint: Endpoint) -> bool:
    """Who is out comes first."""
    return not endpoint.out and endpoint.weight == endpoint.full_weight > 0
