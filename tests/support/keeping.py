"""A keeper of a store, and authorities that answer it as they are told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from porch import clock
from porch.certs import issuer
from porch.certs.authority import PRESETS, Authority
from porch.certs.entry import Source
from porch.certs.failure import IssueError
from porch.certs.issuer import Names
from porch.certs.keeper import Keeper
from porch.certs.order import Issued
from porch.certs.renewal import Suggestion
from porch.certs.store import FileStore

HOST = "shop.example"
ROOT = trustme.CA()
CA = PRESETS["letsencrypt"]


class World:
    """Authorities that answer as they are told.

    fails: by host, what is raised, each once. asked: host of each order so far. consulted: how
    often one was asked when to renew. during: called while an order is under way.
    """

    def __init__(self) -> None:
        self.fails: dict[str, list[BaseException]] = {}
        self.asked: list[str] = []
        self.consulted = 0
        self.during: Callable[[], object] = lambda: None

    @classmethod
    def instead(cls, monkeypatch: pytest.MonkeyPatch) -> "World":
        """In the place of all that would speak to a real one."""
        one = cls()
        monkeypatch.setattr(issuer, "open_account", one.open_account)
        monkeypatch.setattr(issuer, "Order", one.order)
        monkeypatch.setattr(issuer, "Conversation", lambda authority: authority)
        monkeypatch.setattr(issuer.renewal, "ask", one.ask)
        return one

    def open_account(self, authority: Authority, store: object) -> Authority:
        return authority

    def ask(self, *_: object) -> Suggestion:
        self.consulted += 1
        raise IssueError("network", "it does not say")

    def order(self, authority: Authority, names: Names, *_: object, **__: object) -> "FakeOrder":
        self.asked.append(names[0])
        return FakeOrder(self, authority.directory, names)


class FakeOrder:
    def __init__(self, world: World, directory: str, names: Names) -> None:
        self._world = world
        self._directory = directory
        self._names = names

    def obtain(self) -> Issued:
        self._world.during()
        failing = self._world.fails.get(self._names[0])
        if failing:
            raise failing.pop(0)
        begins = datetime.fromtimestamp(clock.wall(), UTC).replace(microsecond=0)
        made = ROOT.issue_cert(
            *self._names, not_before=begins, not_after=begins + timedelta(days=90)
        )
        key = made.private_key_pem.bytes()
        return Issued(self._names, made.cert_chain_pems[0].bytes(), key, self._directory, ())

    def forget(self) -> None: ...


class Kept:
    """A keeper, and what it told. made: hosts whose certificate is new."""

    def __init__(self, store: FileStore, *hosts: str, authority: Authority = CA) -> None:
        self.made: list[str] = []
        self.said: list[str] = []
        self.keeper = Keeper(store, self.made.extend, self.said.append)
        self.want(*hosts, authority=authority)

    def want(self, *hosts: str, authority: Authority = CA) -> None:
        wanted: dict[str, Source] = {
            host: "local" if host.endswith(".test") else "acme" for host in hosts
        }
        self.keeper.want(wanted, (replace(authority, staging=""),), ("http-01",))

    def step(self) -> float:
        return self.keeper.step()
