"""The words of `auth`: who may come in, and what the origin is told of them. See schema.py.

A way to show who one is has its word here, its review in review_auth.py, and is made in authing.py.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, create_model

from porch.config.model import Model, word
from porch.config.words import Form, Strings
from porch.observe.redact import is_secret
from porch.shield.auth_claims import is_plain_name

__all__ = ["WAYS", "AuthModel", "AuthWords", "KeyModel"]

WAYS = ("certificate", "keys")
"""The words that name a way to show who one is, in the order in which they are asked."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_FIELD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_PARAMETER = re.compile(r"[A-Za-z0-9_.-]+\Z")


class KeyModel(Model):
    """One of `keys`. `partner = "sha256:…"` is its hash alone."""

    hash: str = Field(description='`"sha256:…"` of the key, as `porch key new NAME` prints it.')
    scopes: Strings = Field(default=[], description="What it is for: the claim `scope`.")


def _key(value: object) -> object:
    return {"hash": value} if isinstance(value, str) else value


def _keys(value: object) -> object:
    """Looked at as a whole, for what is said of one value alone repeats it, and it may be a key."""
    if value == {}:
        raise ValueError("nobody has a key, so that nobody could come in; write one")
    for name, each in value.items() if isinstance(value, Mapping) else ():
        if not is_plain_name(name):
            raise ValueError("a name is printable, and has neither space at its ends nor controls")
        text = each.get("hash") if isinstance(each, Mapping) else each
        if isinstance(text, str) and _DIGEST.match(text) is None:
            raise ValueError(
                f"{name} has no hash; a key itself is never written here: `porch key new {name}` "
                'makes one and its "sha256:…"'
            )
    return value


Key = Annotated[
    KeyModel,
    BeforeValidator(_key, json_schema_input_type=str | KeyModel),
    Form('"sha256:…" or a table'),
]
Keys = Annotated[
    dict[str, Key],
    BeforeValidator(_keys, json_schema_input_type=dict[str, str | KeyModel]),
    Form('a table such as { partner = { hash = "sha256:…" } }'),
]


def _secret_name(value: str, pattern: re.Pattern[str], what: str) -> str:
    if pattern.match(value) is None:
        raise ValueError(f"it is not the name of {what}")
    if not is_secret(value.encode()):
        raise ValueError(
            "no log would know by this name that there is a secret in it; write one that says so,"
            " such as X-Api-Key or api_key"
        )
    return value


def _field(value: str) -> str:
    return _secret_name(value, _FIELD, "a field")


def _parameter(value: str) -> str:
    return _secret_name(value, _PARAMETER, "a parameter")


def _own_field(value: str) -> str:
    if _FIELD.match(value) is None or "_" in value:
        raise ValueError(f"'{value}' is not the name of a field that an origin reads, as X-User")
    if value.lower() in ("host", "cookie", "authorization", "connection", "content-length"):
        raise ValueError(f"{value} has another meaning; write one of your own, such as X-User")
    return value


def _fields(value: Mapping[str, str]) -> Mapping[str, str]:
    for name in value:
        _own_field(name)
    return value


Scalar = Annotated[
    str | bool | int | list[str], Form("a text, a list of texts, a number, true or false")
]


class _Words(Model):
    """Who may come in: one way to show who one is, or several, of which any suffices.

    `auth = "py:module:function"` is `py` alone. `auth = false` opens a route of a closed site. A
    table that names no way adds its words to those of the site's or the top's; one that names a way
    is in place of theirs. See [the page on identity](identity.md).
    """

    certificate: Literal[True] | None = word(
        "By the certificate that the client shows, see `client_ca`: the name is the subject's "
        "common name, else its first other name; `subject` and `san` are claims."
    )
    keys: Keys | None = word(
        "By an API key: a name for each, with the hash of its key, see [keys](#keys)."
    )
    key_field: Annotated[str, AfterValidator(_field), Form("the name of a field")] | None = word(
        "The field of a key. `Authorization` stands for one behind `Bearer`.", "X-Api-Key"
    )
    key_query: Annotated[str, AfterValidator(_parameter), Form("a name")] | None = word(
        "A parameter that a key may stand in too. It is taken out of the URL."
    )
    realm: Annotated[str, Form("a text in quotes")] | None = word(
        "What a client is told that it is to log in to.", "restricted"
    )
    require: dict[str, Scalar] = Field(
        default_factory=dict,
        description='What has to hold of who comes: claims, `"user"` and `"scope"`. A list is one '
        'of these; `scope = "read write"` is both. `"realm_access.roles"` looks into a table. '
        "Else 403.",
    )
    user: Annotated[str, AfterValidator(_own_field)] | Literal[False] | None = word(
        "The field that tells the origin the name; `false` for none.", "X-Forwarded-User"
    )
    fields: Annotated[dict[str, str], AfterValidator(_fields)] = Field(
        default_factory=dict,
        description='More of them, each with its claim: `{ X-Email = "email" }`.',
    )


_PASS = word(
    "Whether the origin gets the credential itself, in the field in which it came. What it may "
    "know it can show to others.",
    False,
)

if TYPE_CHECKING:

    class AuthModel(_Words):
        """See below."""

else:  # a word is a keyword of Python, so that it cannot be written in a class
    AuthModel = create_model(
        "AuthModel", __base__=_Words, __doc__=_Words.__doc__, **{"pass": (bool | None, _PASS)}
    )


def _auth(value: object) -> object:
    return value


Auth = Annotated[
    AuthModel | Literal[False],
    BeforeValidator(_auth, json_schema_input_type=AuthModel | Literal[False]),
    Form("a table, or false"),
]


class AuthWords(Model):
    """Of a route, a site or the top."""

    auth: Auth | None = word(
        "Let in only whom the door knows, see [auth](#auth); `false` opens a route of a closed "
        "site.",
        False,
    )
