"""The configuration, described once: these models are what a file may say.

The JSON Schema, the reference page and the suggestions come from here. A field's description is
its entry in the reference. Words of a route may also stand in a site and at the top; the nearest
wins, and tables merge word by word. What no single table can tell is seen in review.py.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from porch.config.units import spell_duration, spell_size
from porch.config.words import (
    LOG_FORM,
    Balance,
    Bound,
    Duration,
    FieldChange,
    Form,
    LogFormat,
    OwnName,
    Silence,
    Size,
    Strings,
    Upgrade,
    Wanted,
    one_or_more,
    read_acme,
    read_headers,
    read_hsts,
    read_logs,
    read_retry,
)
from porch.route.route import Limits, Timeouts

__all__ = [
    "LATER_HARMLESS",
    "LATER_PROTECTIVE",
    "TOP_ONLY",
    "AcmeModel",
    "ConfigModel",
    "EabModel",
    "ExpectModel",
    "HeadersModel",
    "HostWords",
    "HstsModel",
    "LimitsModel",
    "LogModel",
    "PoolModel",
    "RouteModel",
    "RouteWords",
    "ServerModel",
    "SiteModel",
    "TimeoutsModel",
    "TlsModel",
    "WhenModel",
]

LATER_HARMLESS = frozenset(
    {"admin", "buffer_request", "buffer_response", "cache", "canary", "compress", "health"}
    | {"metrics", "mirror"}
)
"""Words of later versions whose absence changes speed or comfort: they warn."""

LATER_PROTECTIVE = frozenset({"allow", "auth", "client_ca", "cors", "deny", "limit", "maintenance"})
"""Words of later versions without which a route would be open: they are errors."""

TOP_ONLY = {
    "timeouts": ("head", "keep_alive"),
    "limits": ("request_line", "head", "fields", "interim"),
}
"""Words that are read before a route is known, so that a route cannot say them."""


def _word(description: str, default: JsonValue = None, **bounds: Any) -> Any:
    """A word that may be left out. default: what holds then, for the reference and the schema."""
    extra: dict[str, JsonValue] = {} if default is None else {"default": default}
    return Field(None, description=description, json_schema_extra=extra, **bounds)


class _Model(BaseModel):
    """A table: unknown words and values of another type are errors."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


_TIMEOUTS = Timeouts()
_LIMITS = Limits()


class TimeoutsModel(_Model):
    """Seconds of silence, never of the whole: a transfer that moves is never cut."""

    connect: Silence | None = _word(
        "Until an endpoint accepts a connection.", spell_duration(_TIMEOUTS.connect)
    )
    head: Silence | None = _word(
        "A client's head, from its first byte to its last; 408 after it.",
        spell_duration(_TIMEOUTS.head),
    )
    response: Silence | None = _word(
        "From the request's last byte to the answer's head; 504 after it.",
        spell_duration(_TIMEOUTS.response),
    )
    idle: Silence | None = _word(
        "Between two pieces of a body, either way.", spell_duration(_TIMEOUTS.idle)
    )
    keep_alive: Silence | None = _word(
        "A client's connection between two requests.", spell_duration(_TIMEOUTS.keep_alive)
    )
    upstream_idle: Duration | None = _word(
        "A kept connection to an origin; shorter than the origin's own, which for uvicorn and "
        "node is 5s.",
        spell_duration(_TIMEOUTS.upstream_idle),
    )
    tunnel: Silence | None = _word(
        "A WebSocket without a byte either way.", spell_duration(_TIMEOUTS.tunnel)
    )
    half_close: Duration | None = _word(
        "How long a client that closed its sending side is still served in silence.",
        spell_duration(_TIMEOUTS.half_close),
    )


class LimitsModel(_Model):
    """Bounds on messages, of clients and of origins alike. An origin that is over one is 502."""

    request_line: Bound | None = _word(
        "Method, target and version; 414 above.", spell_size(_LIMITS.request_line)
    )
    head: Bound | None = _word("All of a head; 431 above.", spell_size(_LIMITS.head))
    fields: Annotated[int, Field(ge=1)] | None = _word(
        "How many fields a head may have; 431 above.", _LIMITS.fields
    )
    body: Size | None = _word(
        "A request's body; 413 above, before the 100 is sent. No bound if left out."
    )
    interim: Annotated[int, Field(ge=0)] | None = _word(
        "Interim answers that an origin may send before its final one.", _LIMITS.interim
    )


