"""The certificates that [site] names, by host. That cert and key stand together: review.py."""

from collections.abc import Generator
from pathlib import Path

from porch.config.loaded import Loaded
from porch.tls.certificate import Certificate, load_certificate
from porch.tls.presented import Kind, Presented

__all__ = ["Certificates"]


class Certificates:
    """presented: what clients are shown."""

    __slots__ = ("presented",)

    def __init__(self, presented: Presented) -> None:
        self.presented = presented

    def __bool__(self) -> bool:
        return bool(self.presented.by_host)

    def covers(self, host: str) -> bool:
        """Whether a host (as a route's key has it) has a certificate."""
        return self.presented.key(host) is not None

    @property
    def kinds(self) -> frozenset[Kind]:
        """Of all connections that are secured."""
        return frozenset((self.presented.kind, *self.presented.kinds.values()))

    @property
    def files(self) -> tuple[Path, ...]:
        """The files they came from, to be watched."""
        pairs = (pair for each in self.presented.by_host.values() for pair in each.pairs)
        return tuple(path for pair in pairs for path in (pair.cert_file, pair.key_file))

    @classmethod
    def loading(cls, loaded: Loaded) -> "Generator[None, None, Certificates]":
        """Load all, one a step, with a problem noted for each that cannot be."""
        by_host: dict[str, Certificate] = {}
        for host, site in loaded.sites.items():
            yield
            if site.cert is None or site.key is None:
                continue
            cert, key = loaded.base / site.cert, loaded.base / site.key
            try:
                by_host[host] = load_certificate([(cert, key)], loaded.read)
            except ValueError as error:
                loaded.add((*loaded.site_paths[host], "cert"), str(error))
        return cls(Presented(by_host))
