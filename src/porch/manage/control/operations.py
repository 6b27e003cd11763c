"""Operations: all that a running door can be asked, in one table.

From it come what is taken and refused at the control socket and at the address of `admin`, the
document of OpenAPI, and what the commands ask. An operation that changes something is a POST, all
others are GET, so that no link and no image can change anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from porch.manage.control.answers import (
    AUDIT,
    CACHE,
    KEPT,
    ORDERS,
    PURGED,
    STATUS,
    TOTALS,
)
from porch.manage.control.schema import (
    Schema,
    flag,
    listed,
    made,
    mapped,
    number,
    optional,
    text,
    whole,
)

__all__ = ["BASE", "LONGEST_WAIT", "OPERATIONS", "Operation", "at"]

BASE = "/v1/"
LONGEST_WAIT = 3600
"""Seconds that a drain or a renewal is waited for at most."""
_HEAVIEST = 1000
_TEN_YEARS = 315_360_000
LONGEST_TEXT = 4096
"""Characters of one word: a route's key, an endpoint, a URL, a tag."""
MOST_NAMED = 10_000
"""Urls, hosts or tags that one purge names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One. name: the word by which commands have it. summary: a sentence. changes: whether
    anything is another way afterwards. takes, gives: schemas of its words and of its answer.
    ending: of its path, if that is not its name. later: what an answer with 202 means, "" where
    there is none. needs_others: whether somebody else has a part in it, so that it may be 502."""

    name: str
    summary: str
    changes: bool
    takes: Schema
    gives: Schema
    ending: str = ""
    later: str = ""
    needs_others: bool = False

    @property
    def path(self) -> str:
        """Where it is asked for."""
        return BASE + (self.ending or self.name)

    @property
    def method(self) -> str:
        """Of HTTP; HEAD is taken as a GET too."""
        return "POST" if self.changes else "GET"


def _endpoint(**more: Schema) -> Schema:
    return made(
        endpoint=text(
            "an address as status shows it, or with its pool: 'api/10.0.0.1:8000'", LONGEST_TEXT
        ),
        all_pools=optional(flag("in every pool that has this address")),
        **more,
    )


_NOTHING = made()
_ANY: Schema = {"type": "object"}
_LOADED = made(
    loaded=text("what runs now, in words"),
    workers=whole("how many"),
    warnings=listed(text("a line")),
)
_WARNING = optional(text("what should be known about it"))
_DONE = listed(text("an endpoint"))
_PENDING = optional(listed(whole("the process of a worker that has not taken it yet")))
_LATER = "It is made; the workers in `pending` hang, or start, and take it when they go on."

