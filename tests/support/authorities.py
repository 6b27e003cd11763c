"""Authorities that answer as they are told, and certificates in memory, for an issuer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import trustme
from cryptography import x509

from porch.certs import moments
from porch.certs.authority import Authority
from porch.certs.failure import IssueError
from porch.certs.issuer import Names
from porch.certs.needs import Held
from porch.certs.order import Issued

DAY = timedelta(days=1)
FIRST = Authority(directory="https://first.example/dir", staging="https://test.example/dir")
SECOND = Authority(directory="https://second.example/dir")
NAMES = ("shop.example", "www.shop.example")
ROOT = trustme.CA()


def chain(begins: datetime, ends: datetime) -> bytes:
    # The library sets the start by itself.
    made = ROOT.issue_cert(*NAMES, not_before=begins, not_after=ends)
    return made.cert_chain_pems[0].bytes()


@dataclass(frozen=True)
class Certificate:
    """One that is held."""

    names: Names
    chain: bytes
    directory: str
    not_before: int
    not_after: int


def held(age: timedelta = timedelta(), lifetime: timedelta = 90 * DAY) -> Certificate:
    begins = moments.now().replace(microsecond=0) - age
    ends = begins + lifetime
    return Certificate(
        NAMES,
        chain(begins, ends),
        FIRST.directory,
        int(begins.timestamp()),
        int(ends.timestamp()),
    )


class Certificates:
    """In memory."""

    def __init__(self) -> None:
        self.held: dict[Names, Held] = {}
        self.kept: list[Issued] = []
        self.fails: Exception | None = None
        self.forgets = False

    def find(self, names: Names) -> Held | None:
        return self.held.get(names)

    def keep(self, issued: Issued) -> None:
        if self.fails:
            raise self.fails
        self.kept.append(issued)
        if self.forgets:
            return
        made = x509.load_pem_x509_certificate(issued.chain)
        self.held[issued.names] = Certificate(
            issued.names,
            issued.chain,
            issued.directory,
            int(made.not_valid_before_utc.timestamp()),
            int(made.not_valid_after_utc.timestamp()),
        )


class World:
    """Authorities that answer as they are told.

    fails: by directory, what it raises, each once. asked: directories of the orders so far, and
    what they replace.
    """

    def __init__(self) -> None:
        self.fails: dict[str, list[IssueError]] = {}
        self.asked: list[str] = []
        self.replaced: list[str] = []
        self.forgotten: list[str] = []
        self.made = held().chain

    def open_account(self, authority: Authority, store: object) -> Authority:
        return authority

    def order(
        self, authority: Authority, names: Names, *_: object, replaces: str, **__: object
    ) -> "FakeOrder":
        self.asked.append(authority.directory)
        self.replaced.append(replaces)
        return FakeOrder(self, authority.directory, names)


class FakeOrder:
    def __init__(self, world: World, directory: str, names: Names) -> None:
        self._world = world
        self._directory = directory
        self._names = names

    def obtain(self) -> Issued:
        failing = self._world.fails.get(self._directory)
        if failing:
            raise failing.pop(0)
        return Issued(self._names, self._world.made, b"key", self._directory, ("a remark",))

    def forget(self) -> None:
        self._world.forgotten.append(self._directory)
