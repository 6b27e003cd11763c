"""The configuration, described once: these models are what a file may say.

The JSON Schema, the reference page and the suggestions come from here. A field's description is
its entry in the reference. Words of a route may also stand in a site and at the top; the nearest
wins, and tables merge word by word. What no single table can tell is seen in review.py.
"""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from porch.config.conditions import WhenModel
from porch.config.model import Model, word
from porch.config.schema_access import NetworkWords
from porch.config.schema_admin import AdminModel, TokenModel
from porch.config.schema_balance import Balance, ServerModel, Sticky, StickyModel, To
from porch.config.schema_buffer import Bandwidth, BufferRequest, BufferResponse
from porch.config.schema_busy import BusyWords, ImportanceWords
from porch.config.schema_cache import Cache, CacheStoreModel
from porch.config.schema_change import CanaryModel, Maintenance, MirrorModel
from porch.config.schema_compress import Compress
from porch.config.schema_connections import ConnectionWords, MinRate
from porch.config.schema_files import FilesModel
from porch.config.schema_health import Eject, EjectModel, Health, HealthModel, Panic, SlowStart
from porch.config.schema_log import LogModel, RotateModel
from porch.config.schema_observe import ObserveWords
from porch.config.schema_overload import Overload, OverloadModel
from porch.config.schema_retry import Retry, RetryModel
from porch.config.schema_shield import ShieldWords
from porch.config.schema_tls import (
    Acme,
    AcmeModel,
    Cert,
    EabModel,
    Files,
    Hsts,
    HstsModel,
)
from porch.config.units import spell_duration, spell_size
from porch.config.words import (
    Bound,
    Duration,
    FieldChange,
    Form,
    OwnName,
    Silence,
    Size,
    Strings,
    Upgrade,
    read_headers,
)
from porch.route.route import Limits, Timeouts
from porch.shield.limit_table import MOST_KEYS, ROOM

__all__ = [
    "TOP_ONLY",
    "AcmeModel",
    "AdminModel",
    "ConfigModel",
    "EabModel",
    "EjectModel",
    "ExpectModel",
    "HeadersModel",
    "HealthModel",
    "HostWords",
    "HstsModel",
    "LimitsModel",
    "LogModel",
    "OverloadModel",
    "PoolModel",
    "RetryModel",
    "RotateModel",
    "RouteModel",
    "RouteWords",
    "ServerModel",
    "SiteModel",
    "StickyModel",
    "TimeoutsModel",
    "TlsModel",
    "TokenModel",
    "WhenModel",
]

TOP_ONLY = {
    "timeouts": ("head", "keep_alive"),
    "limits": ("request_line", "head", "fields", "interim", "streams"),
}
"""Words that are read before a route is known, so that a route cannot say them."""


_TIMEOUTS = Timeouts()
_LIMITS = Limits()


class TimeoutsModel(Model):
    """Seconds of silence, never of the whole: a transfer that moves is never cut."""

    connect: Silence | None = word(
        "Until an endpoint accepts a connection.", spell_duration(_TIMEOUTS.connect)
    )
    head: Silence | None = word(
        "A client's head, from its first byte to its last; 408 after it.",
        spell_duration(_TIMEOUTS.head),
    )
    response: Silence | None = word(
        "From the request's last byte to the answer's head; 504 after it.",
        spell_duration(_TIMEOUTS.response),
    )
    idle: Silence | None = word(
        "Between two pieces of a body, either way.", spell_duration(_TIMEOUTS.idle)
    )
    keep_alive: Silence | None = word(
        "A client's connection between two requests.", spell_duration(_TIMEOUTS.keep_alive)
    )
    upstream_idle: Duration | None = word(
        "A kept connection to an origin; shorter than the origin's own, which for uvicorn and "
        "node is 5s.",
        spell_duration(_TIMEOUTS.upstream_idle),
    )
    tunnel: Silence | None = word(
        "A WebSocket without a byte either way.", spell_duration(_TIMEOUTS.tunnel)
    )
    half_close: Duration | None = word(
        "How long a client that closed its sending side is still served in silence.",
        spell_duration(_TIMEOUTS.half_close),
    )