class TlsModel(_Model):
    """How to speak TLS with `https://` targets. Nothing needs to be said for most."""

    verify: bool | None = _word(
        "`false` believes any certificate, and is warned about at each start.", True
    )
    ca: str | None = _word("A PEM file of authorities to trust instead of the system's.")
    server_name: str | None = _word(
        "Whom the certificate must name, sent as SNI too; the target's host if left out."
    )


class HeadersModel(_Model):
    """Fields that are set (a text), added (a list of texts) or removed (`false`).

    `headers = "secure"` adds what breaks no ordinary site, where the origin does not say
    otherwise. A flat table is about answers: `headers = { X-Frame-Options = false }`.
    """

    request: dict[str, FieldChange] = Field(
        default_factory=dict, description="On requests to the origin."
    )
    response: dict[str, FieldChange] = Field(
        default_factory=dict, description="On answers to the client."
    )
    secure: bool | None = _word('The same as `headers = "secure"`, beside other fields.', False)


HeadersText = Literal["secure"] | HeadersModel | dict[str, FieldChange]
Headers = Annotated[
    HeadersModel,
    BeforeValidator(read_headers, json_schema_input_type=HeadersText),
    Form('"secure" or a table of fields'),
]


class RetryModel(_Model):
    """How often a request is sent again."""

    attempts: int = Field(ge=0, le=10, description="Further endpoints that are tried.")


Attempts = Annotated[int, Field(ge=0, le=10)]
Retry = Annotated[
    Attempts,
    BeforeValidator(read_retry, json_schema_input_type=Attempts | Literal[False] | RetryModel),
    Form("a whole number from 0 to 10, or false"),
]


class RouteWords(_Model):
    """Words of a route that may stand in a site or at the top as well."""

    balance: Balance | None = _word(
        "Which endpoint of several takes a request: of two drawn by weight the one with fewer "
        "requests under way, or each in turn by weight.",
        "least-requests",
    )
    retry: Retry | None = _word(
        "Further endpoints tried after a failed connect, or after a kept connection closed before "
        "an answer; only what can be repeated is. `false` for none.",
        2,
    )
    timeouts: TimeoutsModel | None = _word("See [timeouts](#timeouts).")
    limits: LimitsModel | None = _word("See [limits](#limits).")
    headers: Headers | None = _word("See [headers](#headers).")
    upgrade: Upgrade | None = _word(
        "Protocols that may be switched to; `false` for none. h2c is refused.", ["websocket"]
    )
    tls: TlsModel | None = _word("See [tls](#tls).")
    underscores: bool | None = _word(
        "Pass on field names with an underscore, which some origins confuse with a hyphen.", False
    )
    forwarded: bool | None = _word("Send Forwarded (RFC 7239) beside X-Forwarded-*.", False)
    via: OwnName | None = _word("Our name in Via to origins; `false` for none.", "porch")


class HstsModel(_Model):
    """Browsers shall come by HTTPS alone (RFC 6797). `hsts = "1y"` is `max_age` alone."""

    max_age: Duration = Field(description="How long they remember it, from their last visit.")
    subdomains: bool = Field(default=False, description="For all hosts below it too.")
    preload: bool = Field(
        default=False,
        description="May be built into browsers, which is hard to undo; wants `subdomains` and a "
        "year.",
    )


Hsts = Annotated[
    HstsModel,
    BeforeValidator(read_hsts, json_schema_input_type=str | HstsModel),
    Form('a duration such as "1y", or a table'),
]


class HostWords(RouteWords):
    """Words of a host that may stand at the top as well."""

    hsts: Hsts | None = _word("See [hsts](#hsts). Sent with answers over HTTPS alone.")
    tls_profile: Literal["intermediate", "modern"] | None = _word(
        "TLS that clients may speak: 1.2 and 1.3, or 1.3 alone (Mozilla's recommendations).",
        "intermediate",
    )


class EabModel(_Model):
    """What an authority gave you to bind an account to (RFC 8555 7.3.4)."""

    kid: str = Field(description="The key's identifier.")
    key: str = Field(description="The key, base64url; a secret.")


