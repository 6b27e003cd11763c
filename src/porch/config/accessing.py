"""From the words about addresses to what decides by them: lists, their files, and places.

Where two routes have the same words they share one table and what it remembers. A list of 100,000
lines takes 0.2 s to read; a worker that serves does it in steps.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from porch import clock
from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.networks import Word, file_of, lines_of, parse_word
from porch.config.settings import RouteSettings, site_of
from porch.config.state import State
from porch.config.steps import Steps, complete
from porch.filter import Filter
from porch.route.condition import Network as AnyNetwork
from porch.shield.access import Access, AccessByHost, Lists
from porch.shield.country import Database, Places, TellPlace, opening
from porch.shield.network import ALLOWED, DENIED, Gathering, Network, parse_network

__all__ = ["Accessing", "Peers", "announced", "networks_in", "trusted"]

OLD = 180 * 86400.0
"""Seconds after which the list of a CDN is old: they change some times a year."""
_LINES = 100
"""Lines of a list that are read in one step."""
_SHOWN = 5
"""Lines that are no network and are told of, of one file."""
_SAYS = {"allow": ALLOWED, "deny": DENIED}

_Key = tuple[tuple[str, ...], tuple[str, ...]]


class Accessing:
    """Of one configuration. files: lists and files of places, which are looked at for changes.
    places: where addresses are; None where the configuration has no file for it."""

    def __init__(self, loaded: Loaded, state: State) -> None:
        """state: is told how to find the country of an address, for limits."""
        self._state = state
        self.files: dict[Path, None] = {}
        self.places: Places | None = None
        self._loaded = loaded
        self._made: dict[_Key, Access] = {}
        self._tell: TellPlace | None = None
        self._networks: dict[Path, list[Network]] = {}

    def opening(self) -> Steps[None]:
        """Open the files of places. One that is of no use is a problem of the configuration."""
        databases: list[Database] = []
        for number, name in enumerate(self._loaded.config.geo):
            file = self._loaded.base / name
            self.files[file] = None
            try:
                databases.append((yield from opening(file)))
            except OSError as error:
                text = f"{file} cannot be read: {error.strerror or error}"
                self._loaded.add(("geo", number), text)
            except ValueError as error:
                self._loaded.add(("geo", number), str(error))
        self._state.country_of = _nowhere
        if databases:
            self.places = Places(databases)
            self._state.country_of = self.places.country_of
            self._tell = TellPlace(self.places)

    def preparing(self, settings: RouteSettings) -> Steps[None]:
        """Make the lists of a route ready, unless another has the same."""
        key = _key(settings)
        if any(key) and key not in self._made:
            self._made[key] = Access((yield from self._lists(*key)))

    def filters(self, settings: RouteSettings) -> list[Filter]:
        """What a route has by its words."""
        complete(self.preparing(settings))
        key = _key(settings)
        found: list[Filter] = [self._made[key]] if any(key) else []
        if settings.nearest("geo_fields") and self._tell is not None:
            found.append(self._tell)
        return found

    def of_host(self, host: str) -> Steps[list[Filter]]:
        """What an answer of the door's own on a host has by its site's words and the top's: nobody
        whom they keep out is told anything else."""
        site = site_of(self._loaded, host)
        layers = [self._loaded.config] if site is None else [self._loaded.config, site]
        access = yield from self._access(RouteSettings(layers))
        return [] if access is None else [access]

    def where_no_route_is(self) -> Steps[list[Filter]]:
        """The same for hosts and paths that nobody has named."""
        other = yield from self._access(RouteSettings([self._loaded.config]))
        by_host: dict[str, Access | None] = {}
        for host, site in self._loaded.sites.items():
            if any(getattr(site, word) is not None for word in _SAYS):
                layers = [self._loaded.config, site]
                by_host[host] = yield from self._access(RouteSettings(layers))
        if other is None and not any(by_host.values()):
            return []
        return [AccessByHost(by_host, other)]

    def _access(self, settings: RouteSettings) -> Steps[Access | None]:
        yield from self.preparing(settings)
        return self._made.get(_key(settings))

    def _lists(self, allow: tuple[str, ...], deny: tuple[str, ...]) -> Steps[Lists]:
        gathering = Gathering()
        unix = 0
        countries: dict[bytes, int] = {}
        operators: dict[int, int] = {}
        for name, texts in (("allow", allow), ("deny", deny)):  # the later has the last word
            says = _SAYS[name]
            for word in map(parse_word, texts):
                if word.kind == "unix":
                    unix = says
                elif word.kind == "country":
                    countries[word.value.encode()] = says
                elif word.kind == "asn":
                    operators[int(word.value)] = says
                else:
                    networks = yield from self._networks_of(word)
                    for number, network in enumerate(networks):
                        gathering.add(network, says)
                        if number % _LINES == 0:
                            yield
        return Lists(
            table=(yield from gathering.compiling()),
            default=not allow,
            unix=unix,
            countries=countries,
            operators=operators,
            places=self.places if countries or operators else None,
            allow=allow,
            deny=deny,
        )

    def _networks_of(self, word: Word) -> Steps[Sequence[Network]]:
        if word.kind != "file":
            return word.networks
        file = file_of(self._loaded, word)
        self.files[file] = None
        if file not in self._networks:
            self._networks[file] = yield from networks_in(self._loaded, word, ())
        return self._networks[file]


def networks_in(loaded: Loaded, word: Word, path: KeyPath) -> Steps[list[Network]]:
    """What the file of a word holds. What is wrong is a problem of the configuration, noted at
    `path` or, without one, wherever the word stands."""
    file = file_of(loaded, word)
    path = path or _place(loaded, word)
    found: list[Network] = []
    try:
        content = loaded.read(file)
    except OSError as error:
        loaded.add(path, _missing(word, file, error))
        return found
    wrong = 0
    for number, (line, text) in enumerate(lines_of(content)):
        try:
            found.append(parse_network(text))
        except ValueError as error:
            wrong += 1
            if wrong <= _SHOWN:
                loaded.add(path, f"{file}:{line}: {error}")
        if number % _LINES == 0:
            yield
    if wrong > _SHOWN:
        loaded.add(path, f"{file} has {wrong - _SHOWN} more lines that are no network")
    if not (found or wrong):
        loaded.add(path, f"{file} is empty; it has a network a line, or take '{word.text}' out")
    _review_age(loaded, word, file, path)
    return found


def _nowhere(address: bytes) -> None:
    """Nobody knows."""


@dataclass(slots=True)
class Peers:
    """Who is believed. unix: peers by a Unix socket are. files: that were read."""

    networks: list[AnyNetwork]
    unix: bool
    files: list[Path]

    @property
    def is_any(self) -> bool:
        """Whether anybody is."""
        return bool(self.networks) or self.unix


def trusted(loaded: Loaded) -> Peers:
    """Those of `trust`."""
    return _peers(loaded, "trust", loaded.config.trust)


def announced(loaded: Loaded) -> Peers:
    """Those of `proxy_protocol`."""
    return _peers(loaded, "proxy_protocol", loaded.config.proxy_protocol)


def _peers(loaded: Loaded, name: str, texts: Sequence[str]) -> Peers:
    made = Peers([], "unix" in texts, [])
    for number, text in enumerate(texts):
        word = parse_word(text)
        found: Sequence[Network] = word.networks
        if word.kind == "file":
            made.files.append(file_of(loaded, word))
            found = complete(networks_in(loaded, word, (name, number)))
        made.networks += (
            ipaddress.ip_network((first.to_bytes(bits // 8, "big"), prefix))
            for first, bits, prefix in found
        )
    return made


def _key(settings: RouteSettings) -> _Key:
    allow, deny = settings.nearest("allow") or (), settings.nearest("deny") or ()
    return tuple(allow), tuple(deny)


def _place(loaded: Loaded, word: Word) -> KeyPath:
    """Where a word of a list stands first."""
    layers: list[tuple[KeyPath, object]] = [((), loaded.config)]
    layers += [(loaded.site_paths[host], site) for host, site in loaded.sites.items()]
    layers += [(entry.path, entry.model) for entry in loaded.routes]
    for path, model in layers:
        for name in _SAYS:
            texts = getattr(model, name) or ()
            if word.text in texts:
                return (*path, name, texts.index(word.text))
    return ()


def _missing(word: Word, file: Path, error: OSError) -> str:
    if word.cdn:
        return f"{file} cannot be read ({error.strerror}); porch networks {word.cdn} writes it"
    return f"{file} cannot be read: {error.strerror or error}"


def _review_age(loaded: Loaded, word: Word, file: Path, path: KeyPath) -> None:
    """A CDN that has new networks would be taken for clients."""
    if not word.cdn:
        return
    try:
        age = clock.wall() - file.stat().st_mtime
    except OSError:
        return
    if age > OLD:
        text = f"{file} is {age / 86400:.0f} days old; porch networks {word.cdn} writes it anew"
        loaded.add(path, text, warning=True)
