"""An OpenID provider that does what it is told, wrong things too; and a browser that logs in.

`Provider` answers as a Client does, for tests without sockets; `serving` has it answer on loopback.
"""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc.jwk import Key

from porch.client import Answer
from porch.http.message import Field
from tests.support.tokens import RSA, key_set, signed

__all__ = ["CLIENT", "SECRET", "Jar", "Provider", "serving"]

CLIENT = "door"
SECRET = "the-secret-of-the-client+&="


class Provider:
    """issuer: its URL. user: claims of who logs in. key: signs. keys: those that it shows. more:
    claims in place of those of an ID token; one that is None is left out. header, algorithm, by:
    see tokens.signed. asked: paths. fault: an answer to the token endpoint, or an error to raise.
    refresh: whether it gives refresh tokens, each for one use."""

    def __init__(self, issuer: str = "https://id.test") -> None:
        self.issuer = issuer
        self.user: dict[str, Any] = {"sub": "ann", "groups": ["staff"], "email": "ann@a.test"}
        self.key: Key | bytes = RSA
        self.keys = key_set(RSA)
        self.more: dict[str, Any] = {}
        self.said: dict[str, Any] = {}
        self.granted: dict[str, Any] = {}
        self.algorithm, self.by, self.header = "RS256", "", None
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.fault: Answer | Exception | None = None
        self.is_away = False
        self.refresh = True
        self.seconds: int | None = 3600
        self.userinfo: dict[str, Any] = {"sub": "ann", "phone": "1"}
        self.codes: dict[str, dict[str, str]] = {}
        self.refreshes: set[str] = set()
        self.now = time.time
        self._lock = Lock()

    # --- the browser's side ----------------------------------------------------------------------

    def authorize(self, location: str, **more: str) -> str:
        """Where a browser is sent, with a code. more: of the query, in place of its own."""
        asked = dict(parse_qsl(urlsplit(location).query))
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.issuer} | more
        return f"{asked['redirect_uri']}?{urlencode({k: v for k, v in back.items() if v})}"

    # --- the door's side -------------------------------------------------------------------------

    async def request(
        self,
        method: bytes,
        target: bytes,
        fields: Sequence[Field] = (),
        body: bytes = b"",
        **more: Any,
    ) -> Answer:
        if self.is_away:
            raise OSError("no route")
        return self.answer(target.decode(), dict(fields), body)

    async def connect(self, *, timeout: float) -> None:  # noqa: ASYNC109
        raise AssertionError

    def answer(self, target: str, fields: dict[bytes, bytes], body: bytes) -> Answer:
        path = target.partition("?")[0]
        with self._lock:
            self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return _json(self.metadata())
        if path == "/jwks":
            return Answer(200, [], self.keys)
        if path == "/userinfo":
            return _json(self.userinfo)
        if path == "/revoke":
            self.refreshes.discard(dict(parse_qsl(body.decode()))["token"])
            return Answer(200, [], b"")
        if path == "/token":
            if isinstance(self.fault, Exception):
                raise self.fault
            return self.fault or self._token(fields, dict(parse_qsl(body.decode())))
        return Answer(404, [], b"")

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "end_session_endpoint": f"{self.issuer}/end",
            "revocation_endpoint": f"{self.issuer}/revoke",
            "authorization_response_iss_parameter_supported": True,
        } | self.said

    def _token(self, fields: dict[bytes, bytes], form: dict[str, str]) -> Answer:
        self.forms.append(form)
        shown = fields.get(b"authorization", b"").removeprefix(b"Basic ")
        pair = [*map(unquote_plus, base64.b64decode(shown).decode().split(":"))]
        if [CLIENT, SECRET] not in (pair, [form.get("client_id"), form.get("client_secret")]):
            return _json({"error": "invalid_client"}, 401)
        asked: dict[str, str] = {}
        with self._lock:
            if form["grant_type"] == "refresh_token":
                if form["refresh_token"] not in self.refreshes:
                    return _json({"error": "invalid_grant"}, 400)
                self.refreshes.remove(form["refresh_token"])
            else:
                found = self.codes.pop(form["code"], None)
                if found is None or not _fits(found, form):
                    return _json({"error": "invalid_grant"}, 400)
                asked = found
        return _json(self._tokens(asked))

    def _tokens(self, asked: dict[str, str]) -> dict[str, Any]:
        access = secrets.token_urlsafe(16)
        half = hashlib.sha256(access.encode()).digest()[:16]
        now = self.now()
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": int(now),
            "exp": int(now) + 300,
            "at_hash": base64.urlsafe_b64encode(half).rstrip(b"=").decode(),
            **({"nonce": asked["nonce"]} if asked else {}),
            **self.user,
            **self.more,
        }
        payload = {name: value for name, value in claims.items() if value is not None}
        token = signed(self.key, self.algorithm, self.header, payload, by=self.by)
        found = {
            "access_token": access,
            "token_type": "Bearer",
            "id_token": token.decode(),
            "expires_in": self.seconds,
        }
        if self.refresh:
            found["refresh_token"] = secrets.token_urlsafe(16)
            self.refreshes.add(str(found["refresh_token"]))
        found |= self.granted
        return {name: value for name, value in found.items() if value is not None}


def _fits(asked: dict[str, str], form: dict[str, str]) -> bool:
    """PKCE (RFC 7636 4.6), and the same place to come back to (RFC 6749 4.1.3)."""
    digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert asked["code_challenge_method"] == "S256"
    return challenge == asked["code_challenge"] and form["redirect_uri"] == asked["redirect_uri"]


def _json(table: dict[str, Any], status: int = 200) -> Answer:
    return Answer(status, [(b"content-type", b"application/json")], json.dumps(table).encode())


class Jar:
    """The cookies of a browser, for one host. kept: by their names."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.lines: list[str] = []

    def take(self, line: str) -> None:
        """A Set-Cookie."""
        self.lines.append(line)
        name, _, value = line.partition(";")[0].partition("=")
        self.kept.pop(name, None)
        if "max-age=0" not in line.lower().replace(" ", ""):
            self.kept[name] = value

    def __str__(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.kept.items())


@contextmanager
def serving(port: int = 0) -> Iterator[Provider]:
    """One on loopback. What a browser is sent to, it answers with a redirect back."""
    with _Server(port) as server:
        server.provider.issuer = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.provider
        server.shutdown()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.provider = Provider()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        provider = self.server.provider
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        fields = {name.lower().encode(): value.encode() for name, value in self.headers.items()}
        if self.path.startswith("/authorize?"):
            location = (b"location", provider.authorize(self.path).encode())
            answer = Answer(302, [location], b"")
        elif provider.is_away:
            answer = Answer(503, [], b"")
        else:
            answer = provider.answer(self.path, fields, body)
        self.send_response(answer.status)
        for name, value in (*answer.fields, (b"content-length", b"%d" % len(answer.body))):
            self.send_header(name.decode(), value.decode())
        self.end_headers()
        self.wfile.write(answer.body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


def parameters(url: str) -> dict[str, list[str]]:
    """Those of a URL."""
    return parse_qs(urlsplit(url).query)