class LimitsModel(Model):
    """Bounds on messages, of clients and of origins alike. An origin that is over one is 502."""

    request_line: Bound | None = word(
        "Method, target and version; 414 above.", spell_size(_LIMITS.request_line)
    )
    head: Bound | None = word("All of a head; 431 above.", spell_size(_LIMITS.head))
    fields: Annotated[int, Field(ge=1)] | None = word(
        "How many fields a head may have; 431 above.", _LIMITS.fields
    )
    body: Size | None = word(
        "A request's body; 413 above, before the 100 is sent. No bound if left out."
    )
    interim: Annotated[int, Field(ge=0)] | None = word(
        "Interim answers that an origin may send before its final one.", _LIMITS.interim
    )
    streams: Annotated[int, Field(ge=1, le=10_000)] | None = word(
        "Requests that a client may have open on one connection of HTTP/2; it waits with others.",
        _LIMITS.streams,
    )
    min_rate: MinRate | None = word(
        "Bytes a second that a client sends of a body, on average of 10 s, or takes of an answer "
        "that waits for it, of 30 s; 408 or a reset below. `false` for no bound. See "
        "[connections](connections.md).",
        spell_size(_LIMITS.min_rate),
    )


class TlsModel(Model):
    """How to speak TLS with `https://` targets. Nothing needs to be said for most."""

    verify: bool | None = word(
        "`false` believes any certificate, and is warned about at each start.", True
    )
    ca: str | None = word("A PEM file of authorities to trust instead of the system's.")
    server_name: str | None = word(
        "Whom the certificate must name, sent as SNI too; the target's host if left out."
    )
    cert: str | None = word(
        "A PEM file with the certificate (and its chain) that is shown to an origin that asks."
    )
    key: str | None = word("The PEM file of its key; PKCS #12 (`.p12`, `.pfx`) needs none.")
    key_password: str | None = word("Of the key, or of the PKCS #12 file; a secret.")
    min_version: Literal["1.2", "1.3"] | None = word(
        "The oldest TLS that the origin may speak.", "1.2"
    )


class HeadersModel(Model):
    """Fields that are set (a text), added (a list of texts) or removed (`false`).

    `headers = "secure"` adds what breaks no ordinary site, where the origin does not say
    otherwise. A flat table is about answers: `headers = { X-Frame-Options = false }`.
    """

    request: dict[str, FieldChange] = Field(
        default_factory=dict,
        description="On requests to the origin. What is set or removed here no client sends, in "
        "no spelling of its name (`X_Route`, `X.Route`) and not behind a body.",
    )
    response: dict[str, FieldChange] = Field(
        default_factory=dict, description="On answers to the client."
    )
    secure: bool | None = word('The same as `headers = "secure"`, beside other fields.', False)


HeadersText = Literal["secure"] | HeadersModel | dict[str, FieldChange]
Headers = Annotated[
    HeadersModel,
    BeforeValidator(read_headers, json_schema_input_type=HeadersText),
    Form('"secure" or a table of fields'),
]


