"""Wanted: which certificates a configuration has the door get, from whom, and where it keeps
them."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from porch.certs.authority import PRESETS, Authority
from porch.certs.entry import Source
from porch.config.build import Built
from porch.config.loaded import Loaded
from porch.config.schema import AcmeModel
from porch.manage.provider import by_dns

if TYPE_CHECKING:
    from porch.certs.means import Means

__all__ = ["Wanted", "authorities", "store_folder"]

SYSTEM = Path("/var/lib/porch")
"""The store of a door that was started as root, or by the user who owns this folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """hosts: to who certifies them. folder: of the store. authorities: whom to ask, in their order.
    served: by which challenges this door can show that a host is its own. by_dns: adds proofs by
    DNS, see provider.py."""

    hosts: Mapping[str, Source]
    folder: Path
    authorities: tuple[Authority, ...]
    served: tuple[str, ...]
    by_dns: "Callable[[Means], Means] | None" = None

    @classmethod
    def of(cls, loaded: Loaded, built: Built) -> "Wanted":
        """What a configuration wants."""
        acme = loaded.config.acme
        has_plain = any(not each.tls and not each.path for each in built.listen)
        return cls(
            hosts=built.certificates.managed,
            folder=store_folder(loaded),
            authorities=authorities(acme, loaded.base) if acme is not None else (),
            served=("tls-alpn-01", "http-01") if has_plain else ("tls-alpn-01",),
            by_dns=partial(by_dns, acme.dns, loaded.base) if acme and acme.dns else None,
        )


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


def store_folder(loaded: Loaded) -> Path:
    """Where certificates and accounts are kept. Never raises: that it cannot be used is found out
    by who uses it."""
    if loaded.config.store is not None:
        return loaded.base / loaded.config.store
    given = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]  # systemd.exec(5)
    if given:
        return Path(given)
    # A worker with a user of its own is not root any more, and has the home of root.
    # A unit's user who asks with a command has no $STATE_DIRECTORY, but owns the folder.
    if os.geteuid() in (0, _owner(SYSTEM)) or loaded.config.user is not None:
        return SYSTEM
    data = os.environ.get("XDG_DATA_HOME")
    if data:
        return Path(data) / "porch"
    try:
        return Path.home() / ".local" / "share" / "porch"
    except RuntimeError:  # a user whom the system does not know, in a container, has none
        return SYSTEM


def _owner(folder: Path) -> int | None:
    try:
        return folder.lstat().st_uid
    except OSError:
        return None
