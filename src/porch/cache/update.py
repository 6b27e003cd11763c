"""Update: a head that has come, as what is stored from now on."""

from typing import TYPE_CHECKING

from porch import clock
from porch.cache import validate
from porch.cache.appraise import appraise
from porch.cache.entry import Entry
from porch.cache.refusal import Refusal
from porch.http.message import RequestHead, ResponseHead

if TYPE_CHECKING:
    from porch.cache.filter import Cache

__all__ = ["appraised", "updated"]


def appraised(
    cache: "Cache",
    request: RequestHead,
    address: bytes,
    response: ResponseHead,
    requested: float,
    received: float,
) -> Entry | Refusal:
    """What to keep an answer as, or why it is not kept. Times are on the wall. request: as the
    origin was told it (asker.told). address: of the client."""
    return appraise(
        request,
        response,
        cache.policy,
        requested=requested,
        received=received,
        stored=cache.shelf.store.now(),
        today=clock.date,
        address=address,
    )


def updated(
    cache: "Cache",
    request: RequestHead,
    address: bytes,
    entry: Entry,
    response: ResponseHead,
    requested: float,
    received: float,
) -> Entry | Refusal:
    """What a stored answer is behind a 304, or an answer to HEAD, that says it holds still."""
    head = validate.updated(entry, response, clock.date)
    asked = validate.with_fields(request, request.fields)
    if asked.method == b"HEAD":
        asked.method = b"GET"
    verdict = appraised(cache, asked, address, head, requested, received)
    return verdict if isinstance(verdict, Refusal) else validate.freshened(entry, verdict)
