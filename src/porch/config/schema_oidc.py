"""The words of `auth.oidc`: a login at an OpenID provider. See schema_auth.py."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from porch.config.model import Model, word
from porch.config.urls import Url
from porch.config.words import Duration, Form, Silence, Strings
from porch.shield.jwt_keys import ASYMMETRIC

__all__ = ["ALGORITHMS", "CALLBACK", "LOGOUT", "SCOPES", "OidcModel"]

ALGORITHMS = ("RS256", "PS256", "ES256", "Ed25519", "EdDSA")
CALLBACK = "/.porch/oidc/callback"
LOGOUT = "/.porch/logout"
SCOPES = ("openid", "profile", "email")
_OWN = (
    *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "response_mode"),
    *("code_challenge", "code_challenge_method", "request", "request_uri"),
)
_IN_PATH = frozenset("-._~/" + "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _path(value: str) -> str:
    is_plain = value.startswith("/") and set(value) <= _IN_PATH
    if not is_plain or "//" in value or "/./" in f"{value}/" or "/../" in f"{value}/":
        raise ValueError(f"'{value}' is no plain path of the host, such as {CALLBACK}")
    return value


Path = Annotated[str, AfterValidator(_path), Form("a path")]


def _scopes(value: list[str]) -> list[str]:
    if "openid" not in value:
        raise ValueError("without openid a provider says not who somebody is; take it in")
    for each in value:
        if not each or not each.isascii() or not each.isprintable() or " " in each:
            raise ValueError(f"'{each}' is no scope (RFC 6749 3.3)")
    return value


def _algorithms(value: list[str]) -> list[str]:
    if not value:
        raise ValueError("no token could be believed; write one at least")
    for each in value:
        if each not in ASYMMETRIC:
            known = ", ".join(ASYMMETRIC)
            raise ValueError(f"'{each}' is no algorithm that is taken; there are {known}")
    return value


def _parameters(value: Mapping[str, str]) -> Mapping[str, str]:
    for name in value:
        if name in _OWN:
            raise ValueError(f"{name} is what the door says itself; take it out")
    return value


def _said(value: str) -> str:
    if not value or not value.isprintable():
        raise ValueError("it is empty, or has controls in it")
    return value


class OidcModel(Model):
    """A login at an OpenID provider: authorization code with PKCE. Register
    `https://HOST/.porch/oidc/callback` there for each host."""

    issuer: Url = Field(description="The provider, to the letter as it writes itself.")
    client_id: Annotated[str, AfterValidator(_said)] = Field(
        description="What the provider calls this door."
    )
    client_secret: Annotated[str, AfterValidator(_said)] | None = word(
        'What it is known by there; `"${NAME}"` or `"file:/path"`, never written here itself. '
        "Without one the door is a public client."
    )
    client_auth: Literal["basic", "post"] | None = word(
        "How it is shown: in `Authorization`, or in the body. Else as the provider says."
    )
    scopes: Annotated[Strings, AfterValidator(_scopes)] | None = word(
        "What is asked for. Many providers renew sessions only with `offline_access`.",
        [*SCOPES],
    )
    name: str | None = word("The claim that is the name.", "sub")
    groups: str | None = word(
        "The claim that `require` and `fields` know as `groups`; `realm_access.roles` looks into a"
        " table.",
        "groups",
    )
    userinfo: bool | None = word("Ask the userinfo endpoint for more claims.", False)
    algorithms: Annotated[Strings, AfterValidator(_algorithms)] | None = word(
        "Those that an ID token may be signed with.", [*ALGORITHMS]
    )
    leeway: Duration | None = word("How much clocks may differ.", "30s")
    renew: Silence | None = word(
        "How long a session holds until the provider is asked again, if it gave a refresh token; "
        "less if the provider says so.",
        "5m",
    )
    lifetime: Silence | None = word("How long it holds at most; then log in anew.", "12h")
    https: bool | None = word(
        "Clients come by HTTPS, though another door before this one ends it.", False
    )
    callback: Path | None = word("Where a login comes back to.", CALLBACK)
    logout: Path | None = word("Where a session ends: POST, or a link on the host.", LOGOUT)
    after_logout: Path | None = word(
        "Where a browser goes then; register it at the provider as well. Else a line of text."
    )
    parameters: Annotated[dict[str, str], AfterValidator(_parameters)] = Field(
        default_factory=dict,
        description='More for the authorization endpoint: `{ prompt = "select_account" }`.',
    )
    cookie_secret: str | None = word(
        "A secret of 32 bytes at least for the cookies, the same on all machines behind one name; "
        "else the door's own key in its store."
    )
    timeout: Silence | None = word("How long the provider may take; 503 after it.", "5s")
    ca: str | None = word("A PEM file of authorities for it, instead of the system's.")
