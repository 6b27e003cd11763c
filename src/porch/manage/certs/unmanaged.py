"""Unmanaged: whether the door gets a certificate for a host, and if not, why, with the way out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from porch.certs.entry import Source
from porch.config.loaded import Loaded
from porch.config.managed import covered
from porch.config.suggest import nearest
from porch.listen.address import ListenAddress
from porch.route.host import parse_host
from porch.tls.certificate import Certificate
from porch.tls.presented import Presented

__all__ = ["Hosts", "normal"]


def normal(name: str) -> str:
    """A host as routes have it; what is none is left to who judges names."""
    try:
        return parse_host(name).decode("ascii")
    except ValueError:
        return name


@dataclass(frozen=True, slots=True)
class Hosts:
    """Of one configuration. listen: its addresses. managed: hosts that the door gets one for.
    given: what others have in files."""

    loaded: Loaded
    listen: Sequence[ListenAddress]
    managed: Mapping[str, Source]
    given: Mapping[str, Certificate]

    def source(self, name: str) -> Source | None:
        """Who certifies it: those too that are got when a client asks. None: nobody does."""
        found = self.managed.get(name)
        if found is not None:
            return found
        may = covered(self.loaded, self.managed, self.given)
        return "acme" if may is not None and may(name) else None

    def why(self, name: str) -> str:
        """Why nobody does."""
        site = self.loaded.sites.get(name)
        if Presented(self.given).key(name) is not None:
            return "its files are given, and nobody renews them here"
        if not any(each.tls for each in self.listen):
            return 'no address of this door speaks HTTPS; add one to listen, such as ":443"'
        if site is not None and site.cert is False:
            return "its site says cert = false; take that out"
        if not any(
            each.pattern and each.pattern.host == name.encode("utf-8", "surrogatepass")
            for each in self.loaded.routes
        ):
            meant = nearest(name, self.managed)
            return "no route is for it" + (f"; did you mean {meant}?" if meant else "")
        if name.startswith("*"):
            return (
                "a wildcard is proved by DNS; name a provider (acme.dns), or give it files (cert)"
            )
        return "acme = false, so that no authority is asked for it"