class RouteWords(ShieldWords, ImportanceWords):
    """Words of a route that may stand in a site or at the top as well."""

    balance: Balance | None = word(
        "Which endpoint of several takes a request, see [balance](#balance).", "least-requests"
    )
    health: Health | None = word("See [health](#health); no check if left out, or `false`.")
    eject: Eject | None = word("See [eject](#eject); `false` for never.", True)
    slow_start: SlowStart | None = word(
        "How long until an endpoint that is new or just back has all of its share; it begins with "
        "a tenth.",
        False,
    )
    panic: Panic | None = word(
        "While a smaller share of the pool is well, checks and ejections are not believed: those "
        "that they took out are used too. `false`: only when nobody is well.",
        False,
    )
    sticky: Sticky | None = word("See [sticky](#sticky); `false` for none.")
    retry: Retry | None = word(
        "Further endpoints tried after a failed connect, or where no answer came of what can be "
        "repeated; `false` for none. See [retry](#retry).",
        2,
    )
    overload: Overload | None = word("See [overload](#overload). No bounds if left out.")
    cache: Cache | None = word("Keep answers and give them again, see [cache](#cache).", False)
    files: FilesModel | None = word("Of a `file:`, see [files](#files).")
    compress: Compress | None = word(
        "Code answers for clients that take it (zstd, gzip, br), see [compress](#compress).", False
    )
    buffer_request: BufferRequest | None = word(
        "Send a request when its body is whole: up to so much waits at the door, first in memory, "
        'then on disk; 413 to more. `true` is `"64MB"`.',
        False,
    )
    buffer_response: BufferResponse | None = word(
        "Read so much of an answer ahead of a slow client, so that it keeps no origin busy; `true` "
        'is `"16MB"`.',
        False,
    )
    bandwidth: Bandwidth | None = word(
        "Answers leave at such a rate, evenly: of all clients of the route together, or `per "
        "client`.",
        False,
    )
    timeouts: TimeoutsModel | None = word("See [timeouts](#timeouts).")
    limits: LimitsModel | None = word("See [limits](#limits).")
    headers: Headers | None = word("See [headers](#headers).")
    upgrade: Upgrade | None = word(
        "Protocols that may be switched to; `false` for none. h2c is refused.", ["websocket"]
    )
    grpc_web: bool | None = word(
        "Take gRPC calls of browsers (gRPC-Web, binary and text) and pass them on as gRPC.", False
    )
    tls: TlsModel | None = word("See [tls](#tls).")
    underscores: bool | None = word(
        "Pass on field names with an underscore, which some origins confuse with a hyphen.", False
    )
    forwarded: bool | None = word("Send Forwarded (RFC 7239) beside X-Forwarded-*.", False)
    via: OwnName | None = word("Our name in Via to origins; `false` for none.", "porch")
    client_cert: Literal["required", "optional"] | None = word(
        "Beside `client_ca`: who has shown no certificate is answered 403, or is let in.",
        "required",
    )
    maintenance: Maintenance | None = word(
        "Closed, but for some: `true`, or a table, see [maintenance](#maintenance); `false` opens "
        "a route of a closed site. `porch maintenance` does so without a reload.",
        False,
    )


class HostWords(RouteWords):
    """Words of a host that may stand at the top as well. Of a wildcard they are for all hosts
    below it, see settings.host_word."""

    hsts: Hsts | None = word(
        "See [hsts](#hsts). Sent to who came by HTTPS alone, to a trusted proxy too. Of a "
        "wildcard's site it is for all hosts below it."
    )
    tls_profile: Literal["intermediate", "modern"] | None = word(
        "TLS that clients may speak: 1.2 and 1.3, or 1.3 alone (Mozilla's recommendations).",
        "intermediate",
    )
    http2: bool | None = word(
        "Offer HTTP/2 over TLS (ALPN); `false` for clients or origins that do better without.", True
    )
    client_ca: Cert | None = word(
        "PEM files of authorities: clients are asked for a certificate of one of them, which goes "
        "to origins as Client-Cert (RFC 9440). `false` for none. See `client_cert`."
    )


class RouteModel(RouteWords):
    """Where requests for a host and path go: `[routes."key"]`, or in short `"key" = "target"`.

    Several routes of one key, `[[routes."key"]]`, differ by `when`.
    """

    to: To = Field(description="Where it leads, see [targets](#targets); a list is a pool.")
    status: Literal[301, 302, 303, 307, 308] | None = word(
        "Of a `redirect:`. 308 and 307 keep the method.", 308
    )
    strip: Annotated[bool, Form("true or false: what it takes off is the key's path")] | None = (
        word("Take the key's path off: /api/users goes out as /users on the route /api/*.", False)
    )
    rewrite: str | None = word(
        'The path that goes out: `"/v1{path}"`, with `{name}` and `{1}` of a regex; `{query}` '
        "behind a `?`. As it came if left out."
    )
    when: WhenModel | None = word("See [when](#when).")
    internal: bool | None = word(
        "No client reaches it, by whatever spelling (404); what an origin of a route with `accel` "
        "answers may lead here.",
        False,
    )
    canary: CanaryModel | None = word("A new version for some, see [canary](#canary).")
    mirror: MirrorModel | None = word("A copy of some requests to a shadow, see [mirror](#mirror).")
    priority: int = Field(default=0, description="Breaks a tie between routes; the higher wins.")


class SiteModel(HostWords):
    """What belongs to a whole host: `[site."example.com"]`."""

    cert: Cert | None = word(
        "A PEM file with the certificate and its chain; several for keys of several kinds. "
        "`false`: no HTTPS for this host. If left out, one is got: see [acme](#acme)."
    )
    key: Files | None = word(
        "The PEM file of its key; as many as `cert` has. PKCS #12 (`.p12`, `.pfx`) needs no `key`."
    )
    key_password: str | None = word("Of the key, or of the PKCS #12 file; a secret.")
    www: Literal["redirect"] | None = word('`"redirect"` sends www.host to host.')


