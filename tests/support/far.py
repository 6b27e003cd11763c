"""Far: the other end of one connection, with a reader of HTTP/1.1 that is not Porch's own.

The reader is plain on purpose: it believes what it reads, since it only reads what Porch wrote.
"""

from tests.support.network import FakeTransport

__all__ = ["Far", "Message"]


class Message:
    """What was read of one message. ended: whether its end was seen."""

    def __init__(self, line: bytes, fields: list[tuple[bytes, bytes]]) -> None:
        self.line = line
        self.fields = fields
        self.body = b""
        self.trailers: list[tuple[bytes, bytes]] = []
        self.ended = False

    def values(self, name: bytes) -> list[bytes]:
        return [value for each, value in self.fields if each == name]


class Far:
    """One far end. methods: of the requests whose answers are still to come here."""

    def __init__(self, name: str, transport: FakeTransport) -> None:
        self.name = name
        self.transport = transport
        self.message: Message | None = None
        self._framing: int | str = 0

    def read_head(self, *, bodiless: bool) -> Message:
        """Take the next head, and what is there of its body."""
        data = self.transport.arrived
        end = data.find(b"\r\n\r\n")
        assert end >= 0, f"{self.name} has no whole head but {bytes(data)!r}"
        line, *lines = bytes(data[:end]).split(b"\r\n")
        del data[: end + 4]
        fields = []
        for each in lines:
            name, colon, value = each.partition(b":")
            assert colon, f"{self.name} got a line that is no field: {each!r}"
            fields.append((name.lower(), value.strip()))
        message = self.message = Message(line, fields)
        self._framing = _framing(message, bodiless)
        self.read_body()
        return message

    def read_body(self) -> Message:
        """Take what is there of the body of the message under way."""
        message = self.message
        assert message is not None, f"{self.name} has no message to read on"
        data = self.transport.arrived
        if self._framing == "chunked":
            while not message.ended and _read_chunk(message, data):
                pass
        elif self._framing == "close":
            message.body += data
            data.clear()
            message.ended = self.transport.seen in ("half-closed", "closed")
        else:
            assert isinstance(self._framing, int)
            piece = bytes(data[: self._framing])
            del data[: len(piece)]
            message.body += piece
            self._framing -= len(piece)
            message.ended = not self._framing
        return message


def _framing(message: Message, bodiless: bool) -> int | str:
    is_answer = message.line.startswith(b"HTTP/")
    lengths = message.values(b"content-length")
    codings = message.values(b"transfer-encoding")
    assert len(lengths) + len(codings) < 2, f"framed in two ways: {message.fields}"
    if is_answer:
        status = int(message.line.split(b" ")[1])
        if status < 200 or status in (204, 304):
            bodiless = True
            assert not codings
            assert not lengths or status == 304
    if bodiless:
        return 0
    if codings:
        assert codings == [b"chunked"]
        return "chunked"
    if lengths:
        return int(lengths[0])
    return "close" if is_answer else 0


def _read_chunk(message: Message, data: bytearray) -> bool:
    """Take one whole chunk, or nothing."""
    line = data.find(b"\r\n")
    if line < 0:
        return False
    size = int(data[:line], 16)
    if size:
        end = line + 2 + size
        if len(data) < end + 2:
            return False
        assert data[end : end + 2] == b"\r\n"
        message.body += data[line + 2 : end]
        del data[: end + 2]
        return True
    end = data.find(b"\r\n\r\n", line)
    if end < 0:
        return False
    for each in bytes(data[line + 2 : end]).split(b"\r\n"):
        if each:
            name, _, value = each.partition(b":")
            message.trailers.append((name.lower(), value.strip()))
    del data[: end + 4]
    message.ended = True
    return True
