"""FakeDialer: stands in for forward/dial.Dialer; its endpoint accepts, refuses or hangs."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

from porch.errors import ConnectionRefused
from porch.forward.address import ONE
from tests.support.network import FakeTransport

__all__ = ["FakeDialer"]


class FakeDialer:
    """dials: how often it was asked. early: what the origin does between accepting and the
    moment the dialler's caller hears of it. protocols, is_secure, one: see Dialer.
    chosen: what it agrees to in a handshake, "" for nothing."""

    def __init__(
        self,
        connect: Callable[[], FakeTransport],
        protocols: tuple[str, ...] = ONE,
        is_secure: bool = False,
    ) -> None:
        self.protocols = protocols
        self.is_secure = is_secure
        self.chosen = ""
        self.one: FakeDialer | None = self if protocols == ONE else None
        self._connect = connect
        self._does = "accepts"
        self._hung: list[asyncio.Future[None]] = []
        self.dials = 0
        self.early: Callable[[FakeTransport], None] | None = None

    def set(self, does: str) -> None:
        """From now on it "accepts", "refuses" or "hangs"; dials that hang go on."""
        assert does in ("accepts", "refuses", "hangs")
        self._does = does
        hung, self._hung = self._hung, []
        for each in hung:
            if not each.done():
                each.set_result(None)

    async def dial(self, make: Callable[[], asyncio.Protocol]) -> asyncio.Protocol:
        """See Dialer.dial."""
        self.dials += 1
        await asyncio.sleep(0)
        while self._does == "hangs":
            future = asyncio.get_running_loop().create_future()
            self._hung.append(future)
            await future
        if self._does == "refuses":
            raise ConnectionRefused("the fake endpoint refused")
        protocol = make()
        transport = self._connect()
        if self.is_secure:
            transport._extra["ssl_object"] = SimpleNamespace(  # type: ignore[attr-defined]
                selected_alpn_protocol=lambda: self.chosen or None
            )
        transport.connect(protocol)
        if self.early is not None:
            self.early(transport)
        await asyncio.sleep(0)
        return protocol
