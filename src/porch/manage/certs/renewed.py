"""Renewed: certificate files that change beside a running door are used at once.

The rest of the configuration is not read again for it: an edit that is not finished may lie there.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from porch.config.loaded import Loaded
from porch.config.pairs import folder_pairs, load_pairs, site_files
from porch.config.review_certificates import findings
from porch.config.review_files import loose_rights
from porch.manage.candidate import Stamp, stamps
from porch.observe.messages import Level
from porch.tls.certificate import Certificate, Pair, keep_only

__all__ = ["ADMIN", "A_LOOK", "Renewed"]

ADMIN = "the admin door"
"""What its own files are told of as. No host is called so."""

A_LOOK = 1000
"""Files that are looked at at once, in 2 ms; more take several looks."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Files that belong together. name: what they are told of as. hosts: whom they serve; None for
    those that stand in the certificate."""

    name: str
    files: list[tuple[Path, Path]]
    password: str | None
    hosts: tuple[str, ...] | None


class Renewed:
    """The certificate files of a configuration. say: (text, severity) tells the operator."""

    def __init__(self, loaded: Loaded, say: Callable[[str, Level], None]) -> None:
        self._loaded = loaded
        self._say = say
        self._sources: dict[Path, list[_Source]] = {}
        for source in self._all():
            for file in dict.fromkeys(chain(*source.files)):
                self._sources.setdefault(file, []).append(source)
        self._files = [*self._sources]
        self._stamps: dict[Path, Stamp] = stamps(self._files)
        self._next = 0
        self._failing: dict[str, tuple[_Source, str, bool]] = {}  # what, why, whether it was told

    def _all(self) -> Iterator[_Source]:
        base = self._loaded.base
        for host, site in self._loaded.sites.items():
            yield _Source(host, site_files(base, site), site.key_password, (host,))
        for pair in folder_pairs(self._loaded):
            yield _Source(str(pair[0]), [pair], None, None)
        admin = self._loaded.config.admin
        if admin is not None and admin.cert is not None and admin.key is not None:
            yield _Source(ADMIN, [(base / admin.cert, base / admin.key)], None, (ADMIN,))

    def look(self) -> dict[str, tuple[Pair, ...]]:
        """Hosts whose files hold another pair now, which can be used; ADMIN among them.

        What is of no use is told of if it is so at the next look too: a pair is written one file
        after the other.
        """
        again = [source for source, _, was_told in self._failing.values() if not was_told]
        found: dict[str, tuple[Pair, ...]] = {}
        for source in {each.name: each for each in (*again, *self._changed())}.values():
            try:
                certificate = self._load(source)
                hosts = self._hosts(source, certificate) if certificate is not None else ()
            except ValueError as error:
                self._fail(source, str(error))
                continue
            self._failing.pop(source.name, None)
            if certificate is not None:
                found |= dict.fromkeys(hosts, certificate.pairs)
                text = f"{source.name}: its certificate files have changed; used from now on"
                self._say(text, "info")
                for trouble in self._doubts(source, certificate):
                    self._say(f"{source.name}: {trouble}", "warning")
        if found:
            keep_only(())
        return found

    def _changed(self) -> Iterator[_Source]:
        part = self._files[self._next : self._next + A_LOOK]
        self._next = 0 if self._next + A_LOOK >= len(self._files) else self._next + A_LOOK
        for file, stamp in stamps(part).items():
            if stamp != self._stamps[file]:
                self._stamps[file] = stamp
                yield from self._sources[file]

    def _load(self, source: _Source) -> Certificate | None:
        """What the files hold; None if that is what is used. Raises ValueError."""
        contents = self._loaded.contents
        fresh: dict[Path, bytes] = {}

        def read(file: Path) -> bytes:
            fresh[file] = file.read_bytes()
            return fresh[file]

        found = load_pairs(source.files, source.password, read)
        if all(contents.get(file) == content for file, content in fresh.items()):
            return None
        contents.update(fresh)  # for workers that are forked later
        return found

    def _hosts(self, source: _Source, certificate: Certificate) -> Iterable[str]:
        if source.hosts is not None:
            return source.hosts
        sites = self._loaded.sites
        return [host for host in certificate.hosts if host not in sites or not sites[host].cert]

    @staticmethod
    def _doubts(source: _Source, certificate: Certificate) -> Iterator[str]:
        """What is told of files at the start, too."""
        host = source.hosts[0] if source.hosts and source.name != ADMIN else None
        yield from findings(certificate, host)
        for _, key in source.files:
            yield from loose_rights(key)

    def _fail(self, source: _Source, problem: str) -> None:
        before = self._failing.get(source.name)
        is_same = before is not None and before[1] == problem
        if is_same and before is not None and not before[2]:
            text = f"{source.name}: {problem}; the certificate before it stays in use"
            self._say(text, "warning")
        self._failing[source.name] = (source, problem, is_same)
