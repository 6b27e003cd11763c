"""The certificates that [site] names, by host. That cert and key stand together: review.py."""

from collections.abc import Generator, Mapping
from pathlib import Path

from porch.config.loaded import Loaded
from porch.tls import Certificate, load_certificate

__all__ = ["Certificates"]


class Certificates:
    """by_host: host or "*.host" to its certificate."""

    __slots__ = ("by_host",)

    def __init__(self, by_host: Mapping[str, Certificate]) -> None:
        self.by_host = by_host

    def covers(self, host: str) -> bool:
        """Whether a host (as a route's key has it) has a certificate."""
        return host in self.by_host or "*." + host.partition(".")[2] in self.by_host

    @property
    def files(self) -> tuple[Path, ...]:
        """The files they came from, to be watched."""
        return tuple(path for each in self.by_host.values() for path in (each.cert, each.key))

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
                by_host[host] = load_certificate(cert, key, loaded.read)
            except ValueError as error:
                loaded.add((*loaded.site_paths[host], "cert"), str(error))
        return cls(by_host)
