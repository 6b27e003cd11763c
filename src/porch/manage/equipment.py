"""Equipment: all that the supervisor hands to a worker when it forks it."""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from socket import socket

from porch.balance.standing import EndpointName, Standing
from porch.config.loaded import Loaded
from porch.config.orders import Orders
from porch.listen.address import ListenAddress
from porch.manage.cache_keeping import KeptCache
from porch.manage.discovery.discovering import News
from porch.manage.tables import Tables
from porch.manage.tally import Tally
from porch.manage.user import Identity
from porch.observe.capture import Wanted
from porch.observe.ended import Watcher
from porch.observe.lost import CellsOf
from porch.observe.meter import Meter
from porch.shared import SharedTable
from porch.tls.presented import Kind

__all__ = ["Equipment"]


@dataclass(slots=True, kw_only=True)
class Equipment:
    """loaded: the configuration. sockets: listening, the worker's own of each address.

    firsts: the TLS contexts that connections begin with. They are made before the fork, so that all
    workers share their ticket keys and a client may resume with any.
    files: the open log files. table, row, columns: where it counts. identity: the user it turns
    into, None to stay who it is. stacks: where its stack is written when it is asked for. slot: the
    first one does what one of a door must do. standing: who is out of rotation. orders: what
    operators have said. found: what is known of sources. cache: where it keeps answers. tables:
    where it counts all else. debug_until, capture: see InForce.
    """

    loaded: Loaded
    sockets: Mapping[ListenAddress, socket]
    firsts: Mapping[Kind, ssl.SSLContext]
    files: Mapping[Path, int]
    table: SharedTable
    tables: Tables
    row: int
    columns: Mapping[EndpointName, int]
    stacks: int
    slot: int
    standing: Sequence[Standing] = ()
    orders: Orders = field(default_factory=Orders.none)
    found: Sequence[News] = ()
    identity: Identity | None = field(default=None)
    cache: KeptCache | None = None
    debug_until: float = 0.0
    capture: Wanted | None = None

    def watchers(self, workers: int) -> Sequence[Watcher]:
        """Who looks at each exchange of this worker, one of so many."""
        series, recent = self.tables.series, self.tables.recent
        return Meter(series.row(self.row)), recent.row(self.row, workers)

    def tally(self) -> Tally:
        """What this worker counts of itself."""
        series = self.tables.series.row(self.row)
        return Tally(self.table.rows[self.row], series, self.slot)

    def lost(self) -> CellsOf:
        """Where this worker counts what its logs and traces have lost."""
        series = self.tables.series.row(self.row)
        return lambda kind, name: series.of((kind, name), 1)
