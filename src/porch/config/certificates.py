"""Certificates by host: the files that [site] names, and the names that the door gets some for.

That cert and key stand together: review_files.py.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from porch.certs.covered import Covered
from porch.certs.entry import Source
from porch.config.clients import Asking
from porch.config.loaded import Loaded
from porch.config.managed import covered, managed
from porch.config.pairs import folder_pairs, load_pairs, site_files
from porch.shield.client_certificate import Demands
from porch.tls.certificate import Certificate, Pair
from porch.tls.presented import Kind, Presented

__all__ = ["Certificates"]


class Certificates:
    """presented: what clients are shown of what was given. managed: hosts without, to who
    certifies them. covered: names that get one on demand; None: none do. demands: what hosts ask
    of their clients."""

    __slots__ = ("_authorities", "covered", "demands", "managed", "presented")

    def __init__(
        self,
        presented: Presented,
        managed: Mapping[str, Source] | None = None,
        asking: Asking | None = None,
    ) -> None:
        self.presented = presented
        self.managed = managed or {}
        self.covered: Covered | None = None
        self.demands = asking.demands if asking is not None else Demands({})
        self._authorities = tuple(asking.files) if asking is not None else ()

    def __bool__(self) -> bool:
        return bool(self.presented.by_host or self.managed or self.covered)

    @property
    def gets(self) -> bool:
        """Whether the door gets any."""
        return bool(self.managed or self.covered)

    def is_given(self, host: str) -> bool:
        """Whether a host (as a route's key has it) has files of its own."""
        return self.presented.key(host) is not None

    def give(self, pairs: Mapping[str, Sequence[Pair]]) -> None:
        """The files of these hosts hold others now."""
        changed = {host: Certificate(each) for host, each in pairs.items()}
        by_host = self.presented.by_host
        known = {host: each for host, each in changed.items() if host in by_host}
        self.presented = replace(self.presented, by_host={**by_host, **known})

    @property
    def kinds(self) -> frozenset[Kind]:
        """Of all connections that are secured."""
        return frozenset((self.presented.kind, *self.presented.kinds.values()))

    @property
    def files(self) -> tuple[Path, ...]:
        """The files they came from, to be watched."""
        pairs = (pair for each in self.presented.by_host.values() for pair in each.pairs)
        files = (path for pair in pairs for path in (pair.cert_file, pair.key_file))
        return (*files, *self._authorities)

    @classmethod
    def loading(cls, loaded: Loaded, *, gets: bool) -> "Generator[None, None, Certificates]":
        """Load all, one a step, with a problem noted for each that cannot be. gets: whether there
        is an address that needs any."""
        by_host: dict[str, Certificate] = {}
        asking = Asking(loaded)
        for host, site in loaded.sites.items():
            yield
            asking.add(host)
            if not site.cert:
                continue
            try:
                files = site_files(loaded.base, site)
                by_host[host] = load_pairs(files, site.key_password, loaded.read)
            except ValueError as error:
                loaded.add((*loaded.site_paths[host], "cert"), str(error))
        yield from _of_folders(loaded, by_host)
        refuse = loaded.config.unknown_name == "refuse"
        presented = Presented(by_host, kind=asking.kind, kinds=asking.kinds, refuse_unknown=refuse)
        found = cls(presented, managed(loaded, by_host) if gets else None, asking)
        if gets:
            found.covered = covered(loaded, found.managed, by_host)
            if found.covered is not None and not found.covered:
                text = (
                    "no route is for hosts that could get one on demand; that is a route of any"
                    ' host, "*", or of a wildcard, "*.shop.example"'
                )
                loaded.add(("acme", "on_demand"), text, warning=True)
        return found


def _of_folders(loaded: Loaded, by_host: dict[str, Certificate]) -> "Generator[None, None, None]":
    """Each pair there serves all names in it that no site names a file for; of several for one
    name the last by file name. Read before: who serves need not see the folder."""
    named = set(by_host)
    for pair in folder_pairs(loaded):
        yield
        try:
            found = load_pairs([pair], None, loaded.read)
            hosts = found.hosts
        except ValueError as error:
            loaded.add(("certificates",), str(error))
            continue
        if not hosts:
            text = f"{pair[0]} names no host (subjectAltName), and so is shown to nobody"
            loaded.add(("certificates",), text, warning=True)
        for host in hosts:
            if host not in named:
                by_host[host] = found
