"""A login without sockets: a door's party, its provider, and a browser with cookies."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlsplit

import pytest

from porch import clock
from porch.errors import PorchError
from porch.filter import SUSPEND, Response
from porch.http.message import Field
from porch.shield.auth import Judge, Later
from porch.shield.auth_ended import Ended
from porch.shield.oidc import Oidc
from porch.shield.oidc_callback import Callback, Logout
from porch.shield.oidc_discovery import Discovery
from porch.shield.oidc_grants import ClientRules, Grants
from porch.shield.oidc_party import Party, PartyRules, Sealers
from porch.shield.oidc_token import IdTerms
from tests.support.hooks import FakeExchange, seen
from tests.support.openid import CLIENT, SECRET, Jar, Provider

__all__ = ["JUDGE", "NAMES", "NAVIGATION", "Login"]

KEY = b"k" * 32
NAMES = frozenset(("sub", "email"))
JUDGE = Judge([], {b"x-user": "user", b"x-groups": "groups"})
NAVIGATION = [(b"accept", b"text/html"), (b"sec-fetch-mode", b"navigate")]


class Login:
    """heard: what exchanges ended with, in order. warned: what the operator was told."""

    def __init__(
        self,
        patch: pytest.MonkeyPatch,
        judge: Judge = JUDGE,
        post: bool | None = None,
        **rules: Any,
    ) -> None:
        self._patch = patch
        self.wall = 1_700_000_000.0
        patch.setattr(clock, "wall", lambda: self.wall)
        patch.setattr(clock, "now", 5000.0)
        self.provider = Provider()
        self.provider.now = lambda: self.wall
        self.warned: list[str] = []
        self.waits: list[Coroutine[Any, Any, None]] = []
        self.jar = Jar()
        self.rules = PartyRules(
            **(
                {"name": "p1", "issuer": "https://id.test", "client_id": CLIENT, "kept": NAMES}
                | rules
            )
        )
        terms = IdTerms(
            issuer=self.rules.issuer, client_id=CLIENT, algorithms=("RS256", "ES256", "Ed25519")
        )
        self.client = ClientRules(
            terms=terms, secret=SECRET, post=post, userinfo="phone" in self.rules.kept
        )
        self._judge = judge
        self.ended = Ended()
        self.begin_anew()

    def begin_anew(self) -> None:
        """As a worker that knows nothing of the provider yet."""
        self.discovery = Discovery(
            self.rules.issuer, lambda _: self.provider, self.waits.append, self.warned.append
        )
        self.restart()

    def restart(self, key: bytes = KEY) -> None:
        """All that a worker has is made anew."""
        grants = Grants(self.discovery, self.client, self.warned.append)
        self.party = Party(
            self.rules,
            self.discovery,
            grants,
            Sealers(key, self.rules.name),
            self.waits.append,
            self.ended,
        )
        self.way = Oidc(self.party, self._judge, "sub", "here")
        parties = {self.rules.name: self.party}
        self.callback, self.logout = Callback(parties, self.waits.append), Logout(parties)

    def known(self) -> "Login":
        """The provider is."""
        self.discovery.tick()
        self.run()
        assert self.discovery.metadata is not None
        return self

    def run(self) -> None:
        async def all_of_them() -> None:
            running: list[asyncio.Task[None]] = []
            while self.waits or running:
                running += [asyncio.ensure_future(each) for each in self.waits]
                self.waits.clear()
                await asyncio.sleep(0)
                for each in running:
                    if each.done():
                        each.result()
                running = [each for each in running if not each.done()]

        asyncio.run(all_of_them())

    def later(self, seconds: float) -> None:
        self.wall += seconds
        self._patch.setattr(clock, "now", clock.now + seconds)

    def exchange(
        self,
        target: str = "/",
        *,
        fields: list[Field] | None = None,
        cookie: str | None = None,
        host: bytes = b"a.test",
        method: bytes = b"GET",
        scheme: bytes = b"https",
    ) -> Any:
        shown = str(self.jar) if cookie is None else cookie
        sent = [*(NAVIGATION if fields is None else fields)]
        sent += [(b"cookie", shown.encode())] if shown else []
        found: Any = FakeExchange(
            method=method, target=target.encode(), authority=host, scheme=scheme, fields=sent
        )
        found.client_ip, found.ended, found.heard = b"192.0.2.7", 0.0, []
        found.on_raised = found.resume = found.heard.append
        return found

    def come(self, target: str = "/", **more: Any) -> Any:
        """The verdict on a request, once it is there; a browser keeps its cookies."""
        exchange = self.exchange(target, **more)
        found = self.way.identify(seen(exchange))
        if isinstance(found, Later):
            found.then(exchange.heard.append)
            self.run()
            (found,) = exchange.heard
        self.keep(found)
        return found

    def keep(self, found: object) -> None:
        fields = getattr(found, "answer", None) or getattr(found, "fields", ())
        for name, value in fields:
            if name == b"set-cookie":
                self.jar.take(value.decode())

    def begin(self, target: str = "/", **more: Any) -> str:
        """Where a browser is led to log in."""
        found = self.come(target, **more)
        assert isinstance(found, Response), found
        assert found.status == 303
        return dict(found.fields)[b"location"].decode()

    def back(self, url: str, **more: Any) -> Any:
        """What comes of a callback: a Response or an error."""
        parts = urlsplit(url)
        exchange = self.exchange(f"{parts.path}?{parts.query}", **more)
        try:
            assert self.callback.on_request(seen(exchange)) is SUSPEND
        except PorchError as error:
            exchange.heard.append(error)
        assert "?" not in exchange.request.target.decode(), "no log has the code"
        self.run()
        (found,) = exchange.heard
        self.keep(found)
        return found

    def log_in(self, target: str = "/", **more: Any) -> Any:
        """From the beginning, without a session."""
        self.jar.kept.clear()
        return self.back(self.provider.authorize(self.begin(target, **more)), **more)
