"""A server's codec with a client that writes frames by hand."""

from typing import Any

from porch.http.h1 import HeadLimits
from porch.http.h2 import Piece, Reset
from porch.http.h2_server import ServerCodec
from tests.support.h2_frames import BASIC, PREFACE, Frame, Frames, headers, settings

__all__ = ["Talk", "get", "with_"]

Field = tuple[bytes, bytes]


class Talk:
    """codec: after the first words of both sides. knows: whether the client has agreed to ours.
    said: frames that it has sent since."""

    def __init__(
        self,
        limits: HeadLimits | None = None,
        scheme: bytes = b"https",
        streams: int = 128,
        *,
        knows: bool = True,
    ) -> None:
        self.codec = ServerCodec(limits or HeadLimits(), scheme, streams)
        self._frames = Frames()
        self.hear(PREFACE + settings(ack=True) if knows else PREFACE)

    def hear(self, *frames: bytes) -> list[Piece]:
        """What comes of these frames, that which follows when the answer to them leaves included.
        What the codec says itself is in `said`."""
        pieces = self.codec.receive(b"".join(frames))
        self.said = self.sent()
        return pieces + self.codec.happened()

    def sent(self) -> list[Frame]:
        """The frames that leave now."""
        return list(self._frames.read(b"".join(self.codec.take())))

    def indexed(self) -> list[Field]:
        """The fields that are in the client's table by now (RFC 7541 2.3.2), the last first."""
        return self._frames.indexed()

    def refusal(self, *frames: bytes) -> int:
        """The code with which the one stream of these frames is reset, -1 if it is not."""
        pieces = self.hear(*frames)
        codes = [what.code for _, what, _, _ in pieces if isinstance(what, Reset)]
        sent = [each.code for each in self.said if each.kind == 3]
        assert codes == sent, (codes, sent)
        return codes[0] if codes else -1

    def only(self, *frames: bytes) -> Any:
        """The head, or whatever it is, of the one piece that comes of these frames."""
        ((_, what, _, _),) = self.hear(*frames)
        return what


def get(stream: int = 1, *more: Field, end: bool = True) -> bytes:
    """The basic request, with more fields."""
    return headers(stream, [*BASIC, *more], end=end)


def with_(name: bytes, value: bytes) -> list[Field]:
    """Its fields, with another value of one."""
    return [(name, value) if each == name else (each, said) for each, said in BASIC]
