"""The words of health, ejection and slow start, see schema.py."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, create_model

from porch.balance.eject import Eject as Policy
from porch.config.model import Model, word
from porch.config.units import spell_duration
from porch.config.words import Duration, Form, Share, Silence, Wanted

__all__ = ["Eject", "EjectModel", "EjectWords", "Health", "HealthModel", "Panic", "SlowStart"]

_POLICY = Policy()
_STATUS = re.compile(r"([1-5])xx\Z|([1-5]\d\d)(?:-([1-5]\d\d))?\Z")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_PYTHON = re.compile(r"py:[\w.]+:[\w.]+\Z")


def _kind(value: str) -> str:
    if value in ("http", "tcp", "grpc") or _PYTHON.match(value):
        return value
    raise ValueError('it must be "http", "tcp", "grpc" or "py:module:function"')


def _path(value: str) -> str:
    if not value.startswith("/") or not re.fullmatch(r"[!-~]+", value):
        raise ValueError('a path begins with /, and is written as it is sent, such as "/healthz"')
    return value


def _method(value: str) -> str:
    if _TOKEN.match(value) is None or value in ("CONNECT", "TRACE"):
        raise ValueError('it must be a method, such as "GET" or "HEAD"')
    return value


def _host(value: str) -> str:
    if re.fullmatch(r"[!-~]+", value) is None or "/" in value:
        raise ValueError('it must be a host, such as "example.com"')
    return value


def _statuses(value: object) -> object:
    """Each form as a list of ranges."""
    values = value if isinstance(value, list) else [value]
    found = []
    for each in values:
        match = None if isinstance(each, bool) else _STATUS.match(str(each))
        if match is None:
            raise ValueError('a status is 200, "2xx", "200-399", or a list of these')
        hundred, first, last = match.groups()
        low = int(hundred) * 100 if hundred else int(first)
        high = low + 99 if hundred else int(last or first)
        if high < low:
            raise ValueError(f"there is nothing from {low} to {high}; the lower one comes first")
        found.append((low, high))
    if not found:
        raise ValueError("the list is empty: no answer would be good")
    return found


def _often(value: float) -> float:
    if value < 0.1:
        raise ValueError('more often than each "100ms" is a load of its own')
    return value


def _some(share: float) -> float:
    if not share:
        raise ValueError('a share of nothing is always reached; write "5%" or more')
    return share


SomeShare = Annotated[Share, AfterValidator(_some), Form('a share, such as "50%"')]
StatusText = int | str | list[int | str]
Statuses = Annotated[
    list[tuple[int, int]],
    BeforeValidator(_statuses, json_schema_input_type=StatusText),
    Form('a status: 200, "2xx", "200-399", or a list of these'),
]
Interval = Annotated[Duration, AfterValidator(_often), Form('a duration, such as "5s"')]
Slower = Annotated[float, Field(gt=1, le=1000, strict=False), Form("a number above 1, such as 5")]
Count = Annotated[int, Field(ge=1, le=100)]


class HealthModel(Model):
    """Each endpoint is asked now and then, by one worker for the whole door.

    `health = "/healthz"` is `path` alone, `health = "tcp"`, `"grpc"` or `"py:module:function"` is
    `kind`.
    """

    kind: Annotated[str, AfterValidator(_kind)] = Field(
        default="http",
        description='`"http"`; `"tcp"`: a connection is enough; `"grpc"`: the gRPC health '
        'protocol (grpc.health.v1), over HTTP/2; `"py:module:function"`: an `async '
        "def` of yours that gets `host:port` and returns nothing, or why it is not well.",
    )
    path: Annotated[str, AfterValidator(_path)] | None = word("What is asked for.", "/")
    every: Interval = Field(
        default=5.0,
        description="How often, give or take a tenth.",
        json_schema_extra={"default": "5s"},
    )
    timeout: Silence = Field(
        default=2.0,
        description="For the whole of a check.",
        json_schema_extra={"default": "2s"},
    )
    rise: Count = Field(default=1, description="Good checks in a row until it is back.")
    fall: Count = Field(default=2, description="Failed checks in a row until it is out.")
    status: Statuses | None = word(
        'What is good: `200`, `"2xx"`, `"200-399"`, or a list of these.', "2xx"
    )
    body: str | None = word("A text that must be in the answer.")
    header: dict[str, Wanted] = Field(
        default_factory=dict,
        description="Fields of the answer: a text it equals, `true` (present) or `false` (absent).",
    )
    send: dict[str, str] = Field(default_factory=dict, description="Fields of the request.")
    method: Annotated[str, AfterValidator(_method)] | None = word("How it is asked.", "GET")
    host: Annotated[str, AfterValidator(_host)] | None = word(
        "Host of the request; the endpoint's own if left out."
    )
    service: str | None = word(
        "The service that gRPC is asked about; the server as a whole if left out."
    )
    port: Annotated[int, Field(ge=1, le=65535)] | None = word(
        "The port that is asked; the endpoint's own if left out."
    )


def _read_health(value: object) -> object:
    """Each short form as the table."""
    if not isinstance(value, str):
        return value
    if value.startswith("/"):
        return {"path": value}
    if value in ("tcp", "grpc") or value.startswith("py:"):
        return {"kind": value}
    raise ValueError(
        'a check is a path such as "/healthz", "tcp", "grpc", "py:module:function" or a table'
    )


Health = Annotated[
    HealthModel | Literal[False],
    BeforeValidator(_read_health, json_schema_input_type=str | HealthModel | Literal[False]),
    Form('a path such as "/healthz", "tcp", "grpc", "py:module:function", a table, or false'),
]


class EjectWords(Model):
    """When an endpoint of several is left out for a while because of how it answers.

    It comes back by itself. One that refuses connections or hangs is seen to in any case.
    """

    failures: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=_POLICY.failures,
        description="So many times in a row 502, 503, 504 or no whole answer; 0 for never.",
    )
    rate: SomeShare | None = word(
        "This share of answers was 500 or above, or there was none; never if left out."
    )
    of: Annotated[int, Field(ge=1, le=1_000_000)] = Field(
        default=_POLICY.of, description="With `rate`: of so many requests at least, within 30 s."
    )
    slower: Slower | None = word(
        "Its first byte takes so many times that of the others; never if left out."
    )
    most: SomeShare = Field(
        default=_POLICY.most,
        description="Share of the pool that may be out at once; one may always, and one stays.",
        json_schema_extra={"default": f"{_POLICY.most:.0%}"},
    )


_FOR: Any = {
    "for": (
        Silence,
        Field(
            default=_POLICY.seconds,
            description="How long the first time; twice that the second, 5 minutes at most.",
            json_schema_extra={"default": spell_duration(_POLICY.seconds)},
        ),
    )
}
"""A word of Python too, so that no class can have it written in it."""

EjectModel = create_model(
    "EjectModel", __base__=EjectWords, __doc__=EjectWords.__doc__, __module__=__name__, **_FOR
)


def _read_eject(value: object) -> object:
    return {} if value is True else value


Eject = Annotated[
    EjectModel | Literal[False],  # type: ignore[valid-type]
    BeforeValidator(_read_eject, json_schema_input_type=bool | EjectModel),
    Form("true, false or a table"),
]
SlowStart = Annotated[Duration | Literal[False], Form('a duration, such as "30s", or false')]
Panic = Annotated[SomeShare | Literal[False], Form('a share, such as "50%", or false')]
