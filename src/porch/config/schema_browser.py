"""The words about browsers: what pages of other origins may do, and what pages here may."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from porch.config.model import Model, word
from porch.config.units import parse_duration
from porch.config.words import DURATION_FORM, Duration, Form, Strings
from porch.shield.cors import METHODS
from porch.shield.origins import Origins

__all__ = [
    "BrowserWords",
    "CookiesModel",
    "CorsModel",
    "CspModel",
    "CsrfModel",
    "read_policy",
]

_ORIGIN_FORM = Form('an origin, such as "https://app.example.com", or a list of them')
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_LONGEST_AGE = 86400
"""Seconds; no browser remembers a preflight for longer than a day."""


def _origins(value: list[str]) -> list[str]:
    if not value:
        raise ValueError('it is empty; name an origin, such as "https://app.example.com"')
    Origins(value)
    return value


def _names(value: list[str]) -> list[str]:
    for each in value:
        if _NAME.match(each) is None:
            raise ValueError(f"'{each}' is not the name of a field")
    return value


def _methods(value: list[str]) -> list[str]:
    for each in value:
        if each != "*" and not (each.isascii() and each.replace("-", "").isalpha()):
            raise ValueError(f"'{each}' is not a method, such as \"PUT\"")
        if each != each.upper():
            raise ValueError(f'methods are compared with their case; write "{each.upper()}"')
    return value


def _age(value: float) -> float:
    if value > _LONGEST_AGE:
        raise ValueError('no browser remembers a preflight for longer than a day; write "1d"')
    return value


OriginList = Annotated[Strings, AfterValidator(_origins), _ORIGIN_FORM]
NameList = Annotated[Strings, AfterValidator(_names), Form("names of fields")]
MethodList = Annotated[Strings, AfterValidator(_methods), Form("methods")]
Age = Annotated[Duration, AfterValidator(_age), DURATION_FORM]


class CorsModel(Model):
    """Which pages of other origins may read the answers: `cors = ["https://app.example.com"]`, or
    `cors = "*"` for all.

    Preflights are answered at the door, also where the route asks who comes. What the origin says
    of it is replaced. It keeps no request away: that is `csrf`.
    """

    origins: OriginList = Field(
        description="Scheme, host, and port if it is not the scheme's own. `https://*.example.com` "
        "is all below it, `http://localhost:*` any port, `*` everybody; `null`, which any page can "
        "be, only if it is said."
    )
    methods: MethodList | None = word("That pages may use; `*` for any.", ", ".join(METHODS))
    headers: NameList | None = word("That pages may set; `*` for any.", "*")
    expose: NameList | None = word("Fields of answers that pages may read besides the usual ones.")
    credentials: bool = Field(
        default=False,
        description="Cookies go along, and the answers to them may be read. Not with `*`.",
    )
    max_age: Age = Field(
        default=parse_duration("10m"),
        description="How long a browser remembers a preflight; Chromium at most 2h.",
        json_schema_extra={"default": "10m"},
    )
    private_network: bool = Field(
        default=False, description="Public pages may reach this door at a private address."
    )
    websocket: bool = Field(
        default=False,
        description="The handshake of a WebSocket needs one of the origins too, or its own: 403.",
    )


def _read_cors(value: object) -> object:
    return {"origins": value} if isinstance(value, str | list) else value


CorsText = str | list[str] | CorsModel | Literal[False]
Cors = Annotated[
    CorsModel | Literal[False],
    BeforeValidator(_read_cors, json_schema_input_type=CorsText),
    Form('origins, such as ["https://app.example.com"], "*", a table, or false'),
]


class CsrfModel(Model):
    """Requests that may change something are refused (403) to pages of other sites, by
    Sec-Fetch-Site or Origin: `csrf = true`, or `csrf = ["https://app.example.com"]`.

    GET, HEAD and OPTIONS pass, and so does who is no browser. A route with `csrf = false` is an
    exception.
    """

    trusted: Strings = Field(
        default=[], description="Origins whose pages may, as in [cors](#cors) but for `*`."
    )
    websocket: bool = Field(
        default=True, description="Handshakes of WebSockets too: no CORS is between those."
    )


def _trusted(value: CsrfModel | Literal[False]) -> CsrfModel | Literal[False]:
    if value:
        for each in value.trusted:
            if each in ("*", "null"):
                raise ValueError(f"'{each}' would let every page in; csrf = false does, too")
        Origins(value.trusted)
    return value


def _read_csrf(value: object) -> object:
    if value is True:
        return {}
    return {"trusted": value} if isinstance(value, str | list) else value


CsrfText = bool | str | list[str] | CsrfModel
Csrf = Annotated[
    CsrfModel | Literal[False],
    BeforeValidator(_read_csrf, json_schema_input_type=CsrfText),
    AfterValidator(_trusted),
    Form("true, false, origins that are trusted, or a table"),
]


class CookiesModel(Model):
    """What cookies get where it is missing: `cookies = "harden"`, or a table.

    What an origin says itself stands.
    """

    secure: bool = Field(
        default=True, description="`Secure`, over HTTPS; by plain HTTP no cookie has it."
    )
    http_only: bool = Field(default=True, description="`HttpOnly`: no script reads it.")
    same_site: Annotated[Literal["lax", "strict", False], Form('"lax", "strict" or false')] = Field(
        default="lax", description="`SameSite`: not sent with what pages of other sites ask for."
    )
    readable: Strings = Field(
        default=[], description="Names that scripts may read, such as a token of a form."
    )
    leave: Strings = Field(default=[], description="Names that stay as they are.")


def _read_cookies(value: object) -> object:
    if value == "harden":
        return {}
    if isinstance(value, str) or value is True:
        raise ValueError('the only word for cookies is "harden"; else write a table')
    return value


CookiesText = Literal["harden", False] | CookiesModel
Cookies = Annotated[
    CookiesModel | Literal[False],
    BeforeValidator(_read_cookies, json_schema_input_type=CookiesText),
    Form('"harden", false, or a table'),
]


class CspModel(Model):
    """Content-Security-Policy: `csp = "default-src 'self'"`, or a table of directives.

    `csp = { default-src = "'self'", img-src = ["'self'", "data:"], report_only = true }`. It stands
    beside what the origin says: a browser keeps both.
    """

    directives: dict[str, str] = Field(description="By name; a directive without a value is true.")
    report_only: bool = Field(
        default=False,
        description="Browsers report what they would have refused, and refuse it not.",
    )

    @property
    def text(self) -> str:
        """The value of the field."""
        return "; ".join(f"{name} {value}".rstrip() for name, value in self.directives.items())


def read_policy(text: str) -> dict[str, str]:
    """The directives of a policy (CSP 3, 2.2.1): the first of a name counts, so that a second is
    refused. Raises ValueError with a sentence."""
    found: dict[str, str] = {}
    for each in text.split(";"):
        name, _, value = each.strip().partition(" ")
        if not name:
            continue
        if name.lower() in found:
            raise ValueError(f"'{name}' stands there twice; browsers take the first alone")
        found[name.lower()] = value.strip()
    return found


def _read_csp(value: object) -> object:
    if isinstance(value, str):
        return {"directives": read_policy(value)}
    if not isinstance(value, dict):
        return value
    report_only = value.get("report_only", False)
    said = {name: each for name, each in value.items() if name != "report_only"}
    return {
        "directives": {name: _value(name, each) for name, each in said.items()},
        "report_only": report_only,
    }


def _value(name: str, value: object) -> str:
    if value is True:
        return ""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return " ".join(value)
    if isinstance(value, str):
        return value
    raise ValueError(f"'{name}' is a text, a list of texts, or true where it has no value")


_BARE = {
    *("self", "none", "unsafe-inline", "unsafe-eval", "strict-dynamic", "unsafe-hashes"),
    *("report-sample", "wasm-unsafe-eval"),
}


def _policy(value: CspModel | Literal[False]) -> CspModel | Literal[False]:
    if not value:
        return value
    if not value.directives:
        raise ValueError("it says nothing; write \"default-src 'self'\"")
    for name, text in value.directives.items():
        if not name.replace("-", "").isalpha() or not name.isascii() or name != name.lower():
            raise ValueError(f"'{name}' is not the name of a directive, such as default-src")
        _check_value(name, text)
    return value


def _check_value(name: str, text: str) -> None:
    if not (text.isascii() and text.isprintable()) or "," in text or ";" in text:
        raise ValueError(f"'{text}' of {name} cannot be: no comma, semicolon or line end")
    if name in ("sandbox", "report-to", "require-trusted-types-for", "trusted-types"):
        return
    for each in text.split():
        if each.lower() in _BARE or each.lower().startswith(("nonce-", "sha256-", "sha384-")):
            raise ValueError(f"{each} of {name} would be a host; with quotes it is '{each}'")


CspText = str | Mapping[str, str | list[str] | bool] | Literal[False]
Csp = Annotated[
    CspModel | Literal[False],
    BeforeValidator(_read_csp, json_schema_input_type=CspText),
    AfterValidator(_policy),
    Form("a policy, such as \"default-src 'self'\", a table of directives, or false"),
]


class BrowserWords(Model):
    """Of a route, a site or the top; the nearest wins."""

    cors: Cors | None = word("Which pages of other origins may read answers, see [cors](#cors).")
    csrf: Csrf | None = word("Refuse what pages of other sites change, see [csrf](#csrf).", False)
    cookies: Cookies | None = word("Harden cookies, see [cookies](#cookies).", False)
    csp: Csp | None = word("What pages may load and run, see [csp](#csp).")
