"""Asking: the origin is asked once for all who want the same."""

from porch import clock
from porch.cache.conditions import CONDITIONS
from porch.cache.elsewhere import Elsewhere
from porch.cache.fill import Fill
from porch.cache.key import KeyRules, host, target
from porch.cache.parts import completing
from porch.cache.ranges import Range
from porch.cache.shelf import FillKey, name_of
from porch.cache.store import Stored
from porch.cache.validate import conditional
from porch.cache.waiting import Waiting
from porch.http.message import RequestHead

__all__ = ["UNKEYED", "ask", "question", "refresh"]

UNKEYED = frozenset(
    (
        *(b"x-forwarded-host", b"x-forwarded-scheme", b"x-forwarded-server", b"x-forwarded-port"),
        *(b"x-forwarded-prefix", b"x-forwarded-ssl", b"x-host", b"x-original-host", b"forwarded"),
        *(b"x-original-url", b"x-rewrite-url", b"x-http-method", b"x-http-method-override"),
        *(b"x-method-override", b"x-forwarded-path", b"x-original-uri", b"base-url"),
        *(b"x-http-host-override", b"x-forwarded-proto", b"x-url-scheme", b"front-end-https"),
    )
)
"""Request fields by which an origin may make another answer for the same key, and that browsers do
not send: a request that is to be stored goes without them, or one client chooses what all get."""


def ask(waiting: Waiting, key: FillKey, checks: Stored | None, missing: list[Range]) -> None:
    """Wait for the origin's answer. checks: what is stored, and validated or completed by it.
    missing: what is to be completed; empty to validate."""
    shelf, exchange = waiting.cache.shelf, waiting.exchange
    asked = shelf.asked.get(key)
    if asked is not None:
        waiting.collapsed = True
        asked.join(waiting)
    elif shelf.locks.claim(name_of(key)):
        fill = Fill(shelf, key, waiting, checks)
        fill.join(waiting)
        fill.start(exchange, question(exchange.request, waiting.cache.rules, checks, missing))
    else:
        waiting.collapsed = True
        timeouts = waiting.cache.route.timeouts
        patience = timeouts.connect + timeouts.response
        Elsewhere(shelf, key, exchange.keeper, patience).join(waiting)


def refresh(waiting: Waiting, key: FillKey, checks: Stored) -> None:
    """Validate what is stored in the background, once. waiting: who is served meanwhile."""
    shelf, request = waiting.cache.shelf, waiting.exchange.request
    name = name_of(key)
    if key in shelf.asked or shelf.rests(name) or not shelf.locks.claim(name):
        return
    fill = Fill(shelf, key, waiting, checks)
    fill.start(waiting.exchange, question(request, waiting.cache.rules, checks, []))


def question(
    request: RequestHead, rules: KeyRules, checks: Stored | None, missing: list[Range]
) -> RequestHead:
    """What the origin is asked: what is in the key and nothing that only one client wants."""
    whole = checks is not None or request.get(b"if-range") is not None
    fields = [
        field
        for field in request.fields
        if field[0] not in CONDITIONS
        and field[0] not in UNKEYED
        and not (whole and field[0] == b"range")
    ]
    asked = RequestHead(
        b"GET",
        target(request.target, rules),
        host(request.scheme, request.authority),
        request.scheme,
        fields,
    )
    if checks is None:
        return asked
    if missing:
        return completing(asked, checks.entry, missing, clock.wall())
    return conditional(asked, checks.entry)