class PoolModel(Model):
    """A pool with a name, `[pool.name]`, shared by routes."""

    servers: To = Field(description="Its endpoints, as `to` has them.")
    balance: Balance | None = word("As in a route.")
    health: Health | None = word("See [health](#health).")
    eject: Eject | None = word("See [eject](#eject).")
    slow_start: SlowStart | None = word("As in a route.")
    panic: Panic | None = word("As in a route.")
    sticky: Sticky | None = word("As in a route.")
    overload: Overload | None = word("See [overload](#overload).")
    tls: TlsModel | None = word("See [tls](#tls).")


class ExpectModel(Model):
    """A test beside the routes: `[[expect]]`. `porch check` runs it without a network."""

    get: str | None = word('The URL of a GET, "https://example.com/api/users".')
    url: str | None = word("The URL of a request with another method.")
    method: str = Field(default="GET", description="With `url`.")
    headers: dict[str, str] = Field(default_factory=dict, description="Fields of the request.")
    client: str = Field(default="192.0.2.1", description="The client's address.")
    client_cert: str | None = word(
        "A PEM file with the certificate that the client has shown; it is taken to verify."
    )
    route: str | None = word("The key of the route that it must take.")
    sends: Strings | None = word(
        "The URL that must go out; for a pool several, in a list or with ` | ` between."
    )
    status: Annotated[int, Field(ge=100, le=599)] | None = word("What the door itself must answer.")


Workers = Annotated[
    Annotated[int, Field(ge=1, le=1024)] | Literal["auto"],
    Form('a whole number from 1 to 1024, or "auto"'),
]
RouteText = str | list[str | ServerModel] | RouteModel | list[RouteModel]


def _unchanged(value: object) -> object:
    return value


def _tables(of: Any) -> Any:
    """A table whose values are checked one by one, elsewhere: load.py places their problems."""
    return BeforeValidator(_unchanged, json_schema_input_type=dict[str, of])


class ConfigModel(HostWords, NetworkWords, ConnectionWords, BusyWords, ObserveWords):
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
    store: str | None = word(
        "The folder where certificates and accounts are kept; `$STATE_DIRECTORY`, else "
        "`/var/lib/porch` as root, else `~/.local/share/porch`."
    )
    cache_store: CacheStoreModel | None = word(
        "Where `cache` keeps answers, see [cache_store](#cache_store)."
    )
    limit_keys: Annotated[int, Field(ge=1024, le=MOST_KEYS)] = Field(
        default=ROOM,
        description="How many clients, or whatever else a [limit](#limit) tells apart, each worker "
        "knows. When there are more, those that have come least are forgotten.",
    )
    certificates: Strings = Field(
        default=[],
        description="Folders of pairs (`a.crt` and `a.key`, `fullchain.pem` and `privkey.pem`, "
        "`a.p12`), also in folders in them. Each serves the names that stand in it.",
    )
    h2c: bool = Field(
        default=False,
        description="Take HTTP/2 without TLS too, on the addresses for plain HTTP, from clients "
        "that begin with it (prior knowledge), such as gRPC's. HTTP/1.1 is spoken there as ever.",
    )
    unknown_name: Literal["serve", "refuse"] = Field(
        default="serve",
        description="Who asks in the handshake for no name or for one without a certificate is "
        "shown the first one, or none.",
    )
    trust: Strings = Field(
        default=[],
        description="Proxies whose X-Forwarded-* are believed: networks, addresses, `private` for "
        "all private networks, `unix` for peers by a Unix socket, `file:` with a list, or the name "
        "of a CDN. Nobody's if left out. See [client address](client-address.md).",
    )
    watch: bool = Field(default=False, description="Load the files again when they change.")
    grace: Duration = Field(
        default=30.0,
        description="How long a stop waits for what runs.",
        json_schema_extra={"default": "30s"},
    )
    debug: bool = Field(
        default=False, description="Tell clients the details of errors. Never where strangers come."
    )
    error_page: str | None = word("An HTML file, the template of error pages.")
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