class AcmeModel(_Model):
    """Who certifies public hosts that have no `cert`, by ACME (RFC 8555).

    `acme = false` asks nobody: then hosts without `cert` are served without HTTPS.
    """

    directory: Strings = Field(
        default=["letsencrypt"],
        description="`letsencrypt`, `letsencrypt-staging`, `zerossl`, `google`, `buypass`, or the "
        "URL of another; of several the next is asked when one fails.",
    )
    email: str | None = _word("Where the authority may write to.")
    ca: str | None = _word("A PEM file that vouches for the directory, in place of the system's.")
    eab: EabModel | None = _word("See [eab](#eab).")
    profile: str | None = _word('Of the certificate, as the authority calls it: `"shortlived"`.')
    key: Literal["ecdsa", "rsa"] = Field(default="ecdsa", description="The kind of key.")


Acme = Annotated[
    AcmeModel | None,
    BeforeValidator(read_acme, json_schema_input_type=AcmeModel | Literal[False]),
    Form("a table, or false"),
]


class ServerModel(_Model):
    """A target with a weight."""

    to: str = Field(description="As in a route: `host:port`, `https://host`, `unix:/path`.")
    weight: int = Field(default=1, ge=1, le=1000, description="Its share against the others.")


Files = Annotated[
    list[str],
    BeforeValidator(one_or_more, json_schema_input_type=str | list[str]),
    Form("a file in quotes, or a list of them"),
]
Cert = Annotated[
    list[str] | Literal[False],
    BeforeValidator(one_or_more, json_schema_input_type=str | list[str] | Literal[False]),
    Form("a file in quotes, a list of them, or false"),
]
To = Annotated[
    list[str | ServerModel],
    BeforeValidator(
        one_or_more, json_schema_input_type=str | ServerModel | list[str | ServerModel]
    ),
    Form("a target in quotes, or a list of them"),
]


class WhenModel(_Model):
    """Conditions besides host and path; all must hold.

    A value is a text it equals, `"~regex"` matched from the start, `true` (present) or `false`
    (absent).
    """

    method: Strings | None = _word("A method, or several of which one must hold.")
    header: dict[str, Wanted] = Field(default_factory=dict, description="By the field's name.")
    query: dict[str, Wanted] = Field(default_factory=dict, description="By the parameter's name.")
    cookie: dict[str, Wanted] = Field(default_factory=dict, description="By the cookie's name.")
    client: Strings | None = _word("Addresses or networks of the client, of which one must hold.")


class RouteModel(RouteWords):
    """Where requests for a host and path go: `[routes."key"]`, or in short `"key" = "target"`.

    Several routes of one key, `[[routes."key"]]`, differ by `when`.
    """

    to: To = Field(description="Where it leads, see [targets](#targets); a list is a pool.")
    status: Literal[301, 302, 303, 307, 308] | None = _word(
        "Of a `redirect:`. 308 and 307 keep the method.", 308
    )
    strip: Annotated[bool, Form("true or false: what it takes off is the key's path")] | None = (
        _word("Take the key's path off: /api/users goes out as /users on the route /api/*.", False)
    )
    rewrite: str | None = _word(
        'The path that goes out: `"/v1{path}"`, with `{name}` and `{1}` of a regex; `{query}` '
        "behind a `?`. As it came if left out."
    )
    when: WhenModel | None = _word("See [when](#when).")
    priority: int = Field(default=0, description="Breaks a tie between routes; the higher wins.")


class SiteModel(HostWords):
    """What belongs to a whole host: `[site."example.com"]`."""

    cert: Cert | None = _word(
        "A PEM file with the certificate and its chain; several for keys of several kinds. "
        "`false`: no HTTPS for this host. If left out, one is got: see [acme](#acme)."
    )
    key: Files | None = _word(
        "The PEM file of its key; as many as `cert` has. PKCS #12 (`.p12`, `.pfx`) needs no `key`."
    )
    key_password: str | None = _word("Of the key, or of the PKCS #12 file; a secret.")
    www: Literal["redirect"] | None = _word('`"redirect"` sends www.host to host.')


class PoolModel(_Model):
    """A pool with a name, `[pool.name]`, shared by routes."""

    servers: To = Field(description="Its endpoints, as `to` has them.")
    balance: Balance | None = _word("As in a route.")
    tls: TlsModel | None = _word("See [tls](#tls).")


class ExpectModel(_Model):
    """A test beside the routes: `[[expect]]`. `porch check` runs it without a network."""

    get: str | None = _word('The URL of a GET, "https://example.com/api/users".')
    url: str | None = _word("The URL of a request with another method.")
    method: str = Field(default="GET", description="With `url`.")
    headers: dict[str, str] = Field(default_factory=dict, description="Fields of the request.")
    client: str = Field(default="192.0.2.1", description="The client's address.")
    route: str | None = _word("The key of the route that it must take.")
    sends: Strings | None = _word(
        "The URL that must go out; for a pool several, in a list or with ` | ` between."
    )
    status: Annotated[int, Field(ge=100, le=599)] | None = _word(
        "What the door itself must answer."
    )


