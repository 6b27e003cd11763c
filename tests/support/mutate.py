"""Messages damaged at random, near to where parsers have been known to err."""

import random

from tests.support.messages import ANSWERS, REQUESTS

__all__ = ["cut", "damaged_answer", "damaged_request"]

PARTS = (
    *(b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\0", b" ", b"\t", b"\x0b", b"\x7f", b"\x80", b"\xff"),
    *(b":", b";", b",", b"=", b'"', b"\\", b"/", b"?", b"#", b"%", b"@", b"[", b"]", b"*"),
    *(b"0", b"1", b"5", b"f", b"-", b"+", b"_", b"0x", b"9999999999999999999", b"00"),
    *(b"chunked", b"identity", b"gzip", b"close", b"keep-alive", b"upgrade", b"websocket"),
    *(b"HTTP/1.0", b"HTTP/1.1", b"HTTP/2.0", b"GET ", b"get", b"http://", b"a.test"),
    *(b"content-length: 5\r\n", b"Content-Length:3\r\n", b"transfer-encoding: chunked\r\n"),
    *(b"host: a.test\r\n", b"connection: x\r\n", b"x: y\r\n", b" z\r\n", b"X : y\r\n"),
    *(b"5\r\nhello\r\n", b"0\r\n\r\n", b";a=b", b' ;a="b"', b"expect: 100-continue\r\n"),
    *(b"HTTP/1.1 100 Continue\r\n\r\n", b"204", b"101", b"304", b"200", b"99", b"600"),
)


def damaged_request(chance: random.Random) -> bytes:
    """One to three requests behind each other, damaged up to four times."""
    return _damaged(chance, [each[0] for each in REQUESTS.values()])


def damaged_answer(chance: random.Random) -> bytes:
    """The same of answers."""
    return _damaged(chance, [each[0] for each in ANSWERS.values()])


def _damaged(chance: random.Random, valid: list[bytes]) -> bytes:
    message = b"".join(chance.choices(valid, k=chance.choice((1, 1, 2, 3))))
    for _ in range(chance.randrange(5)):
        at = chance.randrange(len(message) + 1)
        kind = chance.randrange(6)
        to = min(len(message), at + chance.choice((1, 1, 2, 8)))
        if kind == 0:  # take away
            message = message[:at] + message[to:]
        elif kind == 1:  # repeat
            message = message[:to] + message[at:]
        elif kind == 2:  # overwrite
            message = message[:at] + chance.choice(PARTS) + message[to:]
        elif kind == 3:  # any byte
            message = message[:at] + bytes([chance.randrange(256)]) + message[at + 1 :]
        elif kind == 4 and (lines := message.split(b"\r\n")):  # a line elsewhere
            lines.insert(chance.randrange(len(lines)), lines.pop(chance.randrange(len(lines))))
            message = b"\r\n".join(lines)
        else:  # put between
            message = message[:at] + chance.choice(PARTS) + message[at:]
    return message


def cut(chance: random.Random, message: bytes) -> list[bytes]:
    """The message in up to six pieces."""
    if len(message) < 2:
        return [message]
    ends = sorted({chance.randrange(1, len(message)) for _ in range(chance.randrange(6))})
    return [
        message[start:stop] for start, stop in zip([0, *ends], [*ends, len(message)], strict=True)
    ]
