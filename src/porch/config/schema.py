"""The configuration, described once: these models are what a file may say.

The JSON Schema, the reference page and the suggestions come from here. A field's description is
its entry in the reference. Words of a route may also stand in a site and at the top; the nearest
wins, and tables merge word by word.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from porch.config.units import parse_duration, parse_size

__all__ = [
    "ConfigModel",
    "ExpectModel",
    "HeadersModel",
    "LaterWord",
    "LimitsModel",
    "PoolModel",
    "RouteModel",
    "RouteWords",
    "SiteModel",
    "TimeoutsModel",
    "TlsModel",
]

Duration = Annotated[
    float,
    BeforeValidator(parse_duration, json_schema_input_type=str),
    PlainSerializer(lambda seconds: f"{seconds:g}s", return_type=str),
]
Size = Annotated[int, BeforeValidator(parse_size, json_schema_input_type=str)]


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


Strings = Annotated[
    list[str], BeforeValidator(_one_or_more, json_schema_input_type=str | list[str])
]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LaterWord:
    """Words of later versions: known by name, so that nobody is left to guess.

    harmless: leaving them out changes speed or comfort; they warn. protective: a route would be
    open without them; they are errors.
    """

    harmless = frozenset(
        ("health", "cache", "compress", "buffer_request", "buffer_response", "metrics", "admin")
        + ("hsts", "acme", "canary", "mirror")
    )
    protective = frozenset(("limit", "allow", "deny", "auth", "cors", "maintenance", "client_ca"))


class TimeoutsModel(_Model):
    """Silences, never wholes: a transfer that moves is never cut."""

    connect: Duration | None = Field(None, description="Until an endpoint accepts. Default 5s.")
    head: Duration | None = Field(
        None, description="A client's head, from its first byte to its last. Top only. Default 15s."
    )
    response: Duration | None = Field(
        None, description="From a request's end to the answer's head. Default 60s."
    )
    idle: Duration | None = Field(
        None, description="Between two pieces of a body, either way. Default 60s."
    )
    keep_alive: Duration | None = Field(
        None, description="A client's connection between two requests. Top only. Default 75s."
    )
    upstream_idle: Duration | None = Field(
        None, description="A kept connection to an origin. Default 4s, below uvicorn's 5s."
    )
    tunnel: Duration | None = Field(
        None, description="A WebSocket without a byte either way. Default 1h."
    )
    half_close: Duration | None = Field(
        None,
        description="How long a client that closed its sending side is still served in silence. "
        "Default 500ms.",
    )


class LimitsModel(_Model):
    """Bounds on messages. Over one: 414, 431 or 413; from an origin 502."""

    request_line: Size | None = Field(
        None, description="Method, target and version; 414 above. Top only. Default 16KB."
    )
    head: Size | None = Field(None, description="All of a head; 431 above. Top only. Default 64KB.")
    fields: int | None = Field(
        None, ge=1, description="Fields of a head; 431 above. Top only. Default 128."
    )
    body: Size | None = Field(
        None, description="A request's body; 413 above, before 100 is sent. Default: no bound."
    )
    interim: int | None = Field(
        None, ge=0, description="Interim answers before a final one. Top only. Default 16."
    )


class TlsModel(_Model):
    """How to speak TLS with https:// targets."""

    verify: bool | None = Field(
        None, description="false believes any certificate, and is warned about. Default true."
    )
    ca: str | None = Field(None, description="A PEM file of authorities instead of the system's.")
    server_name: str | None = Field(
        None, description="Whom the certificate must name. Default: the target's host."
    )


FieldChange = str | list[str] | Literal[False]


def _headers(value: object) -> object:
    """ "secure", or a flat table of answer fields, as the table of both directions."""
    if value == "secure":
        return {"secure": True}
    if isinstance(value, dict) and not value.keys() <= {"request", "response", "secure"}:
        if value.keys() & {"request", "response"}:
            return value
        secure = value.get("secure")
        rest = {name: each for name, each in value.items() if name != "secure"}
        return {"response": rest} | ({"secure": secure} if isinstance(secure, bool) else {})
    return value


