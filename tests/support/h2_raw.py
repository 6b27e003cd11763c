"""RawMultiplexed: scenarios whose client writes HTTP/2 frame by frame, valid or not."""

from porch.listen.h2 import MultiplexedConnection
from tests.support.far import Far
from tests.support.h2_frames import PREFACE, Frame, Frames, settings
from tests.support.scenario import Scenario

__all__ = ["RawMultiplexed"]


class RawMultiplexed(Scenario):
    """See Scenario. connection: of the last client. warnings: to the operator."""

    connection: MultiplexedConnection

    def connects(self, peer: str = "192.0.2.7") -> "RawMultiplexed":
        """A new client connects, and says nothing yet."""
        transport = self._transport(False, peername=(peer, 50000), sockname=("192.0.2.1", 80))
        self.clients.append(Far(f"client {len(self.clients)}", transport))
        self.warnings: list[str] = []
        self.door.warn = lambda text, about: self.warnings.append(text)
        self._frames = Frames()
        self.connection = MultiplexedConnection(self.door, b"http", b"80")
        self._do(lambda: transport.connect(self.connection))
        return self

    def greets(self) -> "RawMultiplexed":
        """A client connects and says its first words, and both settings are known."""
        self.connects().sends(PREFACE + settings(ack=True)).said()
        return self

    def sends(self, *frames: bytes) -> "RawMultiplexed":
        """These bytes, in one read."""
        transport = self.clients[-1].transport
        self._do(lambda: transport.feed(b"".join(frames)))
        return self

    def said(self) -> list[Frame]:
        """The frames that came since the last look."""
        arrived = self.clients[-1].transport.arrived
        data = bytes(arrived)
        arrived.clear()
        return list(self._frames.read(data))

    @property
    def is_closing(self) -> bool:
        """Whether the door ends the connection."""
        return self.connection._closed
