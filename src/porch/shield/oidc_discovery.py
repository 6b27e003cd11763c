"""What an OpenID provider says of itself (OpenID Connect Discovery 1.0, RFC 8414), and its keys."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from porch.client import Client
from porch.shield.fetched import Fetched, Spawn
from porch.shield.jwks import KeySet

__all__ = ["WELL_KNOWN", "Discovery", "Metadata", "read_metadata", "target_of"]

WELL_KNOWN = "/.well-known/openid-configuration"
_LONGEST = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """URLs, "" for one that it has not. tells_issuer: whether each answer of the authorization
    endpoint says whose it is (RFC 9207). takes_basic: whether the secret may come in Authorization.
    """

    authorization: str
    token: str
    keys: str
    userinfo: str = ""
    end_session: str = ""
    revocation: str = ""
    tells_issuer: bool = False
    takes_basic: bool = True


class Discovery(Fetched):
    """Of one issuer. metadata: None while there is none. keys: those of its jwks_uri."""

    what = "OpenID provider"
    accept = b"application/json"

    __slots__ = ("_clients", "_make", "issuer", "keys", "metadata")

    def __init__(
        self,
        issuer: str,
        make_client: Callable[[str], Client],
        spawn: Spawn,
        warn: Callable[[str], None],
    ) -> None:
        """make_client: who asks at the host of a URL; may raise OSError or ValueError."""
        url = issuer.removesuffix("/") + WELL_KNOWN
        super().__init__(url, target_of(url), lambda: make_client(url), spawn, warn)
        self.issuer = issuer
        self.metadata: Metadata | None = None
        self.keys: KeySet | None = None
        self._make = make_client
        self._clients: dict[str, Client] = {}

    def __repr__(self) -> str:
        return f"<Discovery {self.issuer} {'known' if self.metadata else 'not known'}>"

    def take(self, body: bytes) -> None:
        """See Fetched."""
        found = read_metadata(body, self.issuer)
        if self.keys is None or self.keys.url != found.keys:
            make = self._make
            url = found.keys
            self.keys = KeySet(url, target_of(url), lambda: make(url), self._spawn, self._warn)
            self.keys.tick()
        self.metadata = found

    def forget(self) -> None:
        """See Fetched."""
        self.metadata = None
        self.keys = None

    def tick(self) -> None:
        """See Fetched."""
        super().tick()
        if self.keys is not None:
            self.keys.tick()

    def client(self, url: str) -> Client:
        """Who asks at one of its URLs. Raises OSError or ValueError."""
        parts = urlsplit(url)
        key = f"{parts.scheme}://{parts.netloc}"
        found = self._clients.get(key)
        if found is None:
            found = self._clients[key] = self._make(url)
        return found


def read_metadata(body: bytes, issuer: str) -> Metadata:
    """Raises ValueError with a sentence. One that is not the issuer's own could send logins
    elsewhere, so that `issuer` has to be the same to the letter (Discovery 1.0 4.3)."""
    try:
        table = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError("it is not JSON") from None
    if not isinstance(table, dict):
        raise ValueError("it is no table of JSON")
    if table.get("issuer") != issuer:
        raise ValueError("it is of another issuer; write `issuer` as the provider does")
    methods = table.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        authorization=_url(table, "authorization_endpoint", issuer),
        token=_url(table, "token_endpoint", issuer),
        keys=_url(table, "jwks_uri", issuer),
        userinfo=_url(table, "userinfo_endpoint", issuer, is_needed=False),
        end_session=_url(table, "end_session_endpoint", issuer, is_needed=False),
        revocation=_url(table, "revocation_endpoint", issuer, is_needed=False),
        tells_issuer=table.get("authorization_response_iss_parameter_supported") is True,
        takes_basic=not isinstance(methods, list) or "client_secret_basic" in methods,
    )


def _url(table: dict[str, Any], name: str, issuer: str, *, is_needed: bool = True) -> str:
    value = table.get(name, "")
    if value == "" and not is_needed:
        return ""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
        raise ValueError(f"it has no {name}")
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise ValueError(f"its {name} is no URL")
    try:
        parts = urlsplit(value)
        is_url = bool(parts.hostname) and parts.port != 0 and not (parts.fragment or parts.username)
    except ValueError:
        is_url = False
    schemes = ("https",) if issuer.startswith("https:") else ("https", "http")
    if not is_url or parts.scheme not in schemes:
        raise ValueError(f"its {name} is no URL of {' or '.join(schemes)}")
    return value


def target_of(url: str) -> bytes:
    """Path and query of a URL."""
    parts = urlsplit(url)
    return f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}".encode()
