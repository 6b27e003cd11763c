"""Managed: which certificates a configuration has the door get by itself, from whom, and where it
keeps them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from porch.certs.authority import PRESETS, Authority
from porch.certs.covered import Covered
from porch.certs.entry import Source
from porch.config.build import Built
from porch.config.loaded import Loaded
from porch.config.schema import AcmeModel
from porch.manage.certs.provider import by_dns
from porch.manage.store_folder import store_folder

if TYPE_CHECKING:
    from porch.certs.means import Means

__all__ = ["Managed", "OnDemand", "authorities"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDemand:
    """What is got when a client asks for it. covered: names. ask: whom to ask whether a name may
    have one, "py:module:function" or a URL. base: where modules are found too."""

    covered: Covered
    ask: str
    base: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Managed:
    """hosts: to who certifies them. folder: of the store. authorities: whom to ask, in their order.
    served: by which challenges this door can show that a host is its own. by_dns: adds proofs by
    DNS, see provider.py. on_demand: None: nothing is got when a client asks for it."""

    hosts: Mapping[str, Source]
    folder: Path
    authorities: tuple[Authority, ...]
    served: tuple[str, ...]
    by_dns: "Callable[[Means], Means] | None" = None
    on_demand: OnDemand | None = None

    @classmethod
    def of(cls, loaded: Loaded, built: Built) -> "Managed":
        """What a configuration wants."""
        acme = loaded.config.acme
        has_plain = any(not each.tls and not each.path for each in built.listen)
        return cls(
            hosts=built.certificates.managed,
            folder=store_folder(loaded),
            authorities=authorities(acme, loaded.base) if acme is not None else (),
            served=("tls-alpn-01", "http-01") if has_plain else ("tls-alpn-01",),
            by_dns=partial(by_dns, acme.dns, loaded.base) if acme and acme.dns else None,
            on_demand=OnDemand(covered=covered, ask=acme.on_demand, base=loaded.base)
            if acme and acme.on_demand and (covered := built.certificates.covered)
            else None,
        )

    def __bool__(self) -> bool:
        return bool(self.hosts or self.on_demand)


def authorities(acme: AcmeModel, base: Path) -> tuple[Authority, ...]:
    """Those that are asked, in their order. The account words are for the first of them; `ca` for
    those that are named by their URL, or for all where none is: a proxy may stand before them."""
    found = []
    has_own = any(name not in PRESETS for name in acme.directory)
    for number, name in enumerate(acme.directory):
        each = PRESETS.get(name) or Authority(directory=name)
        if number == 0 and acme.eab is not None:
            each = replace(each, eab=(acme.eab.kid, acme.eab.key))
        found.append(
            replace(
                each,
                email=acme.email or "",
                ca=base / acme.ca if acme.ca and not (has_own and name in PRESETS) else None,
                profile=acme.profile or "",
                key_type=acme.key,
            )
        )
    return tuple(found)
