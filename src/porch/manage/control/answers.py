"""What operations answer, described: the parts that will stay. More may come, and be left alone."""

from typing import Any

from porch.manage.control.schema import (
    Schema,
    flag,
    listed,
    made,
    nullable,
    number,
    optional,
    text,
    whole,
)

__all__ = ["AUDIT", "CACHE", "KEPT", "ORDERS", "PURGED", "STATUS", "TOTALS", "open_ended"]


def open_ended(**parts: Schema) -> Schema:
    """An object that has these parts, and may have others."""
    found: dict[str, Any] = {**made(**parts), "additionalProperties": True}
    return found


_TIME = text("RFC 3339")
_ORDER = made(
    about=text("the endpoint, route or canary"),
    order=text("what holds, in words"),
    since=nullable(_TIME),
    undo=text("the command that ends it"),
)
_COUNT = nullable(whole("null where it is not known"))
_WORKER = open_ended(
    pid=whole("of its process"),
    state=text("serving, starting, leaving, or hanging for so long"),
    connections=_COUNT,
    running=_COUNT,
    requests=_COUNT,
    memory=whole("bytes"),
    since=_TIME,
)
_ENDPOINT = open_ended(
    pool=text("its pool, or the route whose it is"),
    endpoint=text("its address"),
    state=text("up, or out since when and why"),
    requests=optional(whole("in all")),
    running=optional(whole("now")),
)

ORDERS = made(orders=listed(_ORDER))
STATUS = open_ended(
    version=text("of Porch"),
    pid=whole("of the supervisor"),
    since=_TIME,
    stopping=flag("whether it ends"),
    configuration=open_ended(
        file=text("by its name"),
        hash=text("of what runs"),
        loaded=_TIME,
        refused=flag("whether the last change was"),
        routes=whole("how many"),
        store=nullable(text("a folder")),
    ),
    workers=listed(_WORKER),
    listening=listed(text("an address")),
    control=nullable(text("the file of the control socket")),
    upstreams=listed(_ENDPOINT),
    more_upstreams=whole("that are not told one by one"),
    orders=listed(_ORDER),
    audit=made(file=nullable(text("by its name")), lost=whole("lines that were not written")),
    history=listed({"type": "object"}),
)
AUDIT = made(
    entries=listed(
        open_ended(
            at=_TIME,
            what=text("the operation, or start"),
            who=text("who has asked, or what"),
            words={"type": "object"},
            before={"type": "object"},
            after={"type": "object"},
            outcome={"type": "string", "enum": ["done", "refused", "failed", "begun"]},
            seconds={"type": "number", "minimum": 0},
            error=optional(text("why it was refused")),
            times=optional(whole("that were refused alike since the line before, this among them")),
            pending=optional(listed(whole("the process of a worker that had not taken it yet"))),
        )
    )
)
PURGED: Schema = {
    "type": "object",
    "properties": {
        "purged": listed(text("what")),
        "purged softly": listed(text("what")),
        "silent": text("workers that have not confirmed it"),
    },
    "additionalProperties": False,
}
CACHE = open_ended(
    requests=whole("that a cache has seen"),
    ratio=nullable({"type": "number"}),
    byte_ratio=nullable({"type": "number"}),
    folder=nullable(text("where it is kept; null in memory")),
    store={"type": ["object", "null"]},
    trouble=nullable(text("why it is not known, or does not serve")),
    top=listed(made(url=text("asked most often"), served=whole("from the store"))),
)
KEPT = open_ended(
    kept=listed({"type": "array"}),
    now=number("by the clock of the cache", 1e12),
    passed=flag("who asks now goes past the cache, since the last answer could not be kept"),
)
TOTALS = made(
    at=number("seconds of a clock that never goes back", 1e12),
    series=listed({"type": "array", "description": "its names, then its cells"}),
)
