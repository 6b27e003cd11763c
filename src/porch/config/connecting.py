"""From the word `connections` to the bounds at the door, and to the filter of all routes."""

from collections.abc import Callable

from porch.config.loaded import Loaded
from porch.config.state import State
from porch.crowd import CrowdTable
from porch.filter import Filter
from porch.listen.crowd_gate import Bounds
from porch.shield.admission_client import ClientAdmission

__all__ = ["bounds", "per_client"]

Trusts = Callable[[bytes], bool]


def bounds(loaded: Loaded, trusts: Trusts | None, announces: Trusts | None) -> Bounds:
    """trusts, announces: whether a peer speaks for many clients, by its address."""
    words = loaded.config.connections
    both = [each for each in (trusts, announces) if each is not None]
    return Bounds(
        most=words.most or 0,
        per_client=words.per_client or 0,
        new=words.new_per_second or 0,
        new_per_client=words.new_per_client or 0,
        exempt=(lambda peer: any(each(peer) for each in both)) if both else None,
    )


def per_client(loaded: Loaded, state: State) -> list[Filter]:
    """What counts the requests of each client, if they are bounded."""
    most = loaded.config.connections.requests_per_client
    if not most:
        return []
    if state.crowd is None:
        state.crowd = CrowdTable(2).row(1)
    return [ClientAdmission(state.crowd, most)]
