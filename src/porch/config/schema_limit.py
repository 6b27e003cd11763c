"""The word `limit`: how often one may come, and what they may cost. See docs/limits.md."""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from porch.config.model import Model, word
from porch.config.suggest import suggest
from porch.config.units import parse_duration, parse_size
from porch.config.words import Form
from porch.shield.limit_window import MOST

__all__ = ["KINDS", "LimitModel", "LimitWords", "Rate", "cost_of", "parse_rate", "parts_of"]

KINDS = ("client", "identity", "route", "host", "country", "all")
"""What a limit tells requests apart by, without a name."""
NAMED = {"header": "X-Api-Key", "cookie": "sid", "query": "user", "claim": "sub"}
"""The same with one, and an example of it."""
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_NAME = re.compile(r"[\w.-]{1,64}\Z", re.ASCII)
_SECONDS = {
    **dict.fromkeys(("s", "sec", "second"), 1.0),
    **dict.fromkeys(("m", "min", "minute"), 60.0),
    **dict.fromkeys(("h", "hour"), 3600.0),
    **dict.fromkeys(("d", "day"), 86400.0),
}
_LONGEST = 31 * 86400.0
_RATE = re.compile(r"(?P<amount>[^/]+?) ?/ ?(?P<many>\d{1,6})? ?(?P<unit>[A-Za-z]+)\Z")
_EXAMPLE = '"100/min per client"'


@dataclass(frozen=True, slots=True)
class Rate:
    """So many units in so many seconds. kind: what they are: requests, bytes, or milliseconds; ""
    where only `cost` can say it."""

    amount: int
    seconds: float
    kind: Literal["", "bytes", "time"]


def parse_rate(text: str) -> Rate:
    """Read "100/min", "5/10s", "10MB/h", "30s/min". Raises ValueError with a sentence."""
    match = _RATE.match(text.strip())
    if match is None:
        raise ValueError(f"a limit is a number in a time, and of whom, such as {_EXAMPLE}")
    unit = _SECONDS.get(match["unit"].lower())
    if unit is None:
        near = suggest(match["unit"], _SECONDS)
        raise ValueError(f"'{match['unit']}' is no time; write s, min, h or d{near}")
    seconds = unit * int(match["many"] or 1)
    if not 1 <= seconds <= _LONGEST:
        raise ValueError("a limit is for a second at least and for 31 d at most")
    amount, kind = _amount(match["amount"].strip())
    if amount < 1:
        raise ValueError(
            f"0 lets nobody in; write 1/{match['unit']} or more, or close the route with "
            'to = "respond:403"'
        )
    if not kind and amount > MOST:
        raise ValueError(f"{MOST} are counted at most; write so many in a shorter time")
    return Rate(amount, seconds, kind)


def _amount(text: str) -> tuple[int, Literal["", "bytes", "time"]]:
    if text.isdecimal() and text.isascii():
        return int(text) if len(text) <= 12 else MOST + 1, ""
    try:
        return parse_size(text), "bytes"
    except ValueError:
        pass
    try:
        return round(parse_duration(text) * 1000), "time"
    except ValueError:
        pass
    raise ValueError(
        f"'{text}' is nothing that can be counted; write a whole number, a size (10MB) for the "
        "bytes of bodies, or a time (30s) of backends"
    )


def parts_of(text: str) -> list[tuple[str, str]]:
    """What requests are told apart by: "client and header X-Tenant" as [("client", ""), ("header",
    "X-Tenant")]. Raises ValueError with a sentence."""
    return [_part(each.strip()) for each in re.split(r" and ", text.strip())]


def _part(text: str) -> tuple[str, str]:
    kind, _, name = text.partition(" ")
    name = name.strip()
    if kind in KINDS and not name:
        return kind, ""
    if kind.startswith("py:"):
        parts = text.split(":")
        if len(parts) == 3 and all(parts) and not name:
            return "py", text.removeprefix("py:")
        raise ValueError('a function is named "py:module:function"')
    if kind in NAMED:
        if not name:
            raise ValueError(f'a {kind} has a name, such as "{kind} {NAMED[kind]}"')
        if kind in ("header", "cookie") and _TOKEN.match(name) is None:
            raise ValueError(f"'{name}' is not the name of a {kind}")
        return kind, name
    known = (*KINDS, *NAMED)
    raise ValueError(
        f"a limit cannot count by '{text}'; write client, identity, route, host, country, all, "
        f"header, cookie, query or claim with a name, or py:module:function{_meant(kind, known)}"
    )


def _meant(text: str, known: tuple[str, ...]) -> str:
    aliases = {"ip": "client", "address": "client", "user": "identity", "addr": "client"}
    if text in aliases:
        return f"; did you mean '{aliases[text]}'?"
    return suggest(text, known)


