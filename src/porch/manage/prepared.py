"""A configuration on its way into a worker: what comes, what is made of it, what it leaves."""

from dataclasses import dataclass
from pathlib import Path

from porch.config.build import Built
from porch.config.logs import Logs
from porch.listen.address import ListenAddress
from porch.listen.door_session import Session
from porch.listen.listener import Listener
from porch.manage.certs.certifying import Ready

__all__ = ["Change", "Prepared", "Retired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A configuration for a worker that runs. Its descriptors come with the message: of the parcel
    (see Prospect), then one for each of `listen`, then one for each of `files`.

    columns: how many of the parcel's pieces are of these. listen: the addresses that are new.
    files: the logs' files, if the logs change.
    """

    columns: int
    listen: list[ListenAddress]
    files: list[Path]


@dataclass(slots=True, kw_only=True)
class Retired:
    """Logs of an earlier configuration. Exchanges of these connections may still end in them."""

    logs: Logs
    sessions: set[Session]


@dataclass(slots=True, kw_only=True)
class Prepared:
    """What is built and not in force yet."""

    built: Built
    listeners: list[Listener]
    certified: Ready
