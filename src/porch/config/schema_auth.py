"""The words of `auth`: who may come in, and what the origin is told of them. See schema.py.

A way to show who one is has its word here, its review in review_auth.py, and is made in authing.py.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, create_model

from porch.cache.unkeyed import is_unkeyed
from porch.config.model import Model, Unrepeated, word
from porch.config.schema_oidc import OidcModel
from porch.config.urls import Url
from porch.config.words import Duration, Form, Silence, Strings
from porch.http.fields import HOP_BY_HOP, alike
from porch.observe.redact import is_secret
from porch.shield.auth_claims import is_plain_name
from porch.shield.basic_hash import review_hash
from porch.shield.jwt_keys import ASYMMETRIC, SYMMETRIC

__all__ = ["WAYS", "AuthModel", "AuthWords", "ForwardModel", "JwtModel", "KeyModel"]

WAYS = ("certificate", "keys", "basic", "jwt", "oidc", "py", "forward")
"""The words that name a way to show who one is, in the order in which they are asked."""

_NOT_GIVEN = HOP_BY_HOP | {
    *(b"cache-control", b"content-encoding", b"content-length", b"content-range", b"content-type"),
    *(b"accept-ranges", b"age", b"date", b"etag", b"expires", b"last-modified", b"server"),
    *(b"trailer", b"vary"),
}
"""Fields of a service's answer that are about its own content: with the origin's they would be
wrong."""
_MEANT = HOP_BY_HOP | {
    *(b"host", b"cookie", b"authorization", b"via", b"x-request-id", b"client-cert"),
    *(b"client-cert-chain", b"x-api-key", b"origin", b"referer", b"range", b"date", b"expect"),
    *(b"max-forwards", b"cache-control", b"pragma", b"cdn-loop", b"early-data", b"age"),
    *(b"traceparent", b"tracestate", b"trailer", b"user-agent", b"x-lighttpd-send-file"),
    *(b"destination", b"depth", b"overwrite", b"x-requested-with", b"set-cookie"),
}
"""Fields of which the door tells something else, or by which an origin is steered."""
_MEANT_STARTS = (
    *(b"x-forwarded-", b"x-accel-", b"x-sendfile", b"x-http-method", b"proxy-"),
    *(b"content-", b"transfer-", b"accept", b"if-", b"access-control-", b"sec-"),
)
_OF_PEOPLE = frozenset(
    b"x-forwarded-" + each
    for each in (b"user", b"email", b"groups", b"roles", b"preferred-username", b"access-token")
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_FIELD = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_PARAMETER = re.compile(r"[A-Za-z0-9_.-]+\Z")


def _secret_name(value: str, pattern: re.Pattern[str], what: str, such: str) -> str:
    if pattern.match(value) is None:
        raise ValueError(f"it is not the name of {what}")
    if not is_secret(value.encode()):
        raise ValueError(
            "no log would know by this name that there is a secret in it; write one that says so,"
            f" such as {such}"
        )
    return value


def _field(value: str) -> str:
    return _secret_name(value, _FIELD, "a field", "X-Api-Key")


def _parameter(value: str) -> str:
    return _secret_name(value, _PARAMETER, "a parameter", "api_key")


def _cookie(value: str) -> str:
    return _secret_name(value, _PARAMETER, "a cookie", "id_token")


def _name(value: str) -> str:
    if _FIELD.match(value) is None:
        raise ValueError(f"'{value}' is not the name of a field")
    return value


def _all_names(value: list[str]) -> list[str]:
    for each in value:
        _name(each)
    return value


def _given_names(value: list[str]) -> list[str]:
    for each in _all_names(value):
        if each.lower().encode() in _NOT_GIVEN:
            raise ValueError(f"{each} is about the service's own answer, not about the client's")
    return value


class KeyModel(Model):
    """One of `keys`. `partner = "sha256:…"` is its hash alone."""

    hash: str = Field(description='`"sha256:…"` of the key, as `porch key new NAME` prints it.')
    scopes: Strings = Field(default=[], description="What it is for: the claim `scope`.")


def _key(value: object) -> object:
    return {"hash": value} if isinstance(value, str) else value


def _file(value: str) -> str:
    """What is not repeated: it may be a secret."""
    if not value.startswith("file:") or len(value) == 5:
        raise Unrepeated('a text names a file, such as "file:users.htpasswd"')
    return value


def _keys(value: object) -> object:
    """Looked at as a whole, for what is said of one value alone repeats it, and it may be a key."""
    if isinstance(value, str):
        return _file(value)
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
    dict[str, Key] | str,
    BeforeValidator(_keys, json_schema_input_type=str | dict[str, str | KeyModel]),
    Form('a table such as { partner = { hash = "sha256:…" } }, or "file:keys.toml"'),
]


def _users(value: object) -> object:
    """Looked at as a whole, as `_keys` is."""
    if value == {}:
        raise ValueError("nobody has a password, so that nobody could come in; write one")
    if isinstance(value, str):
        return _file(value)
    for name, each in value.items() if isinstance(value, Mapping) else ():
        if not is_plain_name(name) or ":" in name:
            raise ValueError("a name is printable, and has neither colons nor space at its ends")
        if isinstance(each, str):
            try:
                review_hash(each)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
    return value


Users = Annotated[
    dict[str, str] | str,
    BeforeValidator(_users, json_schema_input_type=str | dict[str, str]),
    Form('a table such as { ann = "$argon2id$…" }, or "file:users.htpasswd"'),
]


def _algorithms(value: list[str]) -> list[str]:
    for each in value:
        if each not in (*SYMMETRIC, *ASYMMETRIC):
            known = ", ".join((*ASYMMETRIC, *SYMMETRIC))
            raise ValueError(f"'{each}' is no algorithm that is taken; there are {known}")
    return value


class JwtModel(Model):
    """Tokens (JWT) in `Authorization: Bearer`. What `key`, `secret` or `jwks` has verifies them;
    one of the three. A token needs `exp`. Its claims are for `require` and `fields`."""

    jwks: Url | None = word("Where the issuer has its keys; they are fetched, and kept.")
    key: str | None = word("A file with public keys: PEM, a JWK, or a set of them.")
    secret: str | None = word("A secret of 32 bytes at least, for HS256; not written here itself.")
    algorithms: Annotated[Strings, AfterValidator(_algorithms)] | None = word(
        "Those that are taken. Never `none`, and never one of another kind of key.",
        ["RS256", "ES256", "Ed25519", "EdDSA"],
    )
    issuer: Strings | None = word("`iss`: one of these.")
    audience: Strings | None = word("`aud`: one of these has to be in it.")
    leeway: Duration | None = word("How much clocks may differ.", "30s")
    name: str | None = word("The claim that is the name.", "sub")
    cookie: Annotated[str, AfterValidator(_cookie), Form("a name")] | None = word(
        "A cookie that a token may stand in too."
    )
    ca: str | None = word("A PEM file of authorities for `jwks`, instead of the system's.")


class ForwardModel(Model):
    """A service is asked with GET: method, host and URI in `X-Forwarded-*`, `Authorization` and
    `Cookie` as they came, never a body. 2xx lets in; another answer below 500 is the client's."""

    url: Url = Field(description="Of the service.")
    user: Annotated[str, AfterValidator(_name)] | None = word(
        "The field of its answer that has the name. All of its fields are claims, in lower case: "
        '`fields = { Remote-Groups = "remote-groups" }` sends one on.',
        "Remote-User",
    )
    send: Annotated[Strings, AfterValidator(_all_names)] = Field(
        default=[], description="More fields of the request that it is told."
    )
    give: Annotated[Strings, AfterValidator(_given_names)] = Field(
        default=[],
        description="Fields of its 2xx that the client gets with its answer, such as `Set-Cookie`: "
        "in place of the origin's own of these names, of cookies of the same cookies.",
    )
    timeout: Silence | None = word("How long it may take; 503 after it.", "5s")
    ca: str | None = word("A PEM file of authorities for it, instead of the system's.")