class LogModel(_Model):
    """One access log."""

    to: str = Field(default="stdout", description='`"stdout"`, `"stderr"` or `"file:/path"`.')
    format: LogFormat | None = _word("`pretty` on a terminal and `json` otherwise, if left out.")


Workers = Annotated[
    Annotated[int, Field(ge=1, le=1024)] | Literal["auto"],
    Form('a whole number from 1 to 1024, or "auto"'),
]
LogText = bool | str | LogModel | list[str | LogModel]
RouteText = str | list[str | ServerModel] | RouteModel | list[RouteModel]


def _unchanged(value: object) -> object:
    return value


def _tables(of: Any) -> Any:
    """A table whose values are checked one by one, elsewhere: load.py places their problems."""
    return BeforeValidator(_unchanged, json_schema_input_type=dict[str, of])


class ConfigModel(HostWords):
    """The whole file."""

    listen: Annotated[Strings, Form('an address, such as ":8080", or a list of them')] = Field(
        default=[":80", ":443"], description="Where clients come in, see [listen](#listen)."
    )
    workers: Workers = Field(
        default="auto",
        description="Processes that serve; `auto` is one a core that may be used.",
    )
    user: str | None = Field(
        default=None,
        description="Whom the workers run as, where the door is started as root. The supervisor "
        "stays root: it binds low ports and reads keys.",
    )
    group: str | None = Field(
        default=None, description="Their group in place of the user's own; needs `user`."
    )
    include: Strings = Field(
        default=[],
        description="More files of the same, by name or pattern (`sites/*.toml`); merged.",
    )
    acme: Acme = Field(
        default_factory=AcmeModel,
        description="Who certifies public hosts, see [acme](#acme); `false` for nobody.",
        json_schema_extra={"default": "letsencrypt"},
    )
    store: str | None = _word(
        "The folder where certificates and accounts are kept; `$STATE_DIRECTORY`, else "
        "`/var/lib/porch` as root, else `~/.local/share/porch`."
    )
    certificates: Strings = Field(
        default=[],
        description="Folders of pairs (`a.crt` and `a.key`, `fullchain.pem` and `privkey.pem`, "
        "`a.p12`), also in folders in them. Each serves the names that stand in it.",
    )
    unknown_name: Literal["serve", "refuse"] = Field(
        default="serve",
        description="Who asks in the handshake for no name or for one without a certificate is "
        "shown the first one, or none.",
    )
    trust: Strings = Field(
        default=[],
        description="Proxies whose X-Forwarded-* are believed: networks, addresses, `private` for "
        "all private networks, `unix` for peers by a Unix socket. Nobody's if left out.",
    )
    watch: bool = Field(default=False, description="Load the files again when they change.")
    grace: Duration = Field(
        default=30.0,
        description="How long a stop waits for what runs.",
        json_schema_extra={"default": "30s"},
    )
    log: Annotated[
        list[LogModel],
        BeforeValidator(read_logs, json_schema_input_type=LogText),
        LOG_FORM,
    ] = Field(
        default=[LogModel()],
        description='The access log: `"pretty"`, `"json"`, `"combined"`, `"file:/path"`, `false` '
        "for none, or a list of tables, see [log](#log).",
        json_schema_extra={"default": "stdout"},
    )
    debug: bool = Field(
        default=False, description="Tell clients the details of errors. Never where strangers come."
    )
    error_page: str | None = _word("An HTML file, the template of error pages.")
    server: OwnName = Field(
        default=True,
        description='Server in answers made at the door: `true` is "porch", `false` none.',
    )
    routes: Annotated[dict[str, Any], _tables(RouteText)] = Field(
        default_factory=dict, description="Keys and where they lead, see [routes](#routes)."
    )
    site: Annotated[dict[str, Any], _tables(SiteModel)] = Field(
        default_factory=dict, description="Hosts, see [site](#site)."
    )
    pool: Annotated[dict[str, Any], _tables(PoolModel)] = Field(
        default_factory=dict, description="Pools with a name, see [pool](#pool)."
    )
    expect: Annotated[
        list[Any], BeforeValidator(_unchanged, json_schema_input_type=list[ExpectModel])
    ] = Field(default_factory=list, description="Tests, see [expect](#expect).")
