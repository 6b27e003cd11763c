"""Candidate: a configuration that was built on trial, and what the supervisor must know of it."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from porch.balance.abort import AbortRule
from porch.balance.canary import Canary
from porch.balance.endpoint import WIDTH
from porch.balance.standing import EndpointName
from porch.certs.entry import Source
from porch.config.address import parse_listen
from porch.config.administering import Administered, administered
from porch.config.build import Built, releasing
from porch.config.check import examine
from porch.config.loaded import Loaded
from porch.config.logs import log_files
from porch.config.members import Members
from porch.config.state import State
from porch.config.withheld import digested
from porch.forward.address import ONE, SPOKEN
from porch.listen.address import ListenAddress
from porch.manage.cores import workers
from porch.manage.signing import signing_key
from porch.manage.store_folder import store_folder
from porch.manage.user import Identity, identity, obstacle
from porch.shared import Cells
from porch.tls.certificate import Certificate, keep_only
from porch.tls.presented import Kind

__all__ = ["Candidate", "Stamp", "Watched", "stamps"]

Stamp = tuple[int, int] | None
"""When a file changed last, and its size; None if it cannot be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A canary. key: of its route. pool: of its endpoints. target: their addresses. who: goes
    there, in words. words, abort: see Canary."""

    key: str
    pool: str
    target: str
    who: str
    words: str
    abort: AbortRule | None


@dataclass(slots=True, kw_only=True)
class Candidate:
    """What a supervisor runs with. It keeps no Built: a worker makes its own.

    endpoints: by the names that they are counted under. speaks: what is spoken with those of them
    where it is not HTTP/1.1 alone. sources: where others are found, and the
    pools that these are for.
    files: all that are watched. lists: those of them that are, whatever `watch` says. logs: the
    files to be opened. metrics: where scrapes come. admin: see administering.py. workers: how many.
    identity: whom they run as. kinds: of connections that are secured. store: where certificates
    are kept, None where the door gets none. managed: hosts that it gets one for. given: what the
    others have. canaries: by their names. keys: of all routes, those too that no file has.
    """

    loaded: Loaded
    listen: tuple[ListenAddress, ...]
    endpoints: list[EndpointName]
    speaks: Mapping[EndpointName, str]
    sources: Mapping[str, list[str]]
    files: tuple[Path, ...]
    lists: tuple[Path, ...]
    logs: list[Path]
    metrics: tuple[ListenAddress, ...]
    admin: Administered | None
    routes: int
    workers: int
    identity: Identity | None
    kinds: frozenset[Kind]
    store: Path | None
    managed: Mapping[str, Source]
    given: Mapping[str, Certificate]
    grace: float
    watch: bool
    canaries: Mapping[str, Watched] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()

    @classmethod
    def examine(cls, loaded: Loaded) -> "Candidate | None":
        """Build and test what was loaded; None with the problems added to it."""
        endpoints: dict[EndpointName, None] = {}

        def note(name: EndpointName) -> Cells:
            endpoints[name] = None
            return Cells(WIDTH)

        state = State(make_cells=note)
        state.begin()
        built = examine(loaded, state)
        wanted = _identity(loaded) if built is not None else None
        if built is None:
            return None
        if built.needs_key:
            loaded.signing_key, problem = signing_key(store_folder(loaded))
            if problem:
                loaded.add(("store",), problem, warning=True)
        speaks = {
            (each.roster.name, each.name): SPOKEN[address.protocols]
            for each, address in state.address_of.items()
            if address.protocols != ONE
        }
        candidate = cls._of(loaded, built, [*endpoints], speaks, wanted) if loaded.ok else None
        digested(loaded)
        keep_only(())  # workers make those that they need
        for _ in chain(releasing(built), state.releasing()):
            pass  # ten thousand routes freed at once are 15 ms in which nobody is given way
        return candidate

    @classmethod
    def _of(
        cls,
        loaded: Loaded,
        built: Built,
        endpoints: list[EndpointName],
        speaks: Mapping[EndpointName, str],
        identity: Identity | None,
    ) -> "Candidate":
        config = loaded.config
        return cls(
            loaded=loaded,
            listen=built.listen,
            endpoints=endpoints,
            speaks=speaks,
            sources=_sources(built.members),
            files=built.files,
            lists=built.lists,
            logs=log_files(config, loaded.base),
            metrics=tuple(parse_listen(text) for text in config.metrics),
            admin=administered(loaded),
            routes=len(loaded.routes),
            workers=workers(config.workers),
            identity=identity,
            kinds=built.certificates.kinds,
            store=store_folder(loaded) if built.certificates.gets else None,
            managed=built.certificates.managed,
            given=built.certificates.presented.by_host,
            grace=config.grace,
            watch=config.watch,
            canaries=dict(_canaries(built)),
            keys=frozenset(entry.route.key for entry in built.entries),
        )

    @property
    def observed(self) -> tuple[ListenAddress, ...]:
        """Where the observer listens."""
        return (*self.metrics, *(self.admin.listen if self.admin is not None else ()))

    @property
    def summary(self) -> str:
        """ "3 routes"."""
        return f"{self.routes} route{'' if self.routes == 1 else 's'}"


def stamps(
    files: Iterable[Path], stat: Callable[[Path], os.stat_result] = os.stat
) -> dict[Path, Stamp]:
    """What tells one state of the files from another."""
    found: dict[Path, Stamp] = {}
    for file in files:
        try:
            status = stat(file)
        except OSError:
            found[file] = None
        else:
            found[file] = (status.st_mtime_ns, status.st_size)
    return found


def _canaries(built: Built) -> Iterator[tuple[str, Watched]]:
    for entry in built.entries:
        canary = entry.route.destination
        if isinstance(canary, Canary):
            yield (
                canary.name,
                Watched(
                    key=entry.route.key,
                    pool=canary.canary.name,
                    target=canary.target,
                    who=str(canary.rule),
                    words=canary.words,
                    abort=canary.abort,
                ),
            )


def _sources(members: Iterable[Members]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in members:
        for source in each.sources:
            pools = found.setdefault(source, [])
            if each.upstream.name not in pools:
                pools.append(each.upstream.name)
    return found


def _identity(loaded: Loaded) -> Identity | None:
    """Whom `user` names, with a problem noted if that cannot be."""
    config = loaded.config
    if config.user is None:
        return None
    try:
        found = identity(config.user, config.group)
    except ValueError as error:
        loaded.add(("user",), str(error))
        return None
    refusal = obstacle(found)
    if refusal:
        loaded.add(("user",), refusal)
    return found