class HeadersModel(_Model):
    """Fields that are set (a string), added (a list of strings) or removed (false)."""

    request: dict[str, FieldChange] = Field(
        default_factory=dict, description="On requests to the origin."
    )
    response: dict[str, FieldChange] = Field(
        default_factory=dict, description="On answers to the client."
    )
    secure: bool | None = Field(
        None, description="Adds the usual security fields where the origin sends none."
    )


Headers = Annotated[
    HeadersModel,
    BeforeValidator(_headers, json_schema_input_type=Literal["secure"] | dict[str, Any]),
]


def _retry(value: object) -> object:
    if value is False:
        return 0
    if isinstance(value, dict) and value.keys() == {"attempts"}:
        return value["attempts"]
    return value


def _upgrade(value: object) -> object:
    if value is False:
        return []
    if value is True:
        return ["websocket"]
    return _one_or_more(value)


class RouteWords(_Model):
    """Words of a route that may stand in a site or at the top as well."""

    balance: Literal["round-robin", "least-requests"] | None = Field(
        None,
        description="How endpoints are chosen. Default least-requests: of two drawn by weight the "
        "one with fewer requests under way.",
    )
    retry: Annotated[
        int | None, BeforeValidator(_retry, json_schema_input_type=int | bool | dict[str, int])
    ] = Field(
        None,
        ge=0,
        le=10,
        description="Further endpoints tried after a failed connect, or after a kept connection "
        "closed before an answer. false for none. Default 2.",
    )
    timeouts: TimeoutsModel | None = Field(None, description="See [timeouts].")
    limits: LimitsModel | None = Field(None, description="See [limits].")
    headers: Headers | None = Field(
        None, description='"secure", or a table of fields. See headers.'
    )
    upgrade: Annotated[
        list[str] | None,
        BeforeValidator(_upgrade, json_schema_input_type=bool | str | list[str]),
    ] = Field(
        None, description='Protocols that may be switched to. Default ["websocket"]; false: none.'
    )
    tls: TlsModel | None = Field(None, description="How to speak TLS with https:// targets.")
    underscores: bool | None = Field(
        None, description="Pass on field names with an underscore. Default false."
    )
    forwarded: bool | None = Field(
        None, description="Send Forwarded (RFC 7239) beside X-Forwarded-*. Default false."
    )
    via: bool | str | None = Field(
        None, description='Our name in Via to origins; false for none. Default "porch".'
    )


def _to(value: object) -> object:
    return [value] if isinstance(value, str | dict) else value


class ServerModel(_Model):
    """A target with a weight."""

    to: str = Field(description="host:port, https://host, unix:/path.")
    weight: int = Field(1, ge=1, le=1000, description="Its share against the others.")


To = Annotated[
    list[str | ServerModel],
    BeforeValidator(_to, json_schema_input_type=str | list[str | ServerModel]),
]


class WhenModel(_Model):
    """Conditions; all must hold. A value is equal text, "~regex", true (there) or false (not)."""

    method: Strings | None = Field(None, description="A method or several.")
    header: dict[str, str | bool] = Field(default_factory=dict, description="By field name.")
    query: dict[str, str | bool] = Field(default_factory=dict, description="By parameter.")
    cookie: dict[str, str | bool] = Field(default_factory=dict, description="By cookie.")
    client: Strings | None = Field(None, description="Addresses or networks of the client.")


class RouteModel(RouteWords):
    """One route: [routes."key"], or "key" = "target"."""

    to: To = Field(
        description="Where it leads: host:port, :3000, http(s)://host, unix:/path, redirect:URL, "
        "respond:STATUS, the name of a [pool], or a list of them."
    )
    status: int | None = Field(
        None, ge=300, le=308, description="Of a redirect. Default 308, which keeps the method."
    )
    strip: bool | None = Field(
        None, description="Send /users for /api/users on the route /api/*. Default false."
    )
    rewrite: str | None = Field(
        None,
        description='The path that goes out: "/v1{path}", with {name} of a regex. '
        "Default: as it came.",
    )
    when: WhenModel | None = Field(None, description="Conditions besides host and path.")
    priority: int = Field(0, description="Breaks a tie between routes; the higher wins.")


