"""The words of balancing: endpoints, algorithms, sticky clients (schema.py)."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from porch.config.model import Model, word
from porch.config.suggest import nearest, suggest
from porch.config.words import Duration, Form, Silence, one_or_more

__all__ = ["Balance", "ServerModel", "Sticky", "StickyModel", "To", "hashed_by"]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
"""RFC 9110 5.6.2: names of fields and of cookies."""
_PLAIN = ("least-requests", "round-robin", "random", "least-time", "first")
_SOURCES = ("client", "path", "header", "cookie", "query")

_HASH = r"^hash (client|path|(header|cookie|query) \S+|py:[^:\s]+:[^:\s]+)$"


class ServerModel(Model):
    """A target with what is said of it alone."""

    to: str = Field(description="As in a route: `host:port`, `https://host`, `unix:/path`.")
    weight: int = Field(
        default=1,
        ge=0,
        le=1000,
        description="Its share against the others; with 0 it serves its [sticky](#sticky) clients "
        "and gets no others.",
    )
    priority: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="Of its tier. The lowest number takes all; the next tier gets what is missing "
        "when less than 1/1.4 (71 %) of a tier's weight is in rotation.",
    )
    every: Silence | None = word(
        "Of `dns:`, `srv:` and `list:https:`: how often it is looked at; as the TTL says, or `5s`."
    )
    resolver: str | None = word(
        'Of `dns:` and `srv:`: the name server to ask in place of the system\'s, "10.0.0.2:8600".'
    )
    proxy_protocol: Literal["v1", "v2"] | None = word(
        "Begin each connection with a PROXY header of this version that says who the client is. A "
        "connection then serves this client alone."
    )


To = Annotated[
    list[str | ServerModel],
    BeforeValidator(
        one_or_more, json_schema_input_type=str | ServerModel | list[str | ServerModel]
    ),
    Form("a target in quotes, or a list of them"),
]


BALANCE_FORM = Form(
    '"least-requests", "round-robin", "random", "least-time", "first", or "hash" and of what'
)


def hashed_by(text: str) -> tuple[str, str]:
    """What requests are hashed by, and its name: ("client", ""), ("header", "X-Tenant"),
    ("py", "module:function"). Raises ValueError with a sentence if it is no "hash ..."."""
    source, _, name = text.removeprefix("hash").strip().partition(" ")
    name = name.strip()
    if source.startswith("py:") and not name:
        parts = source.split(":")
        if len(parts) == 3 and all(parts):
            return "py", source.removeprefix("py:")
        raise ValueError('a function is named "hash py:module:function"')
    if source in ("client", "path"):
        if name:
            raise ValueError(f'nothing follows it; write "hash {source}"')
        return source, ""
    if source in _SOURCES:
        if not name:
            raise ValueError(f'the {source} has a name: "hash {source} {_example(source)}"')
        if source != "query" and _TOKEN.match(name) is None:
            raise ValueError(f"'{name}' is not the name of a {source}")
        return source, name
    near = nearest(source, _SOURCES)
    meant = f'; did you mean "hash {near}"?' if near else ""
    raise ValueError(f"a hash is of client, path, header, cookie, query or py:{meant}")


def _example(source: str) -> str:
    return {"header": "X-Tenant", "cookie": "sid", "query": "user"}[source]


def _read_balance(value: object) -> object:
    if not isinstance(value, str) or value in _PLAIN:
        return value
    if value.split(" ")[0] == "hash":
        source, name = hashed_by(value)
        if source == "py":
            return f"hash py:{name}"
        return f"hash {source} {name}".rstrip()
    near = suggest(value, (*_PLAIN, "hash client"))
    raise ValueError(f"it must be {BALANCE_FORM.text}{near}")


Balance = Annotated[
    str,
    BeforeValidator(
        _read_balance,
        json_schema_input_type=Literal[
            "least-requests", "round-robin", "random", "least-time", "first"
        ]
        | Annotated[str, Field(pattern=_HASH, examples=["hash client", "hash header X-Tenant"])],
    ),
    BALANCE_FORM,
]


def _cookie(value: str | None) -> str | None:
    if value is not None and _TOKEN.match(value) is None:
        raise ValueError('it is not the name of a cookie, such as "sid"')
    return value


class StickyModel(Model):
    """Clients stay with the endpoint that answered them first, by a cookie that only this door can
    make. `sticky = true` is the table with nothing in it, `sticky = "sid"` is `cookie` alone.

    An endpoint that is drained or has weight 0 serves its sticky clients and gets no new ones; when
    one is out for another reason, its clients go to others and stay there.
    """

    cookie: Annotated[str | None, AfterValidator(_cookie)] = word(
        "Its name. If left out it is `porch-` and six digits that belong to the pool, so that two "
        "pools on one host are not in each other's way."
    )
    secret: str | None = word(
        "What it is signed with, a secret of 16 characters or more: for several doors with the "
        "same endpoints. If left out one is made and kept in the `store`."
    )
    max_age: Silence | None = word(
        "How long the browser keeps it, from its first answer. Until it is closed if left out."
    )
    drain: Duration | None = word(
        "How long a drained endpoint serves its sticky clients. As long as they come if left out."
    )


def _read_sticky(value: object) -> object:
    if value is True:
        return {}
    return {"cookie": value} if isinstance(value, str) else value


Sticky = Annotated[
    StickyModel | Literal[False],
    BeforeValidator(_read_sticky, json_schema_input_type=bool | str | StickyModel),
    Form("true, false, the name of a cookie, or a table"),
]
