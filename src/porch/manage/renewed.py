"""Renewed: certificate files that change beside a running door are used at once.

The rest of the configuration is not read again for it: an edit that is not finished may lie there.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from porch.config.loaded import Loaded
from porch.manage.candidate import Stamp, stamps
from porch.observe.messages import Level
from porch.tls.certificate import Pair, keep_only, load_certificate

__all__ = ["A_LOOK", "Renewed"]

A_LOOK = 1000
"""Files that are looked at at once, in 2 ms; more take several looks."""


class Renewed:
    """The certificate files of a configuration. say: (text, severity) tells the operator."""

    def __init__(self, loaded: Loaded, say: Callable[[str, Level], None]) -> None:
        self._loaded = loaded
        self._say = say
        self._hosts: dict[Path, list[str]] = {}
        for host, site in loaded.sites.items():
            for name in (*(site.cert or ()), *(site.key or ())):
                self._hosts.setdefault(loaded.base / name, []).append(host)
        self._files = [*self._hosts]
        self._stamps: dict[Path, Stamp] = stamps(self._files)
        self._next = 0
        self._failing: dict[str, tuple[str, bool]] = {}  # what is wrong, and whether it was told

    def look(self) -> dict[str, tuple[Pair, ...]]:
        """Hosts whose files hold another pair now, which can be used.

        What is of no use is told of if it is so at the next look too: a pair is written one file
        after the other.
        """
        again = [host for host, (_, was_told) in self._failing.items() if not was_told]
        found: dict[str, tuple[Pair, ...]] = {}
        for host in dict.fromkeys([*again, *self._changed()]):
            try:
                pairs = self._load(host)
            except ValueError as error:
                self._fail(host, str(error))
                continue
            self._failing.pop(host, None)
            if pairs:
                found[host] = pairs
                self._say(f"{host}: its certificate files have changed; used from now on", "info")
        if found:
            keep_only(())
        return found

    def _changed(self) -> Iterator[str]:
        part = self._files[self._next : self._next + A_LOOK]
        self._next = 0 if self._next + A_LOOK >= len(self._files) else self._next + A_LOOK
        for file, stamp in stamps(part).items():
            if stamp != self._stamps[file]:
                self._stamps[file] = stamp
                yield from self._hosts[file]

    def _load(self, host: str) -> tuple[Pair, ...]:
        """What the files of a host hold; nothing if that is what is used. Raises ValueError."""
        site, base, contents = self._loaded.sites[host], self._loaded.base, self._loaded.contents
        names = zip(site.cert or (), site.key or (), strict=True)
        pairs = load_certificate([(base / cert, base / key) for cert, key in names]).pairs
        fresh = {pair.cert_file: pair.chain for pair in pairs}
        fresh |= {pair.key_file: pair.key for pair in pairs}
        if all(contents.get(file) == content for file, content in fresh.items()):
            return ()
        contents.update(fresh)  # for workers that are forked later
        return pairs

    def _fail(self, host: str, problem: str) -> None:
        before = self._failing.get(host)
        is_same = before is not None and before[0] == problem
        if is_same and before is not None and not before[1]:
            self._say(f"{host}: {problem}; the certificate before it stays in use", "warning")
        self._failing[host] = (problem, is_same)
