"""Asking: the origin is asked once for all who want the same."""

from porch import clock
from porch.cache.asker import is_for
from porch.cache.elsewhere import Elsewhere
from porch.cache.fill import Fill
from porch.cache.key import KeyRules, host, target
from porch.cache.parts import completing
from porch.cache.queries import QUERY
from porch.cache.shelf import FillKey, name_of
from porch.cache.store import Stored
from porch.cache.unkeyed import sendable
from porch.cache.validate import conditional
from porch.cache.waiting import Waiting
from porch.http.conditional import CONDITIONS
from porch.http.message import RequestHead
from porch.http.ranges import Range

__all__ = ["ask", "question", "refresh"]


def ask(waiting: Waiting, key: FillKey, checks: Stored | None, missing: list[Range]) -> None:
    """Wait for the origin's answer. checks: what is stored, and validated or completed by it.
    missing: what is to be completed; empty to validate."""
    shelf, exchange = waiting.cache.shelf, waiting.exchange
    asked = shelf.asked.get(key)
    if asked is not None and asked.is_behind():
        asked.retire()
        asked = None
    exchange.upstream = waiting
    if asked is not None:
        waiting.collapsed = True
        asked.join(waiting)
    elif shelf.locks.claim(name_of(key)):
        if shelf.store.writes[0] != waiting.writes and waiting.has_come(key[0]):
            # Another worker has stored it, and let go of the key, since this one looked.
            shelf.locks.release(name_of(key))
            exchange.keeper.later(0.0, waiting.again)
            return
        fill = Fill(shelf, key, waiting, checks)
        fill.join(waiting)
        fill.start(exchange, _head(waiting, checks, missing), exchange.held or b"")
    else:
        waiting.collapsed = True
        timeouts = waiting.cache.route.timeouts
        patience = timeouts.connect + timeouts.response
        Elsewhere(shelf, key, exchange.keeper, patience, ask).join(waiting)


def refresh(waiting: Waiting, key: FillKey, checks: Stored, number: int) -> None:
    """Validate what is stored in the background, once. waiting: who is served meanwhile. number: of
    store.generations, from before it was looked up."""
    shelf, name = waiting.cache.shelf, name_of(key)
    if key in shelf.asked or shelf.rests(name) or not shelf.locks.claim(name):
        return
    if shelf.store.generations[shelf.store.cell(key[0])] != number:
        shelf.locks.release(name)  # another worker has done it since
        return
    fill = Fill(shelf, key, waiting, checks)
    exchange = waiting.exchange
    fill.start(exchange, _head(waiting, checks, []), exchange.held or b"")


def question(
    request: RequestHead,
    rules: KeyRules,
    checks: Stored | None,
    missing: list[Range],
    *,
    is_his: bool = True,
) -> RequestHead:
    """What the origin is asked: what is in the key and nothing that only one client wants. is_his:
    whether what is checked may be given to this client (asker.is_for)."""
    is_query = request.method == QUERY
    whole = is_query or checks is not None or request.get(b"if-range") is not None
    fields = [
        field
        for field in sendable(request, rules.fields)
        if field[0] not in CONDITIONS and not (whole and field[0] == b"range")
    ]
    asked = RequestHead(
        QUERY if is_query else b"GET",
        target(request.target, rules),
        host(request.scheme, request.authority),
        request.scheme,
        fields,
        request.length,
    )
    if checks is None:
        return asked
    if missing:
        return completing(asked, checks.entry, missing, clock.wall())
    return conditional(asked, checks.entry, has_date=is_his)


def _head(waiting: Waiting, checks: Stored | None, missing: list[Range]) -> RequestHead:
    """The question for one client's request. Who he is was found by what a trusted proxy says; no
    more of that goes on than the address."""
    exchange = waiting.exchange
    is_his = checks is None or is_for(checks.entry, waiting.request, exchange.client_ip)
    rules = waiting.cache.rules_for(exchange)
    asked = question(exchange.request, rules, checks, missing, is_his=is_his)
    if exchange.client_ip != exchange.client.peer:
        asked.fields.append((b"x-forwarded-for", exchange.client_ip))
    return asked