def _forward(value: object) -> object:
    return {"url": value} if isinstance(value, str) else value


Forward = Annotated[
    ForwardModel,
    BeforeValidator(_forward, json_schema_input_type=str | ForwardModel),
    Form("a URL or a table"),
]


def _function(value: str) -> str:
    module, colon, function = value.partition(":")
    if not (module and colon and function) or ":" in function:
        raise ValueError('it is no "module:function"')
    return value


def _realm(value: str) -> str:
    if not (value.isascii() and value.isprintable()) or '"' in value or "\\" in value:
        raise ValueError("it goes into a field between quotes, so that it is plain ASCII")
    return value


def _own_field(value: str) -> str:
    if _FIELD.match(value) is None or "_" in value:
        raise ValueError(f"'{value}' is not the name of a field that an origin reads, as X-User")
    name = alike(value.lower().encode())
    is_meant = name.startswith(_MEANT_STARTS) and name not in _OF_PEOPLE
    if is_meant or name in _MEANT or is_unkeyed(name):
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
        "By an API key: a name for each, with the hash of its key, see [keys](#keys); or "
        '`"file:keys.toml"`, which has such a table.'
    )
    key_field: Annotated[str, AfterValidator(_field), Form("the name of a field")] | None = word(
        "The field of a key. `Authorization` stands for one behind `Bearer`.", "X-Api-Key"
    )
    key_query: Annotated[str, AfterValidator(_parameter), Form("a name")] | None = word(
        "A parameter that a key may stand in too. It is taken out of the URL."
    )
    basic: Users | None = word(
        'By name and password (RFC 7617): `{ ann = "$argon2id$…" }`, or `"file:users.htpasswd"` '
        "with `ann:$2b$…` in its lines. `porch password` makes a hash; argon2id and bcrypt are "
        "taken."
    )
    jwt: JwtModel | None = word("By a token that an issuer has signed, see [jwt](#jwt).")
    oidc: OidcModel | None = word(
        "By a login at an OpenID provider, see [oidc](#oidc) and [the page on it](oidc.md)."
    )
    forward: Forward | None = word(
        "By a service that is asked about each request, see [forward](#forward); a URL is its "
        "`url`."
    )
    py: Annotated[str, AfterValidator(_function), Form('"module:function"')] | None = word(
        "By your own function, `def who(exchange)` or `async def`: it returns a name, an "
        "`Identity`, or nothing for nobody."
    )
    realm: Annotated[str, AfterValidator(_realm), Form("a text in quotes")] | None = word(
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
    if isinstance(value, str):
        if not value.startswith("py:"):
            raise ValueError('the only text is a function of yours, "py:module:function"')
        return {"py": value.removeprefix("py:")}
    return value


Auth = Annotated[
    AuthModel | Literal[False],
    BeforeValidator(_auth, json_schema_input_type=str | AuthModel | Literal[False]),
    Form('a table, "py:module:function", or false'),
]


class AuthWords(Model):
    """Of a route, a site or the top."""

    auth: Auth | None = word(
        "Let in only whom the door knows, see [auth](#auth); `false` opens a route of a closed "
        "site.",
        False,
    )
