"""What hosts ask of their clients in a handshake: the authorities, and who must show something."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.settings import host_word
from porch.shield.client_certificate import Demand, Demands
from porch.tls.presented import Kind
from porch.tls.profile import Profile, believe_clients, server_context

__all__ = ["Asking"]


class Asking:
    """Of a configuration, told of its sites one by one.

    kind: of the connections to hosts without words of their own. files: that were read.
    """

    __slots__ = (
        "_authorities",
        "_demands",
        "_differ",
        "_kinds",
        "_loaded",
        "_made",
        "files",
        "kind",
    )

    def __init__(self, loaded: Loaded) -> None:
        self._loaded = loaded
        self._authorities: dict[tuple[str, ...], bytes] = {}
        self._made: dict[Kind, Kind] = {}
        self._kinds: dict[str, Kind] = {}
        self._demands: dict[str, Demand | None] = {}
        self._differ = False
        self.files: dict[Path, None] = {}
        self.kind = self._kind("")

    def __repr__(self) -> str:
        return f"<Asking {self.kind} {len(self.kinds)} other>"

    def add(self, host: str) -> None:
        """One that has a site. Reads its files, with a problem noted for each that is of no use."""
        kind = self._kinds[host] = self._kind(host)
        demand = self._demand(host, kind)
        self._demands[host] = demand
        self._differ = self._differ or kind is not self.kind

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """Of connections, by host or "*.host"; nothing where all are alike, as most often."""
        return self._kinds if self._differ else {}

    @property
    def demands(self) -> Demands:
        """What each host asks."""
        asks = any(kind.client_ca for kind in self._made)
        return Demands(self._demands if asks else {}, self._demand("", self.kind))

    def _kind(self, host: str) -> Kind:
        profile: Profile | None = host_word(self._loaded, host, "tls_profile")
        names = host_word(self._loaded, host, "client_ca") or ()
        kind = Kind(
            profile=profile or "intermediate",
            client_ca=self._read(tuple(names)),
            http2=host_word(self._loaded, host, "http2") is not False,
        )
        return self._made.setdefault(kind, kind)

    def _demand(self, host: str, kind: Kind) -> Demand | None:
        if not kind.client_ca:
            return None
        found: Demand | None = host_word(self._loaded, host, "client_cert")
        return found or "required"

    def _read(self, names: tuple[str, ...]) -> bytes:
        """The authorities of these files; b"" for none."""
        found = self._authorities.get(names)
        if found is None:
            found = b"\n".join(filter(None, map(self._content, names)))
            self._authorities[names] = found
        return found

    def _content(self, name: str) -> bytes:
        file = self._loaded.base / name
        self.files[file] = None
        try:
            content = self._loaded.read(file)
            believe_clients(server_context(), content)
        except OSError:  # which was said (review.py)
            return b""
        except ValueError as error:
            text = f"{file} is not a PEM file of authorities: {error}"
            self._loaded.add(next(self._places(name), ()), text)
            return b""
        return content

    def _places(self, name: str) -> Iterator[KeyPath]:
        """Where a file is named."""
        if name in (self._loaded.config.client_ca or ()):
            yield ("client_ca",)
        for host, site in self._loaded.sites.items():
            if name in (site.client_ca or ()):
                yield (*self._loaded.site_paths[host], "client_ca")