_TABLE = (
    Operation(
        name="openapi",
        ending="openapi.json",
        summary="This document.",
        changes=False,
        takes=_NOTHING,
        gives=_ANY,
    ),
    Operation(
        name="status",
        summary="What runs: configuration, workers, endpoints, orders, history.",
        changes=False,
        takes=_NOTHING,
        gives=STATUS,
    ),
    Operation(
        name="reload",
        summary="Load the file again; refused if anything is wrong with it, and nothing changed.",
        changes=True,
        takes=_NOTHING,
        gives=_LOADED,
    ),
    Operation(
        name="rollback",
        summary="Go back to the configuration that ran before.",
        changes=True,
        takes=_NOTHING,
        gives=_LOADED,
    ),
    Operation(
        name="upgrade",
        summary="Become the version that is installed now; no connection is lost.",
        changes=True,
        takes=_NOTHING,
        gives=made(upgraded=text("the version"), workers=whole("how many")),
    ),
    Operation(
        name="diff",
        summary="What a reload would change.",
        changes=False,
        takes=_NOTHING,
        gives=made(changes=listed(text("a line"))),
    ),
    Operation(
        name="certificates",
        summary="Look into the store of certificates now: somebody has put one there.",
        changes=True,
        takes=_NOTHING,
        gives=made(told=whole("workers")),
    ),
    Operation(
        name="renew",
        summary="Get a host another certificate now, whatever the time of the one that it has.",
        changes=True,
        takes=made(
            host=text("as a route has it", LONGEST_TEXT),
            wait=optional(
                number("seconds to wait for how it went; 0: not at all", LONGEST_WAIT),
            ),
        ),
        gives=made(
            renewed=optional(text("the host")),
            certificate=optional(text("until when, of whom, its serial number")),
            said=optional(text("how it went")),
            renewing=optional(text("with 202: it is not over yet")),
        ),
        later="It is not over yet; the audit tells its end.",
        needs_others=True,
    ),
    Operation(
        name="stop",
        summary="Let what runs finish, then end.",
        changes=True,
        takes=_NOTHING,
        gives=made(stopping=text("within how long")),
    ),
    Operation(
        name="drain",
        summary="Send an endpoint nothing new.",
        changes=True,
        takes=_endpoint(
            wait=optional(
                number("seconds to wait until nothing runs there; 0: not at all", LONGEST_WAIT)
            )
        ),
        gives=made(drained=_DONE, warning=_WARNING, pending=_PENDING),
        later=_LATER,
    ),
    Operation(
        name="undrain",
        summary="Use a drained endpoint again.",
        changes=True,
        takes=_endpoint(),
        gives=made(undrained=_DONE, warning=_WARNING, pending=_PENDING),
        later=_LATER,
    ),
    Operation(
        name="weight",
        summary="Give an endpoint another share of the requests.",
        changes=True,
        takes=_endpoint(
            weight={
                "type": ["integer", "null"],
                "minimum": 0,
                "maximum": _HEAVIEST,
                "description": "0: none; null: that of the file again",
            }
        ),
        gives=made(weighted=_DONE, warning=_WARNING, pending=_PENDING),
        later=_LATER,
    ),
    Operation(
        name="maintenance",
        summary="Close a route for a while, or open it again.",
        changes=True,
        takes=made(
            route=text("the route's key, as the file has it", LONGEST_TEXT),
            on=flag("whether it is closed"),
            page=optional(text("a file on the door's machine, of HTML", LONGEST_TEXT)),
            retry_after=optional(number("seconds until clients should come again", _TEN_YEARS)),
            allow=optional(
                listed(text("a network whose clients pass: 10.0.0.0/8", LONGEST_TEXT), 1000)
            ),
            **{"for": optional(number("seconds until it opens by itself; 0: never", _TEN_YEARS))},
        ),
        gives=made(
            closed=optional(text("what")),
            open=optional(text("what")),
            warning=_WARNING,
            pending=_PENDING,
        ),
        later=_LATER,
    ),
    Operation(
        name="canary",
        summary="Take the canary of a route back, or let it go on.",
        changes=True,
        takes=made(
            route=text("the route's key, or the canary's name", LONGEST_TEXT),
            on=flag("whether it has requests"),
        ),
        gives=_ANY,
        later=_LATER,
    ),
    Operation(
        name="orders",
        summary="What holds beside the file: drains, weights, maintenance, canaries taken back.",
        changes=False,
        takes=_NOTHING,
        gives=ORDERS,
    ),
    Operation(
        name="audit",
        summary="Who has changed what, the latest last.",
        changes=False,
        takes=made(most=optional(whole("entries at most; 100 where it is not said"))),
        gives=AUDIT,
    ),
    Operation(
        name="purge",
        summary="Have the cache give no more what is named.",
        changes=True,
        takes=made(
            urls=optional(listed(text("a URL, or all that begin so: 'https://a/x/*'"), MOST_NAMED)),
            hosts=optional(listed(text("all of this host"), MOST_NAMED)),
            tags=optional(listed(text("all that carry this tag"), MOST_NAMED)),
            all=optional(flag("everything")),
            soft=optional(flag("only make it stale")),
        ),
        gives=PURGED,
    ),
    Operation(
        name="cache",
        summary="What the cache holds and how well it serves.",
        changes=False,
        takes=_NOTHING,
        gives=CACHE,
    ),
    Operation(
        name="kept",
        summary="What is stored under one key, for porch explain.",
        changes=False,
        takes=made(primary=text("the key's digest in hexadecimal digits", LONGEST_TEXT)),
        gives=KEPT,
    ),
    Operation(
        name="recent",
        summary="Exchanges that have ended behind the marks of the last answer.",
        changes=False,
        takes=made(marks=optional(mapped("the marks of the last answer"))),
        gives=made(
            marks=mapped("behind which all is new"),
            records=listed(_ANY),
            left_out=whole("how many more there were"),
        ),
    ),
    Operation(
        name="trace",
        summary="One exchange, step by step.",
        changes=False,
        takes=made(id=text("the X-Request-ID of its answer, or last-error", LONGEST_TEXT)),
        gives=_ANY,
    ),
    Operation(
        name="explain",
        summary="Where each worker would send a request now, and why not elsewhere; none is sent.",
        changes=False,
        takes=made(
            url=text("as a client asks for it: https://example.com/x", LONGEST_TEXT),
            method=optional(text("GET if it is left out", LONGEST_TEXT)),
            headers=optional(listed(text("'Name: value'", LONGEST_TEXT), 100)),
            client=optional(text("the address of the connection", LONGEST_TEXT)),
            certificate=optional(text("in PEM, that the client shows")),
        ),
        gives=_ANY,
    ),
    Operation(
        name="log-level",
        summary="Have all workers say more in their messages for some minutes, or less again.",
        changes=True,
        takes=made(
            level=text("debug or normal", LONGEST_TEXT),
            **{"for": optional(number("seconds; 300 if it is left out", 3600))},
        ),
        gives=_ANY,
        later=_LATER,
    ),
    Operation(
        name="capture",
        summary="Have the heads of one client captured, without secrets, for ten minutes at most.",
        changes=True,
        takes=made(
            client=text("its address, as routes see it", LONGEST_TEXT),
            route=optional(text("the key of the one route; all if it is left out", LONGEST_TEXT)),
            **{"for": optional(number("seconds; 600 if it is left out", 600))},
        ),
        gives=made(capture=_ANY, warning=_WARNING, pending=_PENDING),
        later=_LATER,
    ),
    Operation(
        name="captured",
        summary="The heads that were captured behind the last one that was read.",
        changes=False,
        takes=made(behind=optional(whole("what the last answer said; 0 for the first"))),
        gives=made(capture=_ANY, heads=listed(_ANY), behind=whole("to be said next time")),
    ),
    Operation(
        name="capture-end",
        summary="Capture nothing more.",
        changes=True,
        takes=_NOTHING,
        gives=made(capture=_ANY, warning=_WARNING, pending=_PENDING),
        later=_LATER,
    ),
    Operation(
        name="totals",
        summary="What all exchanges add up to, by route and endpoint.",
        changes=False,
        takes=_NOTHING,
        gives=TOTALS,
    ),
)

OPERATIONS: Mapping[str, Operation] = {each.name: each for each in _TABLE}
"""By their names."""
_AT = {each.path: each for each in _TABLE}


def at(path: str) -> Operation | None:
    """The operation that is asked for at a path."""
    return _AT.get(path)
