"""Observed: where the observer is to be found, as somebody would write it into a browser."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from porch.listen.address import ListenAddress
from porch.manage.listening import Listening, spelled

if TYPE_CHECKING:
    from porch.manage.in_force import InForce

__all__ = ["observed"]


def observed(in_force: "InForce") -> dict[str, list[str]]:
    """The addresses that are open: "metrics", "admin"."""
    candidate = in_force.candidate
    admin = candidate.admin.listen if candidate.admin is not None else ()
    return {
        "metrics": [f"{url}metrics" for url in _urls(in_force.observed, candidate.metrics)],
        "admin": _urls(in_force.observed, admin),
    }


def _urls(listening: Listening, addresses: Iterable[ListenAddress]) -> list[str]:
    """With the ports that are really bound."""
    found = []
    for address in addresses:
        sockets = listening.sockets.get(address)
        if sockets is None:
            continue
        text = spelled(address, sockets[0])
        if not address.path:
            scheme = "https" if address.tls else "http"
            text = f"{scheme}://{text.removeprefix('https://')}/"
        found.append(text)
    return found
