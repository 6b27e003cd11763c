"""Where a door of the observer is to be found: real sockets, and connections that end at once."""

import asyncio
import socket
from typing import Any

from porch.listen.address import ListenAddress
from porch.manage import listeners as module
from porch.manage.listeners import Listeners


class FakeListener:
    """What is begun and ended, by address; without a door behind it."""

    told: list[tuple[str, ListenAddress, Any]]

    def __init__(self, address: ListenAddress, sock: socket.socket, warn: Any) -> None:
        self._address, self._sock = address, sock

    def start(self, door: Any, choose: Any) -> None:
        self.told.append(("opens", self._address, choose))

    def close(self) -> None:
        self.told.append(("closes", self._address, None))
        self._sock.close()


def bound() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def test_what_is_told_anew_is_opened_what_stays_goes_on_and_what_is_gone_is_closed(
    monkeypatch: Any,
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(FakeListener, "told", told, raising=False)
    monkeypatch.setattr(module, "Listener", FakeListener)
    plain = ListenAddress(host="127.0.0.1", port=1)
    secure = ListenAddress(host="127.0.0.1", port=2, tls=True)
    choose: Any = object()
    listeners = Listeners(object(), choose, print)  # type: ignore[arg-type]
    assert not listeners
    first, one_too_many, other = bound(), bound(), bound()

    async def main() -> None:
        listeners.listen({plain: first})
        assert told == [("opens", plain, None)]
        listeners.listen({plain: one_too_many, secure: other})
        assert told[1:] == [("opens", secure, choose)]
        assert (first.fileno() >= 0, one_too_many.fileno()) == (True, -1)
        assert listeners
        listeners.listen({})
        assert [each[:2] for each in told[2:]] == [("closes", plain), ("closes", secure)]
        assert not listeners

    asyncio.run(main())