def cost_of(text: str) -> tuple[str, str]:
    """What a request costs: ("bytes", ""), ("header", "x-cost"), ("py", "module:function").
    Raises ValueError with a sentence."""
    kind, _, name = text.partition(":")
    if text in ("requests", "bytes", "time"):
        return text, ""
    if kind == "header" and _TOKEN.match(name.strip()):
        return kind, name.strip().lower()
    if kind == "json" and _NAME.match(name.strip()):
        return kind, name.strip()
    if kind == "py" and len(name.split(":")) == 2 and all(name.split(":")):
        return kind, name
    near = suggest(text, ("requests", "bytes", "time"))
    raise ValueError(
        "a cost is requests, bytes, time, header:name (a number that the backend answers), "
        f"json:name (one in its body), or py:module:function{near}"
    )


class LimitModel(Model):
    """How often one may come. Who is over it is answered 429, with Retry-After. The text
    `"100/min per client"` is `rate` and `per`; a list has several, all of which hold."""

    rate: str = Field(
        description='So many in so long: `"100/min"`, `"5/10s"`, `"10MB/h"` (bytes of bodies), '
        '`"30s/min"` (time of backends).'
    )
    per: str = Field(
        description="Whom it counts apart: `client` (its address; of IPv6 the /64), `identity`, "
        "`route`, `host`, `country`, `header X`, `cookie x`, `query x`, `claim x`, "
        "`py:module:function`, or `all` together; several with `and`."
    )
    burst: Annotated[int, Field(ge=1, le=MOST)] | None = word(
        "How many may come at once; the others evenly, at the rate. As many as the rate has, in "
        "any such time, if left out."
    )
    smooth: bool | None = word("Evenly: one after the other, at the rate. `burst = 1` is the same.")
    cost: str | None = word(
        "What is counted: `requests`, `bytes`, `time`, `header:x-cost` (a number that the backend "
        "answers), `json:total_tokens` (one in its body), `py:module:function`.",
        "requests",
    )
    dry_run: bool | None = word("Refuse nobody; count and tell who would have been.", False)
    tell: bool | None = word("Say in RateLimit fields what is left.", True)
    name: Annotated[str, Field(pattern=r"^[ -~]{1,64}$")] | None = word(
        "As it is called in fields and in `porch status`; made of `per` if left out."
    )

    @property
    def of(self) -> Rate:
        """`rate`, read."""
        return parse_rate(self.rate)

    @property
    def costs(self) -> tuple[str, str]:
        """`cost`, or what `rate` says by its unit."""
        return cost_of(self.cost) if self.cost is not None else (self.of.kind or "requests", "")

    @property
    def is_of_identity(self) -> bool:
        """Whether it can only be counted behind what finds out who a client is."""
        kinds = {kind for kind, _ in parts_of(self.per)}
        return not kinds.isdisjoint(("identity", "claim"))


def _read(value: object) -> object:
    if value is False:
        return False
    if isinstance(value, list):
        if not value:
            raise ValueError("the list is empty; write false where there is no limit")
        return [_of_list(each) for each in value]
    return [_one(value)]


def _of_list(value: object) -> object:
    try:
        return _one(value)
    except ValueError as error:
        if isinstance(value, str):
            raise ValueError(f'"{value}": {error}') from None
        raise


def _one(value: object) -> object:
    if isinstance(value, str):
        rate, per, whom = value.partition(" per ")
        if not per:
            parse_rate(rate)
            raise ValueError(f'it needs whom it counts apart: "{rate.strip()} per client"')
        value = {"rate": rate.strip(), "per": whom.strip()}
    if isinstance(value, dict):
        if isinstance(value.get("rate"), str) and " per " in value["rate"] and "per" not in value:
            rate, _, whom = value["rate"].partition(" per ")
            value = value | {"rate": rate.strip(), "per": whom.strip()}
        _check(value)
    return value


def _check(table: dict[str, Any]) -> None:
    """What is read further than to its type."""
    rate, per, cost = (table.get(each) for each in ("rate", "per", "cost"))
    found = parse_rate(rate) if isinstance(rate, str) else None
    if isinstance(per, str):
        parts_of(per)
    if isinstance(cost, str):
        kind, _ = cost_of(cost)
        if found is not None and found.kind and kind != found.kind:
            meant = f'leave cost out, or write cost = "{found.kind}"'
            raise ValueError(f'{rate} is a rate of {found.kind}, and cost = "{cost}"; {meant}')
        if found is not None and not found.kind and kind in ("bytes", "time"):
            example = "10MB/min" if kind == "bytes" else "30s/min"
            raise ValueError(f'cost = "{kind}" wants a rate of it, such as "{example}"')


Limit = Annotated[
    list[LimitModel] | Literal[False],
    BeforeValidator(
        _read,
        json_schema_input_type=str | LimitModel | list[str | LimitModel] | Literal[False],
    ),
    Form(f"a number in a time, such as {_EXAMPLE}, a table, a list of these, or false"),
]


class LimitWords(Model):
    """The words about limits, of a route, a site or the top."""

    limit: Limit | None = word(
        f"How often one may come: {_EXAMPLE}, see [limit](#limit). It counts all requests of what "
        "it is said for: of a route, of a site, or of all routes. `false` ends what is said "
        "further out."
    )