class SiteModel(RouteWords):
    """What belongs to a whole host: [site."example.com"]."""

    cert: str | None = Field(None, description="A PEM file with the certificate and its chain.")
    key: str | None = Field(None, description="The PEM file of its key.")
    www: Literal["redirect"] | None = Field(None, description='"redirect" sends www.host to host.')


class PoolModel(_Model):
    """A named pool: [pool.api]."""

    servers: To = Field(description="Its endpoints, as `to` has them.")
    balance: Literal["round-robin", "least-requests"] | None = Field(
        None, description="As in a route."
    )
    tls: TlsModel | None = Field(None, description="As in a route.")


class ExpectModel(_Model):
    """A test: [[expect]]. `porch check` runs it without a network."""

    get: str | None = Field(None, description="The URL of a GET.")
    url: str | None = Field(None, description="The URL, with `method`.")
    method: str = Field("GET", description="With `url`.")
    headers: dict[str, str] = Field(default_factory=dict, description="Fields of the request.")
    client: str = Field("192.0.2.1", description="The client's address.")
    route: str | None = Field(None, description="The key of the route it must take.")
    sends: Strings | None = Field(
        None, description="The URL that goes out; several, or ' | ' between, for a pool."
    )
    status: int | None = Field(None, description="What the door answers by itself.")


class LogModel(_Model):
    """One access log."""

    to: str = Field("stdout", description='"stdout", "stderr" or "file:/path".')
    format: Literal["pretty", "json", "combined"] | None = Field(
        None, description="Default: pretty on a terminal, json otherwise."
    )


def _log(value: object) -> object:
    """Every form as a list of tables."""
    if value is True:
        return [{}]
    if value is False:
        return []
    if isinstance(value, list):
        return [table for each in value for table in _log_table(each)]
    return _log_table(value)


def _log_table(value: object) -> list[object]:
    if value in ("pretty", "json", "combined"):
        return [{"format": value}]
    if value in ("stdout", "stderr") or (isinstance(value, str) and value.startswith("file:")):
        return [{"to": value}]
    return [value]


class ConfigModel(RouteWords):
    """The whole file."""

    listen: Strings = Field(
        [":80", ":443"],
        description='Addresses: ":80", "127.0.0.1:8080", "[::1]:8080", "https://host:port", '
        '"unix:/run/porch.sock".',
    )
    workers: int | Literal["auto"] = Field(
        "auto", description="Processes that serve. In this version one serves, whatever is said."
    )
    include: Strings = Field([], description="More files of the same, by pattern; merged.")
    trust: Strings = Field(
        [],
        description="Networks and addresses whose X-Forwarded-* are believed. Default: nobody's.",
    )
    watch: bool = Field(False, description="Load the files again when they change.")
    grace: Duration = Field(30.0, description="How long a stop waits for what runs. Default 30s.")
    log: Annotated[
        list[LogModel],
        BeforeValidator(_log, json_schema_input_type=bool | str | LogModel | list[str | LogModel]),
    ] = Field(
        [LogModel(to="stdout", format=None)],
        description='The access log: true, false, "pretty", "json", "combined", "file:/path", a '
        "table or a list of these.",
    )
    debug: bool = Field(False, description="Tell clients details of errors. Never in production.")
    error_page: str | None = Field(None, description="An HTML template for error pages.")
    server: bool | str = Field(
        True, description='Server of answers made at the door: true is "porch", false none.'
    )
    routes: dict[str, Any] = Field(
        default_factory=dict, description="Keys and their routes. See routes."
    )
    site: dict[str, Any] = Field(default_factory=dict, description="Hosts. See site.")
    pool: dict[str, Any] = Field(default_factory=dict, description="Named pools. See pool.")
    expect: list[Any] = Field(default_factory=list, description="Tests. See expect.")
